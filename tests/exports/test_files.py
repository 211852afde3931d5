"""Files of artefacts: whole or absent, the same bytes after a crash."""

import hashlib
import stat
from pathlib import Path

import pytest

from exports.artifacts.files import ArtifactFiles, SealedFile, StorageFailed
from shared.ids import uuid7

TENANT, ARTIFACT = uuid7(), uuid7()


def test_D15_a_sealed_file_has_the_size_and_hash_that_were_told(tmp_path: Path) -> None:
    files = ArtifactFiles(tmp_path)
    with files.draft(TENANT, ARTIFACT) as draft:
        end = draft.write(b"tail", draft.write(b"head", 0))
        sealed = draft.seal(end)
    assert sealed == SealedFile(8, hashlib.sha256(b"headtail").hexdigest())
    assert files.path(TENANT, ARTIFACT).read_bytes() == b"headtail"


def test_nothing_is_visible_before_the_seal(tmp_path: Path) -> None:
    files = ArtifactFiles(tmp_path)
    with files.draft(TENANT, ARTIFACT) as draft:
        draft.write(b"half", 0)
    assert not files.path(TENANT, ARTIFACT).exists()


def test_a_run_after_a_crash_goes_on_where_the_last_checkpoint_was(tmp_path: Path) -> None:
    files = ArtifactFiles(tmp_path)
    with files.draft(TENANT, ARTIFACT) as draft:
        draft.write(b"head+lost in the crash, and longer", 0)
    with files.draft(TENANT, ARTIFACT) as draft:
        assert draft.reaches(4)
        draft.seal(draft.write(b"tail", 4))
    assert files.path(TENANT, ARTIFACT).read_bytes() == b"headtail"


def test_a_draft_that_was_lost_says_so(tmp_path: Path) -> None:
    with ArtifactFiles(tmp_path).draft(TENANT, ARTIFACT) as draft:
        assert draft.reaches(0)
        assert not draft.reaches(1)


def test_sealing_again_gives_the_same_file(tmp_path: Path) -> None:
    files = ArtifactFiles(tmp_path)
    for _ in range(2):
        with files.draft(TENANT, ARTIFACT) as draft:
            draft.seal(draft.write(b"all", 0))
    assert [path.name for path in (tmp_path / str(TENANT)).iterdir()] == [ARTIFACT.hex]


def test_only_the_service_may_read_the_files(tmp_path: Path) -> None:
    files = ArtifactFiles(tmp_path)
    with files.draft(TENANT, ARTIFACT) as draft:
        draft.seal(draft.write(b"all", 0))
    path = files.path(TENANT, ARTIFACT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_written_fails_the_export_and_not_the_worker(tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("a file where the folder should be")
    files = ArtifactFiles(tmp_path / "artifacts")
    with pytest.raises(StorageFailed), files.draft(TENANT, ARTIFACT):
        pass
