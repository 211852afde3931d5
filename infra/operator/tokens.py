"""Who may use the operator API: whoever can read auth's keys on this machine issues the tokens."""

import sys

from cryptography.exceptions import InvalidTag
from cyclopts import App

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
