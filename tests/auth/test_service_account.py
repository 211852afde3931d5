"""Decisions of a service account, and what a token request must look like."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from auth.service_accounts.api_keys import new_key, prefix_of
from auth.service_accounts.service_account import (
    MOST_KEYS,
    AccountRetired,
    ExpiryPast,
    KeyEnded,
    ScopeAboveOwn,
    ServiceAccount,
    TooManyKeys,
)
from auth.service_accounts.token_requests import FORM, TokenRefused, read_request
from shared.errors import NotFound
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
YEAR = NOW + timedelta(days=365)
OLD, NEW = uuid7(), uuid7()
READ = frozenset({"classes.read"})
HELD = frozenset({"classes.read", "people.read"})


def account() -> ServiceAccount:
    return ServiceAccount(id=uuid7(), tenant_id=uuid7(), name="timetable", timestamp=NOW)


def issue(account: ServiceAccount, key_id: UUID = OLD, scopes: frozenset[str] = READ) -> None:
    account.issue_key(key_id, "rbk_abcdefgh", scopes, held=HELD, expires_at=YEAR, now=NOW)


def rotate(account: ServiceAccount) -> None:
    account.rotate_key(OLD, NEW, "rbk_bcdefghi", held=HELD, overlap=timedelta(hours=24), expires_at=YEAR, now=NOW)


def with_key() -> ServiceAccount:
    found = account()
    issue(found)
    return found


def retired() -> ServiceAccount:
    found = with_key()
    found.retire(NOW)
    return found


def test_C19_a_key_is_issued_with_scopes_that_its_maker_holds() -> None:
    given(account()).when(issue).then(ServiceAccount.ApiKeyIssued, scopes=("classes.read",), expires_at=YEAR)


def test_C19_nobody_gives_a_scope_above_their_own() -> None:
    above = READ | {"accounts.read"}
    given(account()).when(lambda a: issue(a, scopes=above)).then_refused(ScopeAboveOwn)
    given(with_key()).when(lambda a: a.set_scopes(OLD, above, held=HELD, now=NOW)).then_refused(ScopeAboveOwn)
    given(with_key()).when(
        lambda a: a.rotate_key(OLD, NEW, "p", held=frozenset(), overlap=timedelta(), expires_at=YEAR, now=NOW)
    ).then_refused(ScopeAboveOwn)


def test_C19_a_key_that_ends_before_it_begins_is_refused() -> None:
    given(account()).when(lambda a: a.issue_key(OLD, "p", READ, held=HELD, expires_at=NOW, now=NOW)).then_refused(
        ExpiryPast
    )


def test_C19_a_rotated_key_works_until_the_overlap_is_over() -> None:
    rotated = with_key()
    rotate(rotated)
    for key_id, hours, works in ((OLD, 23, True), (OLD, 24, False), (NEW, 24, True)):
        assert (rotated.key(key_id, NOW + timedelta(hours=hours)) is not None) == works
    assert rotated.keys[NEW].scopes == ("classes.read",)


def test_C19_an_overlap_never_makes_a_key_live_longer() -> None:
    late = YEAR - timedelta(hours=1)
    given(with_key()).when(lambda a: rotate_late(a, late)).then(ServiceAccount.ApiKeyRotated, old_expires_at=YEAR)


def rotate_late(account: ServiceAccount, now: datetime) -> None:
    more = now + timedelta(days=365)
    account.rotate_key(OLD, NEW, "p", held=HELD, overlap=timedelta(days=7), expires_at=more, now=now)


def revoked() -> ServiceAccount:
    found = with_key()
    found.revoke_key(OLD, NOW)
    return found


def test_C19_a_revoked_key_works_no_more_and_revoking_twice_changes_nothing() -> None:
    assert revoked().key(OLD, NOW) is None
    given(revoked()).when(lambda a: a.revoke_key(OLD, NOW)).then_nothing()
    given(revoked()).when(rotate).then_refused(KeyEnded)
    given(revoked()).when(lambda a: a.revoke_key(NEW, NOW)).then_refused(NotFound)


def test_C19_the_same_scopes_change_nothing_and_others_are_said_anew() -> None:
    given(with_key()).when(lambda a: a.set_scopes(OLD, READ, held=HELD, now=NOW)).then_nothing()
    given(with_key()).when(lambda a: a.set_scopes(OLD, HELD, held=HELD, now=NOW)).then(
        ServiceAccount.KeyScopesSet, scopes=("classes.read", "people.read")
    )


def test_C19_a_retired_account_has_no_key_that_works_and_gets_none() -> None:
    assert retired().key(OLD, NOW) is None
    given(retired()).when(lambda a: issue(a, NEW)).then_refused(AccountRetired)
    given(retired()).when(lambda a: a.retire(NOW)).then_nothing()


def full() -> ServiceAccount:
    found = with_key()
    for _ in range(MOST_KEYS - 1):
        issue(found, uuid7())
    return found


def one_ended() -> ServiceAccount:
    found = full()
    found.revoke_key(OLD, NOW)
    return found


def test_C19_an_account_has_a_few_keys_and_ended_ones_do_not_count() -> None:
    given(full()).when(lambda a: issue(a, NEW)).then_refused(TooManyKeys)
    given(one_ended()).when(lambda a: issue(a, NEW)).then(ServiceAccount.ApiKeyIssued)


def test_C19_a_key_has_a_readable_prefix_and_256_bits() -> None:
    one, copy, other = new_key(OLD, b"a"), new_key(OLD, b"a"), new_key(OLD, b"b")
    assert one.text.startswith(one.prefix + "_")
    assert len(one.text) == len("rbk_abcdefgh_") + 43
    assert (one.key_id, one.prefix) == (copy.key_id, copy.prefix)
    assert len({one.text, copy.text, other.text}) == 3
    assert prefix_of(one.text) == one.prefix
    assert [prefix_of(text) for text in ("", "rbk_", one.text + "A", one.text[:-1], one.text.upper())] == [""] * 5


def basic(client: str, secret: str) -> str:
    return "Basic " + b64encode(f"{client}:{secret}".encode()).decode()


GRANT = "grant_type=client_credentials"


def test_C20_a_client_names_itself_by_http_basic_or_in_the_form() -> None:
    by_header = read_request(FORM, GRANT.encode(), basic(str(OLD), "a%2Bb"))
    assert (by_header.client_id, by_header.secret, by_header.scopes) == (OLD, "a+b", None)
    form = f"{GRANT}&client_id={OLD}&client_secret=key&scope=classes.read+people.read"
    in_form = read_request(f"{FORM};charset=utf-8", form.encode(), None)
    assert (in_form.client_id, in_form.secret, in_form.scopes) == (OLD, "key", HELD)


@pytest.mark.parametrize(
    ("content_type", "body", "authorization", "error", "status"),
    [
        ("application/json", "{}", None, "invalid_request", 400),
        (FORM, "", None, "invalid_request", 400),
        (FORM, "grant_type=password", None, "unsupported_grant_type", 400),
        (FORM, f"{GRANT}&{GRANT}", None, "invalid_request", 400),
        (FORM, GRANT, None, "invalid_client", 401),
        (FORM, GRANT, "Bearer x", "invalid_client", 401),
        (FORM, GRANT, "Basic ?", "invalid_client", 401),
        (FORM, GRANT, "Basic eA==", "invalid_client", 401),
        (FORM, f"{GRANT}&client_secret=x", basic("a", "b"), "invalid_request", 400),
        (FORM, "&".join(f"f{n}=1" for n in range(1000)), None, "invalid_request", 400),
        (FORM, "grant_type=%ff", None, "invalid_request", 400),
    ],
)
def test_C20_X24_a_request_that_cannot_be_read_gets_an_error_of_rfc_6749(
    content_type: str, body: str, authorization: str | None, error: str, status: int
) -> None:
    with pytest.raises(TokenRefused) as refused:
        read_request(content_type, body.encode(), authorization)
    assert (refused.value.error, refused.value.status) == (error, status)
