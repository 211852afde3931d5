"""Where a text is still readable: every column of every table, and every file below a folder."""

from collections.abc import Iterable
from pathlib import Path

from psycopg import sql

from shared.database import Connection

TABLES = (
    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
    " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
)


async def in_tables(connection: Connection, needles: Iterable[bytes]) -> list[str]:
    """Tables that hold one of these, as text or as bytes."""
    wanted = {form for needle in needles for form in (needle, needle.hex().encode())}
    found = []
    for schema, name in await (await connection.execute(TABLES)).fetchall():
        cursor = await connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, name)))
        rows = [row.encode() for (row,) in await cursor.fetchall()]
        found += [f"{schema}.{name}"] * sum(any(form in row for form in wanted) for row in rows)
    return found


def in_files(folder: Path, needles: Iterable[bytes]) -> list[str]:
    """Files that hold one of these; one that goes away while it is looked at holds nothing."""
    wanted, found = list(needles), []
    for path in sorted(folder.rglob("*")):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:
            continue
        found += [f"{path.relative_to(folder)}"] * sum(needle in content for needle in wanted)
    return found
