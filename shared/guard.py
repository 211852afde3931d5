"""What no route should have to refuse itself: broken targets, bodies too large, too deep or not storable."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.problems import FieldError, Problem, field_error, pointer_of, problem_of

MAX_HEADERS = 16_384
MAX_BODY = 1_048_576
MAX_DEPTH = 32
MAX_ITEMS = 1_000

Limit = Callable[[Scope], int]
# Cheap signs that a body needs a closer look before the framework parses it.
SUSPECT = re.compile(rb"\\u0000|\\u[dD][89abcdefABCDEF]|[0-9]{19}|NaN|Infinity")


class Malformed(Problem):
    """The request cannot be read."""

    def __init__(self, detail: str, *, status: int = 400, code: str = "request-malformed") -> None:
        super().__init__(status, code, detail)


class BodyTooLarge(Problem):
    """The body is larger than this route takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, "body-too-large", f"The body is larger than {limit} bytes.")


class NotStorable(Problem):
    """A value that no field takes: NUL, half a surrogate pair, a number beyond 64 bits, too many items."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(422, "validation-failed", "The request has invalid values.", errors=errors)


class Guard:
    """Checks the head at once, the body while it is read: by then the route is known, and so is its limit."""

    def __init__(self, app: ASGIApp, limit: Limit, *, parse: bool = True) -> None:
        self.app = app
        self.limit = limit
        self.parse = parse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            check_head(scope)
        except Problem as error:
            await problem_of(error)(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if b"content-length" in headers or b"transfer-encoding" in headers:
            receive = self._limited(scope, receive)
            if self.parse and is_json(headers.get(b"content-type")):
                receive = _json(receive)
        await self.app(scope, receive, send)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        size = 0

        async def read() -> Message:
            nonlocal size
            message = await receive()
            if message["type"] == "http.request":
                size += len(message.get("body", b""))
                if size > (limit := self.limit(scope)):
                    raise BodyTooLarge(limit)
            return message

        return read


def check_head(scope: Scope) -> None:
    headers, query = scope["headers"], scope["query_string"]
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEADERS:
        raise Malformed("The headers are too large.", status=431, code="headers-too-large")
    if not scope["path"].startswith("/") or "\x00" in scope["path"]:
        raise Malformed("The path is malformed.")
    if query:
        if b"%00" in query:
            raise Malformed("The query holds a NUL character.")
        if b"&" in query:
            names = [name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)]
            if len(names) != len(set(names)):
                raise Malformed("A query parameter occurs twice.")
    lengths = [value for name, value in headers if name == b"content-length"]
    if len(lengths) > 1 or any(not value.isdigit() for value in lengths):
        raise Malformed("The Content-Length is malformed.")


def is_json(content_type: bytes | None) -> bool:
    media_type = (content_type or b"").partition(b";")[0].strip().lower()
    return media_type.startswith(b"application/") and (
        media_type == b"application/json" or media_type.endswith(b"+json")
    )


def _json(receive: Receive) -> Receive:
    done = False

    async def read() -> Message:
        nonlocal done
        if done:
            return await receive()
        chunks: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message
            chunks.append(message.get("body", b""))
            if not message.get("more_body", False):
                break
        done = True
        body = b"".join(chunks)
        check_json(body)
        return {"type": "http.request", "body": body, "more_body": False}

    return read


def check_json(body: bytes) -> None:
    """Refuses what the framework would take and something behind it would choke on."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("The body is not UTF-8.", code="json-malformed") from error
    if b"\x00" in body:
        raise Malformed("The body holds a NUL byte.", code="json-malformed")
    crowded = body.count(b"{") + body.count(b"[") > MAX_DEPTH or body.count(b",") >= MAX_ITEMS
    if not crowded and SUSPECT.search(body) is None:
        return
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise Malformed("The body is not JSON.", code="json-malformed") from error
    if errors := faults(value):
        raise NotStorable(errors)


def faults(value: Any) -> list[FieldError]:
    """The first values that cannot be stored, level by level."""
    level: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    for depth in range(MAX_DEPTH + 1):
        inner: list[tuple[tuple[str | int, ...], Any]] = []
        for path, item in level:
            if isinstance(item, Mapping | list) and depth == MAX_DEPTH:
                raise _too_deep()
            if isinstance(item, Mapping | list) and len(item) > MAX_ITEMS:
                return [field_error(pointer_of(path), f"More than {MAX_ITEMS} items.", "too_long")]
            if isinstance(item, Mapping):
                inner += [((*path, key), key_or_value) for key, v in item.items() for key_or_value in (key, v)]
            elif isinstance(item, list):
                inner += [((*path, index), v) for index, v in enumerate(item)]
            elif isinstance(item, str) and any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in item):
                return [field_error(pointer_of(path), "A character that cannot be stored.", "character")]
            elif type(item) is int and abs(item) >= 2**63:
                return [field_error(pointer_of(path), "A number beyond 64 bits.", "number_too_large")]
        level = inner
    return []


def _too_deep() -> Malformed:
    return Malformed(f"The body is nested deeper than {MAX_DEPTH} levels.", code="json-too-deep")


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")
