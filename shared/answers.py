"""What goes in and out over HTTP: request models, the answer's envelope, cursor pages."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from shared.problems import Problem

T = TypeVar("T")
MAX_PAGE = 200
READERS: dict[type, Callable[[str], Any]] = {
    str: str,
    UUID: UUID,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}


def _be_strict(node: Any) -> None:
    """`"5"` and `true` are no numbers. The model's own strict mode would refuse dates and ids as text, too."""
    if isinstance(node, dict):
        if node.get("type") in ("int", "float", "bool"):
            node["strict"] = True
        for inner in node.values():
            _be_strict(inner)
    elif isinstance(node, list | tuple):
        for inner in node:
            _be_strict(inner)


class Request(BaseModel):
    """What a client may send: nothing that is not declared, and numbers and truth values as such."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=10_000, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _be_strict(schema)
        return schema


class Pagination(BaseModel):
    """`next` is the cursor of the page after this one; null on the last."""

    next: str | None = None
    limit: int


class Meta(BaseModel):
    """`position`: how far the events have come that this answer reflects."""

    position: int | None = None
    pagination: Pagination | None = None


class Answer(BaseModel, Generic[T]):
    """The envelope of every success."""

    data: T
    message: str
    meta: Meta = Meta()


class Receipt(BaseModel):
    """What a command left behind."""

    id: UUID
    version: int


class CursorMalformed(Problem):
    """The cursor is not one that this service handed out."""

    def __init__(self) -> None:
        super().__init__(400, "cursor-malformed", str(self.__doc__))


class Paging:
    """Where a page begins and how long it is. Ask for `limit + 1` rows: one too many says there is more."""

    def __init__(self, limit: int, cursor: str | None) -> None:
        self.limit = limit
        self.cursor = cursor

    def after(self, *kinds: type) -> tuple[Any, ...] | None:
        """The sort key of the last row seen (str, int, UUID, date, datetime); None on page one."""
        return None if self.cursor is None else decode_cursor(self.cursor, *kinds)

    def cut(self, rows: Sequence[T], key: Callable[[T], tuple[Any, ...]]) -> tuple[list[T], Pagination]:
        page = list(rows[: self.limit])
        more = len(rows) > self.limit
        return page, Pagination(next=encode_cursor(*key(page[-1])) if more else None, limit=self.limit)


async def paging(
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Rows per page")] = 50,
    cursor: Annotated[str | None, Query(max_length=1000, description="`meta.pagination.next` of a page")] = None,
) -> Paging:
    return Paging(limit, cursor)


Page = Annotated[Paging, Depends(paging)]


def encode_cursor(*values: object) -> str:
    return urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def decode_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    try:
        values = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise CursorMalformed
        return tuple(_read(value, kind) for value, kind in zip(values, kinds, strict=True))
    except (binascii.Error, ValueError) as error:
        raise CursorMalformed from error


def _read(value: object, kind: type) -> Any:
    if kind is int:
        if type(value) is int and abs(value) < 2**63:
            return value
    elif isinstance(value, str) and "\x00" not in value:
        return READERS[kind](value)
    raise CursorMalformed
