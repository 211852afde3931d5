"""Exports' part of an erasure: files that name the person are removed, also those that are being written."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel

from exports.artifacts.artifact import Artifact, artifact_id
from exports.artifacts.files import ArtifactFiles
from exports.attendance.attendance import Attendance
from exports.erasures.erasure_answer import ErasureAnswer, answer_id
from exports.jobs.export_job import ExportJob
from exports.jobs.job_list import JobList
from exports.settings import ExportsSettings
from shared.calls import Call, Saved
from shared.commands import command
from shared.personal import Keyring
from shared.reactions import Act, Fact, when
from shared.store import EventStore

REASON = "person-erased"


class ErasureApproved(BaseModel):
    person_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class ClassId:
    class_id: UUID


@dataclass(frozen=True)
class JobId:
    job_id: UUID


@dataclass(frozen=True)
class PersonId:
    person_id: UUID


@when("auth.erasure_approved", name="exports.remove-files-of-erased")
async def when_erasure_approved(fact: Fact[ErasureApproved], act: Act) -> None:
    """The marker first, of those whose names stand here: what is written from now on names nobody. Then the files, then
    the answer."""
    people = fact.data.person_ids
    async with act.reading(Attendance) as read:
        known = await read.all(PersonId, NAMED, people=list(people))
    keys = [Keyring.erased(fact.tenant_id, person.person_id) for person in known]
    await act.store.save(call=act.call.step("keys"), keys=keys)
    jobs = await jobs_naming(act, people)
    files = ArtifactFiles(ExportsSettings().artifacts)
    for job_id in jobs:
        files.remove(fact.tenant_id, artifact_id(job_id))
    await remove_artifacts(act.store, act.call, fact.aggregate_id, people, jobs)


async def jobs_naming(act: Act, people: Iterable[UUID]) -> list[UUID]:
    """Every export of a class in which one of these has a mark."""
    async with act.reading(Attendance) as read:
        classes = await read.all(ClassId, CLASSES, people=list(people))
    async with act.reading(JobList) as read:
        jobs = await read.all(JobId, JOBS, classes=[each.class_id for each in classes])
    return [each.job_id for each in jobs]


@command
async def remove_artifacts(
    store: EventStore, call: Call, erasure_id: UUID, people: tuple[UUID, ...], jobs: list[UUID]
) -> Saved:
    """A job that is still writing fails: it may be asked for again, and then names nobody who was erased."""
    artifacts = await store.get_many(Artifact, map(artifact_id, jobs), call.tenant_id)
    running = await store.get_many(ExportJob, jobs, call.tenant_id)
    for artifact in artifacts.values():
        artifact.delete(REASON, call.now)
    for job in running.values():
        job.fail(REASON, call.now)
    answer = ErasureAnswer(
        id=answer_id(erasure_id),
        tenant_id=call.tenant_id,
        erasure_id=erasure_id,
        person_ids=people,
        timestamp=call.now,
    )
    return await store.save(answer, *artifacts.values(), *running.values(), call=call)


NAMED = "SELECT DISTINCT person_id FROM person_name WHERE tenant_id = %(tenant)s AND person_id = ANY(%(people)s)"
CLASSES = "SELECT DISTINCT class_id FROM mark WHERE tenant_id = %(tenant)s AND person_id = ANY(%(people)s)"
JOBS = "SELECT job_id FROM export_job WHERE tenant_id = %(tenant)s AND class_id = ANY(%(classes)s) ORDER BY job_id"
