"""What can be done with an artefact: take it, which is recorded."""

from uuid import UUID

from exports.artifacts.artifact import Artifact
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def record_download(store: EventStore, call: Call, artifact_id: UUID) -> Saved:
    return await store.change(
        Artifact, artifact_id, lambda artifact: artifact.record_download(call.actor.id, call.now), call=call
    )
