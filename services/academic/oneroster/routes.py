"""OneRoster 1.2 over HTTP: the rostering service, to be read."""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from starlette.requests import Request

from academic.oneroster.documents import document
from academic.oneroster.endpoints import ENDPOINTS, Endpoint, path_of
from academic.oneroster.filters import read_filter
from academic.oneroster.pages import Asked, Place, find, one
from academic.oneroster.refusals import FieldsInvalid, SortInvalid
from academic.oneroster.resources import Field, Resource
from academic.oneroster.rostering import Rostering
from academic.oneroster.status_info import OneRosterRoute
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems
from shared.reading import Reading

router = APIRouter(tags=["oneroster"], route_class=OneRosterRoute)

LONGEST = 1000
"""Rows of a page; a larger limit is brought down to it."""
SourcedId = Annotated[str, Path(alias="sourcedId", max_length=255, pattern=r"^[^\x00]*$")]
ClassSourcedId = Annotated[str, Path(alias="classSourcedId", max_length=255, pattern=r"^[^\x00]*$")]
Fields = Annotated[str | None, Query(max_length=1000, description="Only these fields of each document, by commas")]


class Wanted:
    """What the query asks of a collection."""

    def __init__(
        self,
        fields: Fields = None,
        limit: Annotated[int, Query(ge=1, le=10**9, description="Rows per page, 1000 at most")] = 100,
        offset: Annotated[int, Query(ge=0, le=10**9, description="Rows before the page")] = 0,
        sort: Annotated[str | None, Query(max_length=100, description="A field, `class.sourcedId`, say")] = None,
        order: Annotated[Literal["asc", "desc"], Query(alias="orderBy")] = "asc",
        filter: Annotated[str | None, Query(max_length=1000, description="`role='student' AND …`")] = None,
    ) -> None:
        self.fields = fields
        self.limit = min(limit, LONGEST)
        self.offset = offset
        self.sort = sort
        self.order = order
        self.filter = filter

    def asked(self, resource: Resource) -> Asked:
        """Raises FilterInvalid, SortInvalid."""
        return Asked(read_filter(self.filter, resource), self._sort(resource), self.order, self.limit, self.offset)

    def _sort(self, resource: Resource) -> Field | None:
        if self.sort is None:
            return None
        field = resource.fields.get(self.sort)
        if field is None or field.kind == "texts":
            raise SortInvalid(f"{resource.many} cannot be sorted by {self.sort}.")
        return field


def selected(fields: str | None, resource: Resource) -> frozenset[str] | None:
    """Raises FieldsInvalid."""
    if fields is None:
        return None
    names = frozenset(name.strip() for name in fields.split(","))
    if unknown := sorted(names - resource.selectable):
        raise FieldsInvalid(f"{resource.many} have no field {unknown[0]!r}.")
    return names


async def _place(read: Reading, caller: Caller, endpoint: Endpoint, ids: tuple[str, ...]) -> Place:
    """Raises NotFound where the path names something unknown."""
    params: dict[str, Any] = {f"id{number}": id for number, id in enumerate(ids)}
    for number, parent in enumerate(endpoint.parents):
        condition = f"{parent.condition} AND r.sourced_id = %(id{number})s"
        if await one(read, caller.keyring, parent.resource, Place(condition, params)) is None:
            raise NotFound
    return Place(endpoint.condition, params)


async def _single(endpoint: Endpoint, caller: Caller, fields: str | None, sourced_id: str) -> Response:
    resource = endpoint.resource
    names = selected(fields, resource)
    async with caller.reading(Rostering) as read:
        place = await _place(read, caller, endpoint, (sourced_id,))
        row = await one(read, caller.keyring, resource, place)
    if row is None:
        raise NotFound
    return as_json({resource.one: document(resource, row, names)})


async def _collection(endpoint: Endpoint, caller: Caller, wanted: Wanted, request: Request, *ids: str) -> Response:
    resource = endpoint.resource
    names, asked = selected(wanted.fields, resource), wanted.asked(resource)
    async with caller.reading(Rostering) as read:
        place = await _place(read, caller, endpoint, ids)
        found = await find(read, caller.keyring, resource, place, asked)
    answer = as_json({resource.many: [document(resource, row, names) for row in found.rows]})
    answer.headers["X-Total-Count"] = str(found.total)
    answer.headers["Link"] = links(request, wanted.limit, wanted.offset, found.total)
    return answer


def links(request: Request, limit: int, offset: int, total: int) -> str:
    """First, last, next and previous page (RFC 8288), relative to the gateway."""
    last = max(total - 1, 0) // limit * limit
    places = {"first": 0, "last": last}
    if offset + limit < total:
        places["next"] = offset + limit
    if offset > 0:
        places["prev"] = max(0, min(offset, last + limit) - limit)
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("limit", "offset")]
    path = f"/api/academic{request.scope['path']}".encode()
    base = "".join(chr(byte) if byte in UNCHANGED else f"%{byte:02X}" for byte in path)
    return ", ".join(
        f'<{base}?{urlencode([*kept, ("limit", limit), ("offset", place)])}>; rel="{rel}"'
        for rel, place in places.items()
    )


UNCHANGED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def as_json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


def route_of(endpoint: Endpoint) -> Callable[..., Any]:
    permission = endpoint.permission

    async def single(
        caller: Annotated[Caller, may(permission)], sourced_id: SourcedId, fields: Fields = None
    ) -> Response:
        return await _single(endpoint, caller, fields, sourced_id)

    async def collection(
        caller: Annotated[Caller, may(permission)], wanted: Annotated[Wanted, Depends()], request: Request
    ) -> Response:
        return await _collection(endpoint, caller, wanted, request)

    async def nested(
        caller: Annotated[Caller, may(permission)],
        wanted: Annotated[Wanted, Depends()],
        request: Request,
        sourced_id: SourcedId,
    ) -> Response:
        return await _collection(endpoint, caller, wanted, request, sourced_id)

    async def of_class_in_school(
        caller: Annotated[Caller, may(permission)],
        wanted: Annotated[Wanted, Depends()],
        request: Request,
        sourced_id: SourcedId,
        class_sourced_id: ClassSourcedId,
    ) -> Response:
        return await _collection(endpoint, caller, wanted, request, sourced_id, class_sourced_id)

    if endpoint.single:
        return single
    if not endpoint.parents:
        return collection
    return nested if len(endpoint.parents) == 1 else of_class_in_school


def schema(endpoint: Endpoint) -> dict[str, Any]:
    resource = endpoint.resource
    row = {"type": "object", "properties": {name: {} for name in sorted(resource.selectable)}}
    told: dict[str, Any] = {resource.one: row} if endpoint.single else {resource.many: {"type": "array", "items": row}}
    content = {"application/json": {"schema": {"type": "object", "required": list(told), "properties": told}}}
    return {"description": "As OneRoster 1.2 describes it", "content": content}


for each in ENDPOINTS:
    wrong = problems(NotFound) if "{" in each.path else {}
    router.add_api_route(
        path_of(each),
        route_of(each),
        methods=["GET"],
        name=each.name,
        description=f"{'One' if each.single else 'A page'} of `{each.resource.many}`, as OneRoster 1.2 describes them.",
        response_class=Response,
        responses={200: schema(each), **wrong},
    )
