"""The pace of a loop under load: what comes within some milliseconds is done in one go."""

import asyncio


class Pace:
    """The first round after a rest begins at once; those of a loop that never rests begin this many seconds apart.

    A round has a cost of its own, a transaction or an answer of Kafka: without a pace, events that come one by one are
    handled one by one, and what that takes is missing where they come from."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._began = 0.0

    def begin(self) -> None:
        self._began = asyncio.get_running_loop().time()

    async def rest(self) -> None:
        """After a round."""
        left = self._began + self._every - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(left)
