"""Which faults pass: the same fact may be handled later, as it is. What stays, or is of one tenant alone, is parked."""

import psycopg

from shared.personal import KeyAbsent
from shared.reading import ViewBehind
from shared.store import Conflict
from shared.writer import Unavailable

PASSING = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    Unavailable,
    ViewBehind,
    OSError,
    TimeoutError,
)
HEALING = (KeyAbsent, Conflict)


class LastingConflict(Exception):
    """A reaction met the same conflict again though nobody had written meanwhile: it decides what cannot be stored,
    as one that creates what is there. It is parked like any other fault."""


def passes(error: Exception) -> bool:
    """PostgreSQL counts a value that is too large for an index (54…) among the operational errors: it stays."""
    return isinstance(error, PASSING) and not str(getattr(error, "sqlstate", None)).startswith("54")


def heals(error: Exception) -> bool:
    """One tenant waits for a key, or loses against others: it is parked, so that nobody waits with it, and tried again
    without anybody's word."""
    return isinstance(error, HEALING)
