"""Who may use the operator API: whoever can read auth's keys on this machine issues the tokens."""

import sys
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cyclopts import App

from auth.operator_access.visiting import visit_school
from auth.service import SERVICE
from auth.signing_keys.access_tokens import Signer
from auth.signing_keys.operator_tokens import LONGEST, issue_operator_token
from auth.signing_keys.private_keys import PrivateKeys
from infra.operator.access import connected, dsn, master_key, operator, refuse
from shared.codec import Codec
from shared.database import open_pool
from shared.store import EventStore, Unavailable
from shared.writer import Writer

app = App(name="operator", help=__doc__)


@app.command
async def token(*, name: str, minutes: int = LONGEST) -> None:
    """Print a token for the operator API of every service. It is recorded for whom it was issued, and by whom.

    Parameters
    ----------
    name: Who will use it, as the audit shall name them.
    minutes: How long it lives; five at most.
    """
    login, master = dsn("auth", "api"), master_key("auth")
    async with open_pool(login, size=1) as pool, connected("auth") as connection:
        store = EventStore(SERVICE.name, pool, Writer(login, SERVICE.name), Codec(SERVICE.aggregates))
        signer = Signer(store, PrivateKeys(pool, master))
        try:
            issued = await issue_operator_token(connection, signer, operator(), name, minutes)
        except Unavailable:
            refuse("auth has no signing key yet: start its API once, it makes the first one.")
        except InvalidTag:
            refuse("This master key is not the one that auth's signing keys were sealed with: set the right one.")
    sys.stdout.write(issued + "\n")


@app.command
async def visit(tenant: UUID, *, name: str, access: UUID) -> None:
    """Print a token that reads the data of a school whose owner granted it. Both audits tell of it.

    Parameters
    ----------
    name: Who will use it, as the audits shall name them.
    access: The id of the grant, as the owner told it.
    """
    login, master = dsn("auth", "api"), master_key("auth")
    writer = Writer(login, SERVICE.name)
    async with open_pool(login, size=1) as pool, connected("auth") as connection:
        store = EventStore(SERVICE.name, pool, writer, Codec(SERVICE.aggregates))
        signer = Signer(store, PrivateKeys(pool, master))
        await writer.start()
        try:
            issued = await visit_school(connection, store, signer, operator(), name, tenant, access)
        finally:
            await writer.stop()
    sys.stdout.write(issued + "\n")
