"""Ports follow one base; a busy one is named in one sentence."""

import socket

import pytest

from infra.native.ports import Ports, check_free
from infra.native.problems import CannotStart


def test_all_ports_follow_the_base() -> None:
    ports = Ports.from_base(9000)
    assert ports.url("gateway") == "http://127.0.0.1:9000"
    assert [ports[f"{service}.api"] for service in ("auth", "academic", "billing", "exports")] == [
        9001,
        9002,
        9003,
        9004,
    ]
    assert [ports[f"{service}.worker"] for service in ("auth", "academic", "billing", "exports")] == [
        9011,
        9012,
        9013,
        9014,
    ]


def test_free_ports_are_all_different() -> None:
    ports = Ports.free()
    assert len(set(ports.of.values())) == len(ports.of)


@pytest.mark.parametrize("base", [0, -1, 65_530, 70_000])
def test_an_impossible_base_is_refused(base: int) -> None:
    with pytest.raises(CannotStart, match="no base for ports"):
        Ports.from_base(base)


async def test_a_busy_port_is_named_with_what_to_do() -> None:
    ports = Ports.free()
    with socket.create_server(("127.0.0.1", ports["billing.api"])), pytest.raises(CannotStart) as refused:
        await check_free(ports, ("gateway", "billing.api"), patience=0.0)
    sentence = str(refused.value)
    assert f"Port {ports['billing.api']} (billing.api) is in use" in sentence
    assert "--port 9000" in sentence


async def test_a_port_that_is_left_in_time_is_no_problem() -> None:
    ports = Ports.free()
    await check_free(ports, tuple(ports.of), patience=0.0)
