"""Tokens for operators: issued on the machine that holds auth's keys, verified like any other."""

import asyncio
import os
import sys
from base64 import b64encode
from pathlib import Path

import jwt
import pytest

from auth.signing_keys.operator_tokens import OperatorNameMalformed, TokenTooLong
from infra.operator import tokens
from shared.database import connect
from shared.identity import Identity, Verifier
from shared.ids import PLATFORM
from shared.keyset import KeySet
from shared.problems import Unauthenticated
from tests.auth.conftest import Running


async def rollbook(*words: str, **environment: str) -> tuple[int, str, str]:
    """As an operator on this machine, who has the settings of auth's processes."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.cli", *words),
        env={**os.environ, "COLUMNS": "200", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    return process.returncode or 0, out.decode().strip(), errors.decode().strip()


async def issued_rows() -> list[tuple[str, dict[str, object], str]]:
    async with await connect(os.environ["AUTH_WORKER_DSN"], search_path="auth") as connection:
        cursor = await connection.execute("SELECT actor, arguments, outcome FROM operator_actions ORDER BY number")
        return [(actor, arguments, outcome) for actor, arguments, outcome in await cursor.fetchall()]


async def verified(token: str, audience: str, folder: Path) -> Identity:
    keys = KeySet(os.environ["AUTH_JWKS_URL"], folder / "jwks.json")
    try:
        return await Verifier(keys, audience).verify(token)
    finally:
        await keys.close()


async def test_S2_an_operators_token_opens_the_operator_api_and_nothing_else(auth: Running, tmp_path: Path) -> None:
    status, token, errors = await rollbook("operator", "token", "--name", "anna", "--minutes", "2")
    assert status == 0, errors
    identity = await verified(token, "academic", tmp_path)
    assert (identity.subject, identity.tenant_id, identity.login) == ("operator:anna", PLATFORM, None)
    assert identity.permissions == {"platform.operate"}
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 120
    with pytest.raises(Unauthenticated):
        await verified(token, "gateway", tmp_path)
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("/me", "/tenant", "/members"):
        assert (await auth.client.get(path, headers=headers)).status_code == 403


async def test_S29_a_token_is_recorded_before_it_is_handed_out(
    auth: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(await issued_rows())
    await tokens.token(name="ben")
    assert capsys.readouterr().out.count(".") == 2
    with pytest.raises(TokenTooLong):
        await tokens.token(name="ben", minutes=15)
    with pytest.raises(OperatorNameMalformed):
        await tokens.token(name="Ben Sol")
    assert capsys.readouterr().out == ""
    rows = (await issued_rows())[before:]
    assert [(arguments, outcome) for _, arguments, outcome in rows] == [
        ({"name": "ben", "minutes": 5}, "done"),
        ({"name": "ben", "minutes": 15}, "token-too-long"),
    ]
    assert all(actor.startswith("cli:") for actor, _, _ in rows)


async def test_without_the_right_master_key_no_token_is_issued(
    auth: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "master.key"
    other.write_text(b64encode(b"another master key, which sealed nothing here").decode())
    monkeypatch.setenv("AUTH_MASTER_KEY_FILE", str(other))
    before = await issued_rows()
    with pytest.raises(SystemExit):
        await tokens.token(name="anna")
    said = capsys.readouterr()
    assert (said.out, "not the one that auth's signing keys were sealed with" in said.err) == ("", True)
    assert await issued_rows() == before
