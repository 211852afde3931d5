"""One line of a file of users: what it may say, and what became of it."""

from typing import Annotated, Literal, NamedTuple

import orjson
from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from auth.passwords.foreign_hashes import verifiable
from auth.users.emails import Email
from shared.answers import Request
from shared.problems import pointer_of

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Role = Literal["administrator", "manager", "front_desk", "teacher", "billing_clerk", "auditor", "guardian", "student"]
Outcome = Literal["created", "would-create", "exists", "refused"]


class ImportedUser(Request):
    """Owners are made by those who own the school already. Without `password_hash` somebody asks for a reset."""

    email: Email
    given_name: Name
    family_name: Name
    roles: Annotated[list[Role], Field(min_length=1, max_length=8)]
    password_hash: Annotated[str, StringConstraints(max_length=200), AfterValidator(verifiable)] | None = None
    email_verified: bool = False
    language: Literal["en", "es"] = "en"


class RowResult(NamedTuple):
    """`pointer` (RFC 6901) leads to what is wrong in the line. Nothing of it names the person."""

    line: int
    outcome: Outcome
    pointer: str = ""
    detail: str = ""


def read_row(line: int, text: str) -> ImportedUser | RowResult:
    try:
        return ImportedUser.model_validate(orjson.loads(text))
    except orjson.JSONDecodeError:
        return RowResult(line, "refused", "", "this is no JSON")
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        return RowResult(line, "refused", pointer_of(first["loc"]), first["msg"])
