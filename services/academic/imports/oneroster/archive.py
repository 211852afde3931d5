"""The ZIP that was posted, read as if it were hostile: nothing it says about itself is believed."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from academic.imports.refusals import ArchiveTooLarge, ArchiveUnreadable, EntryRefused

MAX_UPLOAD = 50 * 1024 * 1024
MAX_ENTRIES = 100
MAX_DIRECTORY = 64 * 1024
MAX_FILE = 200 * 1024 * 1024
MAX_TOTAL = 300 * 1024 * 1024
MAX_RATIO = 100
RATIO_FROM = 1024 * 1024
CHUNK = 64 * 1024

_END = b"PK\x05\x06"
_END64 = b"PK\x06\x07"
_LOCAL = b"PK\x03\x04"


class Archive:
    """The entries of one ZIP file. Inflating is bounded: bytes, ratio, declared size and checksum."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._inflated = 0
        try:
            self._size = path.stat().st_size
            _check_directory(self._file, self._size)
            self._entries = _entries(self._file, self._size)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of one entry, piece by piece; a lie in the archive ends the reading with a refusal."""
        entry = self._entries[name]
        raw = _raw(self._file, entry)
        inflate = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type == zipfile.ZIP_DEFLATED else None
        length = checksum = 0
        for piece in raw if inflate is None else _inflated(raw, inflate, name):
            length += len(piece)
            checksum = zlib.crc32(piece, checksum)
            self._inflated += len(piece)
            if length > min(entry.file_size, MAX_FILE) or self._inflated > MAX_TOTAL:
                raise ArchiveTooLarge(pointer=f"/{name}")
            if length > RATIO_FROM and length > MAX_RATIO * entry.compress_size:
                raise ArchiveTooLarge(pointer=f"/{name}")
            yield piece
        if length != entry.file_size or checksum != entry.CRC:
            raise ArchiveUnreadable("An entry does not match its size and checksum.", pointer=f"/{name}")


def _check_directory(file: BinaryIO, size: int) -> None:
    """The directory must be small before the library reads it: it would make an object per entry."""
    if size > MAX_UPLOAD:
        raise ArchiveTooLarge
    if file.read(4) != _LOCAL:
        raise ArchiveUnreadable
    file.seek(max(0, size - 65_557))
    tail = file.read()
    plain = tail[-22:-18] == _END and tail[-2:] == b"\0\0"
    at = len(tail) - 22 if plain else tail.rfind(_END)
    if at < 0 or len(tail) - at < 22 or tail[max(0, at - 20) : at].startswith(_END64):
        raise ArchiveUnreadable
    if struct.unpack_from("<L", tail, at + 12)[0] > MAX_DIRECTORY:
        raise ArchiveTooLarge("The ZIP file has too many entries.")
    file.seek(0)


def _entries(file: BinaryIO, size: int) -> dict[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(file) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError) as error:
        raise ArchiveUnreadable from error
    if len(listed) > MAX_ENTRIES:
        raise ArchiveTooLarge("The ZIP file has too many entries.")
    entries: dict[str, zipfile.ZipInfo] = {}
    for number, entry in enumerate(listed, start=1):
        _check_entry(entry, f"/entries/{number}")
        if entry.filename.lower() in (name.lower() for name in entries):
            raise EntryRefused("Two entries have the same name.", pointer=f"/entries/{number}")
        entries[entry.filename] = entry
    if sum(entry.compress_size for entry in listed) > size:
        raise ArchiveUnreadable("The entries overlap.")
    return entries


def _check_entry(entry: zipfile.ZipInfo, pointer: str) -> None:
    name = entry.orig_filename
    if not name or len(name) > 100 or not name.isascii() or not name.isprintable():
        raise EntryRefused("An entry has a name that is not allowed.", pointer=pointer)
    if name != entry.filename or any(part in name for part in ("/", "\\", ":", "..")):
        raise EntryRefused("The files must stand at the root of the ZIP file.", pointer=pointer)
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        raise EntryRefused("An entry is not a plain file.", pointer=pointer)
    if entry.flag_bits & 0x41:
        raise EntryRefused("An entry is encrypted.", pointer=pointer)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise EntryRefused("An entry is compressed in a way that is not read.", pointer=pointer)


def _raw(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The compressed bytes of an entry, after its local header was compared with the directory."""
    file.seek(entry.header_offset)
    header = file.read(30)
    if len(header) != 30 or header[:4] != _LOCAL:
        raise ArchiveUnreadable(pointer=f"/{entry.filename}")
    names, extra = struct.unpack_from("<HH", header, 26)
    if file.read(names) != entry.orig_filename.encode():
        raise ArchiveUnreadable("An entry has two names.", pointer=f"/{entry.filename}")
    file.seek(extra, 1)
    left = entry.compress_size
    while left > 0:
        piece = file.read(min(CHUNK, left))
        if not piece:
            raise ArchiveUnreadable("An entry is cut off.", pointer=f"/{entry.filename}")
        left -= len(piece)
        yield piece


def _inflated(raw: Iterator[bytes], inflate: "zlib._Decompress", name: str) -> Iterator[bytes]:
    try:
        for piece in raw:
            rest = piece
            while rest and not inflate.eof:
                yield inflate.decompress(rest, CHUNK)
                rest = inflate.unconsumed_tail
        while not inflate.eof and (last := inflate.decompress(b"", CHUNK)):
            yield last
    except zlib.error as error:
        raise ArchiveUnreadable(pointer=f"/{name}") from error
    if not inflate.eof:
        raise ArchiveUnreadable("An entry is cut off.", pointer=f"/{name}")
