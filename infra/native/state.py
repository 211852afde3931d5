"""The folder that holds all local state: data, secrets, logs, and what runs now."""

import base64
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import infra
from infra.native import reach
from infra.native.problems import CannotStart

CHECKOUT = Path(infra.__file__).resolve().parents[1]
LEAST_SPACE = 1_000_000_000


def default_folder() -> Path:
    return Path(os.environ.get("ROLLBOOK_STATE") or CHECKOUT / ".rollbook").absolute()


def tools_folder() -> Path:
    """What was downloaded once and survives `make clean-data`."""
    return Path(os.environ.get("ROLLBOOK_TOOLS") or CHECKOUT / ".tools").absolute()


def check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < LEAST_SPACE:
        raise CannotStart(
            f"Only {free // 1_000_000} MB are free where {folder} lies: "
            "make at least 1 GB free, or point ROLLBOOK_STATE to a folder on another disk."
        )


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, and from its first byte readable by the owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    draft.replace(path)


@dataclass(frozen=True)
class State:
    folder: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """One launcher per folder; the lock goes with the process, however it ends."""
        try:
            self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
            (self.folder / "logs").mkdir(mode=0o700, exist_ok=True)
            lock = (self.folder / "lock").open("a+")
        except PermissionError:
            raise CannotStart(
                f"{self.folder} belongs to another user: start Rollbook as that user, "
                "or point ROLLBOOK_STATE to a folder of your own."
            ) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotStart(
                    f"Rollbook already runs on {self.folder} (process {self.running().get('launcher')}): "
                    "stop it first, or point ROLLBOOK_STATE to another folder."
                ) from None
            check_space(self.folder)
            yield

    def path(self, *names: str) -> Path:
        """A folder for one process's caches and files, closed to others: finished exports hold names."""
        folder = self.folder
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        for name in names:
            folder = folder / name
            folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def passwords(self, *roles: str) -> dict[str, str]:
        kept = self._read("passwords.json")
        missing = {role: secrets.token_urlsafe(24) for role in roles if role not in kept}
        if missing:
            write_private(self.folder / "passwords.json", json.dumps(kept | missing, indent=1))
        return {role: (kept | missing)[role] for role in roles}

    def master_key_file(self) -> Path:
        path = self.folder / "master.key"
        if not path.exists():
            write_private(path, base64.b64encode(secrets.token_bytes(32)).decode())
        return path

    def running(self) -> dict[str, Any]:
        return self._read("running.json")

    def write_running(self, facts: dict[str, Any]) -> None:
        write_private(self.folder / "running.json", json.dumps(facts, indent=1))

    def forget_running(self) -> None:
        (self.folder / "running.json").unlink(missing_ok=True)

    def postgres_home(self) -> Path:
        """Where the database lies: here, or outside when its user cannot come here."""
        pointer = self.folder / "postgres.path"
        here = self.folder / "postgres"
        known = pointer.read_text().strip() if pointer.exists() else None
        if reach.database_user() is None or reach.is_reachable(self.folder):
            home = here
        else:
            home = reach.shelter(self.folder) / "postgres"
            check_space(home.parent)
            if known is None and home.exists():
                shutil.rmtree(home)  # left by a state folder that was removed by hand, with all its keys
            if here.exists() and not home.exists():
                shutil.move(here, home)
        if known not in (None, str(here), str(home)):
            raise CannotStart(
                f"{self.folder} was moved or copied, its database is still in {known}: "
                f"move that folder to {home} and remove {pointer}, or run `make clean-data`."
            )
        pointer.write_text(f"{home}\n")
        return home

    def forget(self) -> None:
        """Everything, except what another copy of this folder still uses."""
        if reach.database_user() is not None and not reach.is_reachable(self.folder):
            shutil.rmtree(reach.shelter(self.folder))
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        if not path.exists():
            return {}
        facts: dict[str, Any] = json.loads(path.read_text())
        return facts
