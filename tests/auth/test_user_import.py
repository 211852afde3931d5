"""Users of another system: imported with their hashes, which are replaced at the first sign-in."""

import base64
import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID

import bcrypt
import orjson
import psycopg
import pytest

from auth.passwords.foreign_hashes import Bcrypt, DjangoPbkdf2, verifiable
from infra.operator import users
from shared.ids import uuid7
from tests.auth.conftest import Running

OLD = "an old password of another system"
OF_BCRYPT = bcrypt.hashpw(OLD.encode(), b"$2b$04$abcdefghijklmnopqrstuu").decode()
"""With a salt of its own, so that every worker names the same tests."""


def of_django(password: str, iterations: int = 1_000) -> str:
    raw = hashlib.pbkdf2_hmac("sha256", password.encode(), b"seasalt", iterations)
    return f"pbkdf2_sha256${iterations}$seasalt${base64.b64encode(raw).decode()}"


@pytest.mark.parametrize(
    ("password", "known"),
    [
        ("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
    ],
)
def test_C31_hashes_of_bcrypt_are_verified(password: str, known: str) -> None:
    hasher = Bcrypt()
    assert hasher.verify(password, verifiable(known))
    assert hasher.verify(password, known.replace("$2a$", "$2y$"))
    assert not hasher.verify(password + "x", known)


def test_C31_bcrypt_takes_the_first_72_bytes_as_the_other_system_did() -> None:
    long = "x" * 72
    known = bcrypt.hashpw(long.encode(), bcrypt.gensalt(4)).decode()
    assert Bcrypt().verify(long + "and more", known)
    assert not Bcrypt().verify("x" * 71, known)


def test_C31_hashes_that_django_wrote_are_verified() -> None:
    known = "pbkdf2_sha256$10000$seasalt$CWWFdHOWwPnki7HvkcqN9iA2T3KLW1cf2uZ5kvArtVY="
    assert DjangoPbkdf2().verify("lètmein", verifiable(known))
    assert not DjangoPbkdf2().verify("letmein", known)


@pytest.mark.parametrize(
    "text",
    [
        "",
        OLD,
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8",
        "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        OF_BCRYPT[:-1],
        OF_BCRYPT.replace("$04$", "$31$"),
        of_django(OLD).replace("$1000$", "$9999999$"),
        of_django(OLD).replace("pbkdf2_sha256", "pbkdf2_sha1"),
        of_django(OLD).replace("$1000$", "$0$"),
    ],
)
def test_C31_a_hash_that_no_sign_in_could_be_checked_with_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        verifiable(text)


def row(email: str, **changes: Any) -> dict[str, Any]:
    known = {"email": email, "given_name": "Ben", "family_name": "Luz", "roles": ["teacher"], "email_verified": True}
    return known | {"password_hash": OF_BCRYPT} | changes


class Import:
    """A school, and a file of users for it."""

    def __init__(self, school: UUID, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.school = school
        self.file = file
        self.capsys = capsys

    async def run(self, *rows: object, dry_run: bool = False) -> dict[str, Any]:
        lines = [text if isinstance(text, str) else orjson.dumps(text).decode() for text in rows]
        self.file.write_text("\n".join(lines))
        self.capsys.readouterr()
        try:
            await users.import_(self.file, school=self.school, dry_run=dry_run, json=True)
            status = 0
        except SystemExit as error:
            status = int(str(error.code))
        told: dict[str, Any] = orjson.loads(self.capsys.readouterr().out)
        return told | {"status": status}


@pytest.fixture
async def importing(auth: Running, email: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Import:
    await auth.register(email)
    me = await auth.client.get("/me", headers=await auth.signed_in(email))
    return Import(UUID(me.json()["data"]["tenant_id"]), tmp_path / "users.jsonl", capsys)


async def hashes_of(auth: Running, email: str) -> list[str]:
    user = await auth.user(email)
    async with await psycopg.AsyncConnection.connect(auth.superuser_dsn) as connection:
        cursor = await connection.execute("SELECT hash FROM auth.passwords WHERE user_id = %s", (user.id,))
        return [text for (text,) in await cursor.fetchall()]


@pytest.mark.parametrize("known", [OF_BCRYPT, of_django(OLD)])
async def test_C31_an_imported_user_signs_in_with_the_old_password_and_the_hash_becomes_ours(
    auth: Running, importing: Import, known: str
) -> None:
    email = f"{uuid7().hex}@example.org"
    told = await importing.run(row(email, password_hash=known))
    assert (told["counts"], told["status"]) == ({"created": 1}, 0)
    assert (await auth.login(email, "something else entirely")).status_code == 401
    assert await hashes_of(auth, email) == [known]
    signed_in = await auth.login(email, OLD)
    assert signed_in.status_code == 200, signed_in.text
    assert signed_in.json()["data"]["tenant"] == str(importing.school)
    (ours,) = await hashes_of(auth, email)
    assert ours.startswith("$argon2id$")
    assert (await auth.login(email, OLD)).status_code == 200


async def test_C31_a_dry_run_says_what_would_become_of_each_line_and_changes_nothing(
    auth: Running, importing: Import
) -> None:
    email = f"{uuid7().hex}@example.org"
    told = await importing.run(row(email), row(email.upper()), "", "{", row("x"), dry_run=True)
    assert [(each["line"], each["outcome"], each["pointer"]) for each in told["rows"]] == [
        (1, "would-create", ""),
        (2, "exists", "/email"),
        (4, "refused", ""),
        (5, "refused", "/email"),
    ]
    assert told["status"] == 1
    assert await auth.desk.credentials.user_of(email) is None


async def test_C31_what_is_wrong_is_refused_with_a_pointer_and_the_rest_goes_on(
    auth: Running, importing: Import
) -> None:
    emails = [f"{uuid7().hex}@example.org" for _ in range(6)]
    told = await importing.run(
        row(emails[0], password_hash="5f4dcc3b5aa765d61d8327deb882cf99"),
        row(emails[1], roles=["owner"]),
        row(emails[2], roles=[]),
        row(emails[3], is_admin=True),
        row(emails[4]),
        row(emails[5], password_hash=None),
    )
    assert [(each["outcome"], each["pointer"]) for each in told["rows"]] == [
        ("refused", "/password_hash"),
        ("refused", "/roles/0"),
        ("refused", "/roles"),
        ("refused", "/is_admin"),
        ("created", ""),
        ("created", ""),
    ]
    assert (await auth.login(emails[4], OLD)).status_code == 200
    assert (await auth.login(emails[5], OLD)).status_code == 401
    assert not any(email in str(told) for email in emails)


async def test_C31_the_same_file_again_changes_nothing_and_an_account_is_never_taken_over(
    auth: Running, importing: Import, email: str
) -> None:
    new = f"{uuid7().hex}@example.org"
    await importing.run(row(new))
    before = await hashes_of(auth, email)
    told = await importing.run(row(new), row(email))
    assert [each["outcome"] for each in told["rows"]] == ["exists", "exists"]
    assert await hashes_of(auth, email) == before
    assert (await auth.login(email, OLD)).status_code == 401


async def test_C31_an_address_that_nobody_vouches_for_is_verified_first(auth: Running, importing: Import) -> None:
    email = f"{uuid7().hex}@example.org"
    await importing.run(row(email, email_verified=False))
    assert (await auth.login(email, OLD)).status_code == 401
    assert (await auth.verify(email, OLD)).status_code == 200
    assert (await auth.login(email, OLD)).status_code == 200


async def test_C31_S29_an_import_is_recorded_without_names(auth: Running, importing: Import) -> None:
    email = f"{uuid7().hex}@example.org"
    await importing.run(row(email))
    async with await psycopg.AsyncConnection.connect(auth.superuser_dsn) as connection:
        cursor = await connection.execute(
            "SELECT arguments, outcome, result FROM auth.operator_actions WHERE action = 'users.import'"
            " ORDER BY number DESC LIMIT 1"
        )
        found = await cursor.fetchone()
    assert found is not None
    arguments, outcome, result = found
    assert (arguments["school"], outcome, result) == (str(importing.school), "done", {"created": 1})
    assert email not in str(found)
