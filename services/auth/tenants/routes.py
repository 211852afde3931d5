"""HTTP of tenants: register a school, see the own one."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from auth.desk import AtDesk
from auth.memberships.members import Members, count_members
from auth.passwords.credentials import From
from auth.passwords.policy import NewPassword, PasswordTooWeak
from auth.rate_limits.limits import TooManyRequests, limited
from auth.tenants.commands import NewOwner, NewSchool, register_school
from auth.tenants.school import School, SchoolRow, school_of
from auth.users.emails import Email
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may, public
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["schools"])


def known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("this is no IANA time zone") from error
    return name


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(known_zone)]


class SchoolDetails(Request):
    name: Name
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(examples=["ES"])
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(examples=["EUR"])
    zone: Zone = Field(examples=["Europe/Madrid"])


class OwnerDetails(Request):
    email: Email = Field(examples=["owner@example.org"])
    password: NewPassword = Field(examples=["correct horse battery"])
    given_name: Name
    family_name: Name
    language: Literal["en", "es"] = "en"


class Registration(Request):
    school: SchoolDetails
    owner: OwnerDetails


class Summary(BaseModel):
    """What a dashboard shows of a school."""

    name: str
    currency: str
    members: int


@router.post(
    "/schools",
    status_code=201,
    dependencies=[limited("register", "owner", "email")],
    responses=problems(PasswordTooWeak, TooManyRequests),
)
async def post_school(
    body: Registration, caller: Annotated[Caller, public(creates=True)], desk: AtDesk
) -> Answer[Receipt]:
    """Register a school with its owner; a link to verify the address comes by mail. Whoever has an account gives its
    password. An address that has an account and a wrong password get the same answer, and the owner gets a mail."""
    saved = await register_school(
        caller.store,
        caller.call,
        desk.registering,
        NewSchool(**body.school.model_dump()),
        NewOwner(**body.owner.model_dump()),
        From(caller.network),
    )
    return Answer(data=Receipt(id=saved.reply["school"], version=1), message="School registered")


@router.get("/tenant", responses=problems(NotFound))
async def get_tenant(caller: Annotated[Caller, may("school.read")]) -> Answer[SchoolRow]:
    """The school of this token."""
    async with caller.reading(School) as read:
        school = await school_of(read)
    if school is None:
        raise NotFound
    return caller.answer(school, "School", read)


@router.get("/summary", responses=problems(NotFound))
async def get_summary(caller: Annotated[Caller, may("school.read")]) -> Answer[Summary]:
    """The school in one row, for dashboards."""
    async with caller.reading(School) as read:
        school = await school_of(read)
    async with caller.reading(Members) as members:
        count = await count_members(members)
    if school is None:
        raise NotFound
    return caller.answer(Summary(name=school.name, currency=school.currency, members=count), "Summary", members)
