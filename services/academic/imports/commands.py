"""What can be done with an imported file: try it out, or apply it block by block."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from academic.imports.blocks import Block
from academic.imports.counts import Counts, counts_of, merged
from academic.imports.deciding import Ground, decide
from academic.imports.findings import KEPT, Finding
from academic.imports.import_batch import ImportBatch, Mode
from academic.imports.preparing import InUse, Prepared, prepare
from academic.imports.refusals import SourceIdTaken
from academic.orgs.org import Org, root_org_id
from shared.calls import Call, Saved
from shared.commands import command
from shared.ids import uuid7
from shared.personal import Keyring
from shared.store import EventStore, Taken


@dataclass(frozen=True)
class Upload:
    """A file as it was posted, and what is to be done with it."""

    path: Path
    sha256: str
    size: int
    mode: Mode
    in_use: InUse | None
    """Given when what a bulk file does not name any more is to be retired."""


async def try_import(store: EventStore, call: Call, keyring: Keyring, upload: Upload) -> ImportBatch:
    """What an import would do. Nothing is stored."""
    ground = await _ground(store, call, keyring)
    prepared = await prepare(store, call.tenant_id, upload.path, upload.in_use)
    return await _validated(ground, upload, prepared, uuid7())


async def import_file(store: EventStore, call: Call, keyring: Keyring, upload: Upload) -> tuple[ImportBatch, Saved]:
    """The batch as it ended, and its last save. Called again with the same key it goes on where it stopped:
    blocks that are saved are replays, the batch keeps its first validation."""
    ground = await _ground(store, call, keyring)
    saved = await store.replayed(call)
    prepared: Prepared | None = None
    if saved is None:
        prepared = await prepare(store, call.tenant_id, upload.path, upload.in_use)
        batch = await _validated(ground, upload, prepared, uuid7())
        saved = await stage_import(store, replace(call, correlation_id=batch.id), batch)
    batch = await store.get(ImportBatch, saved.id, call.tenant_id)
    if batch.state == "validated":
        prepared = prepared or await prepare(store, call.tenant_id, upload.path, upload.in_use)
        # A conflict in the middle is never a reason to give up: half a file would be applied.
        own = replace(call, correlation_id=batch.id, deadline=None)
        saved = await _apply(ground, own, batch.id, prepared)
        batch = await store.get(ImportBatch, batch.id, call.tenant_id)
    return batch, saved


@command
async def stage_import(store: EventStore, call: Call, batch: ImportBatch) -> Saved:
    return await store.save(batch, call=call)


@command
async def apply_block(store: EventStore, call: Call, ground: Ground, block: Block) -> Saved:
    decided = await decide(ground, block)
    late = [[f.file, f.line, f.field, f.code, f.message] for f in decided.findings if f.severity == "error"]
    try:
        return await store.save(
            *decided.aggregates,
            call=call,
            claims=decided.claims,
            keys=decided.keys,
            reply={"tally": decided.tally, "late": late},
        )
    except Taken:
        raise SourceIdTaken from None


@command
async def finish_import(store: EventStore, call: Call, batch_id: UUID, counts: Counts, late: list[Finding]) -> Saved:
    return await store.change(ImportBatch, batch_id, lambda batch: batch.apply(counts, late, call.now), call=call)


async def _ground(store: EventStore, call: Call, keyring: Keyring) -> Ground:
    root = await store.find(Org, root_org_id(call.tenant_id), call.tenant_id)
    zone = ZoneInfo(root.zone if root is not None and root.zone else "UTC")
    return Ground(store, keyring, call.tenant_id, call.now, call.now.astimezone(zone).date())


async def _validated(ground: Ground, upload: Upload, prepared: Prepared, batch_id: UUID) -> ImportBatch:
    bundle = prepared.bundle
    tallies = [bundle.tally]
    for block in prepared.blocks:
        decided = await decide(ground, block)
        tallies.append(decided.tally)
        for finding in decided.findings:
            bundle.findings.add(finding)
    batch = ImportBatch(
        id=batch_id,
        tenant_id=ground.tenant_id,
        sha256=upload.sha256,
        size=upload.size,
        version=bundle.manifest.version,
        files=tuple(bundle.rows),
        mode=upload.mode,
        retire_missing=upload.in_use is not None,
        timestamp=ground.now,
    )
    found = bundle.findings
    counts = counts_of(bundle.rows, merged(tallies))
    batch.validate(counts, found.kept, found.errors, found.warnings, ground.now)
    return batch


async def _apply(ground: Ground, call: Call, batch_id: UUID, prepared: Prepared) -> Saved:
    tallies: list[Any] = [prepared.bundle.tally]
    late: list[Finding] = []
    for block in prepared.blocks:
        saved = await apply_block(ground.store, call.step(block.step), ground, block)
        tallies.append(saved.reply["tally"])
        late += [Finding(file, line, name, "error", *why) for file, line, name, *why in saved.reply["late"]]
    counts = counts_of(prepared.bundle.rows, merged(tallies))
    batch = await ground.store.get(ImportBatch, batch_id, call.tenant_id)
    new = [finding for finding in late if finding not in batch.findings][: KEPT - len(batch.findings)]
    return await finish_import(ground.store, call.step("applied"), batch_id, counts, new)
