"""Which faults pass: the same fact may be handled later, as it is. What stays is parked."""

import psycopg

from shared.personal import KeyAbsent
from shared.reading import ViewBehind
from shared.writer import Unavailable

PASSING = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    Unavailable,
    KeyAbsent,
    ViewBehind,
    OSError,
    TimeoutError,
)


def passes(error: Exception) -> bool:
    """PostgreSQL counts a value that is too large for an index (54…) among the operational errors: it stays."""
    return isinstance(error, PASSING) and not str(getattr(error, "sqlstate", None)).startswith("54")
