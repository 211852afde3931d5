"""The exports service: what it decides, shows and reacts to."""

from exports.artifacts.artifact import Artifact
from exports.artifacts.artifact_list import Artifacts
from exports.attendance.attendance import Attendance
from exports.erasures.erasure_answer import ErasureAnswer
from exports.erasures.reactions import when_erasure_approved
from exports.jobs.export_job import ExportJob
from exports.jobs.job_list import JobList
from exports.jobs.reactions import when_checkpoint_reached, when_export_requested, when_export_started
from shared.revocations import Revocations
from shared.service import Service

SERVICE = Service(
    "exports",
    aggregates=(ExportJob, Artifact, ErasureAnswer),
    views=(JobList, Artifacts, Attendance, Revocations),
    reactions=(when_export_requested, when_export_started, when_checkpoint_reached, when_erasure_approved),
)
