"""The store as commands use it: load, decide, save; retries, queues, conflicts, tokens."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from infra.testing.toy import NameTaken, Notice, Shelf, ShelfFull, add_book, put_up_shelf
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.errors import NotFound, Refused
from shared.ids import PLATFORM, uuid7
from shared.members import PersonalKey
from shared.store import Conflict, EventStore, KeyReused, Stale, Taken, Unavailable
from tests.shared.stores import NOW, as_worker, call_of, new_shelf, records_of, store_on

Dsns = dict[str, str]


@pytest.fixture
async def store(log: Dsns) -> AsyncIterator[EventStore]:
    async with store_on(log["api"]) as store:
        yield store


async def test_what_was_saved_is_loaded(store: EventStore) -> None:
    tenant = uuid7()
    shelf = new_shelf(tenant)
    shelf.add("Emma", NOW)
    saved = await store.save(shelf, call=call_of(tenant))
    loaded = await store.get(Shelf, shelf.id, tenant)
    assert (saved.id, saved.version, saved.replayed) == (shelf.id, 2, False)
    assert (loaded.name, loaded.books, loaded.version, loaded.tenant_id) == ("Fiction", ("Emma",), 2, tenant)
    assert saved.token.position("academic", tenant) == loaded.position


async def test_S1_an_unknown_id_a_foreign_one_and_one_of_another_kind_are_not_found_alike(store: EventStore) -> None:
    tenant, shelf = uuid7(), new_shelf(uuid7())
    mine = new_shelf(tenant)
    await store.save(shelf, call=call_of(shelf.tenant_id))
    await store.save(mine, call=call_of(tenant))
    for kind, wanted in ((Shelf, uuid7()), (Shelf, shelf.id), (Notice, mine.id)):
        with pytest.raises(NotFound):
            await store.get(kind, wanted, tenant)
    assert list(await store.get_many(Shelf, [uuid7(), shelf.id, mine.id], tenant)) == [mine.id]


async def test_S1_a_foreign_aggregate_cannot_be_saved_under_another_tenant(store: EventStore, log: Dsns) -> None:
    theirs, tenant = uuid7(), uuid7()
    shelf = new_shelf(theirs)
    await store.save(shelf, call=call_of(theirs))
    stolen = await store.get(Shelf, shelf.id, theirs)
    stolen._tenant_id = tenant
    stolen.add("Emma", NOW)
    with pytest.raises(Conflict):
        await store.save(stolen, call=call_of(tenant))
    assert (await store.get(Shelf, shelf.id, theirs)).version == 1


async def test_a_save_of_several_tenants_is_atomic_and_names_each_ones_place(store: EventStore) -> None:
    tenant = uuid7()
    user, school = new_shelf(PLATFORM, "User"), new_shelf(tenant, "School")
    user.add("Emma", NOW)
    saved = await store.save(user, school, call=call_of(PLATFORM))
    place = saved.token.position("academic", tenant)
    assert saved.token.entries == {("academic", PLATFORM): place - 1, ("academic", tenant): place}
    stale, other = await store.get(Shelf, user.id, PLATFORM), new_shelf(tenant)
    stale.add("Persuasion", NOW)
    await store.change(Shelf, user.id, lambda shelf: shelf.add("Other", NOW), call=call_of(PLATFORM))
    with pytest.raises(Conflict) as refused:
        await store.save(stale, other, call=call_of(PLATFORM))
    assert refused.value.current == 3
    assert await store.find(Shelf, other.id, tenant) is None


async def test_B29_the_same_key_gets_the_first_answer(store: EventStore) -> None:
    tenant = uuid7()
    first = await put_up_shelf(store, call_of(tenant, "one"), "Fiction")
    again = await put_up_shelf(store, call_of(tenant, "one"), "Fiction")
    assert (again.ids, again.versions, again.token) == (first.ids, first.versions, first.token)
    assert (first.replayed, again.replayed) == (False, True)


async def test_B29_the_same_key_with_another_body_is_refused(store: EventStore) -> None:
    tenant = uuid7()
    await put_up_shelf(store, call_of(tenant, "one"), "Fiction")
    with pytest.raises(KeyReused):
        await put_up_shelf(store, call_of(tenant, "one", fingerprint=b"another body"), "Poetry")


async def test_ET16_a_retry_does_not_meet_its_own_effect_as_a_refusal(store: EventStore) -> None:
    tenant = uuid7()
    shelf = await put_up_shelf(store, call_of(tenant), "Fiction")
    first = await break_once(store, call_of(tenant, "break"), shelf.id)
    with pytest.raises(AlreadyBroken):
        await break_once(store, call_of(tenant, "another"), shelf.id)
    again = await break_once(store, call_of(tenant, "break"), shelf.id)
    assert (again.version, again.token) == (first.version, first.token)


async def test_E5_copies_in_flight_get_the_first_ones_answer_and_no_refusal(store: EventStore) -> None:
    tenant = uuid7()
    shelf = await put_up_shelf(store, call_of(tenant), "Fiction")
    copies = [break_once(store, call_of(tenant, "break"), shelf.id) for _ in range(20)]
    answers = await asyncio.gather(*copies)
    assert {(one.id, one.version, one.token.encode()) for one in answers} == {(shelf.id, 2, answers[0].token.encode())}
    assert sorted(one.replayed for one in answers) == [False] + [True] * 19


async def test_E5_copies_in_two_processes_have_one_effect(store: EventStore, log: Dsns) -> None:
    tenant = uuid7()
    async with store_on(log["api"]) as other:
        copies = [put_up_shelf(one, call_of(tenant, "one"), "Fiction") for one in (store, other) for _ in range(10)]
        answers = await asyncio.gather(*copies)
    assert len({one.id for one in answers}) == 1
    async with await as_worker(log) as connection:
        assert [record.tenant_id for record in await records_of(connection)].count(tenant) == 1


class AlreadyBroken(Refused):
    """The shelf is broken."""


@command
async def break_once(store: EventStore, call: Call, shelf_id: UUID) -> Saved:
    def decide(shelf: Shelf) -> None:
        if shelf.broken:
            raise AlreadyBroken
        shelf.break_down(call.now)

    return await store.change(Shelf, shelf_id, decide, call=call)


async def test_ET21_G4_32_commands_on_one_aggregate_are_32_done_in_32_tries(store: EventStore) -> None:
    tenant = uuid7()
    shelf = await put_up_shelf(store, call_of(tenant), "Fiction")
    tries = 0

    async def add(number: int) -> Saved:
        def decide(one: Shelf) -> None:
            nonlocal tries
            tries += 1
            one.add(f"Volume {number}", NOW)

        return await store.change(Shelf, shelf.id, decide, call=call_of(tenant))

    answers = await asyncio.gather(*map(add, range(32)))
    assert sorted(one.version for one in answers) == list(range(2, 34))
    assert tries == 32
    assert not store._turns


async def test_G4_commands_of_two_processes_on_one_aggregate_are_decided_again(store: EventStore, log: Dsns) -> None:
    tenant = uuid7()
    shelf = await put_up_shelf(store, call_of(tenant), "Fiction")
    async with store_on(log["api"]) as other:
        adds = [
            add_book(one, call_of(tenant), shelf.id, f"{number} {n}")
            for n, one in enumerate((store, other))
            for number in range(10)
        ]
        answers = await asyncio.gather(*adds)
    assert sorted(one.version for one in answers) == list(range(2, 22))


async def test_G10_a_command_whose_client_has_given_up_does_not_wait_for_its_turn(store: EventStore) -> None:
    tenant = uuid7()
    shelf = await put_up_shelf(store, call_of(tenant), "Fiction")
    soon = asyncio.get_running_loop().time() + 0.05
    async with store.turn(call_of(tenant), shelf.id):
        late = [add_book(store, call_of(tenant, deadline=soon), shelf.id, f"Volume {n}") for n in range(20)]
        answers = await asyncio.gather(*late, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 20
    assert not any(answer.unknown for answer in answers if isinstance(answer, Unavailable))
    assert (await add_book(store, call_of(tenant), shelf.id, "Emma")).version == 2
    assert not store._turns


async def test_a_conflict_at_the_deadline_is_told_with_the_current_version(store: EventStore) -> None:
    tenant = uuid7()
    shelf = await put_up_shelf(store, call_of(tenant), "Fiction")

    @command
    async def too_late(store: EventStore, call: Call) -> Saved:
        stale = await store.get(Shelf, shelf.id, tenant)
        stale.add("Emma", NOW)
        await store.change(Shelf, shelf.id, lambda one: one.break_down(NOW), call=call_of(tenant))
        return await store.save(stale, call=call)

    deadline = asyncio.get_running_loop().time()
    with pytest.raises(Conflict) as refused:
        await too_late(store, call_of(tenant, deadline=deadline))
    assert refused.value.current == 2


async def test_G4_a_named_version_is_never_decided_again(store: EventStore) -> None:
    tenant = uuid7()
    shelf = await put_up_shelf(store, call_of(tenant), "Fiction")
    adds = [add_book(store, call_of(tenant, expected_version=1), shelf.id, f"Volume {n}") for n in range(10)]
    answers = await asyncio.gather(*adds, return_exceptions=True)
    assert [one.version for one in answers if isinstance(one, Saved)] == [2]
    assert [one.current for one in answers if isinstance(one, Stale)] == [2] * 9


async def test_a_named_version_does_not_turn_another_aggregates_conflict_into_its_own(store: EventStore) -> None:
    tenant = uuid7()
    first, second = new_shelf(tenant, "First"), new_shelf(tenant, "Second")
    await store.save(first, second, call=call_of(tenant))
    stale = await store.get(Shelf, second.id, tenant)
    await store.change(Shelf, second.id, lambda shelf: shelf.add("Emma", NOW), call=call_of(tenant))
    stale.add("Persuasion", NOW)
    named = await store.get(Shelf, first.id, tenant)
    named.add("Sanditon", NOW)
    with pytest.raises(Conflict) as refused:
        await store.save(named, stale, call=call_of(tenant, expected_version=1))
    assert not isinstance(refused.value, Stale)
    assert (refused.value.aggregate_id, refused.value.current) == (second.id, 2)


async def test_G22_of_many_that_claim_one_name_one_wins(store: EventStore) -> None:
    tenant = uuid7()
    puts = [put_up_shelf(store, call_of(tenant), "Fiction") for _ in range(20)]
    answers = await asyncio.gather(*puts, return_exceptions=True)
    assert [type(one) for one in answers].count(Saved) == 1
    assert [type(one) for one in answers].count(NameTaken) == 19


async def test_a_taken_claim_names_its_kind(store: EventStore) -> None:
    tenant = uuid7()
    await put_up_shelf(store, call_of(tenant), "Fiction")
    with pytest.raises(Taken) as refused:
        await store.save(new_shelf(tenant), call=call_of(tenant), claims=[Claim(tenant, "shelf", "Fiction", uuid7())])
    assert refused.value.kind == "shelf"


async def test_a_command_that_changes_nothing_stores_nothing_and_knows_where_it_looked(store: EventStore) -> None:
    tenant = uuid7()
    shelf = await put_up_shelf(store, call_of(tenant), "Fiction")
    first = await add_book(store, call_of(tenant), shelf.id, "Emma")
    for key in (None, "again", "again"):
        again = await add_book(store, call_of(tenant, key), shelf.id, "Emma")
        assert (again.version, again.token) == (2, first.token)


async def test_two_saves_of_one_command_are_found_again_step_by_step(store: EventStore) -> None:
    tenant = uuid7()
    call = call_of(tenant, "both")
    for replayed in (False, True):
        first = await store.save(new_shelf(tenant), call=call)
        second = await store.save(new_shelf(tenant), call=call.step("second"))
        assert (first.replayed, second.replayed) == (replayed, replayed)
        assert first.id != second.id


async def test_a_refused_decision_leaves_nothing(store: EventStore) -> None:
    tenant = uuid7()
    shelf = new_shelf(tenant)
    for number in range(40):
        shelf.add(f"Volume {number}", NOW)
    await store.save(shelf, call=call_of(tenant))
    with pytest.raises(ShelfFull):
        await add_book(store, call_of(tenant, "one more"), shelf.id, "Emma")
    assert await store.replayed(call_of(tenant, "one more")) is None


async def test_of_two_who_make_a_key_for_one_person_the_second_decides_again(store: EventStore) -> None:
    tenant, person = uuid7(), uuid7()
    shelf = new_shelf(tenant)
    await store.save(shelf, call=call_of(tenant), keys=[PersonalKey(tenant, person, 1, b"first")])
    late = await store.get(Shelf, shelf.id, tenant)
    late.add("Emma", NOW)
    with pytest.raises(Conflict) as refused:
        await store.save(late, call=call_of(tenant, expected_version=1), keys=[PersonalKey(tenant, person, 1, b"2nd")])
    assert not isinstance(refused.value, Stale)


async def test_E5_a_copy_in_flight_of_a_command_that_names_a_version_is_not_stale(store: EventStore) -> None:
    tenant = uuid7()
    shelf = await put_up_shelf(store, call_of(tenant), "Fiction")
    copies = [add_book(store, call_of(tenant, "add", expected_version=1), shelf.id, "Emma") for _ in range(5)]
    assert [one.version for one in await asyncio.gather(*copies)] == [2] * 5
