"""The oracle can fail: one lost, doubled, reordered, unwanted, holed or disagreeing item is found each time."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from shared.records import Record
from tests.faults.ledger import Ledger
from tests.faults.oracle import (
    VIEWS,
    Judgement,
    Sums,
    check_commands,
    check_effects,
    check_numbers,
    check_tenants,
    check_topic,
    check_views,
    folded,
    owners_of,
)
from tests.faults.plan import Fault, Plan, drawn
from tests.faults.results import Found, line
from tests.faults.run_key import draws
from tests.faults.stores import Stored

TENANT, OTHER = UUID(int=1), UUID(int=2)
TALLY, FOREIGN = UUID(int=11), UUID(int=12)
TAGS = [f"{n:032x}" for n in range(1, 5)]
NOW = datetime(2026, 9, 1, tzinfo=UTC)


class World:
    """Two tenants: one opened a tally and counted four times, one only opened; all as it should be."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.academic = [opened(1, TENANT, TALLY), opened(2, OTHER, FOREIGN)]
        self.academic += [
            stored(n + 3, TENANT, TALLY, n + 2, "academic.counted", tag=tag) for n, tag in enumerate(TAGS)
        ]
        self.billing = [item(n, tag) for n, tag in enumerate(TAGS, 1)]
        self.academic += [
            stored(7 + n, TENANT, UUID(int=200 + n), 1, "academic.settled", tag=tag) for n, tag in enumerate(TAGS)
        ]
        for tenant, tally in ((TENANT, TALLY), (OTHER, FOREIGN)):
            intent = self.ledger.wants("open", tenant, f"open {tally}", "/tallies", {"keeper": "Ann"})
            self.ledger.answered(intent, 201, {"data": {"id": str(tally), "version": 1}})
        for n, tag in enumerate(TAGS):
            intent = self.ledger.wants("count", TENANT, f"count {n}", "/counts", {"tag": tag, "amount": 10})
            self.ledger.answered(intent, 201, {"data": {"id": str(TALLY), "version": n + 2}})
        self.refused = self.ledger.wants("refuse", TENANT, "refused", "/counts", {"tag": "f" * 32, "amount": -1})
        self.ledger.answered(self.refused, 422, {"code": "negative-amount"})
        self.views: dict[tuple[str, str, str], Sums] = {name: folded(self.academic) for name in VIEWS}
        self.views = {name: {**sums, FOREIGN: (0, 0)} for name, sums in self.views.items()}
        self.records = sent(self.academic)
        self.told: list[tuple[UUID, object]] = [(TENANT, {"data": {"tally_id": str(TALLY)}})]

    def judged(self) -> Judgement:
        judgement = Judgement()
        check_commands(judgement, self.ledger, self.academic)
        check_numbers(judgement, "academic", self.academic)
        check_numbers(judgement, "billing", self.billing)
        check_effects(judgement, {TENANT, OTHER}, self.academic, self.billing)
        check_views(judgement, {TENANT, OTHER}, self.academic, self.billing, self.views)
        check_topic(judgement, "academic", self.academic, self.records)
        check_tenants(judgement, self.told, owners_of(self.academic, self.billing))
        return judgement


def stored(position: int, tenant: UUID, aggregate: UUID, version: int, topic: str, **data: object) -> Stored:
    state = json.dumps({"meta": {"event_id": f"event-{position}"}, "data": {"amount": 10, **data}}).encode()
    return Stored(position, tenant, aggregate, version, topic, state)


def opened(position: int, tenant: UUID, tally: UUID) -> Stored:
    return stored(position, tenant, tally, 1, "academic.tally_opened", keeper="v1.AAAA")


def item(position: int, tag: str) -> Stored:
    return stored(position, TENANT, UUID(int=100 + position), 1, "billing.item_booked", tag=tag, tally_id=str(TALLY))


def sent(log: list[Stored]) -> list[Record]:
    """As one relay chains them, a partition for each tenant."""
    last: dict[UUID, int] = {}
    records = []
    for one in log:
        place = (last.get(one.tenant_id, 0), one.tenant_id.int)
        records.append(
            Record(one.position, one.tenant_id, one.aggregate_id, one.version, one.topic, one.state, NOW, *place)
        )
        last[one.tenant_id] = one.position
    return records


def lose_event(world: World) -> None:
    del world.academic[5]


def double_event(world: World) -> None:
    world.academic.append(stored(11, TENANT, TALLY, 6, "academic.counted", tag=TAGS[0]))


def store_what_was_refused(world: World) -> None:
    world.academic.append(stored(11, TENANT, TALLY, 6, "academic.counted", tag="f" * 32))


def store_what_nobody_wanted(world: World) -> None:
    world.academic.append(stored(11, TENANT, TALLY, 6, "academic.counted", tag="e" * 32))


def open_what_nobody_wanted(world: World) -> None:
    world.academic.append(opened(11, TENANT, UUID(int=13)))


def answer_a_copy_otherwise(world: World) -> None:
    world.ledger.answered(world.ledger.intents[2], 201, {"data": {"id": str(TALLY), "version": 9}})


def skip_a_position(world: World) -> None:
    world.academic[-1] = world.academic[-1]._replace(position=11)


def skip_a_version(world: World) -> None:
    world.academic[5] = world.academic[5]._replace(version=9)


def swap_events(world: World) -> None:
    first, second = world.academic[2:4]
    world.academic[2:4] = [second._replace(position=first.position), first._replace(position=second.position)]


def lose_item(world: World) -> None:
    world.billing.pop()


def double_item(world: World) -> None:
    world.billing.append(item(5, TAGS[0]))


def settle_twice(world: World) -> None:
    world.academic.append(stored(11, TENANT, UUID(int=300), 1, "academic.settled", tag=TAGS[0]))


def never_settle(world: World) -> None:
    world.academic.pop()


def view_of(world: World, name: tuple[str, str, str], sums: tuple[int, int], tally: UUID = TALLY) -> None:
    world.views[name] = {**world.views[name], tally: sums}


def lose_record(world: World) -> None:
    del world.records[4]


def swap_records(world: World) -> None:
    world.records[3], world.records[4] = world.records[4], world.records[3]


def change_record(world: World) -> None:
    world.records[3] = world.records[3]._replace(state=b"{}")


def unchain_record(world: World) -> None:
    world.records[4] = world.records[4]._replace(previous=world.records[4].previous + 1)


def tell_another_tenant(world: World) -> None:
    world.told.append((OTHER, {"data": [{"tally_id": str(TALLY)}]}))


def tell_another_tenants_tag(world: World) -> None:
    world.told.append((OTHER, {"message": f"counted {TAGS[0]}"}))


LOST = [lose_event, lose_item, never_settle, lose_record, swap_records, unchain_record]
DOUBLED = [double_event, store_what_was_refused, store_what_nobody_wanted, open_what_nobody_wanted, double_item]
DOUBLED += [settle_twice]
ODD = [answer_a_copy_otherwise, skip_a_position, skip_a_version, swap_events, change_record, tell_another_tenant]
ODD += [tell_another_tenants_tag]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    it = World(tmp_path)
    yield it
    it.ledger.close()


def test_a_world_as_it_should_be_is_found_right(world: World) -> None:
    assert world.judged() == Judgement()


@pytest.mark.parametrize("damage", LOST, ids=lambda damage: damage.__name__)
def test_what_is_lost_is_counted_as_lost(world: World, damage: Callable[[World], None]) -> None:
    damage(world)
    judgement = world.judged()
    assert judgement.lost > 0
    assert judgement.wrong


@pytest.mark.parametrize("damage", DOUBLED, ids=lambda damage: damage.__name__)
def test_what_is_too_much_is_counted_as_doubled(world: World, damage: Callable[[World], None]) -> None:
    damage(world)
    judgement = world.judged()
    assert judgement.duplicated > 0
    assert judgement.wrong


@pytest.mark.parametrize("damage", ODD, ids=lambda damage: damage.__name__)
def test_what_disagrees_is_found(world: World, damage: Callable[[World], None]) -> None:
    damage(world)
    assert world.judged().wrong


@pytest.mark.parametrize("name", VIEWS, ids=lambda name: ".".join(name))
@pytest.mark.parametrize(
    ("sums", "lost", "duplicated"), [((3, 30), True, False), ((5, 50), False, True), ((4, 41), False, False)]
)
def test_a_view_that_differs_from_the_fold_is_found(
    world: World, name: tuple[str, str, str], sums: tuple[int, int], lost: bool, duplicated: bool
) -> None:
    view_of(world, name, sums)
    judgement = world.judged()
    assert ((judgement.lost > 0), (judgement.duplicated > 0)) == (lost, duplicated)
    assert judgement.wrong


def test_a_row_that_nothing_explains_is_found(world: World) -> None:
    view_of(world, VIEWS[0], (1, 10), UUID(int=99))
    assert world.judged().duplicated == 1


def test_an_unknown_outcome_may_be_stored_once_or_not_at_all_but_not_twice(world: World) -> None:
    intent = world.ledger.wants("count", TENANT, "unknown", "/counts", {"tag": "d" * 32, "amount": 10})
    world.ledger.lost(intent, "TimeoutError")
    judgement = Judgement()
    check_commands(judgement, world.ledger, world.academic)
    assert judgement == Judgement()
    once = [*world.academic, stored(11, TENANT, TALLY, 6, "academic.counted", tag="d" * 32)]
    check_commands(judgement, world.ledger, once)
    assert judgement == Judgement()
    check_commands(judgement, world.ledger, [*once, stored(12, TENANT, TALLY, 7, "academic.counted", tag="d" * 32)])
    assert judgement.duplicated == 1


def plan_of(run_key: int) -> Plan:
    kinds = {"kill": ("a", "b", "c"), "freeze": ("a",)}
    return drawn(draws(run_key, "G2", "plan"), 20, kinds, together={10: 2})


def test_the_same_run_key_draws_the_same_plan_and_another_one_another() -> None:
    assert plan_of(7) == plan_of(7)
    assert plan_of(7) != plan_of(8)
    assert draws(7, "G2", "load").random() != draws(7, "G2", "plan").random()


def test_a_plan_is_the_same_after_it_was_saved_and_loaded(tmp_path: Path) -> None:
    plan_of(7).save(tmp_path / "plan.json")
    assert Plan.load(tmp_path / "plan.json") == plan_of(7)


def test_few_trials_meet_every_target_and_some_hit_several_at_once() -> None:
    faults = drawn(random.Random(1), 20, {"kill": ("a", "b", "c")}, together={10: 2}).faults
    assert {fault.targets[0] for fault in faults[:3]} == {"a", "b", "c"}
    assert [n for n, fault in enumerate(faults, 1) if len(fault.targets) == 2] == [10, 20]
    assert all(isinstance(fault, Fault) and fault.after > 0 for fault in faults)


def test_a_result_is_one_line_of_an_id_figures_and_a_word() -> None:
    found = Found()
    found.add(lost=0, recovered_max_s=1.234)
    assert line("G2", 20, found.figures, "pass") == "G2 trials=20 lost=0 recovered_max_s=1.23 pass"
    found.add(reason="no second disk here")
    assert line("G11", 1, found.figures, "skip").endswith(" reason=no_second_disk_here skip")


def test_a_broken_promise_is_a_sentence_and_a_kept_one_is_none() -> None:
    found = Found()
    found.must(True, "kept")
    found.must(False, "broken")
    assert found.wrong == ["broken"]
