"""Users of another system: import them into a school, with the hashes of their passwords."""

import hashlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from cyclopts import App

from auth.passwords.block_list import BlockList
from auth.passwords.credentials import Credentials
from auth.passwords.hashing import Hashing
from auth.passwords.policy import PasswordPolicy
from auth.service import SERVICE
from auth.user_imports.commands import Importing, import_users
from infra.operator.access import connected, console, dsn, master_key, operator, print_json, refuse
from shared.calls import Actor, Call
from shared.codec import Codec
from shared.database import open_pool
from shared.ids import uuid7
from shared.operator.actions import Action, Result
from shared.personal import Keyring
from shared.store import EventStore
from shared.writer import Writer

app = App(name="users", help=__doc__)


@app.command(name="import")
async def import_(file: Path, *, school: UUID, dry_run: bool = False, json: bool = False) -> None:
    """Import users from a file with one JSON object a line. Says what became of each line; 1 if one was refused.

    Parameters
    ----------
    school: The school's id.
    dry_run: Only say what would become of each line.
    json: One line for programs.
    """
    text = read(file)
    arguments = {"school": str(school), "sha256": hashlib.sha256(text.encode()).hexdigest(), "dry_run": dry_run}
    login, master = dsn("auth", "api"), master_key("auth")
    writer, who = Writer(login, SERVICE.name), operator()
    call = Call(
        tenant_id=school,
        actor=Actor("system", who.name, "platform_operator"),
        now=datetime.now(UTC),
        correlation_id=uuid7(),
    )
    async with open_pool(login, size=2) as pool, connected("auth") as connection:
        store = EventStore(SERVICE.name, pool, writer, Codec(SERVICE.aggregates))
        desk = Importing(Keyring(master, pool), Credentials(pool, Hashing(1), master, PasswordPolicy(BlockList.load())))
        await writer.start()
        try:
            async with Action(connection, who, "users.import", **arguments) as action:
                found = await import_users(store, call, desk, text.splitlines(), dry_run=dry_run)
                counts: Result = dict(Counter(row.outcome for row in found))

                async def effect() -> Result:
                    return counts

                await action.take(effect)
        finally:
            await writer.stop()
    if json:
        print_json({"counts": counts, "rows": [row._asdict() for row in found]})
    else:
        for row in found:
            if row.outcome in ("refused", "exists"):
                console.print(
                    f"line {row.line}: {row.outcome} {row.pointer} {row.detail}", markup=False, highlight=False
                )
        console.print(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "no lines")
    if counts.get("refused"):
        refuse("What was refused is not imported; correct it and import the file again.")


def read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"{file} cannot be read: {error}")
