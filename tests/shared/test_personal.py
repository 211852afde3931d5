"""Sealing: bound to tenant, person and field; nothing of it readable without the key."""

from base64 import b64encode, urlsafe_b64decode
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from pydantic import BaseModel

from infra.testing.harness import Running
from shared.ids import uuid7
from shared.personal import Keyring, MasterKey, PersonErased, Sealer
from shared.sealed import Sealed
from tests.shared.stores import call_of, new_shelf

TENANT, PERSON = uuid7(), uuid7()
KEY = b"k" * 32


def sealer(tenant: UUID = TENANT, person: UUID = PERSON, key: bytes = KEY) -> Sealer:
    return Sealer(tenant, person, key)


def test_N6_what_was_sealed_is_opened_again() -> None:
    for text in ("Ann", "", "Ñandú 漢字", "x" * 10_000):
        sealed = sealer().seal("name", text)
        assert sealer().open("name", sealed) == sealer().open("name", sealed.text) == text


def test_N6_sealing_twice_gives_two_texts_and_neither_shows_anything() -> None:
    one, other = sealer().seal("name", "Ann"), sealer().seal("name", "Ann")
    assert one != other
    assert b"Ann" not in urlsafe_b64decode(one.text.removeprefix("v1."))
    assert "Ann" not in repr(one)
    assert one.text not in repr(one)


@pytest.mark.parametrize(
    "other",
    [sealer(tenant=uuid7()), sealer(person=uuid7()), sealer(key=b"x" * 32)],
    ids=["tenant", "person", "key"],
)
def test_N6_a_sealed_text_means_nothing_elsewhere(other: Sealer) -> None:
    with pytest.raises(InvalidTag):
        other.open("name", sealer().seal("name", "Ann"))


def test_N6_a_sealed_text_means_nothing_in_another_field_or_when_it_was_changed() -> None:
    sealed = sealer().seal("name", "Ann")
    with pytest.raises(InvalidTag):
        sealer().open("e-mail", sealed)
    body = bytearray(urlsafe_b64decode(sealed.text.removeprefix("v1.")))
    body[-1] ^= 1
    with pytest.raises(InvalidTag):
        sealer().open("name", "v1." + b64encode(bytes(body), b"-_").decode())


def test_keyed_hashes_find_equal_values_of_one_tenant_and_purpose_only() -> None:
    master = MasterKey(b"m" * 32)
    one = master.keyed_hash("e-mail", TENANT, "ann@example.org")
    assert one == MasterKey(b"m" * 32).keyed_hash("e-mail", TENANT, "ann@example.org")
    others = [
        master.keyed_hash("e-mail", uuid7(), "ann@example.org"),
        master.keyed_hash("phone", TENANT, "ann@example.org"),
        master.keyed_hash("e-mail", TENANT, "ben@example.org"),
        MasterKey(b"n" * 32).keyed_hash("e-mail", TENANT, "ann@example.org"),
    ]
    assert len({one, *others}) == 5


def test_a_master_key_has_32_bytes_or_more(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    path.write_text(b64encode(b"m" * 32).decode() + "\n")
    assert MasterKey.read(path).derive("x") == MasterKey(b"m" * 32).derive("x")
    path.write_text(b64encode(b"m" * 31).decode())
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKey.read(path)


def test_a_sealed_value_is_a_plain_text_in_JSON() -> None:
    class Person(BaseModel):
        name: Sealed[str]
        email: Sealed[str] | None = None

    person = Person(name=Sealed("v1.x"))
    assert person.model_dump_json() == '{"name":"v1.x","email":null}'
    assert Person.model_validate_json('{"name":"v1.x"}') == person
    assert hash(person.name) == hash(Sealed[str]("v1.x"))


async def test_N6_a_key_is_made_once_stored_with_what_it_seals_and_gone_when_erased(town: Running) -> None:
    tenant, person, keyring = uuid7(), uuid7(), town.kernel.keyring
    first = await keyring.sealer(tenant, person)
    sealed = first.seal("name", "Ann")
    await town.kernel.store.save(new_shelf(tenant), call=call_of(tenant), keys=first.new)
    again = await keyring.sealer(tenant, person)
    assert (len(first.new), again.new) == (1, ())
    assert again.open("name", sealed) == "Ann"
    assert first.new[0].wrapped is not None
    foreign = Keyring(MasterKey(b"another master key of 32 bytes!!"), town.kernel.pool)
    with pytest.raises(InvalidTag):
        await foreign.sealer(tenant, person)
    await town.kernel.store.save(new_shelf(tenant), call=call_of(tenant), keys=[Keyring.erased(tenant, person)])
    with pytest.raises(PersonErased):
        await keyring.sealer(tenant, person)
    assert await keyring.open(tenant, [(person, "name", sealed)]) == [None]
