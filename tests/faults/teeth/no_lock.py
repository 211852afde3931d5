"""T1: positions without the log's lock, and heads that are read too early. Readers miss events, or appends clash.

Each broken function is installed in a database of its own; the true one passes the same exercise."""

from collections.abc import Mapping

from infra.testing.harness import new_log
from shared.database import migration_files
from tests.faults.arena import Arena
from tests.faults.logs import SERVICE, Exercise, exercise, replace
from tests.faults.town.town import Town

LOCK = f"PERFORM pg_advisory_xact_lock(1, '{SERVICE}'::regnamespace::oid::integer);"
HEAD = "SELECT coalesce(max(notification_id), 0) INTO head FROM events;"
NEXT = "head := head + 1;"
LEVEL = "IF current_setting('transaction_isolation') <> 'read committed' THEN"
LOCKED = f"pg_advisory_xact_lock(1, '{SERVICE}'::regnamespace::oid::integer)"
HEAD_IN_CTE = f"""
    WITH lock AS MATERIALIZED (SELECT {LOCKED})
    SELECT coalesce((SELECT max(notification_id) FROM events), 0) INTO head FROM lock;
"""
STABLE_HEAD = f"""
CREATE FUNCTION locked_head() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM {LOCKED};
    RETURN (SELECT coalesce(max(notification_id), 0) FROM events);
END $$
"""


def append_with(changes: Mapping[str, str]) -> str:
    (_, text), *_ = migration_files(SERVICE)
    begins = text.index("CREATE FUNCTION append(")
    broken = text[begins : text.index("END $$;", begins) + 7].replace("{service}", SERVICE)
    for true, false in changes.items():
        if broken.count(true) != 1:
            raise LookupError(f"the server function has changed: {true}")
        broken = broken.replace(true, false)
    return broken.replace("CREATE", "CREATE OR REPLACE", 1)


SEQUENCE = ("CREATE SEQUENCE places", "GRANT USAGE ON SEQUENCE places TO academic_append")
BROKEN = {
    "sequence": (*SEQUENCE, append_with({LOCK: "", HEAD: "", NEXT: "head := nextval('places');"})),
    "cte": (append_with({LOCK: "", HEAD: HEAD_IN_CTE}),),
    "stable": (STABLE_HEAD, append_with({LOCK: "", HEAD: "head := locked_head();"})),
    "repeatable_read": (append_with({LEVEL: "IF false THEN"}),),
}


async def no_lock(arena: Arena) -> None:
    server = arena.towns.made("bare-T1")
    await server.start_postgres()
    control = await exercised(server, ())
    arena.found.add(control_missed=control.missed, control_clashes=control.clashes)
    arena.found.must(control.wrong == 0, f"the true function fails the exercise as well: {control.wrong} faults")
    caught = 0
    for name, statements in BROKEN.items():
        level = "repeatable\\ read" if name == "repeatable_read" else "read\\ committed"
        found = await exercised(server, statements, default_transaction_isolation=level)
        damage = found.missed if name == "sequence" else found.clashes
        caught += damage > 0
        arena.found.add(**{f"{name}_{'missed' if name == 'sequence' else 'clashes'}": damage})
        arena.found.must(damage > 0, f"the broken build `{name}` was not caught")
    arena.found.add(caught=caught)
    await server.stop()


async def exercised(server: Town, statements: tuple[str, ...], **options: str) -> Exercise:
    async with new_log(server.superuser, SERVICE) as dsns:
        await replace(dsns, *statements)
        return await exercise(dsns, **options)
