"""The run key: a 64-bit number from which the faults, the load and the timing of a run are drawn."""

import random
import secrets


def new_run_key() -> int:
    return secrets.randbits(64)


def draws(run_key: int, *names: object) -> random.Random:
    """A source of its own for each purpose, so that one more draw here does not change what is drawn there."""
    return random.Random("/".join(map(str, (run_key, *names))))
