"""A hostile or broken ZIP is refused as a whole, in bounded memory."""

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from academic.imports.oneroster.archive import Archive
from academic.imports.oneroster.bundle import read_bundle
from academic.imports.refusals import (
    ArchiveTooLarge,
    ArchiveUnreadable,
    EntryRefused,
    ManifestMissing,
    RowsTooMany,
    RowTooLong,
    VersionUnknown,
)
from infra.demo_files import bundle, manifest, zipped
from shared.errors import DomainError

ORG = {"sourcedId": "o1", "name": "North", "type": "school"}


def refusal(tmp_path: Path, content: bytes) -> DomainError:
    path = tmp_path / "upload.zip"
    path.write_bytes(content)
    with pytest.raises(DomainError) as caught:
        read_bundle(path)
    return caught.value


def with_entry(name: str, content: bytes = b"x", **attributes: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("manifest.csv", manifest({}))
        entry = zipfile.ZipInfo(name)
        for attribute, value in attributes.items():
            setattr(entry, attribute, value)
        archive.writestr(entry, content)
    return packed.getvalue()


def test_A25_a_good_archive_is_read(tmp_path: Path) -> None:
    path = tmp_path / "good.zip"
    path.write_bytes(bundle({"orgs": [ORG]}))
    assert read_bundle(path).rows["orgs"] == 1


@pytest.mark.parametrize("content", [b"", b"PK", b"%PDF-1.7 and more", b"PK\x03\x04" + b"\0" * 400])
def test_A25_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    assert isinstance(refusal(tmp_path, content), ArchiveUnreadable)


def test_A25_a_zip_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    whole = bundle({"orgs": [ORG]})
    assert isinstance(refusal(tmp_path, whole[: len(whole) // 2]), ArchiveUnreadable)


@pytest.mark.parametrize(
    "name",
    ["../orgs.csv", "/orgs.csv", "sub/orgs.csv", "C:orgs.csv", "..\\orgs.csv", "sub/", "__MACOSX/orgs.csv"],
)
def test_A25_a_name_that_leaves_the_root_is_refused(tmp_path: Path, name: str) -> None:
    error = refusal(tmp_path, with_entry(name))
    assert isinstance(error, EntryRefused)
    assert error.pointer == "/entries/2"


@pytest.mark.parametrize("name", ["orgs\u202evsc.csv", "o" * 4096, "orgs.csv\x00.txt", "orgs\n.csv"])
def test_A25_a_strange_name_is_refused(tmp_path: Path, name: str) -> None:
    content = with_entry(name.replace("\0", "#"))
    assert isinstance(refusal(tmp_path, content.replace(b"#", b"\0")), EntryRefused)


def test_A25_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    assert isinstance(refusal(tmp_path, with_entry("orgs.csv", external_attr=0o120777 << 16)), EntryRefused)


def test_A25_two_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    assert isinstance(refusal(tmp_path, with_entry("MANIFEST.csv")), EntryRefused)


def test_A25_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    content = bytearray(with_entry("orgs.csv"))
    directory = content.rfind(b"PK\x01\x02")
    content[directory + 8] |= 1
    assert isinstance(refusal(tmp_path, bytes(content)), EntryRefused)


def test_A25_an_unusual_compression_is_refused(tmp_path: Path) -> None:
    assert isinstance(refusal(tmp_path, with_entry("orgs.csv", compress_type=zipfile.ZIP_LZMA)), EntryRefused)


def test_A25_a_million_entries_are_refused_before_they_are_listed(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(3000):
            archive.writestr(f"{number}.csv", b"")
    assert isinstance(refusal(tmp_path, packed.getvalue()), ArchiveTooLarge)


def test_A25_a_bomb_is_refused_in_little_memory(tmp_path: Path) -> None:
    text = b"sourcedId,name,type\n" + (b"o" * 60_000 + b"\n") * 4_000
    content = zipped({"manifest.csv": manifest({"orgs": "bulk"}), "orgs.csv": text})
    tracemalloc.start()
    error = refusal(tmp_path, content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(error, ArchiveTooLarge)
    assert error.pointer == "/orgs.csv"
    assert peak < 8 * 1024 * 1024


def test_A25_endless_empty_lines_are_refused_soon(tmp_path: Path) -> None:
    content = zipped({"manifest.csv": manifest({"orgs": "bulk"}), "orgs.csv": b"\n" * (50 * 1024 * 1024)})
    assert isinstance(refusal(tmp_path, content), RowsTooMany)


@pytest.mark.parametrize("size", [3, 5_000_000])
def test_A25_a_forged_size_is_refused(tmp_path: Path, size: int) -> None:
    content = bytearray(bundle({"orgs": [ORG]}))
    struct.pack_into("<L", content, content.rfind(b"PK\x01\x02") + 24, size)
    assert isinstance(refusal(tmp_path, bytes(content)), ArchiveTooLarge | ArchiveUnreadable)


def test_A25_overlapping_entries_are_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"manifest.csv": manifest({}), "orgs.csv": b"sourcedId\n" * 50}))
    struct.pack_into("<L", content, content.rfind(b"PK\x01\x02") + 20, len(content))
    assert isinstance(refusal(tmp_path, bytes(content)), ArchiveUnreadable)


def test_A25_a_damaged_entry_is_refused(tmp_path: Path) -> None:
    content = bytearray(bundle({"orgs": [ORG]}))
    content[content.find(b"orgs.csv") + 30] ^= 0xFF
    assert isinstance(refusal(tmp_path, bytes(content)), ArchiveUnreadable)


def test_A25_a_row_of_100_mb_is_refused_in_little_memory(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("manifest.csv", manifest({"orgs": "bulk"}))
        archive.compression = zipfile.ZIP_DEFLATED
        with archive.open("orgs.csv", "w") as entry:
            entry.write(b"sourcedId,name,type\no1,")
            for _ in range(100):
                entry.write(b"N" * 1024 * 1024)
    content = packed.getvalue()
    tracemalloc.start()
    error = refusal(tmp_path, content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(error, RowTooLong)
    assert error.pointer == "/orgs.csv/2"
    assert peak < 4 * 1024 * 1024


def test_A25_a_quote_that_is_never_closed_does_not_swallow_memory(tmp_path: Path) -> None:
    text = b'sourcedId,name,type\no1,"North,school\n' + b"o2,South,school\n" * 10_000
    content = zipped({"manifest.csv": manifest({"orgs": "bulk"}), "orgs.csv": text})
    assert refusal(tmp_path, content).pointer == "/orgs.csv/2"


def test_A25_an_archive_without_manifest_is_refused(tmp_path: Path) -> None:
    assert isinstance(refusal(tmp_path, zipped({"orgs.csv": b"sourcedId\n"})), ManifestMissing)


@pytest.mark.parametrize("version", ["", "1.0", "2.0", "12"])
def test_A25_an_unknown_version_is_refused(tmp_path: Path, version: str) -> None:
    assert isinstance(refusal(tmp_path, zipped({"manifest.csv": manifest({}, version)})), VersionUnknown)


def test_A25_the_archive_is_closed_when_its_reading_fails(tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    path.write_bytes(b"nothing")
    with pytest.raises(ArchiveUnreadable):
        Archive(path)
    path.unlink()
