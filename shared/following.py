"""The role that follows one source: which consumers this worker runs, together or alone, and when a build goes live."""

import asyncio
import itertools
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass

from shared.builds import Build, ensure_builds, flip, point_analysts, start_positions
from shared.chain import Place
from shared.database import Connection, connect
from shared.folding import Folding
from shared.gauges import forget
from shared.history import log_until, topic_until
from shared.kernel import Kernel
from shared.lag import Lag
from shared.leader import Leadership
from shared.log_feed import follow_log, read_head
from shared.positions import load_places
from shared.pulse import pulse
from shared.reactions import Reaction
from shared.reader import Reader
from shared.service import follower_of
from shared.settings import ServiceSettings
from shared.starting import started_reactions
from shared.topic_feed import TopicFeed, tail_places
from shared.topics import newest_generation

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0
GENERATION_LOOKS = 15
LAG_LOOKS = 5
"""Another service's ends are in Kafka, where a look costs more."""
FAR_BEHIND = 5_000
CATCH_UP = 5


class Changed(Exception):
    """What is to be followed is not what is followed any more: start again."""


class Interrupted(Exception):
    """A cancelled task of some client ended a reader, whom nobody had cancelled."""


async def whole(work: Coroutine[None, None, None]) -> None:
    """A group of tasks lets one that met a cancellation go, without a word, and waits for the others."""
    try:
        await work
    except asyncio.CancelledError as cancelled:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise Interrupted from cancelled


@dataclass(frozen=True)
class Followers:
    """The consumers that this worker leads."""

    builds: tuple[Build, ...]
    reactions: tuple[Reaction, ...]

    @property
    def names(self) -> list[str]:
        return [build.schema for build in self.builds] + [reaction.name for reaction in self.reactions]

    def only(self, names: set[str]) -> "Followers":
        return Followers(
            tuple(build for build in self.builds if build.schema in names),
            tuple(reaction for reaction in self.reactions if reaction.name in names),
        )


class Following:
    def __init__(self, kernel: Kernel, settings: ServiceSettings, source: str) -> None:
        self._kernel = kernel
        self._settings = settings
        self._source = source
        self._lag = Lag(source)
        self._shown: set[str] = set()
        """Consumers that the metrics name."""
        self._service = kernel.service
        self._own = source == self._service.name

    async def run(self, leadership: Leadership) -> None:
        """Until something changes or fails; the leader starts it again."""
        async with await self._connect() as connection:
            generation = await self._generation()
            if generation is None:
                await asyncio.sleep(LOOK_EVERY)
                return
            followers = await self._led(leadership, connection, generation)
            self._forget_all_but(followers)
            apart = await self._apart(connection, followers, generation)
            await self._go_live(connection, followers, generation)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(whole(self._watch(leadership, connection, generation, followers, apart)))
                    group.create_task(whole(self._follow(followers.only(set(followers.names) - apart), generation)))
                    for name in apart:
                        group.create_task(whole(self._follow(followers.only({name}), generation)))
            except* Changed:
                log.info("%s: the consumers changed", self._source)

    def _forget_all_but(self, followers: Followers) -> None:
        """Nobody reads here now: what was dropped or lost is not shown again."""
        for gone in self._shown.difference(followers.names):
            forget(gone, self._source)
        self._shown = set(followers.names)

    async def _connect(self) -> Connection:
        assert self._settings.worker_dsn is not None  # noqa: S101
        dsn = self._settings.worker_dsn.get_secret_value()
        return await connect(dsn, search_path=self._service.name, lock_timeout="2s", statement_timeout="30s")

    async def _generation(self) -> int | None:
        if self._own:
            return self._kernel.generation
        return await newest_generation(self._settings.kafka, self._source)

    async def _led(self, leadership: Leadership, connection: Connection, generation: int) -> Followers:
        wanted = await self._wanted(connection, generation)
        return wanted.only({name for name in wanted.names if await leadership.take(follower_of(name))})

    async def _wanted(self, connection: Connection, generation: int) -> Followers:
        views = [view for view in self._service.views if self._source == view.SOURCE]
        builds = await ensure_builds(connection, self._service.name, views, generation)
        started = await started_reactions(connection, self._service)
        reactions = [reaction for reaction in started if reaction.source == self._source]
        for reaction in reactions:
            await start_positions(connection, self._service.name, reaction.name, self._source, generation)
        return Followers(tuple(builds), tuple(reactions))

    async def _follow(self, followers: Followers, generation: int) -> None:
        if not followers.names:
            return
        async with await self._connect() as connection:
            for build in await self._fresh(connection, followers, generation):
                await self._fold(connection, build, generation)
            reader = Reader(self._kernel, connection, self._source, generation, followers.builds, followers.reactions)
            with pulse(f"read {self._source}"):
                if self._own:
                    await follow_log(reader, connection, self._service.name)
                else:
                    await TopicFeed(self._settings.kafka, reader).run()

    async def _watch(
        self,
        leadership: Leadership,
        connection: Connection,
        generation: int,
        followers: Followers,
        apart: set[str],
    ) -> None:
        """Raises Changed for a new build or reaction, a lock that came free, one that has caught up, or a source that
        publishes another generation."""
        for look in itertools.count(1):
            await asyncio.sleep(LOOK_EVERY)
            if self._own or look % LAG_LOOKS == 0:
                places = await load_places(connection, self._source, generation, followers.names)
                ends = {n: end.position for n, end in (await self._ends(connection, generation)).items()}
                self._lag.look(asyncio.get_running_loop().time(), places, ends)
            if look % GENERATION_LOOKS == 0 and await self._generation() != generation:
                raise Changed
            await self._go_live(connection, followers, generation)
            if (await self._led(leadership, connection, generation)).names != followers.names:
                raise Changed
            if apart and apart.isdisjoint(await self._apart(connection, followers, generation)):
                raise Changed

    async def _apart(self, connection: Connection, followers: Followers, generation: int) -> set[str]:
        """Consumers that would hold up the others; they follow alone until all of them have caught up."""
        fresh = await self._fresh(connection, followers, generation)
        places = await load_places(connection, self._source, generation, followers.names)
        sums = {name: sum(place.position for place in places.get(name, {}).values()) for name in followers.names}
        furthest = max(sums.values(), default=0)
        far = {name for name, total in sums.items() if furthest - total > FAR_BEHIND}
        return far | {build.schema for build in fresh}

    async def _fresh(self, connection: Connection, followers: Followers, generation: int) -> list[Build]:
        """Builds that have read nothing of a long history: they are folded first."""
        places = await load_places(connection, self._source, generation, [build.schema for build in followers.builds])
        fresh = [
            build
            for build in followers.builds
            if not any(place.position for place in places.get(build.schema, {}).values())
        ]
        ends = await self._ends(connection, generation) if fresh else {}
        return fresh if sum(place.position for place in ends.values()) > FAR_BEHIND else []

    async def _fold(self, connection: Connection, build: Build, generation: int) -> None:
        ends = await self._ends(connection, generation)
        if self._own:
            history, events = log_until(connection, ends[0]), ends[0].position
        else:
            history = topic_until(self._settings.kafka, self._source, generation, ends)
            events = sum(place.offset + 1 for place in ends.values())
        async with self._kernel.folding:
            with pulse(f"fold {build.schema}"):
                try:
                    await Folding(connection, self._kernel, generation).fill(build, history, events)
                except Exception as error:  # noqa: BLE001 - following meets it again, and knows what heals
                    log.warning("%s is not folded but followed: %s", build.schema, type(error).__name__)

    async def _go_live(self, connection: Connection, followers: Followers, generation: int) -> None:
        """A build whose view version has no live one goes live as soon as it has caught up."""
        for build in await self._lone(connection, followers.builds, generation):
            if await self._caught_up(connection, build, generation):
                await flip(connection, self._service.name, build)
                log.info("%s is live", build.schema)
        await point_analysts(connection, self._service.name, followers.builds)

    async def _lone(self, connection: Connection, builds: Sequence[Build], generation: int) -> list[Build]:
        """Of these, the newest of each view version that has no live build in this generation."""
        cursor = await connection.execute(
            "SELECT max(b.build) FROM builds b JOIN positions p ON p.consumer = b.schema"
            " WHERE p.source = %s AND p.generation = %s GROUP BY b.view, b.version HAVING NOT bool_or(b.live)",
            (self._source, generation),
        )
        numbers = {number for (number,) in await cursor.fetchall()}
        return [build for build in builds if build.number in numbers]

    async def _caught_up(self, connection: Connection, build: Build, generation: int) -> bool:
        """With the end as it was a moment ago: under load nobody ever stands at the end of now."""
        ends = await self._ends(connection, generation)
        for _ in range(CATCH_UP):
            places = (await load_places(connection, self._source, generation, [build.schema]))[build.schema]
            if all(places[n].position >= end.position for n, end in ends.items()):
                return True
            await asyncio.sleep(0.05)
        return False

    async def _ends(self, connection: Connection, generation: int) -> dict[int, Place]:
        if self._own:
            return {0: Place(await read_head(connection))}
        return await tail_places(self._settings.kafka, self._source, generation)
