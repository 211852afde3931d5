"""Somebody with an authenticator app, as tests need one."""

from base64 import b32decode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from psycopg import AsyncConnection

from auth.second_factors.totp import code_of, step_of
from tests.auth.conftest import PASSWORD


@dataclass
class Owner:
    """Who registered a school and has an authenticator app."""

    auth: Any
    email: str
    secret: bytes
    headers: dict[str, str]
    recovery_codes: list[str] = field(default_factory=list)

    def code(self, steps: int = 0) -> str:
        return code_of(self.secret, step_of(datetime.now(UTC)) + steps)

    def wrong(self) -> str:
        right = {self.code(steps) for steps in (-2, -1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444") if code not in right)

    async def later(self) -> None:
        """As if all codes so far had been used some minutes ago."""
        await self.execute("UPDATE auth.totp_secrets SET last_step = last_step - 100")

    async def quarter_of_an_hour_later(self) -> None:
        await self.execute(
            "UPDATE auth.credential_tries SET tried_at = tried_at - interval '16 minutes',"
            " locked_until = locked_until - interval '16 minutes'"
        )

    async def execute(self, statement: str) -> None:
        async with await AsyncConnection.connect(self.auth.superuser_dsn) as connection:
            await connection.execute(statement.encode())

    async def pending(self, password: str = PASSWORD) -> str:
        """The password was right: the token for the second step."""
        answer = (await self.auth.login(self.email, password)).json()["data"]
        assert answer["outcome"] == "second-factor-needed"
        return str(answer["pending"])

    async def second_step(self, pending: str, **proof: str) -> Any:
        return await self.auth.client.post("/login/second-factor", json={"pending": pending, **proof})

    async def sign_in(self) -> dict[str, Any]:
        await self.later()
        answer = await self.second_step(await self.pending(), code=self.code())
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        self.headers = {"Authorization": f"Bearer {data['access_token']}"}
        return data

    async def post(self, path: str, **body: Any) -> Any:
        return await self.auth.client.post(path, json=body, headers=self.headers)


async def enrolling(auth: Any, email: str, headers: dict[str, str] | None = None) -> Owner:
    """Registered, signed in, and about to confirm the app."""
    if headers is None:
        await auth.register(email)
        headers = await auth.signed_in(email)
    answer = await auth.client.post("/me/totp", json={"password": PASSWORD}, headers=headers)
    assert answer.status_code == 200, answer.text
    return Owner(auth, email, b32decode(answer.json()["data"]["secret"]), headers)


async def enrolled(auth: Any, email: str) -> Owner:
    owner = await enrolling(auth, email)
    answer = await owner.post("/me/totp/confirmation", code=owner.code())
    assert answer.status_code == 200, answer.text
    owner.recovery_codes = answer.json()["data"]["recovery_codes"]
    await owner.later()
    return owner
