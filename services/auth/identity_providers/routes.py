"""HTTP of identity providers. A client secret goes in and never comes out. Owners decide who vouches for people."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints

from auth.desk import AtDesk
from auth.identity_providers.commands import (
    change_identity_provider,
    configure_identity_provider,
    remove_identity_provider,
    rotate_client_secret,
)
from auth.identity_providers.identity_provider import ClaimNames, GroupRole, ProviderIsOver, ProviderSettings
from auth.identity_providers.provider_list import IdentityProviders, ProviderLine, providers_of
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(prefix="/identity-providers", tags=["identity providers"])

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Issuer = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.:-]{1,253}(/[!-\"$->@-~]*)?$", max_length=300)]
Domain = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.[A-Za-z0-9-]{2,63}$"),
    AfterValidator(str.casefold),
]
Name = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,100}$")]
Group = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Secret = Annotated[SecretStr, Field(min_length=8, max_length=1000)]
GivenRole = (
    Literal["administrator", "manager", "front_desk", "teacher", "billing_clerk", "auditor", "guardian", "student"]
    | UUID
)
Write = Annotated[Caller, may("identity-providers.write", fresh=True)]


class Claims(Request):
    """What the provider calls the claims of its ID tokens."""

    email: Name = "email"
    email_verified: Name = "email_verified"
    given_name: Name = "given_name"
    family_name: Name = "family_name"
    groups: Name = "groups"


class Mapping(Request):
    """A role of every school but owner, or the id of one that this school defined."""

    group: Group
    role: GivenRole


class NewSettings(Request):
    """All settings at once. `domains`: of the e-mail addresses that the provider is trusted for. `second_factors`:
    values of `amr` or `acr` that count as a second factor; none: our own second step applies. `hours`: how long a
    sign-in lasts."""

    title: Title = Field(examples=["School account"])
    client_id: Name
    domains: Annotated[tuple[Domain, ...], Field(min_length=1, max_length=50)] = Field(examples=[["school.example"]])
    scopes: Annotated[tuple[Name, ...], Field(max_length=20)] = ("openid", "email", "profile")
    claims: Claims = Claims()
    group_roles: Annotated[tuple[Mapping, ...], Field(max_length=200)] = ()
    default_roles: Annotated[tuple[GivenRole, ...], Field(max_length=5)] = ()
    creates_members: bool = False
    roles_follow_groups: bool = False
    second_factors: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    hours: Annotated[int, Field(ge=1, le=720)] = 12

    def decided(self) -> ProviderSettings:
        return ProviderSettings(
            title=self.title,
            client_id=self.client_id,
            domains=self.domains,
            scopes=tuple(dict.fromkeys(("openid", *self.scopes))),
            claims=ClaimNames(**self.claims.model_dump()),
            group_roles=tuple(GroupRole(each.group, str(each.role)) for each in self.group_roles),
            default_roles=tuple(map(str, self.default_roles)),
            creates_members=self.creates_members,
            roles_follow_groups=self.roles_follow_groups,
            second_factors=self.second_factors,
            hours=self.hours,
        )


class NewProvider(Request):
    """`issuer` as the provider's discovery document names it, to the letter. It stays for ever."""

    issuer: Issuer = Field(examples=["https://accounts.example"])
    client_secret: Secret
    settings: NewSettings


class NewSecret(Request):
    client_secret: Secret


class Providers(BaseModel):
    """`redirect_uri` is what the provider has to be told of this product."""

    redirect_uri: str
    providers: list[ProviderLine]


@router.post("", status_code=201, responses=problems(NotFound))
async def post_provider(
    body: NewProvider,
    caller: Annotated[Caller, may("identity-providers.write", creates=True, fresh=True)],
    desk: AtDesk,
) -> Answer[Receipt]:
    """Let another system say who somebody is. The client secret is stored sealed, and shown to nobody ever after."""
    saved = await configure_identity_provider(
        caller.store,
        caller.call,
        desk.integration_secrets,
        uuid7(),
        body.issuer,
        body.settings.decided(),
        body.client_secret.get_secret_value(),
    )
    return caller.accepted(saved, "Provider configured")


@router.get("")
async def get_providers(caller: Annotated[Caller, may("school.read")], desk: AtDesk) -> Answer[Providers]:
    """The school's identity providers, also those that were removed."""
    async with caller.reading(IdentityProviders) as read:
        lines = await providers_of(read)
    return caller.answer(Providers(redirect_uri=desk.external.redirect_uri, providers=lines), "Providers", read)


@router.post("/{provider_id}/settings", responses=problems(NotFound, ProviderIsOver))
async def post_provider_settings(provider_id: UUID, body: NewSettings, caller: Write) -> Answer[Receipt]:
    """Change the settings of a provider. They hold from the next sign-in on."""
    saved = await change_identity_provider(caller.store, caller.call, provider_id, body.decided())
    return caller.accepted(saved, "Settings changed")


@router.post("/{provider_id}/secret", responses=problems(NotFound, ProviderIsOver))
async def post_client_secret(provider_id: UUID, body: NewSecret, caller: Write, desk: AtDesk) -> Answer[Receipt]:
    """Set a new client secret; the one before is removed."""
    saved = await rotate_client_secret(
        caller.store, caller.call, desk.integration_secrets, provider_id, body.client_secret.get_secret_value()
    )
    return caller.accepted(saved, "Secret set")


@router.post("/{provider_id}/removal", responses=problems(NotFound))
async def post_provider_removal(provider_id: UUID, caller: Write, desk: AtDesk) -> Answer[Receipt]:
    """Remove a provider. Whoever signed in by one has to sign in again; nobody stays linked to it."""
    saved = await remove_identity_provider(
        caller.store, caller.call, desk.integration_secrets, desk.refresh_tokens, provider_id
    )
    return caller.accepted(saved, "Provider removed")
