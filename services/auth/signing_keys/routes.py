"""HTTP of signing keys: the public key set (RFC 7517)."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel

from auth.desk import AtDesk
from shared.caller import Caller, public

router = APIRouter(tags=["keys"])


class Jwk(BaseModel):
    """An Ed25519 public key (RFC 8037)."""

    kid: str
    x: str
    kty: str
    crv: str
    use: str
    alg: str


class KeySet(BaseModel):
    keys: list[Jwk]


@router.get("/.well-known/jwks.json")
async def get_jwks(response: Response, caller: Annotated[Caller, public()], desk: AtDesk) -> KeySet:
    """The keys that access tokens are checked with. Plain JSON, as the standard wants it."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return KeySet(keys=[Jwk(**asdict(key)) for key in await desk.signer.published()])
