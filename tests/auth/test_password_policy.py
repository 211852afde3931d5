"""Which passwords may be chosen: long ones of any characters, none that everybody tries first."""

import unicodedata
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from auth.passwords.block_list import BlockList
from auth.passwords.hashing import Hashing
from auth.passwords.policy import LEAST, MOST, NewPassword, PasswordPolicy, PasswordTooWeak, length
from tests.auth.conftest import PASSWORD
from tests.auth.factors import enrolled
from tests.auth.test_links import reset, reset_token

BLOCKED = BlockList.load()
POLICY = PasswordPolicy(BLOCKED)
LISTED = sorted(BLOCKED)
FORM: TypeAdapter[str] = TypeAdapter(NewPassword)
ANY = st.characters(exclude_categories=["Cs"])


def weak(password: str, **more: Any) -> bool:
    try:
        POLICY.check(password, **more)
    except PasswordTooWeak:
        return True
    return False


def filled(word: str, characters: int, filling: str) -> str:
    return word + "".join(islice(cycle(filling), max(0, characters - len(word))))


@given(st.lists(st.characters(categories=["L", "S", "N"]), unique=True, min_size=2 * LEAST, max_size=MOST))
def test_S9_length_is_enough_whatever_the_characters(characters: list[str]) -> None:
    password = "".join(characters)
    assume(LEAST <= length(password) <= MOST and BLOCKED.own_part(password) >= LEAST)
    assert not weak(password)


@given(st.text(ANY, max_size=LEAST - 1))
def test_S9_fourteen_characters_are_too_few(password: str) -> None:
    assert weak(password)


@pytest.mark.parametrize(("characters", "accepted"), [(7, False), (8, True), (64, True), (128, True), (129, False)])
def test_S9_the_form_takes_eight_to_128_characters(characters: int, accepted: bool) -> None:
    passphrase = "ñandú que corre por la pampa, 13 veces más rápido de lo que parece: "
    text = (passphrase * 2)[:characters]
    for spelling in (unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)):
        try:
            assert FORM.validate_python(spelling) == spelling
            taken = True
        except ValidationError:
            taken = False
        assert taken is accepted, (characters, length(spelling))


def test_S9_eight_characters_only_with_a_second_factor() -> None:
    assert weak("kT7#vq2z")
    assert not weak("kT7#vq2z", second_factor=True)
    assert weak("kT7#vq2", second_factor=True)


@pytest.mark.parametrize("filling", ["1234567890", "!", "2024", "0"])
def test_S9_every_listed_password_is_refused_padded_too(filling: str) -> None:
    assert len(LISTED) > 19_000
    sample = LISTED[:: 97 if filling != "!" else 13]
    let_through = [word for word in sample if len(word) >= 4 and not weak(filled(word, LEAST, filling))]
    assert let_through == []


def test_S9_every_listed_password_is_refused_as_it_is_and_repeated() -> None:
    assert [word for word in LISTED if not weak(word, second_factor=True)] == []
    sample = [word for word in LISTED[::29] if len(word) < LEAST]
    assert [word for word in sample if not weak(filled(word, 2 * LEAST, word))] == []


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaaaaaaaaaa",
        "abcdefghijklmnopqrst",
        "zyxwvutsrqponmlkji",
        "qwertyuiopasdfghjkl",
        "123456789012345678",
        "k9d2mxk9d2mxk9d2mx",
        "P@ssw0rd1234567",
        "pass-word-1234567",
        "!!!!password!!!!",
        "sunshine2026sunshine",
        "rollbook rollbook 1",
    ],
)
def test_S9_runs_repetitions_and_dressed_up_words_are_refused(password: str) -> None:
    assert weak(password)


@pytest.mark.parametrize(
    "password", ["Escuela Sol 2026", "anasol-rollbook-1", "ana.sol@example.org", "SOL ana SOL ana 7"]
)
def test_C7_what_is_known_about_the_account_is_not_enough(password: str) -> None:
    assert weak(password, about=["Ana", "Sol", "ana.sol@example.org", "Escuela Sol"])


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "correct horse battery",
        "漢字で書いた長い合言葉ですよ十六文字",
        "мой дядя самых честных правил",
        "🦆🐝🦊 tres amigos 🦉",
        "a sol of Ana's own making, in June",
    ],
)
def test_C7_phrases_of_any_script_are_taken(password: str) -> None:
    assert not weak(password, about=["Ana", "Sol", "Escuela Sol"])


def test_C7_an_operator_adds_passwords_of_the_own(tmp_path: Path) -> None:
    more = tmp_path / "more.txt"
    more.write_text("Tormenta De Junio\n", encoding="utf-8")
    policy = PasswordPolicy(BlockList.load(more))
    with pytest.raises(PasswordTooWeak):
        policy.check("tormenta de junio")
    with pytest.raises(PasswordTooWeak):
        policy.check("Tormenta De Junio 2")


@settings(max_examples=10, deadline=None)
@given(st.text(ANY, min_size=73, max_size=MOST - 1))
async def test_S9_no_byte_behind_the_72nd_is_cut_off(password: str) -> None:
    hashing = Hashing()
    try:
        hashed = await hashing.hash(password)
        assert (await hashing.verify(password, hashed))[0]
        assert not (await hashing.verify(password + "x", hashed))[0]
        assert not (await hashing.verify(password[:72], hashed))[0]
    finally:
        hashing.close()


async def test_C7_a_weak_password_is_refused_alike_for_known_and_unknown_addresses(auth: Any, email: str) -> None:
    await auth.register(email)
    known, unknown = [
        await auth.register(address, password="password1234567", verified=False) for address in (email, f"new-{email}")
    ]
    assert known.status_code == unknown.status_code == 422
    assert known.json()["code"] == "password-too-weak"
    assert [error["pointer"] for error in known.json()["errors"]] == ["/owner/password"]
    assert {**known.json(), "trace_id": ""} == {**unknown.json(), "trace_id": ""}


async def test_S14_a_weak_password_leaves_the_link_of_a_reset_unspent(auth: Any, email: str) -> None:
    await auth.register(email)
    token = await reset_token(auth, email)
    for password in ("Escuela Sol 2026", "twelve-chars"):
        refused = await reset(auth, token, password)
        assert (refused.status_code, refused.json()["code"]) == (422, "password-too-weak")
    assert (await reset(auth, token, "an entirely other phrase")).status_code == 200


async def test_C7_who_has_a_second_factor_may_choose_eight_characters(auth: Any, email: str) -> None:
    owner = await enrolled(auth, email)
    changed = await owner.post("/me/password", old_password=PASSWORD, new_password="kT7#vq2z")
    assert changed.status_code == 200, changed.text
    weak_too = await owner.post("/me/password", old_password="kT7#vq2z", new_password="sunshine")
    assert (weak_too.status_code, weak_too.json()["code"]) == (422, "password-too-weak")
