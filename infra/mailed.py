"""Reading one's mail in the inbox of a development machine, up to the link that one clicks."""

import asyncio
import re
import time

import aiohttp

PATIENCE = 60.0
PAUSE = 0.1


class NoMail(Exception):
    """No such mail came in time."""


async def mailed_token(session: aiohttp.ClientSession, inbox_url: str, address: str, page: str) -> str:
    """The token of the newest link to this page that was mailed to the address. Raises NoMail."""
    link = re.compile(rf"/{re.escape(page)}#token=([\w-]+)")
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        async with session.get(f"{inbox_url}/mails", params={"to": address}) as answer:
            mails = await answer.json()
        for mail in reversed(mails):
            if found := link.search(mail["text"]):
                return found[1]
        await asyncio.sleep(PAUSE)
    raise NoMail(f"No mail with a link to {page} came to {address} within {PATIENCE:g} s.")
