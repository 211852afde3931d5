"""The tables of each service's README against the code."""

import re
from collections.abc import Iterator

import pytest

import academic.main
import auth.main
import billing.main
import exports.main
from infra.readme_tables import ROOT, Row, names, tables
from infra.services import SERVICES
from shared.access import operations
from shared.codec import Codec
from shared.http import Api
from shared.service import Service

APPS: dict[str, Api] = {
    "auth": auth.main.app,
    "academic": academic.main.app,
    "billing": billing.main.app,
    "exports": exports.main.app,
}
each_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


def rows(service: Service, section: str) -> list[Row]:
    found = tables(service.name).get(section, [])
    assert found, f"the README of {service.name} has no table under {section}"
    return found


def commands(service: Service) -> Iterator[tuple[str, str, str, str]]:
    """(method and path, permission, source of the route function, codes its problems name)."""
    document = APPS[service.name].openapi()
    for operation in operations(APPS[service.name].routes):
        route = operation.route
        for method in (route.methods or set()) - {"GET", "HEAD"}:
            codes = str(document["paths"][route.path][method.lower()]["responses"]) + str(document["components"])
            yield f"{method} {route.path}", operation.access.permission or "everybody", route.endpoint.__name__, codes


@each_service
def test_R4_55_the_commands_of_a_readme_are_the_routes_that_change_something(service: Service) -> None:
    told = {names(row["method and URL"])[0]: row for row in rows(service, "Commands")}
    known = {url: (permission, codes) for url, permission, _, codes in commands(service)}
    assert told.keys() == known.keys()
    for url, row in told.items():
        permission, codes = known[url]
        assert permission in row["who may"], f"{url}: {permission}"
        for refusal in names(row["refusals"]):
            assert f"'{refusal}'" in codes, f"{url} does not refuse with {refusal}"


@each_service
def test_the_commands_of_a_readme_name_events_and_functions_that_exist(service: Service) -> None:
    topics = Codec(service.aggregates).types
    functions = {
        name
        for path in sorted((ROOT / "services" / service.name).rglob("*.py"))
        for name in re.findall(r"^(?:async )?def (\w+)", path.read_text(), re.MULTILINE)
    }
    for row in rows(service, "Commands"):
        assert set(names(row["events"])) <= topics.keys(), row["method and URL"]
        assert set(names(row["command function"])) <= functions, row["method and URL"]


@each_service
def test_the_events_of_a_readme_are_those_that_are_stored(service: Service) -> None:
    told = {names(row["stored name"])[0]: row for row in rows(service, "Events")}
    known = Codec(service.aggregates).types
    assert told.keys() == known.keys()
    for topic, kind in known.items():
        row = told[topic]
        assert row["version"] == str(kind.version), topic
        assert ("public" in row["stored name"]) == kind.public, topic
        fields = next(cell for column, cell in row.items() if column.startswith("fields"))
        assert set(names(fields)) == set(kind.fields), topic
        for name in kind.sealed:
            assert re.search(rf"`{name}` (personal|special)", fields), f"{topic}: {name}"


@each_service
def test_the_views_of_a_readme_are_those_that_are_filled(service: Service) -> None:
    told = {names(row["name"])[0]: row for row in rows(service, "Views")}
    known = {view.NAME: view for view in service.views}
    assert told.keys() == known.keys()
    every = set(Codec(service.aggregates).types)
    for name, view in known.items():
        cell = told[name]["fed by"]
        fed = every - set(names(cell)) if cell.startswith("every event but") else set(names(cell))
        assert fed == set(view.HANDLERS), name
        assert told[name]["version"] == str(view.VERSION), name
        assert told[name]["order"] == view.ORDER, name


@each_service
def test_the_reactions_of_a_readme_are_those_that_run(service: Service) -> None:
    told = {
        names(row["`NAME`"])[0]: (names(row["`when_…`"])[0], names(row["source event"])[0])
        for row in (rows(service, "Reactions") if service.reactions else [])
    }
    known = {
        reaction.name: (reaction.handler.function.__name__, reaction.handler.topic) for reaction in service.reactions
    }
    assert told == known
