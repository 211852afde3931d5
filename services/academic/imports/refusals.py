"""Why a posted file is refused as a whole."""

from shared.errors import DomainError, Refused


class FileRefused(DomainError):
    """The posted file cannot be imported."""

    status = 422


class ArchiveTooLarge(FileRefused):
    """The ZIP file is larger than an import may be, packed or unpacked."""

    status = 413


class ArchiveUnreadable(FileRefused):
    """This is not a ZIP file that can be read."""


class EntryRefused(FileRefused):
    """The ZIP file holds an entry that is not allowed."""


class ManifestMissing(FileRefused):
    """The ZIP file has no manifest.csv that can be read."""


class VersionUnknown(FileRefused):
    """The manifest names no OneRoster version that is read here: 1.1 or 1.2."""


class RowTooLong(FileRefused):
    """A row is longer than any row of the standard can be."""


class RowsTooMany(FileRefused):
    """The archive has more rows than one import takes."""


class ImportRejected(FileRefused):
    """Rows have errors and the import was asked to apply all or nothing: nothing was applied."""


class SourceIdTaken(Refused):
    """A sourcedId of the file belongs to something that was not imported."""


REFUSALS = (
    ArchiveTooLarge,
    ArchiveUnreadable,
    EntryRefused,
    ManifestMissing,
    VersionUnknown,
    RowTooLong,
    RowsTooMany,
    ImportRejected,
    SourceIdTaken,
)
