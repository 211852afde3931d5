"""The role that sends mail: at least once, under the same Message-ID each time, whatever stands still meanwhile."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from math import nan
from typing import NamedTuple
from uuid import UUID

from shared.database import Pool
from shared.facts import read_own
from shared.gauges import MAILS, MAILS_WAITING, OF_MAIL, OLDEST_MAIL
from shared.kernel import Kernel
from shared.log_feed import read_page
from shared.mail.letters import Letter
from shared.mail.mailings import NEWS_FOR, Composing, Mailing
from shared.mail.smtp import Outgoing, RefusedForGood, Smtp
from shared.pulse import beat, pulse
from shared.settings import MailSettings

log = logging.getLogger(__name__)

EVERY = 0.5
MEASURED_EVERY = 5.0
BATCH = 20
SIDE_BY_SIDE = 4
LEASE = timedelta(minutes=5)
"""For as long nobody else sends a mail that one worker has taken."""
GIVEN_UP_AFTER = NEWS_FOR


async def keep_sending(kernel: Kernel, settings: MailSettings) -> None:
    """Endless. Without a mail server it only tells how many mails wait; a service that mails nothing does nothing."""
    async with asyncio.TaskGroup() as group:
        if mailings_of(kernel):
            group.create_task(keep_measuring(kernel.pool))
        if settings.smtp_host is None or not mailings_of(kernel):
            log.info("sends no mail: no host is set, or nothing is mailed")
            await asyncio.get_running_loop().create_future()
        with pulse("mail"):
            await Sending(kernel, Smtp(settings), settings.public_url, settings.gateway_url).run()


def mailings_of(kernel: Kernel) -> dict[str, Mailing]:
    return {each.name: each for each in kernel.service.reactions if isinstance(each, Mailing)}


class Due(NamedTuple):
    tenant_id: UUID
    mail_id: UUID
    mailing: str
    position: int
    tries: int


class Sending:
    def __init__(self, kernel: Kernel, outgoing: Outgoing, public_url: str, gateway_url: str = "") -> None:
        self._kernel = kernel
        self._outgoing = outgoing
        self._composing = Composing(kernel, public_url, gateway_url)
        self._mailings = mailings_of(kernel)
        self._slots = asyncio.Semaphore(SIDE_BY_SIDE)

    async def run(self) -> None:
        """Endless."""
        while True:
            beat()
            if not await self.send_due():
                await asyncio.sleep(EVERY)

    async def send_due(self) -> int:
        """How many were tried. What cannot be noted is raised when all were tried, and sent again after its lease."""
        async with self._kernel.pool.connection() as connection:
            cursor = await connection.execute(TAKE, {"names": list(self._mailings), "lease": LEASE, "limit": BATCH})
            due = [Due(*row) for row in await cursor.fetchall()]
        outcomes = await asyncio.gather(*(self._one(each) for each in due), return_exceptions=True)
        for failure in filter(None, outcomes):
            raise failure
        return len(due)

    async def _one(self, due: Due) -> None:
        async with self._slots:
            beat()
            try:
                letter = await self._letter(due)
                if letter is not None:
                    await self._outgoing.send(due.mail_id, letter)
            except RefusedForGood as refusal:
                await self._ended(due, "refused", str(refusal))
            except Exception as error:  # noqa: BLE001 - one mail holds up no other; it is told in its row
                log.warning("%s: %s, tried again", due.mailing, type(error).__name__)
                await self._put_off(due, type(error).__name__)
            else:
                await self._ended(due, "unneeded" if letter is None else "sent", None)

    async def _letter(self, due: Due) -> Letter | None:
        async with self._kernel.pool.connection() as connection:
            records = await read_page(connection, due.position - 1, 1)
        fact = read_own(records[0], self._kernel.codec)
        mailing = self._mailings[due.mailing]
        return await mailing.compose(fact, replace(self._composing, kind=mailing.kind))

    async def _ended(self, due: Due, state: str, reason: str | None) -> None:
        MAILS.labels(state).inc()
        async with self._kernel.pool.connection() as connection:
            await connection.execute(END, (state, reason, due.tenant_id, due.mail_id))

    async def _put_off(self, due: Due, reason: str) -> None:
        MAILS.labels("put-off").inc()
        pause = timedelta(minutes=min(2 ** (due.tries - 1), 60))
        async with self._kernel.pool.connection() as connection:
            await connection.execute(
                PUT_OFF,
                {"pause": pause, "reason": reason, "last": GIVEN_UP_AFTER, "tenant": due.tenant_id, "id": due.mail_id},
            )


async def keep_measuring(pool: Pool) -> None:
    """Endless, whatever the mail server does. Ends with figures that say nothing."""
    try:
        while True:
            await measure(pool)
            await asyncio.sleep(MEASURED_EVERY)
    finally:
        for gauge in OF_MAIL:
            gauge.set(nan)


async def measure(pool: Pool) -> None:
    async with pool.connection() as connection:
        row = await (await connection.execute(WAITS, prepare=True)).fetchone()
    assert row is not None  # noqa: S101
    MAILS_WAITING.set(row[0])
    OLDEST_MAIL.set(row[1])


TAKE = """
    UPDATE mails m SET tries = m.tries + 1, due_at = clock_timestamp() + %(lease)s
    FROM (SELECT tenant_id, mail_id FROM mails
          WHERE state = 'due' AND due_at <= clock_timestamp() AND mailing = ANY(%(names)s)
          ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED) due
    WHERE m.tenant_id = due.tenant_id AND m.mail_id = due.mail_id
    RETURNING m.tenant_id, m.mail_id, m.mailing, m.position, m.tries
"""
END = """
    UPDATE mails SET state = %s, reason = %s, ended_at = clock_timestamp()
    WHERE tenant_id = %s AND mail_id = %s AND state = 'due'
"""
PUT_OFF = """
    UPDATE mails SET due_at = clock_timestamp() + %(pause)s, reason = %(reason)s,
        state = CASE WHEN queued_at < clock_timestamp() - %(last)s::interval THEN 'given-up' ELSE state END,
        ended_at = CASE WHEN queued_at < clock_timestamp() - %(last)s::interval THEN clock_timestamp() END
    WHERE tenant_id = %(tenant)s AND mail_id = %(id)s AND state = 'due'
"""
WAITS = """
    SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(queued_at))::float8, 0)
    FROM mails WHERE state = 'due'
"""
