"""Makes the Grafana dashboard from its questions and panels."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from infra.dashboard_panels import QUESTIONS, Panel

FILE = Path(__file__).parent / "grafana" / "dashboards" / "rollbook.json"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHT, ACROSS = 8, 8, 3


def dashboard() -> dict[str, Any]:
    return {
        "uid": "rollbook",
        "title": "Rollbook",
        "tags": ["rollbook"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"},
                {
                    "name": "job",
                    "type": "query",
                    "label": "Service",
                    "datasource": SOURCE,
                    "query": {"query": "label_values(rollbook_build_info, job)", "refId": "job"},
                    "refresh": 2,
                    "multi": True,
                    "includeAll": True,
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": list(placed()),
    }


def placed() -> Iterator[dict[str, Any]]:
    """A row for each question, its panels three abreast."""
    number = y = 0
    for question, panels in QUESTIONS.items():
        number += 1
        place = {"h": 1, "w": WIDTH * ACROSS, "x": 0, "y": y}
        yield {"id": number, "type": "row", "title": question, "collapsed": False, "gridPos": place, "panels": []}
        y += 1
        for at, panel in enumerate(panels):
            number += 1
            row, column = divmod(at, ACROSS)
            yield drawn(panel, number, {"h": HEIGHT, "w": WIDTH, "x": column * WIDTH, "y": y + row * HEIGHT})
        y += HEIGHT * -(-len(panels) // ACROSS)


def drawn(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    instant = panel.kind in ("stat", "table")
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": SOURCE,
                "expr": expression,
                "legendFormat": legend,
                "instant": instant,
                "range": not instant,
                **({"format": "table"} if panel.kind == "table" else {}),
            }
            for at, (legend, expression) in enumerate(panel.queries.items())
        ],
    }


def written() -> bytes:
    return orjson.dumps(dashboard(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(None if FILE.read_bytes() == written() else f"{FILE.name} is not what the code makes: make dashboard")
    FILE.write_bytes(written())
