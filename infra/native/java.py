"""Finding a Java that runs Kafka, and Kafka's jars by Maven."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from infra.native.commands import Command, run_once
from infra.native.problems import CannotStart
from infra.native.state import tools_folder

LEAST_VERSION: Final = 17
POM: Final = Path(__file__).resolve().parents[1] / "kafka" / "pom.xml"


def find_java() -> Path:
    home = os.environ.get("JAVA_HOME")
    candidates = [Path(home, "bin", "java")] if home else []
    candidates += [Path(found)] if (found := shutil.which("java")) else []
    for java in candidates:
        if java.exists() and version_of(java) >= LEAST_VERSION:
            return java
    raise CannotStart(
        "Kafka needs Java 17 or newer and none was found: install one (Debian: "
        "`apt install openjdk-17-jre-headless`) or point JAVA_HOME to it."
    )


def version_of(java: Path) -> int:
    """From the file that lies in every Java home; asking the program itself costs a start of it."""
    release = java.resolve().parents[1] / "release"
    text = release.read_text() if release.exists() else _ask(java)
    found = re.search(r'(?:JAVA_VERSION=|version )"(\d+)', text)
    return int(found.group(1)) if found else 0


def _ask(java: Path) -> str:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stderr


async def kafka_jars() -> Path:
    """The folder with the jars. Once it is there, neither Maven nor a network is needed."""
    stamp = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    jars = tools_folder() / f"kafka-{stamp}"
    if jars.exists():
        return jars
    jars.parent.mkdir(parents=True, exist_ok=True)
    with (jars.parent / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not jars.exists():
            await _download(jars)
    return jars


async def _download(jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise CannotStart(
            "Kafka's jars are fetched once by Maven and `mvn` was not found: "
            "install it (Debian: `apt install maven`) and start again."
        )
    draft = jars.with_name(f"{jars.name}.new")
    arguments = (
        *(maven, "-q", "-B", "-C", "-f", str(POM), "dependency:copy-dependencies"),
        *("-DincludeScope=runtime", f"-DoutputDirectory={draft}"),
    )
    await run_once(
        Command("maven", arguments, os.environ),
        "Maven could not fetch Kafka's jars; check the network and start again",
    )
    draft.rename(jars)
