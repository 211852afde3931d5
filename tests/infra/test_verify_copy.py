"""The stand-alone verifier: whatever is done to a copy, the first bad position is named, without the product."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra.testing.harness import new_log
from infra.verifier import verify_chain
from infra.verifier.verify_chain import Chain, verify_copy
from shared.checkpoints import CheckpointKey
from shared.personal import MasterKey
from tests.shared.histories import KEY, KEYS, PATTERN, copied, two_histories
from tests.shared.stores import as_worker

POSITIONS = [number for number, letter in enumerate(PATTERN, 1) if letter == "A"]
SCRIPT = Path(verify_chain.__file__)


class Copies(NamedTuple):
    """`lines` is a header, then a line for each of POSITIONS, and one for the checkpoint after 6 and after the last."""

    tenant: UUID
    lines: list[bytes]
    theirs: list[bytes]

    def line_of(self, position: int) -> int:
        return next(n for n, line in enumerate(self.lines) if line.startswith(b'{"position":%d,' % position))

    def places(self) -> list[int]:
        """What position each line is about; the header counts as 0."""
        values = [json.loads(line) for line in self.lines[1:]]
        return [0] + [value.get("checkpoint", value)["position"] for value in values]


async def make_copies(superuser_dsn: str) -> Copies:
    async with new_log(superuser_dsn, "academic") as dsns:
        async with await as_worker(dsns) as worker:
            ours, theirs = await two_histories(worker)
        return Copies(ours, await copied(dsns, ours), await copied(dsns, theirs))


@pytest.fixture(scope="module")
def copies(postgres: str) -> Copies:
    return asyncio.run(make_copies(postgres))


def changed(line: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    value = json.loads(line)
    change(value)
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def bad_position(lines: list[bytes]) -> int | None:
    chain = verify_copy(iter(lines), KEYS)
    return chain.bad and chain.bad.position


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a byte of the state": lambda line: line["event"].update(state="00" + line["event"]["state"][2:]),
    "the time": lambda line: line["event"].update(recorded_at=line["event"]["recorded_at"] + 1),
    "the topic": lambda line: line["event"].update(topic="academic.shelf_mended"),
    "the aggregate": lambda line: line["event"].update(aggregate_id=str(UUID(int=1))),
    "the version": lambda line: line["event"].update(version=2),
    "a version that fits no field": lambda line: line["event"].update(version=2**64),
    "a topic that no encoding knows": lambda line: line["event"].update(topic="\ud800"),
    "the event dropped": lambda line: line.update(event=None),
    "the entry dropped": lambda line: line.update(entry=None),
    "the event hash": lambda line: line["entry"].update(event_hash="00" * 32),
    "the chain hash": lambda line: line["entry"].update(chain_hash="00" * 32),
    "the predecessor": lambda line: line["entry"].update(previous=2),
    "numbered higher": lambda line: line.update(position=9_999),
    "another kind of number": lambda line: line["event"].update(version=1.0),
    "a field too many": lambda line: line.update(note="x"),
    "nothing of an event": lambda line: line.update(event={}),
}


def test_N9_an_intact_copy_verifies(copies: Copies) -> None:
    chain = verify_copy(iter(copies.lines), KEYS)
    assert chain.intact
    assert (chain.events, chain.signed, chain.unsigned) == (len(POSITIONS), POSITIONS[-1], 0)
    assert bad_position(copies.theirs) is None


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("what", CHANGES)
def test_N9_a_change_in_a_copy_is_found_where_it_is(copies: Copies, what: str, position: int) -> None:
    lines, number = list(copies.lines), copies.line_of(position)
    lines[number] = changed(lines[number], CHANGES[what])
    assert bad_position(lines) == position


@pytest.mark.parametrize("position", POSITIONS)
def test_N9_an_event_dropped_from_a_copy_is_named(copies: Copies, position: int) -> None:
    lines = list(copies.lines)
    del lines[copies.line_of(position)]
    assert bad_position(lines) == position


@pytest.mark.parametrize("first", POSITIONS)
@pytest.mark.parametrize("second", POSITIONS)
def test_N9_two_events_swapped_in_a_copy_are_found_at_the_first(copies: Copies, first: int, second: int) -> None:
    lines, one, two = list(copies.lines), copies.line_of(first), copies.line_of(second)
    lines[one], lines[two] = lines[two], lines[one]
    assert bad_position(lines) == (None if first == second else min(first, second))


@pytest.mark.parametrize("after", [position for position in POSITIONS if position + 1 not in POSITIONS])
def test_N9_an_event_inserted_with_hashes_that_fit_is_found_where_it_stands(copies: Copies, after: int) -> None:
    number = copies.line_of(after)
    before = verify_chain.read_line(copies.lines[number].rstrip())
    assert isinstance(before, verify_chain.Place)
    assert before.event is not None
    assert before.entry is not None
    own = verify_chain.event_hash(copies.tenant, after + 1, before.event)
    entry = verify_chain.Entry(after, own, b"")
    entry = entry._replace(chain_hash=verify_chain.chain_hash(before.entry.chain_hash, entry))
    forged = verify_chain.Place(after + 1, before.event, entry)
    lines = list(copies.lines)
    lines.insert(number + 1, verify_chain.line_of(forged) + b"\n")
    assert bad_position(lines) == after + 1


def test_N9_an_event_that_stands_twice_is_found(copies: Copies) -> None:
    number = copies.line_of(4)
    assert bad_position([*copies.lines[: number + 1], *copies.lines[number:]]) == 4


def test_N9_a_copy_cut_off_before_a_checkpoint_is_found(copies: Copies) -> None:
    tail = copies.line_of(POSITIONS[-2])
    assert bad_position([*copies.lines[:tail], copies.lines[-1]]) == POSITIONS[-1]


def test_N9_a_copy_cut_off_with_its_checkpoint_is_found_by_one_kept_outside(copies: Copies) -> None:
    kept = verify_chain.read_line(copies.lines[-1].rstrip())
    assert isinstance(kept, verify_chain.Checkpoint)
    short = copies.lines[: copies.line_of(POSITIONS[-2])]
    assert verify_copy(iter(short), KEYS).intact
    found = verify_copy(iter(short), KEYS, [kept]).bad
    assert found is not None
    assert found.position == POSITIONS[-1]
    assert verify_copy(iter(copies.lines), KEYS, [kept]).intact


def test_N9_a_copy_without_any_checkpoint_is_not_called_intact(copies: Copies) -> None:
    chain = verify_copy((line for line in copies.lines if b"checkpoint" not in line), KEYS)
    assert not chain.intact
    assert chain.verdict().startswith("UNSIGNED")


@pytest.mark.parametrize("field", ["signature", "made_at", "chain_hash", "key_id", "service", "tenant_id"])
def test_N9_a_forged_checkpoint_is_found(copies: Copies, field: str) -> None:
    forged = {
        "signature": "00" * 64,
        "made_at": 1,
        "chain_hash": "00" * 32,
        "key_id": "0" * 16,
        "service": "billing",
        "tenant_id": str(UUID(int=1)),
    }
    last = changed(copies.lines[-1], lambda line: line["checkpoint"].update({field: forged[field]}))
    assert bad_position([*copies.lines[:-1], last]) == POSITIONS[-1]


def test_N9_another_tenants_events_do_not_fit(copies: Copies) -> None:
    assert bad_position([copies.theirs[0], *copies.lines[1:]]) == POSITIONS[0]
    assert bad_position([copies.lines[0], *copies.theirs[1:]]) == PATTERN.index("B") + 1


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_N9_any_byte_of_a_copy_that_is_changed_is_found_where_it_is(copies: Copies, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(copies.lines) - 1))
    line = copies.lines[number]
    place = data.draw(st.integers(0, len(line) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != line[place] and value != ord("\n")))
    lines = list(copies.lines)
    lines[number] = line[:place] + bytes([byte]) + line[place + 1 :]
    expected = copies.places()[number]
    found = bad_position(lines)
    if number == 0:
        assert found in (0, POSITIONS[0])
    elif line[:place].endswith((b'"position":', b'"position":1')):
        assert found is not None
        assert 0 < found <= expected
    else:
        assert found == expected


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.sets(st.integers(0, len(POSITIONS) - 1)), order=st.randoms(use_true_random=False))
@example(kept=set(range(len(POSITIONS))), order=None)
def test_N9_any_events_dropped_and_any_order_are_found(copies: Copies, kept: set[int], order: Any) -> None:
    events = [line for line in copies.lines[1:] if b"checkpoint" not in line]
    points = [line for line in copies.lines if b"checkpoint" in line]
    chosen = [events[n] for n in sorted(kept)]
    if order is not None:
        order.shuffle(chosen)
    chain = verify_copy(iter([copies.lines[0], *chosen, points[-1]]), KEYS)
    if chosen == events:
        assert chain.intact
        return
    assert chain.bad is not None
    good = next(n for n, (is_, was) in enumerate(zip([*chosen, b""], events, strict=False)) if is_ != was)
    gone = [position for n, position in enumerate(POSITIONS[good:], good) if n not in kept]
    if gone and gone[0] == POSITIONS[good]:
        run = next((n for n in range(good, len(POSITIONS)) if n in kept), len(POSITIONS)) - 1
        assert POSITIONS[good] <= chain.bad.position <= POSITIONS[run]
    else:
        assert chain.bad.position == POSITIONS[good]


def run(*arguments: str | Path, folder: Path) -> tuple[int, str]:
    """The file alone: neither the product nor its folder is on the path."""
    alone = folder / "verify_chain.py"
    alone.write_bytes(SCRIPT.read_bytes())
    ended = subprocess.run((sys.executable, "-I", alone, *arguments), capture_output=True, text=True, cwd=folder)
    return ended.returncode, ended.stdout


def test_N9_an_auditor_runs_one_file_on_a_copy(copies: Copies, tmp_path: Path) -> None:
    copy, kept = tmp_path / "copy", tmp_path / "kept"
    copy.write_bytes(b"".join(copies.lines))
    kept.write_bytes(copies.lines[-1] + copies.theirs[-1])
    status, said = run(copy, "--key", KEY.text, "--checkpoint", kept, folder=tmp_path)
    assert (status, said) == (0, f"intact: academic, tenant {copies.tenant}: 7 events, signed up to position 11\n")
    copy.write_bytes(b"".join(copies.lines).replace(b"academic.shelf_broken", b"academic.shelf_mended"))
    status, said = run(copy, "--key", KEY.text, folder=tmp_path)
    assert status == 1
    assert f"BAD: academic, tenant {copies.tenant}: first bad position 1: " in said
    other = CheckpointKey("academic", MasterKey(b"y" * 32)).text
    copy.write_bytes(b"".join(copies.lines))
    assert run(copy, "--key", other, folder=tmp_path)[0] == 1
    assert run(copy, "--key", other, "--key", KEY.text, folder=tmp_path)[0] == 0
    assert run(copy, "--key", "no key", folder=tmp_path)[0] == 2
    assert run(copy, "--key", other, "--checkpoint", copy, folder=tmp_path)[0] == 2
    assert run(tmp_path / "none", "--key", other, folder=tmp_path)[0] == 2


def test_N9_an_empty_file_is_no_copy() -> None:
    for lines in ([], [b"\n"], [b"[" * 100_000], [b'{"header":1}']):
        chain: Chain = verify_copy(iter(lines), KEYS)
        assert not chain.intact
