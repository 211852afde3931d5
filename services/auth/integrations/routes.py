"""HTTP of integrations. A secret goes in and never comes out."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr, StringConstraints

from auth.desk import AtDesk
from auth.integrations.commands import (
    NewIntegration,
    connect_integration,
    disconnect_integration,
    rotate_integration_secret,
    test_integration,
)
from auth.integrations.integration import IntegrationIsOver, Outcome
from auth.integrations.integration_list import IntegrationLine, Integrations, integrations_of
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(prefix="/integrations", tags=["integrations"])

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$")]
Https = Annotated[
    str, StringConstraints(pattern=r"^https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[!-~]*)?$", max_length=500)
]
Secret = Annotated[SecretStr, Field(min_length=8, max_length=1000)]
Write = Annotated[Caller, may("school.write")]


class MailSender(Request):
    """A mail server of the school's own."""

    kind: Literal["mail-sender"]
    host: Host
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls"] = "starttls"
    user: Text


class SisClient(Request):
    """A student information system that asks with OAuth client credentials (OneRoster 1.2)."""

    kind: Literal["sis-client"]
    base_url: Https
    token_url: Https
    client_id: Text


class Connection(Request):
    title: Text
    system: Annotated[MailSender | SisClient, Field(discriminator="kind")]
    secret: Secret


class NewSecret(Request):
    secret: Secret


class Tested(BaseModel):
    """`ready`: the secret that counts is here and opens. The other system was not called."""

    outcome: Outcome


@router.post("", status_code=201)
async def post_integration(
    body: Connection, caller: Annotated[Caller, may("school.write", creates=True)], desk: AtDesk
) -> Answer[Receipt]:
    """Connect another system. The secret is stored sealed, and shown to nobody ever after."""
    config = body.system.model_dump(exclude={"kind"})
    told = NewIntegration(body.system.kind, body.title, config)
    saved = await connect_integration(
        caller.store, caller.call, desk.integration_secrets, uuid7(), told, body.secret.get_secret_value()
    )
    return caller.accepted(saved, "Integration connected")


@router.get("")
async def get_integrations(caller: Annotated[Caller, may("school.read")]) -> Answer[list[IntegrationLine]]:
    """The school's integrations, also those that were disconnected."""
    async with caller.reading(Integrations) as read:
        lines = await integrations_of(read)
    return caller.answer(lines, "Integrations", read)


@router.post("/{integration_id}/secret", responses=problems(NotFound, IntegrationIsOver))
async def post_secret(integration_id: UUID, body: NewSecret, caller: Write, desk: AtDesk) -> Answer[Receipt]:
    """Set a new secret; the one before is removed."""
    saved = await rotate_integration_secret(
        caller.store, caller.call, desk.integration_secrets, integration_id, body.secret.get_secret_value()
    )
    return caller.accepted(saved, "Secret set")


@router.post("/{integration_id}/tests", responses=problems(NotFound, IntegrationIsOver))
async def post_test(integration_id: UUID, caller: Write, desk: AtDesk) -> Answer[Tested]:
    """Test an integration. The outcome is recorded."""
    saved = await test_integration(caller.store, caller.call, desk.integration_secrets, integration_id)
    caller.moved(saved)
    return Answer(data=Tested(outcome=saved.reply["outcome"]), message="Tested")


@router.post("/{integration_id}/end", responses=problems(NotFound))
async def post_end(integration_id: UUID, caller: Write, desk: AtDesk) -> Answer[Receipt]:
    """Disconnect an integration. Its secret is removed."""
    saved = await disconnect_integration(caller.store, caller.call, desk.integration_secrets, integration_id)
    return caller.accepted(saved, "Integration disconnected")
