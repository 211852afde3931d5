"""The state folder: secrets only for their owner, a home for the database that its user can reach."""

import os
from pathlib import Path

import pytest

from infra.native.nine import Nine
from infra.native.ports import SERVICES, Ports
from infra.native.problems import CannotStart
from infra.native.state import State

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL another user")


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path)


def test_passwords_are_drawn_once_and_only_the_owner_may_read_them(state: State) -> None:
    first = state.passwords("academic_api", "academic_worker")
    assert state.passwords("academic_api", "auth_api")["academic_api"] == first["academic_api"]
    assert len(set(first.values())) == 2
    assert (state.folder / "passwords.json").stat().st_mode & 0o077 == 0
    assert state.master_key_file().stat().st_mode & 0o077 == 0
    assert state.master_key_file().read_text() == state.master_key_file().read_text()


def test_R3_19_R4_43_a_process_gets_only_its_own_secrets(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_LOG_LEVEL", "debug")
    nine = Nine(state, Ports.from_base(9000))
    passwords = state.passwords(*(f"{service}_{kind}" for service in SERVICES for kind in ("owner", "api", "worker")))
    commands = {f"{service}_api": nine.api(service) for service in SERVICES}
    commands |= {f"{service}_worker": nine.worker(service) for service in SERVICES}
    for role, command in commands.items():
        seen = [known for known, password in passwords.items() if password in " ".join(command.environment.values())]
        assert seen == [role]
        assert ("BILLING_LOG_LEVEL" in command.environment) == role.startswith("billing")
    gateway = " ".join(nine.gateway().environment.values())
    assert not [known for known, password in passwords.items() if password in gateway]
    assert "MASTER_KEY" not in " ".join(nine.gateway().environment)


@needs_root
def test_in_a_private_folder_the_database_lies_outside_and_is_forgotten_too(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    state = State(tmp_path / "state")
    with state.held():
        home = state.postgres_home()
        assert not home.is_relative_to(tmp_path)
        assert state.postgres_home() == home
        home.mkdir()
        state.forget()
    assert not home.exists()
    assert not home.parent.exists()
    assert not state.folder.exists()


@needs_root
def test_what_a_removed_folder_left_outside_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Its passwords and keys went with the folder, so nobody can open it."""
    tmp_path.chmod(0o700)
    state = State(tmp_path / "state")
    state.folder.mkdir()
    left = state.postgres_home()
    left.mkdir()
    (state.folder / "postgres.path").unlink()
    try:
        assert state.postgres_home() == left
        assert not left.exists()
    finally:
        state.forget()


@needs_root
def test_a_copied_folder_does_not_share_the_database_of_its_original(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    state = State(tmp_path / "state")
    state.folder.mkdir()
    (state.folder / "postgres.path").write_text("/var/lib/rollbook-of-another/postgres\n")
    try:
        with pytest.raises(CannotStart, match="was moved or copied"):
            state.postgres_home()
    finally:
        state.forget()
