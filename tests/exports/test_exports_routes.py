"""Exporting the attendance of a class, over HTTP, a real PostgreSQL and the worker's reactions."""

import asyncio
import csv
import hashlib
import io
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from exports.artifacts.artifact import artifact_id
from exports.artifacts.files import ArtifactFiles
from exports.jobs import export_job, reactions, writing
from exports.jobs.commands import complete_export, report_checkpoint, request_export
from exports.jobs.export_job import Checkpoint, ExportJob
from shared.calls import Actor, Call, Saved
from shared.ids import uuid7
from shared.store import EventStore


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))


async def lesson(exports: Any, tenant: UUID) -> tuple[UUID, UUID, UUID, UUID]:
    """A class with two students and one meeting: Ana came, the other one did not."""
    academic = exports.academic
    ana = await academic.person(tenant, "Ana", "García, hija")
    bad = await academic.person(tenant, "=HYPERLINK(1)", "O'Neill")
    class_id = await academic.opened(tenant, "Guitar 1")
    meeting = await academic.marked(tenant, class_id, "2026-09-07", {ana: "P", bad: "A"})
    return class_id, meeting, ana, bad


async def test_F11_D1_R4_61_attendance_becomes_a_file_with_names_opened(exports: Any) -> None:
    tenant = uuid7()
    class_id, *_ = await lesson(exports, tenant)
    job_id = await exports.exported(tenant, class_id)
    answer = await exports.artifact(tenant, job_id)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="attendance-2026-09-01-2026-09-30.csv"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    lines = read(answer.content)
    assert len(lines) == 2
    ana = next(line for line in lines if line["given_name"] == "Ana")
    assert ana == {
        "date": "2026-09-07",
        "starts": "17:00",
        "minutes": "90",
        "class": "Guitar 1",
        "class_code": "7A",
        "family_name": "García, hija",
        "given_name": "Ana",
        "code": "P",
        "present": "1",
        "billable": "1",
        "corrected": "0",
    }


async def test_S20_a_name_that_looks_like_a_formula_is_guarded_in_the_file(exports: Any) -> None:
    tenant = uuid7()
    class_id, *_ = await lesson(exports, tenant)
    content = (await exports.artifact(tenant, await exports.exported(tenant, class_id))).content
    assert b'"\'=HYPERLINK(1)"' in content


async def test_D15_the_manifest_tells_size_hash_and_the_position_reflected(exports: Any) -> None:
    tenant = uuid7()
    class_id, *_ = await lesson(exports, tenant)
    position = exports.academic.position
    job_id = await exports.exported(tenant, class_id)
    answer = await exports.client.get(f"/exports/{job_id}/manifest", headers=exports.headers(tenant))
    manifest = answer.json()["data"]
    content = (await exports.artifact(tenant, job_id)).content
    assert manifest["files"] == [
        {
            "file": "attendance-2026-09-01-2026-09-30.csv",
            "media_type": "text/csv; charset=utf-8",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "rows": 2,
        }
    ]
    assert manifest["positions"] == [{"service": "academic", "position": position}]


async def test_a_correction_shows_in_the_next_file(exports: Any) -> None:
    tenant = uuid7()
    class_id, meeting, ana, _ = await lesson(exports, tenant)
    before = await exports.exported(tenant, class_id)
    await exports.academic.corrected(tenant, class_id, meeting, "2026-09-07", ana, "A")
    after = await exports.exported(tenant, class_id)
    codes = [
        {line["given_name"]: (line["code"], line["corrected"]) for line in read(content)}["Ana"]
        for content in [(await exports.artifact(tenant, job)).content for job in (before, after)]
    ]
    assert codes == [("P", "0"), ("A", "1")]


async def test_N11_the_same_request_at_the_same_position_gives_the_same_bytes(exports: Any) -> None:
    tenant = uuid7()
    class_id, meeting, ana, bad = await lesson(exports, tenant)
    job_id = await exports.exported(tenant, class_id)
    first = (await exports.artifact(tenant, job_id)).content
    await exports.academic.corrected(tenant, class_id, meeting, "2026-09-07", ana, "A")
    await exports.academic.marked(tenant, class_id, "2026-09-08", {ana: "P", bad: "P"})
    job = await exports.worker.store.get(ExportJob, UUID(job_id), tenant)
    call = Call(tenant_id=tenant, actor=Actor("user", "ann"), now=datetime.now(UTC), correlation_id=uuid7())
    again = await request_export(exports.worker.store, call, uuid7(), job.query, job.positions)
    await exports.finished(tenant, str(again.id))
    assert (await exports.artifact(tenant, str(again.id))).content == first
    assert (await exports.artifact(tenant, await exports.exported(tenant, class_id))).content != first


async def test_only_the_days_asked_for_are_in_the_file(exports: Any) -> None:
    tenant = uuid7()
    class_id, _, ana, _ = await lesson(exports, tenant)
    for day in ("2026-08-31", "2026-09-01", "2026-09-30", "2026-10-01"):
        await exports.academic.marked(tenant, class_id, day, {ana: "P"})
    content = (await exports.artifact(tenant, await exports.exported(tenant, class_id))).content
    assert [line["date"] for line in read(content)] == ["2026-09-01", "2026-09-07", "2026-09-07", "2026-09-30"]


async def test_D2_R3_6_progress_counts_rows_over_many_steps(exports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_job, "FEWEST_ROWS", 3)
    monkeypatch.setattr(writing, "PAGE", 2)
    tenant = uuid7()
    class_id, _, ana, _ = await lesson(exports, tenant)
    for day in range(8, 18):
        await exports.academic.marked(tenant, class_id, f"2026-09-{day:02}", {ana: "P"})
    job_id = await exports.exported(tenant, class_id)
    job = (await exports.client.get(f"/exports/{job_id}", headers=exports.headers(tenant))).json()["data"]
    assert (job["total"], job["done"], job["percent"]) == (12, 12, 100)
    lines = read((await exports.artifact(tenant, job_id)).content)
    assert [line["date"] for line in lines] == sorted(line["date"] for line in lines)
    assert len(lines) == 12
    topics = await topics_of(exports, UUID(job_id))
    assert topics.count("exports.checkpoint_reached") == 3


async def test_N11_a_crash_after_the_file_was_renamed_has_no_second_effect(
    exports: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashes = iter([True, True])

    async def crashing(*arguments: Any) -> Saved:
        if next(crashes, False):
            raise TimeoutError
        return await complete_export(*arguments)

    monkeypatch.setattr(reactions, "complete_export", crashing)
    tenant = uuid7()
    class_id, *_ = await lesson(exports, tenant)
    job_id = await exports.exported(tenant, class_id)
    assert list(crashes) == []
    assert (await topics_of(exports, UUID(job_id))).count("exports.export_completed") == 1
    assert await topics_of(exports, artifact_id(UUID(job_id))) == ["exports.artifact_sealed"]
    answer = await exports.client.get(f"/exports/{job_id}/manifest", headers=exports.headers(tenant))
    content = (await exports.artifact(tenant, job_id)).content
    assert answer.json()["data"]["files"][0]["sha256"] == hashlib.sha256(content).hexdigest()


async def test_a_draft_that_was_lost_between_two_steps_is_written_again(
    exports: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_job, "FEWEST_ROWS", 1)
    tenant = uuid7()
    class_id, *_ = await lesson(exports, tenant)
    whole = (await exports.artifact(tenant, await exports.exported(tenant, class_id))).content

    async def losing(store: EventStore, call: Call, job_id: UUID, checkpoint: Checkpoint) -> Saved:
        ArtifactFiles(exports.artifacts).discard(tenant, artifact_id(job_id))
        return await report_checkpoint(store, call, job_id, checkpoint)

    monkeypatch.setattr(reactions, "report_checkpoint", losing)
    again = (await exports.artifact(tenant, await exports.exported(tenant, class_id))).content
    assert again == whole


async def test_an_empty_period_gives_a_file_with_a_header_only(exports: Any) -> None:
    tenant = uuid7()
    class_id = await exports.academic.opened(tenant, "Empty")
    job_id = await exports.exported(tenant, class_id)
    content = (await exports.artifact(tenant, job_id)).content
    assert read(content) == []
    assert content.startswith(b'"date","starts"')


async def test_a_repeated_request_starts_one_job(exports: Any) -> None:
    tenant = uuid7()
    class_id, *_ = await lesson(exports, tenant)
    first = await exports.ask(tenant, class_id, key="once")
    second = await exports.ask(tenant, class_id, key="once")
    assert first.content == second.content
    await exports.finished(tenant, first.json()["data"]["id"])
    jobs = (await exports.client.get("/exports", headers=exports.headers(tenant))).json()["data"]
    assert len(jobs) == 1


async def test_a_key_that_has_not_arrived_is_waited_for_and_never_taken_for_erased(exports: Any) -> None:
    tenant, academic = uuid7(), exports.academic
    person = uuid7()
    sealer = await academic.kernel.keyring.sealer(tenant, person)
    await academic.tell(
        tenant,
        "academic.person_registered",
        person,
        given_name=sealer.seal("given_name", "Late").text,
        family_name=sealer.seal("family_name", "Key").text,
    )
    class_id = await academic.opened(tenant, "Piano")
    await academic.marked(tenant, class_id, "2026-09-07", {person: "P"})
    asked = await exports.ask(tenant, class_id)
    job_id = asked.json()["data"]["id"]
    while True:
        if "exports.export_started" in await topics_of(exports, UUID(job_id)):
            break
    assert "exports.export_completed" not in await topics_of(exports, UUID(job_id))
    await academic.distribute(sealer.new)
    async with asyncio.timeout(20):
        await exports.finished(tenant, job_id)
    content = (await exports.artifact(tenant, job_id)).content
    assert [line["given_name"] for line in read(content)] == ["Late"]


async def test_an_erased_person_leaves_an_empty_name(exports: Any) -> None:
    tenant, academic = uuid7(), exports.academic
    class_id, _, ana, _ = await lesson(exports, tenant)
    await academic.distribute([academic.kernel.keyring.erased(tenant, ana)])
    content = (await exports.artifact(tenant, await exports.exported(tenant, class_id))).content
    assert sorted(line["given_name"] for line in read(content)) == ["", "'=HYPERLINK(1)"]


async def test_D1_a_job_whose_file_cannot_be_written_fails_with_a_reason(exports: Any) -> None:
    tenant = uuid7()
    class_id, *_ = await lesson(exports, tenant)
    exports.artifacts.mkdir(exist_ok=True)
    (exports.artifacts / str(tenant)).write_text("in the way")
    asked = await exports.ask(tenant, class_id)
    job = await exports.finished(tenant, asked.json()["data"]["id"])
    assert (job["state"], job["reason"], job["artifact_id"]) == ("failed", "storage-failed", None)
    assert (await exports.artifact(tenant, job["id"])).status_code == 404


async def test_D27_who_took_a_file_is_told(exports: Any) -> None:
    tenant = uuid7()
    class_id, *_ = await lesson(exports, tenant)
    job_id = await exports.exported(tenant, class_id)
    await exports.artifact(tenant, job_id)
    while True:
        answer = await exports.client.get(f"/exports/{job_id}/downloads", headers=exports.headers(tenant))
        if answer.json()["data"]:
            break
    assert [row["downloaded_by"] for row in answer.json()["data"]] == ["ann"]


async def test_S1_another_school_cannot_tell_an_export_from_none(exports: Any) -> None:
    tenant, other = uuid7(), uuid7()
    class_id, *_ = await lesson(exports, tenant)
    job_id = await exports.exported(tenant, class_id)
    for tail in ("", "/artifact", "/manifest", "/downloads"):
        foreign = await exports.client.get(f"/exports/{job_id}{tail}", headers=exports.headers(other))
        unknown = await exports.client.get(f"/exports/{uuid7()}{tail}", headers=exports.headers(other))
        assert foreign.status_code == unknown.status_code == 404, tail
        assert without_trace(foreign.json()) == without_trace(unknown.json())
    foreign, unknown = await exports.ask(other, class_id), await exports.ask(other, uuid7())
    assert foreign.status_code == 404
    assert without_trace(foreign.json()) == without_trace(unknown.json())


async def test_a_period_that_ends_before_it_begins_is_refused(exports: Any) -> None:
    tenant = uuid7()
    class_id, *_ = await lesson(exports, tenant)
    refused = await exports.ask(tenant, class_id, **{"from": "2026-09-30", "to": "2026-09-01"})
    assert (refused.status_code, refused.json()["code"]) == (409, "period-reversed")
    assert refused.json()["errors"][0]["pointer"] == "/to"


async def test_S2_without_the_permission_nothing_is_exported(exports: Any) -> None:
    headers = exports.headers(uuid7(), ("exports.read",)) | {"Idempotency-Key": "k"}
    body = {"kind": "class-attendance", "class_id": str(uuid7()), "from": "2026-09-01", "to": "2026-09-30"}
    assert (await exports.client.post("/exports", json=body, headers=headers)).status_code == 403


async def test_the_summary_counts_jobs(exports: Any) -> None:
    tenant = uuid7()
    class_id, *_ = await lesson(exports, tenant)
    await exports.exported(tenant, class_id)
    summary = (await exports.client.get("/summary", headers=exports.headers(tenant))).json()["data"]
    assert summary == {"requested": 0, "running": 0, "completed": 1, "failed": 0}


async def test_no_half_file_stays_beside_a_finished_one(exports: Any) -> None:
    tenant = uuid7()
    class_id, *_ = await lesson(exports, tenant)
    job_id = await exports.exported(tenant, class_id)
    path = ArtifactFiles(exports.artifacts).path(tenant, artifact_id(UUID(job_id)))
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


async def topics_of(exports: Any, job_id: UUID) -> list[str]:
    async with exports.worker.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT topic FROM events WHERE originator_id = %s ORDER BY originator_version", (job_id,)
        )
        return [topic for (topic,) in await cursor.fetchall()]


def without_trace(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "trace_id"}
