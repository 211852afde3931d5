"""What somebody does in another's name: every event says who did it, and as whom."""

import orjson

from infra.testing.harness import PERMISSIONS, Running
from infra.testing.school import School
from shared.ids import uuid7


async def test_C29_an_event_names_who_acts_and_as_whom(academic: Running, school: School) -> None:
    tenant, as_whom = school.tenant_id, uuid7()
    act = {"sub": str(uuid7()), "sid": str(uuid7()), "rights": 1}
    token = academic.signer.token(tenant, PERMISSIONS, subject=as_whom, claims={"act": act})
    own = academic.signer.token(tenant, PERMISSIONS, subject=as_whom, claims={"sid": act["sid"], "sub": act["sub"]})
    body = {"title": "Piano"}
    answers = [
        await academic.client.post(
            "/courses", json=body, headers={"Authorization": f"Bearer {each}", "Idempotency-Key": "the-same"}
        )
        for each in (token, own)
    ]
    assert [answer.status_code for answer in answers] == [201, 201], [answer.text for answer in answers]
    found = [orjson.loads(each.state)["meta"] for each in await academic.log() if each.tenant_id == tenant]
    acted, alone = found[-2:]
    assert (acted["actor"]["kind"], acted["actor"]["id"], acted["on_behalf_of"]) == ("user", act["sub"], str(as_whom))
    assert acted["actor"]["login"] == act["sid"]
    assert alone["actor"]["id"] == act["sub"]
    assert "on_behalf_of" not in alone
