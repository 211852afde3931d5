"""The metrics that exist, as the code defines them, and as the page of metrics describes them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from prometheus_client import Counter, Gauge, Histogram, Info
from prometheus_client.core import Metric

from gateway import upstream
from shared import edge, gauges, health, loop_lag, pools, store_gauges

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
ROW = re.compile(r"\| `(\w+)` \| (\w+) \| ([\w, ]*) ?\| ([\w, ]+) \| (.+?) \|(.*)\|")
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


class Described(NamedTuple):
    """`where` is empty for what the code defines: only a process can tell."""

    kind: str
    labels: tuple[str, ...]
    where: frozenset[str] = frozenset()
    meaning: str = ""


def documented() -> dict[str, Described]:
    """Name → what the page says of it."""
    found: dict[str, Described] = {}
    for name, kind, labels, where, meaning, _ in ROW.findall(PAGE.read_text()):
        assert name not in found, f"{name} is described twice"
        found[name] = Described(kind, tuple(listed(labels)), frozenset(listed(where)), meaning)
    return found


def listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def defined() -> dict[str, Described]:
    """Name → type and labels, of all modules that define metrics."""
    found: dict[str, Described] = {}
    for module in (edge, gauges, health, loop_lag, store_gauges, upstream):
        for metric in vars(module).values():
            if isinstance(metric, Counter | Gauge | Histogram):
                name = metric._name + ("_total" if metric._type == "counter" else "")
                found[name] = Described(metric._type, tuple(metric._labelnames))
            elif isinstance(metric, Info):
                found[f"{metric._name}_info"] = Described("gauge", ("version",))
    for family in pools.Pools().collect():
        found[name_of(family)] = Described(family.type, labels_of(family))
    return found


def name_of(family: Metric) -> str:
    return family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")


def labels_of(family: Metric) -> tuple[str, ...]:
    return tuple(name for name in (family.samples[0].labels if family.samples else ()) if name != "le")


def samples() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each name that a query may use, with its labels."""
    for name, metric in defined().items():
        stem = name.removesuffix("_total")
        for suffix in SUFFIXES[metric.kind]:
            yield stem + suffix, metric.labels
