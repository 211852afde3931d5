"""Whether what a service stands on is safe: settings, PostgreSQL, Kafka, clocks, disk, connections."""

import sys
from typing import Annotated

from cyclopts import Parameter

from infra.operator.access import SERVICES, Name, console, print_json
from infra.operator.doctor_kafka import check_kafka
from infra.operator.doctor_postgres import check_postgres
from infra.operator.doctor_settings import check_settings
from infra.operator.findings import Finding, tried

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


async def doctor(
    service: Name | None = None, /, *, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False
) -> None:
    """One line for each check; exit status 1 when one fails.

    Parameters
    ----------
    as_json: A line of JSON for each check.
    """
    failed = False
    for name in [service] if service else SERVICES:
        for found in await examined(name):
            failed = failed or found.level == "fail"
            if as_json:
                print_json({"service": name, **found._asdict()})
                continue
            console.print(f"{found.level:<5}", style=STYLES[found.level], end="")
            console.print(f"{name:<9} {found.check:<12} {found.text}", markup=False, highlight=False)
    if failed:
        sys.exit(1)


async def examined(name: Name) -> list[Finding]:
    return [
        *await tried("settings", lambda: check_settings(name)),
        *await tried("postgresql", lambda: check_postgres(name)),
        *await tried("kafka", lambda: check_kafka(name)),
    ]
