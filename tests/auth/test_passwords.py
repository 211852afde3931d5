"""Hashes of passwords and spellings of addresses."""

import asyncio
import unicodedata

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from auth.passwords.hashing import Hashing
from auth.users.emails import is_email, normal_email
from shared.store import Unavailable


async def test_S10_a_hash_is_argon2id_with_the_named_parameters() -> None:
    hashed = await Hashing().hash("correct horse battery")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_S10_a_weaker_hash_is_replaced_at_sign_in() -> None:
    weak = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),)).hash("x")
    fits, better = await Hashing().verify("x", weak)
    assert fits
    assert better is not None
    assert better.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_S10_the_queue_of_hashes_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auth.passwords.hashing.MOST_WAITING", 2)
    many = Hashing(parallel=1)
    outcomes = await asyncio.gather(*[many.verify("x", None) for _ in range(7)], return_exceptions=True)
    assert sum(isinstance(outcome, Unavailable) for outcome in outcomes) == 4


async def test_S9_one_password_in_two_unicode_forms_is_the_same() -> None:
    hashing = Hashing()
    password = "contraseña con eñes"
    hashed = await hashing.hash(unicodedata.normalize("NFD", password))
    assert (await hashing.verify(unicodedata.normalize("NFC", password), hashed))[0]


async def test_S9_nothing_is_cut_off() -> None:
    hashing = Hashing()
    hashed = await hashing.hash("x" * 128)
    assert not (await hashing.verify("x" * 127, hashed))[0]


async def test_S11_nothing_fits_an_unknown_account() -> None:
    assert await Hashing().verify("anything at all", None) == (False, None)


@pytest.mark.parametrize("spelling", ["Ana@Example.org", " ana@example.ORG ", "ａｎａ@example.org"])  # noqa: RUF001
def test_C1_one_address_has_one_spelling(spelling: str) -> None:
    assert normal_email(spelling) == "ana@example.org"


HOSTILE = [
    "a@b.org,c@d.org",
    "A <a@b.org>",
    "a\r\nBcc:x@b.org",
    "a\0@b.org",
    '"a"@b.org',
    "a(c)@b.org",
    "a@b.org\u2028c",
]


def test_mail_goes_to_what_an_address_looks_like() -> None:
    assert is_email(" Ana＠Example.org") == "Ana@Example.org"  # noqa: RUF001


@pytest.mark.parametrize(
    "text", ["", "ana", "ana@", "@example.org", "a b@example.org", "a@b@c.org", "ana@local", *HOSTILE]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no e-mail"):
        normal_email(text)
