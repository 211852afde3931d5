"""The alert rules name metrics and errors that exist, and each tells what to do."""

import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.metrics import samples

RULES = Path(__file__).parents[2] / "infra" / "prometheus" / "alerts.yaml"
ERRORS = {
    "StoreBehind": "shared.log_feed",
    "HistoryGap": "shared.reader",
    "UnknownRecords": "shared.relay",
    "WrongTopic": "shared.topics",
}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_rule_names_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    known = dict(samples())
    named = re.findall(r"(?:rollbook|http)_\w+", rule["expr"])
    assert named or "up{" in rule["expr"]
    assert set(named) <= known.keys()
    labels = set(re.findall(r"(\w+)=~?\"", rule["expr"]))
    assert labels <= {label for name in named for label in known[name]} | {"job"}
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"].keys() == {"summary", "action"}


def test_every_error_that_a_rule_names_exists() -> None:
    named = {
        error
        for rule in rules()
        for group in re.findall(r'error=~?"([^"]+)"', rule["expr"])
        for error in group.split("|")
    }
    assert named == ERRORS.keys()
    assert all(issubclass(getattr(import_module(ERRORS[error]), error), Exception) for error in named)


def test_every_bad_input_has_its_alert() -> None:
    watched = " ".join(rule["expr"] for rule in rules())
    for sign in (
        "rollbook_parked_facts",
        "unknown-type",
        "no-relay",
        "StoreBehind",
        "UnknownRecords",
        "up{",
        "unpublished",
        "oldest_transaction",
        "5..",
        "oldest_mail",
    ):
        assert sign in watched


def test_prometheus_accepts_the_rules() -> None:
    """Where its own tool is installed; the tests above need nothing."""
    if promtool := shutil.which("promtool"):
        checked = subprocess.run((promtool, "check", "rules", RULES), capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
