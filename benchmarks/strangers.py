"""S11: whether the time of an answer tells a stranger which addresses have an account."""

import random
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import uuid4

import orjson
import uvloop

from benchmarks.figures import Figure
from benchmarks.load import Wire, ask, wire
from benchmarks.run import Run
from benchmarks.whole import product_of
from infra.native.ports import HOST
from infra.native.running import Running

ROWS = ("S11", "S11-reset")
TRIES = 4
"""Of one account: the next one would lock it, and a lock answers at once."""
PASSWORD = "a password that fits nobody"


class Times(NamedTuple):
    """Milliseconds of the answers about addresses with an account, and without."""

    known: list[float]
    unknown: list[float]


def measure(run: Run) -> Iterator[Figure]:
    with product_of() as product:
        yield from uvloop.run(_measure(run, product))


async def _measure(run: Run, product: Running) -> list[Figure]:
    samples = run.size.samples * run.size.rounds
    client = await wire(HOST, product.ports["auth.api"])
    known = [f"{uuid4().hex}@bench.example" for _ in range(-(-samples // TRIES))]
    for address in known:
        await _answered(client, _registration(address), 201)
    login = await _times(client, "/login", known, {"password": PASSWORD}, 401)
    reset = await _times(client, "/password-reset-requests", known, {}, 202)
    client.close()
    return [_figure(run, "S11", login), _figure(run, "S11-reset", reset)]


async def _times(client: Wire, path: str, known: Sequence[str], body: dict[str, str], status: int) -> Times:
    """Known and unknown ones in a random order; an unknown address comes as often as a known one."""
    asks = [(True, address) for address in known] + [(False, f"{uuid4().hex}@bench.example") for _ in known]
    order = asks * TRIES
    random.Random(1).shuffle(order)
    times = Times([], [])
    for is_known, address in order:
        raw = _ask(path, orjson.dumps({"email": address, **body}))
        began = time.perf_counter()
        await _answered(client, raw, status)
        (times.known if is_known else times.unknown).append((time.perf_counter() - began) * 1e3)
    return times


def _registration(address: str) -> bytes:
    school = {"name": "Bench", "country": "ES", "currency": "EUR", "zone": "Europe/Madrid"}
    owner = {"email": address, "password": "the password of somebody", "given_name": "Ana", "family_name": "Sol"}
    return _ask("/schools", orjson.dumps({"school": school, "owner": owner}), idempotency_key=uuid4().hex)


def _ask(path: str, body: bytes, **headers: str) -> bytes:
    """From another network each time: tries of one are counted, too."""
    number = random.getrandbits(24)
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    return ask("POST", path, body, rollbook_client_address=address, **headers)


async def _answered(client: Wire, raw: bytes, status: int) -> None:
    answer = await client.ask(raw)
    assert answer.status == status, answer.body[:300]


def _figure(run: Run, row: str, times: Times) -> Figure:
    """How far the chance that a known address took longer than an unknown one is from one half."""
    chance = random.Random(2)
    drawn = sorted(abs(share(*(chance.choices(kind, k=len(kind)) for kind in times)) - 0.5) for _ in range(200))
    run.note("times", workload=row, **times._asdict())
    value = share(times.known, times.unknown)
    note = f"({len(times.known)} answers of each kind, AUC {value:.3f})"
    return Figure(row, "auc-0.5", 0.02, 0.03, abs(value - 0.5), drawn[10], drawn[190], note=note)


def share(known: Sequence[float], unknown: Sequence[float]) -> float:
    """The area under the curve of a guess by time alone (Mann-Whitney): 0.5 tells nothing."""
    ranked = sorted([(time, True) for time in known] + [(time, False) for time in unknown])
    ranks = sum(rank for rank, (_, is_known) in enumerate(ranked, 1) if is_known)
    return (ranks - len(known) * (len(known) + 1) / 2) / (len(known) * len(unknown))
