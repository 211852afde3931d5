"""Inviting, being mailed a link, accepting it: through HTTP and a real mail server."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response
from psycopg import AsyncConnection

from auth.invitations.expiring import expire
from auth.invitations.invitation import GOOD_FOR, Invitation
from auth.invitations.mails import invitation
from auth.memberships.membership import Membership, membership_id
from auth.service import SERVICE
from auth.settings import AuthSettings
from auth.tenants.tenant import Tenant
from auth.users.user import User
from shared.database import connect, scalar
from shared.facts import read_own
from shared.ids import PLATFORM, uuid7
from shared.kernel import Kernel
from shared.log_feed import read_page
from shared.mail.letters import Letter
from shared.mail.mailings import Composing
from shared.store import EventStore
from tests.auth.conftest import PASSWORD

NEW = {"given_name": "Bo", "family_name": "Lee", "password": PASSWORD}
PAST = timedelta(days=1)
LINK = re.compile(r"/accept-invitation#token=([\w-]+)")


@dataclass
class School:
    """Somebody's school, seen by them: `headers` are those of a sign-in."""

    auth: Any
    tenant_id: UUID
    headers: dict[str, str]

    @property
    def client(self) -> AsyncClient:
        client: AsyncClient = self.auth.client
        return client

    @property
    def store(self) -> EventStore:
        store: EventStore = self.auth.kernel.store
        return store

    async def post(self, path: str, body: Any = None) -> Response:
        answer = await self.client.post(path, json=body, headers=self.headers | {"Idempotency-Key": uuid7().hex})
        if "Consistency-Token" in answer.headers:
            self.headers["Consistency-Token"] = answer.headers["Consistency-Token"]
        return answer

    async def seen_by(self, email: str) -> "School":
        """By a member."""
        headers = await self.auth.signed_in(email, tenant_id=str(self.tenant_id))
        return School(self.auth, self.tenant_id, headers)


async def school_of(auth: Any, email: str) -> School:
    registered = await auth.register(email)
    assert registered.status_code == 201
    tenant_id = UUID(registered.json()["data"]["id"])
    return await School(auth, tenant_id, {}).seen_by(email)


@pytest.fixture
async def school(auth: Any) -> School:
    return await school_of(auth, f"owner-{uuid7().hex}@example.org")


async def invited(school: School, email: str, *roles: str, **more: Any) -> UUID:
    """The invitation's id."""
    answer = await school.post("/invitations", {"email": email, "roles": roles or ["teacher"], **more})
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["data"]["id"])


async def refused(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def token_of(school: School, invitation_id: UUID) -> str:
    """What the mail brings."""
    found = await school.store.get(Invitation, invitation_id, school.tenant_id)
    return str(school.auth.desk.credentials.handed_out.token("invitation", school.tenant_id, found.id, found.link.id))


async def accept(school: School, token: str, **how: Any) -> Response:
    return await school.client.post("/invitations/accept", json={"token": token, **(how or {"account": NEW})})


async def listed(school: School) -> list[dict[str, Any]]:
    answer = await school.client.get("/invitations", headers=school.headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def user_of(school: School, email: str) -> User:
    user_id = await school.auth.desk.credentials.user_of(email)
    assert user_id is not None
    return await school.store.get(User, user_id, PLATFORM)


async def membership_of(school: School, user: User) -> Membership:
    found = membership_id(school.tenant_id, user.id)
    return await school.store.get(Membership, found, school.tenant_id)


async def mailed(school: School, invitation_id: UUID) -> Letter | None:
    """What is written for its first mail now."""
    async with await connect(school.auth.superuser_dsn, search_path="auth") as connection:
        position = await scalar(
            connection,
            f"SELECT min(notification_id) FROM events WHERE originator_id = '{invitation_id}'",
        )
        (record,) = await read_page(connection, position - 1, 1)
    post = Composing(school.auth.kernel, "https://school.example")
    return await invitation.compose(read_own(record, school.auth.kernel.codec), post)


async def test_C4_somebody_new_follows_the_mailed_link_becomes_a_member_and_signs_in(
    school: School, email: str
) -> None:
    id = await invited(school, email, "teacher", given_name="Bo", language="es")
    letter = await mailed(school, id)
    assert letter is not None
    assert (letter.to, letter.subject) == (email, "Invitación de Escuela Sol")
    found = LINK.search(letter.text)
    assert found is not None
    answer = await accept(school, found[1])
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["tenant_id"] == str(school.tenant_id)
    assert (await school.seen_by(email)).headers
    assert (await membership_of(school, await user_of(school, email))).roles == ("teacher",)
    (row,) = await listed(school)
    assert (row["state"], row["email"], row["given_name"]) == ("accepted", email, "Bo")
    assert await mailed(school, id) is None


async def test_C2_somebody_with_an_account_proves_it_and_gets_a_membership_in_another_school(
    auth: Any, school: School, email: str
) -> None:
    other = await school_of(auth, email)
    token = await token_of(school, await invited(school, email, "auditor"))
    assert await refused(await accept(school, token)) == (409, "account-known")
    assert await refused(await accept(school, token, password="somebody else's")) == (403, "password-wrong")
    assert (await accept(school, token, password=PASSWORD)).status_code == 200
    user = await user_of(school, email)
    assert user.schools == (other.tenant_id, school.tenant_id)
    assert (await membership_of(school, user)).roles == ("auditor",)
    assert (await membership_of(other, user)).roles == ("owner",)
    assert (await school.seen_by(email)).headers


async def test_C4_without_an_account_a_password_is_not_enough(school: School, email: str) -> None:
    token = await token_of(school, await invited(school, email))
    assert await refused(await accept(school, token, password=PASSWORD)) == (409, "account-needed")
    both = await accept(school, token, password=PASSWORD, account=NEW)
    assert both.status_code == 422
    for weak in ("short", "escuela sol escuela", "qwertyuiopasdfghjkl"):
        assert (await accept(school, token, account=NEW | {"password": weak})).status_code == 422
    assert (await accept(school, token)).status_code == 200


async def test_X18_of_fifty_accepts_at_once_one_makes_one_membership(school: School, email: str) -> None:
    token = await token_of(school, await invited(school, email))
    answers = await asyncio.gather(
        *[school.client.post("/invitations/accept", json={"token": token, "account": NEW}) for _ in range(50)]
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 49
    user = await user_of(school, email)
    events = await school.auth.topics(membership_id(school.tenant_id, user.id))
    assert events == ["auth.membership_started"]
    assert user.schools == (school.tenant_id,)
    assert await passwords_of_nobody(school) == 0


async def passwords_of_nobody(school: School) -> int:
    """Hashes that were kept for users who never came to be."""
    async with await AsyncConnection.connect(school.auth.superuser_dsn) as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM auth.passwords p WHERE NOT EXISTS (SELECT 1 FROM auth.events e"
            " WHERE e.originator_id = p.user_id AND e.originator_version = 1)"
        )
        (count,) = await cursor.fetchone() or (0,)
    return int(count)


async def test_X18_of_many_accepts_of_a_known_account_one_makes_one_membership(
    auth: Any, school: School, email: str
) -> None:
    await auth.register(email)
    token = await token_of(school, await invited(school, email))
    answers = await asyncio.gather(
        *[school.client.post("/invitations/accept", json={"token": token, "password": PASSWORD}) for _ in range(20)]
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19


async def test_C4_a_copy_of_an_accept_gets_the_same_answer(school: School, email: str) -> None:
    token = await token_of(school, await invited(school, email))
    headers = {"Idempotency-Key": uuid7().hex}
    body = {"token": token, "account": NEW}
    first, second = [await school.client.post("/invitations/accept", json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.status_code == 200
    assert await passwords_of_nobody(school) == 0


async def test_C4_an_address_has_one_open_invitation(school: School, email: str) -> None:
    first = await invited(school, email)
    again = await school.post("/invitations", {"email": email.upper(), "roles": ["teacher"]})
    assert await refused(again) == (409, "already-invited")
    assert (await school.post(f"/invitations/{first}/revoke")).status_code == 200
    assert await refused(await accept(school, await token_of(school, first))) == (409, "link-spent")
    second = await invited(school, email)
    assert (await accept(school, await token_of(school, second))).status_code == 200
    member = await school.post("/invitations", {"email": email, "roles": ["teacher"]})
    assert await refused(member) == (409, "already-member")
    assert [row["state"] for row in await listed(school)] == ["revoked", "accepted"]


async def test_C4_two_who_invite_the_same_address_at_once_make_one_invitation(school: School, email: str) -> None:
    body = {"email": email, "roles": ["teacher"]}
    answers = await asyncio.gather(
        *[
            school.client.post("/invitations", json=body, headers=school.headers | {"Idempotency-Key": uuid7().hex})
            for _ in range(5)
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 4


async def test_S14_an_invitation_that_is_sent_again_has_a_new_link(
    school: School, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await invited(school, email)
    old = await token_of(school, id)
    assert await refused(await school.post(f"/invitations/{id}/resend")) == (409, "sent-too-recently")
    monkeypatch.setattr("auth.invitations.invitation.RESENT_AFTER", -PAST)
    assert (await school.post(f"/invitations/{id}/resend")).status_code == 200
    assert await refused(await accept(school, old)) == (409, "link-spent")
    assert (await accept(school, await token_of(school, id))).status_code == 200


async def test_C4_an_invitation_whose_time_is_over_gives_way_to_a_new_one(
    school: School, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setattr("auth.invitations.invitation.GOOD_FOR", -PAST)
        first = await invited(school, email)
        assert await refused(await accept(school, await token_of(school, first))) == (409, "link-spent")
        second = await invited(school, email)
    monkeypatch.setattr("auth.invitations.invitation.RESENT_AFTER", -PAST)
    assert await refused(await school.post(f"/invitations/{first}/resend")) == (409, "invitation-is-over")
    assert (await accept(school, await token_of(school, second))).status_code == 200
    assert [row["state"] for row in await listed(school)] == ["expired", "accepted"]


async def test_C4_what_nobody_accepted_expires(auth: Any, school: School, email: str) -> None:
    first, second = await invited(school, email), await invited(school, f"2-{email}")
    await listed(school)
    token = await token_of(school, second)
    assert (await accept(school, token)).status_code == 200
    settings = AuthSettings()
    async with Kernel.open(SERVICE, settings, worker=True) as kernel:
        later = datetime.now(UTC) + GOOD_FOR
        await expire(kernel, later - timedelta(minutes=1))
        assert await auth.topics(first) == ["auth.member_invited"]
        for _ in range(2):
            await expire(kernel, later)
        assert await auth.topics(first) == ["auth.member_invited", "auth.invitation_expired"]
        assert (await auth.topics(second))[-1] == "auth.invitation_accepted"
    assert await refused(await accept(school, await token_of(school, first))) == (409, "link-spent")
    assert await invited(school, email)


async def test_S16_nobody_invites_above_the_own_rank(school: School, email: str) -> None:
    token = await token_of(school, await invited(school, email, "administrator"))
    assert (await accept(school, token)).status_code == 200
    administrator = await school.seen_by(email)
    for role, expected in (("owner", (403, "role-above-own")), ("service_account", (422, "validation-failed"))):
        answer = await administrator.post("/invitations", {"email": f"2-{email}", "roles": [role]})
        assert await refused(answer) == expected
    assert await invited(administrator, f"2-{email}", "administrator")


async def test_C4_an_invited_owner_is_one_of_the_owners(school: School, email: str) -> None:
    token = await token_of(school, await invited(school, email, "owner"))
    assert (await accept(school, token)).status_code == 200
    user = await user_of(school, email)
    tenant = await school.store.get(Tenant, school.tenant_id, school.tenant_id)
    assert len(tenant.owners) == 2
    assert user.id in tenant.owners


async def test_S2_a_teacher_invites_nobody(school: School, email: str) -> None:
    assert (await accept(school, await token_of(school, await invited(school, email, "teacher")))).status_code == 200
    teacher = await school.seen_by(email)
    answer = await teacher.post("/invitations", {"email": f"2-{email}", "roles": ["teacher"]})
    assert answer.status_code == 403


async def test_C4_an_invitation_of_another_school_does_not_exist(auth: Any, school: School, email: str) -> None:
    id = await invited(await school_of(auth, f"other-{email}"), email)
    assert (await school.post(f"/invitations/{id}/revoke")).status_code == 404
    assert (await school.post(f"/invitations/{id}/resend")).status_code == 404
    assert await listed(school) == []


async def test_X17_a_link_of_another_kind_accepts_nothing(school: School, email: str) -> None:
    id = await invited(school, email)
    found = await school.store.get(Invitation, id, school.tenant_id)
    handed_out = school.auth.desk.credentials.handed_out
    for token in (
        handed_out.token("verify-email", school.tenant_id, id, found.link.id),
        handed_out.token("invitation", uuid7(), id, found.link.id),
        handed_out.token("invitation", school.tenant_id, id),
        "A" * 200,
    ):
        assert await refused(await accept(school, token)) == (409, "link-spent")


async def test_F2_what_was_accepted_names_the_person_and_the_account(school: School, email: str) -> None:
    person_id = uuid7()
    id = await invited(school, email, "teacher", person_id=str(person_id))
    assert (await accept(school, await token_of(school, id))).status_code == 200
    user = await user_of(school, email)
    event = await stored(school, id, Invitation.Accepted)
    assert (event.user_id, event.linked_person_id, event.roles) == (user.id, person_id, ("teacher",))
    assert event.membership_id == membership_id(school.tenant_id, user.id)
    assert email not in str(vars(event))


async def stored(school: School, aggregate_id: UUID, kind: type[Any]) -> Any:
    """The last event of this kind."""
    async with await AsyncConnection.connect(school.auth.superuser_dsn) as connection:
        cursor = await connection.execute(
            "SELECT topic, state, originator_version FROM auth.events WHERE originator_id = %s AND topic = %s"
            " ORDER BY originator_version DESC LIMIT 1",
            (aggregate_id, kind.TOPIC),
        )
        topic, state, version = await cursor.fetchone() or ("", b"", 0)
    return school.auth.kernel.codec.decode(topic, state, aggregate_id, version, school.tenant_id)[1]
