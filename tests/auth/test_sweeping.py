"""What is swept: only what cannot matter any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

from auth.sweeping import sweep
from shared.database import connect


async def counts(auth: Any, family: str) -> tuple[int, int]:
    async with await connect(auth.superuser_dsn, search_path="auth") as connection:
        cursor = await connection.execute(
            "SELECT (SELECT count(*) FROM refresh_tokens WHERE family_id = %(family)s),"
            " (SELECT count(*) FROM refresh_families WHERE family_id = %(family)s)",
            {"family": family},
        )
        tokens, families = await cursor.fetchone() or (0, 0)
        return tokens, families


async def swept(auth: Any, ahead: timedelta) -> None:
    async with await connect(auth.worker_dsn, search_path="auth") as connection:
        await sweep(connection, datetime.now(UTC) + ahead)


async def test_C13_a_used_token_is_known_as_used_for_a_fortnight_and_then_forgotten(auth: Any, email: str) -> None:
    await auth.register(email)
    data = (await auth.login(email)).json()["data"]
    await auth.client.post("/token/refresh", json={"refresh_token": data["refresh_token"]})
    await swept(auth, timedelta(days=13))
    assert await counts(auth, data["session"]) == (2, 1)
    await swept(auth, timedelta(days=15))
    assert await counts(auth, data["session"]) == (1, 1)


async def test_C14_a_sign_in_that_ended_is_forgotten_with_its_tokens(auth: Any, email: str) -> None:
    await auth.register(email)
    data = (await auth.login(email)).json()["data"]
    await auth.client.post("/logout", headers={"Authorization": f"Bearer {data['access_token']}"})
    await swept(auth, timedelta(days=30))
    assert await counts(auth, data["session"]) == (0, 0)
