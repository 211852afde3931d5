"""Paths that PostgreSQL's user can reach when the launcher runs as root."""

import hashlib
import os
import pwd
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.native.problems import CannotStart


def database_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root, so root lends it the user `nobody`."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def is_reachable(folder: Path) -> bool:
    resolved = folder.resolve()
    return all(step.stat().st_mode & stat.S_IXOTH for step in (resolved, *resolved.parents) if step.exists())


def shelter(private: Path) -> Path:
    """A folder that stands for a private one, outside it and always the same."""
    name = f"rollbook-{hashlib.sha256(str(private.resolve()).encode()).hexdigest()[:12]}"
    for parent in _public_folders():
        folder = parent / name
        try:
            folder.mkdir(mode=0o711, exist_ok=True)
            folder.chmod(0o711)
        except OSError:
            continue
        _refuse_foreign(folder)
        return folder
    raise CannotStart(
        f"PostgreSQL may not run as root and its user `nobody` cannot reach {private}: "
        "start Rollbook as an ordinary user or from a folder that others may enter (chmod o+x)."
    )


def _public_folders() -> Iterator[Path]:
    for parent in (Path("/var/lib"), Path("/var/tmp"), Path(tempfile.gettempdir())):  # noqa: S108
        if parent.is_dir() and is_reachable(parent):
            yield parent


def _refuse_foreign(folder: Path) -> None:
    """In a folder that all may write to, somebody else could have made ours before us."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise CannotStart(f"{folder} belongs to somebody else: remove it and start again.")
