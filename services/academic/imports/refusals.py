"""Why a posted file is refused as a whole, before any row of it counts."""

from shared.errors import Refused


class ArchiveTooLarge(Refused):
    """The ZIP file is larger than an import may be, packed or unpacked."""


class ArchiveUnreadable(Refused):
    """This is not a ZIP file that can be read."""


class EntryRefused(Refused):
    """The ZIP file holds an entry that is not allowed."""


class ManifestMissing(Refused):
    """The ZIP file has no manifest.csv that can be read."""


class VersionUnknown(Refused):
    """The manifest names no OneRoster version that is read here: 1.1 or 1.2."""


class RowTooLong(Refused):
    """A row is longer than any row of the standard can be."""


class RowsTooMany(Refused):
    """The archive has more rows than one import takes."""
