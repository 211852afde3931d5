"""Calls to addresses that a school names: what is never called, and what an answer may be."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.outbound import Checked, Outbound, Unreachable, is_public

PRIVATE = [
    *("0.0.0.1", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1", "192.168.1.1"),
    *("192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "64:ff9b::7f00:1"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"]
TRICKS = [
    *("http://accounts.example/", "ftp://accounts.example/", "file:///etc/passwd", "javascript:alert(1)", "", "x"),
    *("//accounts.example", "https://", "https://user@accounts.example/", "https://user:x@accounts.example/"),
    *("https://accounts.example:8443/", "https://accounts.example:80/", "https://accounts.example:99999/"),
    *("https://accounts.example/#x", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/"),
    *("https://2130706433/", "https://127.1/", "https://0177.0.0.1/", "https://0/", "https://169.254.169.254/x"),
    *("https://①②⑦.⓪.⓪.①/", "https://exa mple/", "https://[fe80::1%25eth0]/", "https://10.0.0.1:443/"),
]
BY_NAME = ["https://localhost/", "https://localhost./", "https://0x7f000001/", "https://0x7f.1/"]


def test_S21_only_addresses_of_the_internet_itself_are_public() -> None:
    assert [address for address in PRIVATE if is_public(address)] == []
    assert [address for address in PUBLIC if not is_public(address)] == []


@pytest.mark.parametrize("url", TRICKS)
async def test_S21_an_address_that_may_not_be_called_is_refused_before_anything_is_asked(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*asked: Any, **more: Any) -> Any:
        raise AssertionError(f"{asked} was looked up")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
    with pytest.raises(Unreachable):
        await Outbound(plain=True).get(url)


@pytest.mark.parametrize("url", BY_NAME)
async def test_S21_a_name_that_means_this_machine_is_refused(url: str) -> None:
    with pytest.raises(Unreachable):
        await Outbound().get(url)


async def test_S21_one_private_address_among_many_is_enough_to_refuse_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]

    async def resolved(*asked: Any, **more: Any) -> Any:
        return found

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    with pytest.raises(OSError, match="not public"):
        await Checked(frozenset()).resolve("accounts.example", 443)
    found.pop()
    assert [each["host"] for each in await Checked(frozenset()).resolve("accounts.example", 443)] == ["8.8.8.8"]


@pytest.fixture
async def answering() -> AsyncIterator[tuple[str, dict[str, bytes]]]:
    """A host and port, and what is said there, by path; for other paths nothing, for ever."""
    said: dict[str, bytes] = {}
    held: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        held.append(writer)
        if path in said:
            writer.write(said[path])
            await writer.drain()
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", said
        for writer in held:
            writer.close()


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]).encode() + body


async def test_S21_what_the_operator_vouches_for_is_called_and_nothing_beyond_its_limits(
    answering: tuple[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    host, said = answering
    outbound = Outbound(frozenset({host}), plain=True)
    said["/ok"] = http(b'{"a": 1}')
    said["/elsewhere"] = http(b"", "Location: http://127.0.0.1:1/", status="302 Found")
    said["/much"] = http(b" " * 2_000_000)
    said["/zipped"] = http(b"x", "Content-Encoding: gzip")
    said["/broken"] = b"what\r\n\r\n"
    assert (await outbound.get(f"http://{host}/ok")).body == b'{"a": 1}'
    assert (await outbound.get(f"http://{host}/elsewhere")).status == 302
    monkeypatch.setattr("shared.outbound.TIMEOUT", 0.2)
    for path in ("/much", "/zipped", "/broken", "/silent"):
        with pytest.raises(Unreachable):
            await outbound.get(f"http://{host}{path}")
    for strict in (Outbound(frozenset({host})), Outbound(plain=True)):
        with pytest.raises(Unreachable):
            await strict.get(f"http://{host}/ok")
