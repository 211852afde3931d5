"""An import whose process died between two blocks goes on where it stopped, and does nothing twice."""

from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from academic.imports import blocks
from academic.imports.commands import Upload, import_file
from academic.imports.import_batch import ImportBatch
from infra.demo_files import Rows, bundle
from infra.testing.school import School
from shared.calls import Call, Saved
from shared.personal import Keyring
from shared.store import EventStore

ORGS = [{"sourcedId": f"o{n}", "name": f"Branch {n}", "type": "school"} for n in range(6)]
USERS = [{"sourcedId": f"u{n}", "enabledUser": "true", "givenName": "Ana", "familyName": "Sol"} for n in range(6)]
FILES: dict[str, Rows] = {"orgs": ORGS, "users": USERS}


class Died(Exception):
    """The process ended here."""


class DyingStore(EventStore):
    """The real store of a process that dies before its n-th save."""

    def __init__(self, real: EventStore, saves: int) -> None:
        vars(self).update(vars(real))
        self.left = saves

    async def save(self, *args: object, **kwargs: object) -> Saved:
        self.left -= 1
        if self.left < 0:
            raise Died
        return await super().save(*args, **kwargs)  # type: ignore[arg-type]


def upload(tmp_path: Path) -> Upload:
    path = tmp_path / "upload.zip"
    path.write_bytes(bundle(FILES))
    content = path.read_bytes()
    return Upload(path, sha256(content).hexdigest(), len(content), "all-or-nothing", None)


async def run(school: School, store: EventStore, call: Call, file: Upload) -> ImportBatch:
    keyring: Keyring = school.it.kernel.keyring
    batch, _ = await import_file(store, call, keyring, file)
    return batch


@pytest.mark.parametrize("saves", range(8))
async def test_A25_an_interrupted_import_is_resumed_by_the_same_request(
    school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saves: int
) -> None:
    monkeypatch.setattr(blocks, "MANY", 2)
    real = school.it.kernel.store
    call, file = school.it.call(school.tenant_id, key=UUID(int=saves).bytes), upload(tmp_path)
    with pytest.raises(Died):
        await run(school, DyingStore(real, saves), call, file)
    batch = await run(school, real, call, file)
    assert batch.state == "applied"
    assert Counter(await school.events()) == {
        "academic.import_staged": 1,
        "academic.import_validated": 1,
        "academic.org_created": 6,
        "academic.person_registered": 6,
        "academic.import_applied": 1,
    }
    created = {counts.file: counts.created for counts in batch.counts}
    assert created == {"orgs.csv": 6, "users.csv": 6}


async def test_A25_what_was_changed_meanwhile_is_left_to_the_next_import(
    school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MANY", 2)
    real = school.it.kernel.store
    call, file = school.it.call(school.tenant_id, key=b"first"), upload(tmp_path)
    with pytest.raises(Died):
        await run(school, DyingStore(real, 2), call, file)
    orgs = {org["name"]: org for org in await school.got("/orgs")}
    await school.did(f"/orgs/{orgs['Branch 0']['id']}/name", {"name": "Renamed"})
    await run(school, real, call, file)
    assert "Renamed" in {org["name"] for org in await school.got("/orgs")}
    other = replace(call, key=b"second")
    batch = await run(school, real, other, file)
    assert {counts.file: counts.revised for counts in batch.counts} == {"orgs.csv": 1, "users.csv": 0}


async def test_A25_all_events_of_an_import_carry_its_id(school: School, tmp_path: Path) -> None:
    real = school.it.kernel.store
    batch = await run(school, real, school.it.call(school.tenant_id, key=b"k"), upload(tmp_path))
    records = [record for record in await school.it.log() if record.tenant_id == school.tenant_id]
    metas = [real.codec.decode(r.topic, r.state, r.aggregate_id, r.version, r.tenant_id)[0] for r in records]
    assert {meta["correlation_id"] for meta in metas[6:]} == {batch.id}
