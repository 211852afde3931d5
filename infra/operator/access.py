"""How an operator's command reaches a service: its settings in the environment, else the product on this machine."""

import os
import pwd
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NoReturn

import orjson
from rich.console import Console

from infra.native import kafka, postgres
from infra.native.ports import HOST, Ports
from infra.native.state import State, default_folder
from shared.database import Connection, check_version, connect
from shared.operator.actions import Operator
from shared.personal import MasterKey
from shared.service import Service

Name = Literal["auth", "academic", "billing", "exports"]
SERVICES: tuple[Name, ...] = ("auth", "academic", "billing", "exports")
Role = Literal["owner", "api", "worker"]
console = Console(soft_wrap=True)
errors = Console(soft_wrap=True, stderr=True)


class NotConfigured(Exception):
    """The command does not know how to reach the service. The message says what to set."""


def complain(reason: str) -> None:
    errors.print(reason, style="bold red", markup=False, highlight=False)


def refuse(reason: str) -> NoReturn:
    """A sentence for the operator, and an exit status that scripts see."""
    complain(reason)
    sys.exit(1)


def print_json(what: Any) -> None:
    """One line, for programs."""
    sys.stdout.write(orjson.dumps(what, default=str).decode() + "\n")
    sys.stdout.flush()


def service_of(name: Name) -> Service:
    service: Service = import_module(f"{name}.service").SERVICE
    return service


def dsn(name: Name, role: Role) -> str:
    variable = f"{name.upper()}_{role.upper()}_DSN"
    if given := os.environ.get(variable):
        return given
    state, user = State(default_folder()), f"{name}_{role}"
    return postgres.dsn(_local_ports(state, variable)["postgres"], state.passwords(user)[user], user)


def broker(name: Name) -> str:
    variable = f"{name.upper()}_KAFKA"
    return os.environ.get(variable) or kafka.bootstrap(_local_ports(State(default_folder()), variable))


def mail_server(name: Name) -> dict[str, Any]:
    """Nothing where the environment says it, or nothing of ours runs on this machine."""
    ports = State(default_folder()).running().get("ports", {})
    if f"{name.upper()}_SMTP_HOST" in os.environ or "inbox.smtp" not in ports:
        return {}
    return {"smtp_host": HOST, "smtp_port": ports["inbox.smtp"], "smtp_security": "none"}


def master_key(name: Name) -> MasterKey:
    variable = f"{name.upper()}_MASTER_KEY_FILE"
    path = master_key_file(name)
    if not path.is_file():
        raise NotConfigured(f"Set {variable}: there is no {path}.")
    return MasterKey.read(path)


def master_key_file(name: Name) -> Path:
    return Path(os.environ.get(f"{name.upper()}_MASTER_KEY_FILE") or default_folder() / "master.key")


def operator() -> Operator:
    """Whoever runs this command, as the machine knows them: the environment could say anything."""
    try:
        return Operator(f"cli:{pwd.getpwuid(os.getuid()).pw_name}")
    except KeyError:
        return Operator(f"cli:{os.getuid()}")


@asynccontextmanager
async def connected(name: Name, role: Role = "worker") -> AsyncIterator[Connection]:
    async with await connect(dsn(name, role), search_path=name, statement_timeout="600s") as connection:
        check_version(connection)
        yield connection


def _local_ports(state: State, variable: str) -> Ports:
    ports = state.running().get("ports")
    if not ports:
        raise NotConfigured(f"Set {variable}, or start the product on this machine with `make run`.")
    return Ports(ports)
