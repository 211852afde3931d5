"""The dashboard and what stands around it: every metric exists, every process is asked, every file fits the next."""

import json
import re
from itertools import combinations
from typing import Any

import pytest
import yaml

from infra.dashboard import FILE, dashboard, written
from infra.dashboard_panels import QUESTIONS, Panel
from infra.native.fleet import APIS, WORKERS
from infra.native.ports import DEFAULT_BASE, Ports
from infra.native.state import CHECKOUT
from tests.infra.metrics import defined, documented, samples

INFRA = CHECKOUT / "infra"
OF_OTHERS = {"up": ("job", "instance"), "process_start_time_seconds": (), "process_cpu_seconds_total": (),
             "process_resident_memory_bytes": ()}  # fmt: skip
ALWAYS = {"job", "instance", "le"}
METRIC = re.compile(r"\b(?:rollbook|http|process)_\w+(?=[{\[])|\bup(?={)|rollbook_build_info")
PANELS = [pytest.param(panel, id=panel.title) for panels in QUESTIONS.values() for panel in panels]


def read(path: str) -> Any:
    return yaml.safe_load((INFRA / path).read_text())


def named(expression: str) -> set[str]:
    return set(METRIC.findall(expression))


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_asks_for_metrics_and_labels_that_exist(panel: Panel) -> None:
    known: dict[str, tuple[str, ...]] = {**dict(samples()), **OF_OTHERS}
    for legend, expression in panel.queries.items():
        assert named(expression)
        assert named(expression) <= known.keys()
        labels = {label for name in named(expression) for label in known[name]} | ALWAYS
        grouped = {label.strip() for by in re.findall(r"by \(([^)]+)\)", expression) for label in by.split(",")}
        assert grouped <= labels
        assert set(re.findall(r"{{(\w+)}}", legend)) <= labels
        assert expression.count("(") == expression.count(")")


def test_every_metric_of_the_page_is_on_the_dashboard() -> None:
    asked = {name for panels in QUESTIONS.values() for panel in panels for text in panel.queries.values()
             for name in named(text)}  # fmt: skip
    stems = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert {name for name in documented() if name not in asked | stems} == set()


def test_the_committed_dashboard_is_what_the_code_makes() -> None:
    assert FILE.read_bytes() == written()
    assert json.loads(FILE.read_bytes()) == dashboard()


def test_panels_have_ids_of_their_own_do_not_overlap_and_use_the_chosen_source() -> None:
    panels = dashboard()["panels"]
    ids = [panel["id"] for panel in panels]
    assert len(ids) == len(set(ids))
    for one, other in combinations((panel["gridPos"] for panel in panels), 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    variables = {one["name"]: one["type"] for one in dashboard()["templating"]["list"]}
    assert variables == {"datasource": "datasource", "job": "query"}
    for panel in panels:
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == panel["datasource"]["uid"] == "${datasource}"
        references = [target["refId"] for target in panel.get("targets", ())]
        assert len(references) == len(set(references))


def test_prometheus_asks_every_process_under_its_services_name() -> None:
    ports = Ports.from_base(DEFAULT_BASE)
    asked = {
        (job["job_name"], target)
        for job in read("prometheus/prometheus.yml")["scrape_configs"]
        for targets in job["static_configs"]
        for target in targets["targets"]
    }
    assert asked == {
        (name.partition(".")[0], f"{name.replace('.', '-')}:{ports[name]}") for name in (*APIS, *WORKERS, "gateway")
    }
    assert [(INFRA / "prometheus" / name).is_file() for name in read("prometheus/prometheus.yml")["rule_files"]] == [
        True
    ]


def test_compose_mounts_what_grafana_and_prometheus_look_for() -> None:
    containers = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())["services"]
    for name in ("prometheus", "grafana"):
        assert containers[name]["profiles"] == ["observability"]
        for mount in containers[name]["volumes"]:
            if mount.startswith("./"):
                assert (CHECKOUT / mount.split(":")[0]).is_dir()
    source = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    folder = read("grafana/provisioning/dashboards/rollbook.yaml")["providers"][0]["options"]["path"]
    assert any(f":{folder}:" in mount for mount in containers["grafana"]["volumes"])


def test_the_page_of_metrics_has_the_types_and_labels_of_the_code() -> None:
    page = {name: (metric.kind, metric.labels) for name, metric in documented().items()}
    assert page == {name: (metric.kind, metric.labels) for name, metric in defined().items()}
