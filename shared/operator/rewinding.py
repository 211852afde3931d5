"""Setting a relay back, so that it sends again what the topic lacks."""

from collections.abc import Mapping

from shared.database import Connection
from shared.errors import Refused
from shared.operator.actions import Action, Operator, Result
from shared.operator.topic_verifying import Findings
from shared.tails import Link


class TopicForked(Refused):
    """The topic tells another history than the log: only a new generation mends that."""


def ends_to_go_back_to(findings: Mapping[int, Findings]) -> dict[int, Link]:
    """partition → the last good record before what is missing. Raises TopicForked when something else is wrong: readers
    may have applied it, and skip what is sent again."""
    faults = [found.fault for found in findings.values() if found.fault is not None]
    if forked := [fault for fault in faults if fault.wrong != "missing"]:
        raise TopicForked(
            f"Position {forked[0].position} is wrong in partition {forked[0].partition} ({forked[0].wrong}),"
            " and readers may have applied it: publish history anew with `rollbook generation new`."
        )
    return {number: found.end for number, found in findings.items() if found.fault is not None}


async def rewind(connection: Connection, operator: Operator, generation: int, ends: Mapping[int, Link]) -> int:
    """Where the relay goes on. A relay at work meets another position than it read, stops, and resumes: it finds the
    end of each chain in Kafka and sends what follows on it. What consumers have applied before, they skip."""
    first = min(link.position for link in ends.values())

    async def effect() -> Result:
        await connection.execute(
            "UPDATE relay SET position = least(position, %s) WHERE generation = %s", (first, generation)
        )
        await connection.execute(
            "UPDATE relay_partitions p SET position = m.position, event_id = m.event_id, kafka_offset = m.place"
            " FROM unnest(%s::int[], %s::bigint[], %s::text[], %s::bigint[]) m(partition, position, event_id, place)"
            " WHERE p.generation = %s AND p.partition = m.partition AND p.position > m.position",
            (
                list(ends),
                [link.position for link in ends.values()],
                [link.event_id for link in ends.values()],
                [link.offset for link in ends.values()],
                generation,
            ),
        )
        return {"position": first}

    async with Action(connection, operator, "relay.rewind", generation=generation, partitions=sorted(ends)) as action:
        return int((await action.take(effect))["position"])
