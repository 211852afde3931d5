"""The oracle: compares the ledger, the stores, the topics, the views and the effects, when all is quiet.

The checks have the numbers of the project's guarantees: O1 done once, O2 refused never, O3 copies agree, O4 nothing
unwanted, O5 no holes, O6 all in Kafka along the chain, O7 views equal the fold, O8 each effect once,
O9 nobody is told an id of another tenant."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from uuid import UUID

from shared.records import Record
from tests.faults.ledger import Ledger
from tests.faults.stores import Stored, log_of, parked_of, reading, records_of, sums_of
from tests.faults.town.town import Town

Sums = dict[UUID, tuple[int, int]]
VIEWS = (
    ("academic", "totals", "totals"),
    ("academic", "booked", "booked"),
    ("billing", "counts", "counted"),
    ("billing", "items", "items"),
)


@dataclass
class Judgement:
    """`wrong` names what was found, in sentences; the numbers are events, effects or rows."""

    events: int = 0
    lost: int = 0
    duplicated: int = 0
    wrong: list[str] = field(default_factory=list)

    def loses(self, count: int, what: str) -> None:
        if count:
            self.lost += count
            self.wrong.append(f"{count} {what}")

    def doubles(self, count: int, what: str) -> None:
        if count:
            self.duplicated += count
            self.wrong.append(f"{count} {what}")

    def finds(self, faults: Iterable[str]) -> None:
        self.wrong += list(faults)


async def judge(town: Town, ledger: Ledger, *, topics: bool = True, parked: int = 0) -> Judgement:
    """To be asked when all unknown outcomes are resolved and every consumer has caught up. `parked` facts of these
    tenants are expected; the views are compared all the same."""
    async with reading(town) as connection:
        academic, billing = await log_of(connection, "academic"), await log_of(connection, "billing")
        views = {name: await sums_of(connection, *name) for name in VIEWS}
        waiting = await parked_of(connection, ledger.tenants)
    judgement = Judgement(events=len(academic) + len(billing))
    if len(waiting) != parked:
        judgement.finds([f"{len(waiting)} facts are parked, not {parked}: {waiting[:3]}"])
    check_commands(judgement, ledger, academic)
    check_numbers(judgement, "academic", academic)
    check_numbers(judgement, "billing", billing)
    check_effects(judgement, ledger.tenants, academic, billing)
    check_views(judgement, ledger.tenants, academic, billing, views)
    if topics:
        for service, log in (("academic", academic), ("billing", billing)):
            check_topic(judgement, service, log, await records_of(town, service))
    return judgement


def check_commands(judgement: Judgement, ledger: Ledger, log: list[Stored]) -> None:
    """O1 to O4."""
    tenants = ledger.tenants
    tags = Counter(e.data["tag"] for e in log if e.topic == "academic.counted" and e.tenant_id in tenants)
    opened = Counter(str(e.aggregate_id) for e in log if e.topic == "academic.tally_opened" and e.tenant_id in tenants)
    known_tags: set[str] = set()
    known_tallies: set[str] = set()
    for intent in ledger.intents:
        outcome = intent.outcome
        if intent.kind == "open":
            stored = opened[intent.reply["data"]["id"]] if outcome == "ok" else 0
            known_tallies |= {intent.reply["data"]["id"]} if outcome == "ok" else set()
        else:
            stored = tags[intent.body["tag"]]
            known_tags.add(intent.body["tag"])
        if outcome == "ok":
            judgement.loses(stored == 0, f"done but not stored: {intent.path} {intent.body}")
        if outcome == "fail" or intent.kind == "refuse":
            judgement.doubles(stored, f"refused but stored: {intent.path} {intent.body}")
        judgement.doubles(max(0, stored - 1), f"stored more than once: {intent.path} {intent.body}")
        replies = [body for status, body in intent.answers if status < 300]
        if any(reply != replies[0] for reply in replies):
            judgement.finds([f"copies of one command got other answers: {replies}"])
    judgement.doubles(len(tags.keys() - known_tags), "counts that nobody asked for")
    judgement.doubles(len(opened.keys() - known_tallies), "tallies that nobody asked for")


def check_numbers(judgement: Judgement, service: str, log: list[Stored]) -> None:
    """O5."""
    positions = [event.position for event in log]
    if positions != list(range(1, len(log) + 1)):
        judgement.finds([f"{service}: positions have holes or doubles"])
    versions: dict[UUID, int] = defaultdict(int)
    for event in log:
        if event.version != versions[event.aggregate_id] + 1:
            judgement.finds([f"{service}: version {event.version} of {event.aggregate_id} is out of order"])
        versions[event.aggregate_id] = event.version


def check_effects(judgement: Judgement, tenants: set[UUID], academic: list[Stored], billing: list[Stored]) -> None:
    """O8: one item for each count, one settlement for each item."""
    counted, booked, settled = (
        Counter(e.data["tag"] for e in log if e.topic == topic and e.tenant_id in tenants)
        for log, topic in (
            (academic, "academic.counted"),
            (billing, "billing.item_booked"),
            (academic, "academic.settled"),
        )
    )
    for effects, causes, what in ((booked, counted, "items"), (settled, booked, "settlements")):
        judgement.loses((causes - effects).total(), f"{what} are missing")
        judgement.doubles((effects - causes).total(), f"{what} too many")


def check_views(
    judgement: Judgement,
    tenants: set[UUID],
    academic: list[Stored],
    billing: list[Stored],
    views: dict[tuple[str, str, str], Sums],
) -> None:
    """O7, with a fold that shares no code with the views."""
    counted, items, known = folded(academic), folded(billing), {e.aggregate_id for e in academic}
    mine = {e.aggregate_id for e in academic if e.tenant_id in tenants}
    for name, found in views.items():
        expected = items if name[1] in ("booked", "items") else counted
        for tally in mine:
            want, have = expected.get(tally, (0, 0)), found.get(tally, (0, 0))
            if want != have:
                judgement.loses(max(0, want[0] - have[0]), f"counts missing in {name} of {tally}: {have}, not {want}")
                judgement.doubles(
                    max(0, have[0] - want[0]), f"counts too many in {name} of {tally}: {have}, not {want}"
                )
                if want[0] == have[0]:
                    judgement.finds([f"{name} of {tally} has {have}, not {want}"])
        judgement.doubles(len(found.keys() - known), f"rows of {name} that nothing explains")


def folded(log: list[Stored]) -> Sums:
    sums: Sums = {}
    for event in log:
        if event.topic in ("academic.counted", "billing.item_booked"):
            data = event.data
            tally = UUID(data["tally_id"]) if "tally_id" in data else event.aggregate_id
            counts, total = sums.get(tally, (0, 0))
            sums[tally] = (counts + 1, total + data["amount"])
    return sums


def check_topic(judgement: Judgement, service: str, log: list[Stored], records: list[Record]) -> None:
    """O6: along the chain, from the first offset, each partition yields its part of the log once and in order."""
    stored = {event.position: event for event in log}
    places: dict[int, int] = defaultdict(int)
    reached = 0
    for record in records:
        if record.previous != places[record.partition]:
            continue
        places[record.partition] = record.position
        reached += 1
        event = stored.get(record.position)
        same = event is not None and (event.tenant_id, event.aggregate_id, event.version, event.topic, event.state) == (
            record.tenant_id,
            record.aggregate_id,
            record.version,
            record.topic,
            record.state,
        )
        if not same:
            judgement.finds([f"{service}: Kafka has another event at {record.position}"])
    judgement.loses(max(0, len(log) - reached), f"events of {service} are not reached along the chain in Kafka")


ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")


def owners_of(*logs: Iterable[Stored]) -> dict[str, UUID]:
    """Whose each id and each tag is."""
    owners: dict[str, UUID] = {}
    for event in chain(*logs):
        owners |= {str(event.tenant_id): event.tenant_id, str(event.aggregate_id): event.tenant_id}
        owners |= dict.fromkeys(ID.findall(event.state.decode(errors="replace")), event.tenant_id)
    return owners


def check_tenants(judgement: Judgement, answers: Iterable[tuple[UUID, object]], owners: Mapping[str, UUID]) -> None:
    """O9: no answer to one tenant carries an id of another."""
    for tenant, body in answers:
        foreign = [one for one in ID.findall(json.dumps(body)) if owners.get(one, tenant) != tenant]
        judgement.finds(f"{tenant} was told {one} of {owners[one]}" for one in foreign)
