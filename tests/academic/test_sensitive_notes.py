"""Sensitive notes: apart, by a right of their own, sealed, and whoever reads them leaves a trace."""

import time
from typing import Any

from infra.testing.harness import PERMISSIONS
from infra.testing.school import School
from shared.ids import uuid7

ALLERGY = {"kind": "allergies", "text": "Peanuts, carries an adrenaline pen"}


async def with_note(school: School) -> tuple[str, str]:
    """A person, and the id of a note about them."""
    ann = await school.person("Ann")
    return ann, (await school.did(f"/people/{ann}/notes", ALLERGY))["note_id"]


async def told(school: School, ann: str) -> list[tuple[str, str]]:
    return [(note["kind"], note["text"]) for note in await school.got(f"/people/{ann}/notes")]


async def test_A32_A33_a_note_is_written_revised_and_removed_apart_from_all_other_data(school: School) -> None:
    ann, note = await with_note(school)
    assert await told(school, ann) == [("allergies", "Peanuts, carries an adrenaline pen")]
    await school.did(f"/people/{ann}/notes", {"kind": "custody", "text": "Only the mother collects her"})
    await school.did(f"/people/{ann}/notes/{note}/revision", ALLERGY | {"text": "None any more"})
    assert sorted(await told(school, ann))[0] == ("allergies", "None any more")
    await school.did(f"/people/{ann}/notes/{note}/removal")
    assert [kind for kind, _ in await told(school, ann)] == ["custody"]
    assert await school.refused(f"/people/{ann}/notes/{note}/removal") == (404, "note-unknown")
    assert await school.refused(f"/people/{ann}/notes/{note}/revision", ALLERGY) == (404, "note-unknown")
    assert "notes" not in await school.got(f"/people/{ann}")


async def test_A32_each_reading_leaves_a_trace_of_who_read_what(school: School) -> None:
    ann, note = await with_note(school)
    ben = await school.person("Ben")
    for _ in range(2):
        await told(school, ann)
    assert await told(school, ben) == []
    readings = await school.got(f"/people/{ann}/note-readings")
    assert [reading["note_ids"] for reading in readings] == [[note], [note]]
    assert {reading["who"]["kind"] for reading in readings} == {"user"}
    assert len({reading["who"]["id"] for reading in readings}) == 2
    assert [reading["note_ids"] for reading in await school.got(f"/people/{ben}/note-readings")] == [[]]
    page = await school.got(f"/people/{ann}/note-readings", limit=1)
    assert page == readings[:1]
    assert await school.it.stored(school.tenant_id, "academic.sensitive_notes_read") != []


async def test_A32_who_may_not_read_notes_or_proved_nothing_lately_gets_none_and_leaves_no_trace(
    school: School,
) -> None:
    ann, _ = await with_note(school)
    path, it = f"/people/{ann}/notes", school.it
    before = await school.events()
    school.permissions = tuple(each for each in PERMISSIONS if each != "notes.read")
    assert (await school.get(path)).json()["code"] == "forbidden"
    hour_ago: dict[str, Any] = {"amr": ["pwd"], "auth_time": int(time.time()) - 3600}
    stale = {"Authorization": f"Bearer {it.signer.token(school.tenant_id, PERMISSIONS, claims=hour_ago)}"}
    assert (await it.client.get(path, headers=stale)).json()["code"] == "step-up-needed"
    assert (await school.get(f"/people/{uuid7()}/notes")).status_code == 403
    assert await school.events() == before


async def test_N6_A33_notes_are_sealed_and_erased_with_the_person(school: School) -> None:
    ann, _ = await with_note(school)
    (stored,) = await school.it.stored(school.tenant_id, "academic.sensitive_note_written")
    assert "Peanuts" not in str(stored)
    assert "allergies" not in str(stored)
    await school.it.feed("auth.erasure_approved", school.tenant_id, uuid7(), {"person_ids": [ann]})
    await school.it.settle()
    assert await told(school, ann) == []
    assert await school.refused(f"/people/{ann}/notes", ALLERGY) == (409, "person-is-erased")
    assert len(await school.got(f"/people/{ann}/note-readings")) == 1


async def test_notes_say_what_kind_they_are_and_are_not_without_end(school: School) -> None:
    ann = await school.person("Ann")
    for wrong in ({"kind": "gossip"}, {"text": ""}, {"text": "x" * 501}, {"colour": "red"}):
        assert (await school.post(f"/people/{ann}/notes", ALLERGY | wrong)).status_code == 422, wrong
    for _ in range(50):
        await school.did(f"/people/{ann}/notes", ALLERGY)
    assert await school.refused(f"/people/{ann}/notes", ALLERGY) == (409, "too-many-notes")
