"""Decisions of a signing key."""

from datetime import UTC, datetime

from auth.signing_keys.signing_key import KeyInUse, KeyRetired, PublicJwk, SigningKey
from shared.given import given
from shared.ids import PLATFORM, uuid7

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)


def generated() -> SigningKey:
    jwk = PublicJwk(kid="k1", x="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    return SigningKey(id=uuid7(), tenant_id=PLATFORM, number=1, public_jwk=jwk, timestamp=NOW)


def activated() -> SigningKey:
    key = generated()
    key.activate(NOW)
    return key


def retired() -> SigningKey:
    key = activated()
    key.retire(signing=uuid7(), now=NOW)
    return key


def test_C10_a_generated_key_is_activated() -> None:
    given(generated()).when(lambda k: k.activate(NOW)).then(SigningKey.Activated)


def test_activating_twice_changes_nothing() -> None:
    given(activated()).when(lambda k: k.activate(NOW)).then_nothing()


def test_C10_a_key_that_no_longer_signs_is_retired() -> None:
    given(activated()).when(lambda k: k.retire(signing=uuid7(), now=NOW)).then(SigningKey.Retired)


def test_the_key_that_signs_is_not_retired() -> None:
    key = activated()
    given(key).when(lambda k: k.retire(signing=k.id, now=NOW)).then_refused(KeyInUse)


def test_a_retired_key_is_not_activated() -> None:
    given(retired()).when(lambda k: k.activate(NOW)).then_refused(KeyRetired)


def test_retiring_twice_changes_nothing() -> None:
    given(retired()).when(lambda k: k.retire(signing=k.id, now=NOW)).then_nothing()
