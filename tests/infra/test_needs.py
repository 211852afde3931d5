"""What is missing on the machine is said in one sentence, and nothing is started."""

import collections
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.native import java, state
from infra.native.problems import CannotStart

Usage = collections.namedtuple("Usage", "total used free")


def test_an_old_java_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = fake_java(tmp_path, "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(home))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotStart, match="Java 17 or newer"):
        java.find_java()


def test_a_newer_java_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = fake_java(tmp_path, "25.0.1")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java.find_java() == home / "bin" / "java"


async def test_without_maven_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_TOOLS", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotStart, match="`mvn` was not found"):
        await java.kafka_jars()


async def test_with_the_jars_in_place_maven_is_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = await java.kafka_jars()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await java.kafka_jars() == there


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100, 99, 5_000_000))
    with pytest.raises(CannotStart, match="Only 5 MB are free") as refused:
        state.check_space(tmp_path)
    assert "ROLLBOOK_STATE" in str(refused.value)


def test_two_launchers_on_one_folder_are_refused(tmp_path: Path) -> None:
    folder = state.State(tmp_path / "state")
    with folder.held(), pytest.raises(CannotStart, match="already runs"), state.State(folder.folder).held():
        pytest.fail("the folder was given twice")


def test_the_launcher_says_it_and_exits_with_a_failure(tmp_path: Path) -> None:
    environment = os.environ | {"ROLLBOOK_STATE": str(tmp_path), "ROLLBOOK_TOOLS": str(tmp_path), "PATH": ""}
    environment.pop("JAVA_HOME", None)
    ended = subprocess.run(
        (sys.executable, "-m", "infra.native.launcher", "--only", "kafka", "--ports", "free"),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout.startswith("Kafka needs Java 17 or newer")
    assert "Traceback" not in ended.stdout + ended.stderr


def fake_java(folder: Path, version: str) -> Path:
    home = folder / f"java-{version}"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch(mode=0o755)
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return home
