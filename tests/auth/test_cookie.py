"""Refresh tokens of browsers: in a cookie that no script reads, with a header that no other site sends."""

from typing import Any

COOKIE = "__Host-rollbook-refresh"
ASKED = {"Rollbook-Refresh": "cookie"}
PASSWORD = "correct horse battery staple"


async def login(auth: Any, email: str) -> Any:
    await auth.register(email)
    return await auth.client.post("/login", json={"email": email, "password": PASSWORD}, headers=ASKED)


def cookie_of(answer: Any) -> str:
    text: str = answer.headers["set-cookie"]
    auth_cookie, *attributes = [part.strip() for part in text.split(";")]
    assert auth_cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= set(attributes)
    assert not any(part.startswith("Domain") for part in attributes)
    return auth_cookie


async def test_S8_a_browser_gets_the_refresh_token_in_a_cookie_and_not_in_the_body(auth: Any, email: str) -> None:
    answer = await login(auth, email)
    assert answer.json()["data"]["refresh_token"] is None
    went_on = await auth.client.post("/token/refresh", json={}, headers={**ASKED, "Cookie": cookie_of(answer)})
    assert went_on.status_code == 200
    assert cookie_of(went_on) != cookie_of(answer)


async def test_S8_R4_20_the_cookie_without_the_header_is_nothing(auth: Any, email: str) -> None:
    cookie = cookie_of(await login(auth, email))
    auth.client.cookies.clear()
    refused = await auth.client.post("/token/refresh", json={}, headers={"Cookie": cookie})
    assert (refused.status_code, refused.json()["code"]) == (401, "refresh-refused")
    unclear = await auth.client.post("/token/refresh", json={}, headers={"Cookie": cookie, "Rollbook-Refresh": "body"})
    assert (unclear.status_code, unclear.json()["code"]) == (400, "refresh-delivery-unknown")


async def test_X23_signing_out_takes_the_cookie_back(auth: Any, email: str) -> None:
    answer = await login(auth, email)
    token = answer.json()["data"]["access_token"]
    out = await auth.client.post("/logout", headers={**ASKED, "Authorization": f"Bearer {token}"})
    assert "Max-Age=0" in out.headers["set-cookie"]
