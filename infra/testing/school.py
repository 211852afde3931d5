"""One school of a running academic service, driven over HTTP like any client does."""

from typing import Any
from uuid import UUID

from httpx2 import Response

from infra.testing.harness import PERMISSIONS, Running
from shared.ids import uuid7


class School:
    """`did` and `got` insist on success; `post` and `get` give the whole answer."""

    def __init__(self, it: Running, tenant_id: UUID) -> None:
        self.it = it
        self.tenant_id = tenant_id
        self.permissions: tuple[str, ...] = PERMISSIONS

    @classmethod
    async def founded(cls, it: Running, zone: str = "Europe/Madrid") -> "School":
        """A new school: root org and attendance codes come by the reaction to its registration."""
        tenant_id = uuid7()
        told = {"name": "Academy", "country": "ES", "currency": "EUR", "zone": zone, "owner_id": uuid7()}
        await it.feed("auth.tenant_registered", tenant_id, tenant_id, told)
        return cls(it, tenant_id)

    async def post(self, path: str, body: Any = None, **headers: str) -> Response:
        sent = self.it.headers(self.tenant_id, self.permissions, **headers)
        return await self.it.client.post(path, json=body, headers=sent)

    async def get(self, path: str, params: dict[str, Any] | None = None, **headers: str) -> Response:
        await self.it.settle()
        sent = self.it.headers(self.tenant_id, self.permissions, **headers)
        return await self.it.client.get(path, params=params, headers=sent)

    async def did(self, path: str, body: Any = None, **headers: str) -> Any:
        return data_of(await self.post(path, body, **headers))

    async def got(self, path: str, **params: Any) -> Any:
        return data_of(await self.get(path, params))

    async def refused(self, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """Status and code of the problem."""
        answer = await self.post(path, body, **headers)
        if answer.headers["content-type"] != "application/problem+json":
            raise AssertionError(answer.text)
        return answer.status_code, answer.json()["code"]

    async def person(self, given_name: str = "Ann", family_name: str = "Lee", role: str = "student") -> str:
        names = {"given_name": given_name, "family_name": family_name, "roles": [role]}
        return str((await self.did("/people", names))["id"])

    async def class_(self, title: str = "Piano A", **more: Any) -> str:
        return str((await self.did("/classes", {"title": title, **more}))["id"])

    async def enrolment(
        self, class_id: str, person_id: str, begin_on: str | None = "2026-09-01", end_on: str | None = None
    ) -> str:
        stay = {"person_id": person_id, "begin_on": begin_on, "end_on": end_on}
        return str((await self.did(f"/classes/{class_id}/enrolments", stay))["enrolment_id"])

    async def meeting(self, class_id: str, day: str = "2026-09-07") -> str:
        plan = {"dates": [day], "starts": "17:00", "ends": "18:30"}
        return str((await self.did(f"/classes/{class_id}/meetings", plan))[0]["id"])

    async def events(self) -> list[str]:
        """What was recorded after the founding."""
        return (await self.it.events(self.tenant_id))[6:]


def data_of(answer: Response) -> Any:
    if not answer.is_success:
        raise AssertionError(answer.text)
    return answer.json()["data"]
