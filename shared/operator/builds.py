"""What an operator does with builds of views, for the command line and the operator API alike."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Self
from uuid import UUID

from aiokafka.errors import KafkaError
from pydantic import BaseModel

from shared.builds import Build, BuildUnknown, builds_of, drop_build, make_build, make_live, point_analysts
from shared.codec import Codec
from shared.database import Connection, scalar
from shared.errors import NotFound, Refused
from shared.log_feed import read_head
from shared.operator.actions import DONE, Action, Operator, Result
from shared.operator.generations import generation_of
from shared.positions import load_places
from shared.service import Service
from shared.topic_feed import tail_places
from shared.verifying import Difference, verify
from shared.views import View

SHOWN = 20
"""Differences that are kept of a verification; all of them are counted."""


class ViewUnknown(NotFound):
    """The service has no such view."""


class BuildOutdated(Refused):
    """The build shows an earlier generation of its source: drop it."""


class RowSum(BaseModel):
    """Of a table and tenant. The checksum is a number beyond 64 bits."""

    rows: int
    checksum: str


class BuildDifference(BaseModel):
    """What a build holds of a tenant, and what the history says."""

    table: str
    tenant_id: UUID
    build: RowSum | None
    fold: RowSum | None

    @classmethod
    def of(cls, found: Difference) -> Self:
        sums = [None if each is None else RowSum(rows=each[0], checksum=str(each[1])) for each in found[2:]]
        return cls(table=found.table, tenant_id=found.tenant_id, build=sums[0], fold=sums[1])


class BuildProgress(BaseModel):
    """`position` of `end` is read; an unknown end means that the source cannot be asked now."""

    build: int
    view: str
    version: int
    live: bool
    position: int
    end: int | None

    @property
    def percent(self) -> int | None:
        if self.end is None:
            return None
        return 100 if self.position >= self.end else 100 * self.position // self.end


async def list_builds(connection: Connection, service: Service, kafka: str) -> list[BuildProgress]:
    builds = await builds_of(connection, service.views)
    ends = {
        source: await _end(connection, service, source, kafka) for source in {build.view.SOURCE for build in builds}
    }
    return [await _progress(connection, build, ends[build.view.SOURCE]) for build in builds]


async def begin_build(connection: Connection, service: Service, kafka: str, operator: Operator, view: str) -> int:
    """The number of a new build, which the worker fills. Raises ViewUnknown, SourceSilent."""
    async with Action(connection, operator, "view.build", view=view[:63]) as action:
        if (before := await action.before()) is not None:
            return int(before["build"])
        kind = _view_of(service, view)
        generation = await generation_of(connection, service, kind.SOURCE, kafka)

        async def effect() -> Result:
            return {"build": (await make_build(connection, service.name, kind, generation)).number}

        return int((await action.take(effect))["build"])


async def flip_build(connection: Connection, service: Service, operator: Operator, number: int) -> None:
    """Makes a build the live one of its view. Raises BuildUnknown, BehindLive."""

    async def effect() -> Result:
        await make_live(connection, await build_of(connection, service, number))
        return {}

    async with Action(connection, operator, "build.flip", build=number) as action:
        await action.take(effect)
    live = [build for build in await builds_of(connection, service.views) if build.live]
    await point_analysts(connection, service.name, live)


async def remove_build(connection: Connection, service: Service, operator: Operator, number: int) -> None:
    """Removes a build that is not live, with its tables. Raises BuildUnknown, BuildLive."""

    async def effect() -> Result:
        await drop_build(connection, await build_of(connection, service, number))
        return {}

    async with Action(connection, operator, "build.drop", build=number) as action:
        await action.take(effect)


async def verify_build(
    connection: Connection, service: Service, kafka: str, operator: Operator, number: int, **arguments: str
) -> list[Difference]:
    """What differs between a build and a fold of the whole history. Raises BuildUnknown, BuildOutdated, SourceSilent.

    It may take minutes, on a connection that allows them; it holds no lock that others wait for."""
    async with Action(connection, operator, "build.verify", build=number, **arguments) as action:
        build, generation = await verifiable(connection, service, kafka, number)
        differences = await verify(connection, service.name, Codec(service.aggregates), build, generation, kafka)
        shown = [BuildDifference.of(difference).model_dump(mode="json") for difference in differences[:SHOWN]]
        await action.record(DONE, {"count": len(differences), "differences": shown})
        return differences


async def verifiable(connection: Connection, service: Service, kafka: str, number: int) -> tuple[Build, int]:
    """The build and the generation that it shows, which must be the present one of its source."""
    build = await build_of(connection, service, number)
    source = build.view.SOURCE
    generation = await generation_of(connection, service, source, kafka)
    if build.schema not in await load_places(connection, source, generation, [build.schema]):
        raise BuildOutdated(
            f"Build {number} shows an earlier generation of {source}, which is now in generation {generation}: drop it."
        )
    return build, generation


async def build_of(connection: Connection, service: Service, number: int) -> Build:
    for build in await builds_of(connection, service.views):
        if build.number == number:
            return build
    raise BuildUnknown(f"{service.name} has no build {number} of a view version that this release knows.")


def _view_of(service: Service, name: str) -> type[View]:
    known: Mapping[str, type[View]] = {view.NAME: view for view in service.views}
    if name not in known:
        raise ViewUnknown(f"{service.name} has no view {name}; it has {', '.join(sorted(known))}.")
    return known[name]


async def _end(connection: Connection, service: Service, source: str, kafka: str) -> tuple[int, int | None]:
    """Generation of a source and how many positions its partitions have come to, in sum."""
    if source == service.name:
        return await generation_of(connection, service, source, kafka), await read_head(connection)
    with suppress(KafkaError, TimeoutError):
        generation = await generation_of(connection, service, source, kafka)
        tails = await tail_places(kafka, source, generation)
        return generation, sum(tail.position for tail in tails.values())
    return 0, None


async def _progress(connection: Connection, build: Build, end: tuple[int, int | None]) -> BuildProgress:
    generation, whole = end
    places = await load_places(connection, build.view.SOURCE, generation, [build.schema])
    position = sum(place.position for place in places.get(build.schema, {}).values())
    if position == 0 and whole is not None:
        folded = await scalar(connection, "SELECT coalesce(progress, 0) FROM builds WHERE build = %s", (build.number,))
        position = max(min(int(folded * whole), whole - 1), 0)  # the rest is what commits it
    return BuildProgress(
        build=build.number,
        view=build.view.NAME,
        version=build.view.VERSION,
        live=build.live,
        position=position,
        end=whole,
    )
