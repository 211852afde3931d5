"""What auth's routes have at hand beside the kernel: passwords and the signer of tokens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI
from starlette.requests import Request

from auth.passwords.credentials import Credentials
from auth.passwords.hashing import Hashing
from auth.signing_keys.access_tokens import Signer
from auth.signing_keys.commands import ensure_signing_key
from auth.signing_keys.private_keys import PrivateKeys
from shared.calls import Actor, Call
from shared.ids import PLATFORM, uuid7
from shared.kernel import Kernel


@dataclass(frozen=True)
class Desk:
    credentials: Credentials
    private_keys: PrivateKeys
    signer: Signer

    @classmethod
    def of(cls, kernel: Kernel, hashing: Hashing) -> "Desk":
        master = kernel.keyring.master
        private_keys = PrivateKeys(kernel.pool, master)
        return cls(Credentials(kernel.pool, hashing, master), private_keys, Signer(kernel.store, private_keys))


@asynccontextmanager
async def open_desk(app: FastAPI) -> AsyncIterator[None]:
    """Runs inside the kernel's life; nothing is answered before there is a key to sign with."""
    kernel: Kernel = app.state.kernel
    hashing = Hashing()
    app.state.desk = desk = Desk.of(kernel, hashing)
    await ensure_signing_key(kernel.store, starting(), desk.private_keys)
    try:
        yield
    finally:
        hashing.close()


def starting() -> Call:
    return Call(tenant_id=PLATFORM, actor=Actor("system", "auth.start"), now=datetime.now(UTC), correlation_id=uuid7())


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(desk_of)]
