"""W4, PF6: from a command to the answer that shows it, idle and at 70 % load, own view and through Kafka."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import orjson
import uvloop

from benchmarks.figures import Figure, percentile, percentile_interval
from benchmarks.load import Answer, Wire, open_loop, wire
from benchmarks.pipeline import bare_pipeline
from benchmarks.run import Run
from benchmarks.school import A_CLASS, School, stay
from benchmarks.whole import product_of
from infra.native.ports import HOST
from infra.native.running import Running

ROWS = ("PF6", "PF6-p50", "PF6-foreign", "PF6-foreign-p50", "PF6-70", "PF6-70-foreign", "PF6-pipeline")
EVERY = 0.05
AT_ONCE = 16
SHARE = 0.7
AGAIN = (425, 503)
P50, P99, P99_LOADED, MUST = 15.0, 50.0, 100.0, 250.0
TIMES_BARE = 3.0

Probe = Callable[[School, Wire, int], Awaitable[None]]


def measure(run: Run) -> Iterator[Figure]:
    with product_of() as product:
        yield from uvloop.run(_measure(run, product))


async def _measure(run: Run, product: Running) -> list[Figure]:
    samples = run.size.samples
    found: dict[str, list[float]] = {}
    async with School.opened(product, samples) as school:
        found["own"] = await _probed(school, own_view, samples)
        found["foreign"] = await _probed(school, await _billing(school), samples)
        found["bare"] = await bare_pipeline(product, samples, EVERY)
        rate = SHARE * await _capacity(run, school) - 1 / EVERY
        found["own at 70 %"] = await _under_load(school, own_view, samples, rate)
        found["foreign at 70 %"] = await _under_load(school, await _billing(school), samples, rate)
    run.note("visible", rate=rate, lags=found)
    bare = percentile(found["bare"], 0.99)
    value, low, high = (lag / bare for lag in percentile_interval(found["foreign"], 0.99))
    note = f"(through Kafka, p99 against {bare:.3g} ms of the bare pipeline)"
    return [
        _figure("PF6", "own", found, 0.99, P99 * run.factor),
        _figure("PF6-p50", "own", found, 0.5, P50 * run.factor),
        _figure("PF6-foreign", "foreign", found, 0.99, P99 * run.factor),
        _figure("PF6-foreign-p50", "foreign", found, 0.5, P50 * run.factor),
        _figure("PF6-70", "own at 70 %", found, 0.99, P99_LOADED * run.factor),
        _figure("PF6-70-foreign", "foreign at 70 %", found, 0.99, P99_LOADED * run.factor),
        Figure("PF6-pipeline", "ratio", TIMES_BARE, None, value, low, high, note=note),
    ]


def _figure(row: str, name: str, found: dict[str, list[float]], share: float, goal: float) -> Figure:
    lags = found[name]
    value, low, high = percentile_interval(lags, share)
    return Figure(row, "ms", goal, MUST, value, low, high, note=f"({name}, p{share * 100:g} of {len(lags)})")


async def own_view(school: School, one: Wire, number: int) -> None:
    """A class is opened, and shown with its counts."""
    made = await _answered(one, school.post("/classes", {"title": f"Probe {number}"}))
    class_id = orjson.loads(made.body)["data"]["id"]
    await _shown(school, one, f"/classes/{class_id}", made.header(b"consistency-token"), "/api/academic")


async def _billing(school: School) -> Probe:
    """A student is enrolled in a new class, and billing has the agreement."""
    classes = await school.classes(-(-len(school.students) // A_CLASS))

    async def probe(school: School, one: Wire, number: int) -> None:
        made = await _answered(
            one, school.post(f"/classes/{classes[number // A_CLASS]}/enrolments", stay(school.students[number]))
        )
        await _shown(school, one, "/agreements?limit=1", made.header(b"consistency-token"), "/api/billing")

    return probe


async def _shown(school: School, one: Wire, path: str, token: str, prefix: str) -> None:
    """A query that carries the command's token is answered when the view has it."""
    await _answered(one, school.get(path, prefix, consistency_token=token))


async def _answered(one: Wire, raw: bytes) -> Answer:
    """What is not yet visible, and what cannot be answered now, is asked for again: the wait counts."""
    while (answer := await one.ask(raw)).status in AGAIN:
        continue
    assert 200 <= answer.status < 300, answer.body
    return answer


async def _probed(school: School, probe: Probe, samples: int) -> list[float]:
    """Open loop: each counts from the time it was due."""
    await school.signed_in()
    free: asyncio.Queue[Wire] = asyncio.Queue()
    for _ in range(AT_ONCE):
        free.put_nowait(await wire(HOST, school.product.ports["gateway"]))
    began = time.perf_counter() + EVERY

    async def one(number: int) -> float:
        due = began + number * EVERY
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        taken = await free.get()
        try:
            await probe(school, taken, number)
        finally:
            free.put_nowait(taken)
        return (time.perf_counter() - due) * 1e3

    lags = await asyncio.gather(*[one(number) for number in range(samples)])
    while not free.empty():
        free.get_nowait().close()
    return list(lags)


async def _capacity(run: Run, school: School) -> float:
    """Commands a second that every view and every service keeps up with: until the product is at rest again."""
    asks = await school.enrolments(int(1_500 * run.size.seconds))
    await school.drained()
    began = time.perf_counter()
    answered = (await school.cell(asks, 8, run.size.seconds))["rate"] * run.size.seconds
    return float(answered / (time.perf_counter() - began))


async def _under_load(school: School, probe: Probe, samples: int, rate: float) -> list[float]:
    """Beside commands at this rate, from a product at rest."""
    await school.drained()
    seconds = samples * EVERY + 1
    asks = await school.enrolments(int(rate * seconds) + 1)
    port = school.product.ports["gateway"]
    load = asyncio.create_task(open_loop(HOST, port, asks, rate, seconds))
    lags = await _probed(school, probe, samples)
    loaded = await load
    assert not loaded.refused, (loaded.statuses, loaded.refusal)
    return lags
