"""The load generator: raw HTTP/1.1 over kept connections. Closed loop says how much, open loop how late."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, cast


class Answer(NamedTuple):
    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> str:
        """Its value, or nothing."""
        start = self.head.lower().find(b"\r\n" + name + b":")
        return "" if start < 0 else self.head[start + len(name) + 3 :].split(b"\r\n", 1)[0].strip().decode()


@dataclass
class Loaded:
    """`latencies` in ms; `cpu` is what this process used itself."""

    seconds: float = 0.0
    cpu: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    refusal: bytes = b""
    """The body of the last answer that was none of success."""

    def note(self, began: float, answer: Answer) -> None:
        self.latencies.append((time.perf_counter() - began) * 1e3)
        self.statuses[answer.status] += 1
        if not 200 <= answer.status < 300:
            self.refusal = answer.body

    @property
    def count(self) -> int:
        return len(self.latencies)

    @property
    def refused(self) -> int:
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 300)


def ask(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of one request."""
    lines = [f"{method} {path} HTTP/1.1", "host: bench"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Wire(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError())
        self._transport = None

    def ask(self, raw: bytes) -> "asyncio.Future[Answer]":
        if self._transport is None:
            raise ConnectionResetError
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(raw)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._got += data
        end = self._got.find(b"\r\n\r\n")
        if end < 0 or self._answer is None:
            return
        answer = Answer(int(self._got[9:12]), self._got[: end + 2], self._got[end + 4 :])
        length = answer.header(b"content-length")
        whole = len(answer.body) >= int(length) if length else answer.body.endswith(b"0\r\n\r\n")
        if whole or answer.status in (204, 304):
            self._got = b""
            self._answer.set_result(answer)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def wire(host: str, port: int, patience: float = 0.0) -> Wire:
    """Connected; a server that is just starting is waited for."""
    give_up = time.monotonic() + patience
    while True:
        try:
            return (await asyncio.get_running_loop().create_connection(Wire, host, port))[1]
        except OSError:
            if time.monotonic() > give_up:
                raise
            await asyncio.sleep(0.05)


async def closed_loop(
    host: str, port: int, asks: Iterator[bytes], connections: int, seconds: float, patience: float = 0.0
) -> Loaded:
    """Every connection asks again as soon as it is answered, until the time or the requests are over."""
    loaded = Loaded()
    wires = [await wire(host, port, patience) for _ in range(connections)]
    began, cpu = time.perf_counter(), time.process_time()

    async def keep_asking(one: Wire) -> None:
        while (sent := time.perf_counter()) < began + seconds and (raw := next(asks, None)) is not None:
            answer = await one.ask(raw)
            loaded.note(sent, answer)

    await asyncio.gather(*[keep_asking(one) for one in wires])
    loaded.seconds, loaded.cpu = time.perf_counter() - began, time.process_time() - cpu
    for one in wires:
        one.close()
    return loaded


async def open_loop(host: str, port: int, asks: Iterator[bytes], rate: float, seconds: float, most: int = 64) -> Loaded:
    """So many requests a second, whatever the answers do: a latency counts from the time a request was due."""
    loaded = Loaded()
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    wires = [await wire(host, port) for _ in range(most)]
    began, cpu = time.perf_counter(), time.process_time()

    async def work_off(one: Wire) -> None:
        while (job := await due.get()) is not None:
            answer = await one.ask(job[1])
            loaded.note(job[0], answer)

    working = [asyncio.create_task(work_off(one)) for one in wires]
    for number in range(int(rate * seconds)):
        moment = began + number / rate
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        due.put_nowait((moment, next(asks)))
    for _ in working:
        due.put_nowait(None)
    await asyncio.gather(*working)
    loaded.seconds, loaded.cpu = time.perf_counter() - began, time.process_time() - cpu
    for one in wires:
        one.close()
    return loaded


async def answers_to(host: str, port: int, asks: list[bytes], connections: int = 8) -> list[Answer]:
    """All of them, in order, for what a workload needs beforehand. Raises for a refusal."""
    found: dict[int, Answer] = {}
    waiting = iter(enumerate(asks))
    wires = [await wire(host, port) for _ in range(connections)]

    async def work_off(one: Wire) -> None:
        for number, raw in waiting:
            found[number] = await one.ask(raw)
            if not 200 <= found[number].status < 300:
                raise RuntimeError(f"{raw[:80]!r}: {found[number].status} {found[number].body[:300]!r}")

    await asyncio.gather(*[work_off(one) for one in wires])
    for one in wires:
        one.close()
    return [found[number] for number in range(len(asks))]
