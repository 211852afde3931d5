"""Rules of events and aggregates that hold in every service."""

import inspect
import re
from typing import Any

import pytest
from eventsourcing.domain import CommandMethodDecorator

from infra.services import SERVICES
from shared.codec import Codec, event_classes
from shared.events import Aggregate
from shared.service import Service

AGGREGATES = [aggregate for service in SERVICES for aggregate in service.aggregates]
PERSONAL = {"given_name", "family_name", "middle_name", "email", "phone", "sms", "address", "birth_date", "username"}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def appliers(aggregate: type[Aggregate]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in vars(aggregate).items() if isinstance(value, CommandMethodDecorator)]


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_event_has_a_name_of_its_own_under_its_service(service: Service) -> None:
    for aggregate in service.aggregates:
        for cls in event_classes(aggregate):
            topic = vars(cls).get("TOPIC") or cls.TOPIC
            assert re.fullmatch(rf"{service.name}\.[a-z0-9]+(_[a-z0-9]+)*", topic)
            assert snake(cls.__name__).rpartition("_")[2] in topic, f"{cls.__qualname__} is stored as {topic}"
    assert len(Codec(service.aggregates).types) == sum(len(event_classes(one)) for one in service.aggregates)


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda aggregate: aggregate.__qualname__)
def test_rules_never_stand_in_an_applier_because_it_runs_again_at_every_load(aggregate: type[Aggregate]) -> None:
    for name, applier in appliers(aggregate):
        assert name == "__init__" or name.startswith("_"), f"{name} is public and has @event"
        source = inspect.getsource(applier.decorated_func)
        assert "raise " not in source, f"{aggregate.__qualname__}.{name} refuses"
        assert "timestamp" in inspect.signature(applier.decorated_func).parameters, f"{name} lets the clock decide"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_Z11_a_personal_field_is_sealed(service: Service) -> None:
    for kind in Codec(service.aggregates).types.values():
        unsealed = (PERSONAL & kind.fields.keys()) - set(kind.sealed)
        assert not unsealed, f"{kind.topic}: {unsealed}"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_reactions_have_names_of_their_own_under_their_service(service: Service) -> None:
    names = [reaction.name for reaction in service.reactions]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(rf"{service.name}\.[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_views_have_names_of_their_own_and_use_only_their_own_tables(service: Service) -> None:
    names = [view.NAME for view in service.views]
    assert len(set(names)) == len(names)
    tables = [table.name for view in service.views for table in view.TABLES]
    assert len(set(tables)) == len(tables), "two views of a service would share an analysts' view"
