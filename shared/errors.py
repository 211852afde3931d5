"""What can be wrong with a command: three kinds, each with a code made from its class name."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

EMPTY: Mapping[str, str] = MappingProxyType({})


def code_of(error: type["DomainError"]) -> str:
    """The stable code of an error class: `SeatsTaken` is `seats-taken`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", error.__name__).lower()


class DomainError(Exception):
    """A command that cannot be done. `detail` is for people, `pointer` (RFC 6901) names the field at fault; where
    several are, `each` tells of every one, pointer to detail."""

    status: ClassVar[int]

    def __init__(self, detail: str = "", *, pointer: str = "", each: Mapping[str, str] = EMPTY) -> None:
        super().__init__(detail)
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.pointer = pointer
        self.each = each or ({pointer: self.detail} if pointer else EMPTY)

    @property
    def code(self) -> str:
        return code_of(type(self))


class NotFound(DomainError):
    """There is no such thing, or it is not yours."""

    status = 404


class Forbidden(DomainError):
    """You may not do this."""

    status = 403


class Refused(DomainError):
    """A rule of the school forbids this now."""

    status = 409
