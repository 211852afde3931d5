"""The nine processes of the product: what each is started with, and no more than that."""

import os
import sys
from dataclasses import dataclass

from infra.native import kafka, postgres
from infra.native.commands import Command
from infra.native.ports import HOST, SERVICES, Ports
from infra.native.state import State

PREFIXES = ("GATEWAY_", "INBOX_", "ROLLBOOK_", *(f"{service.upper()}_" for service in SERVICES))


ROLES = tuple(f"{service}_{kind}" for service in SERVICES for kind in ("owner", "api", "worker"))


@dataclass(frozen=True)
class Nine:
    """Each method gives one command; secrets of other processes never enter its environment."""

    state: State
    ports: Ports

    def gateway(self) -> Command:
        targets = {f"GATEWAY_{service.upper()}_URL": self.ports.url(f"{service}.api") for service in SERVICES}
        own = {
            "GATEWAY_HOST": HOST,
            "GATEWAY_PORT": str(self.ports["gateway"]),
            "GATEWAY_JWKS_URL": self._key_set(),
            "GATEWAY_STATE": str(self.state.path("caches", "gateway")),
        }
        return _python("gateway", "gateway.main", "GATEWAY_", own | targets, grace=3.0)

    def api(self, service: str) -> Command:
        return self._service(service, "api", "main", {"PORT": str(self.ports[f"{service}.api"])})

    def worker(self, service: str) -> Command:
        return self._service(service, "worker", "worker", {"WORKER_PORT": str(self.ports[f"{service}.worker"])})

    def bootstrap(self) -> Command:
        """Not one of the nine: it prepares what they stand on, knows every password, and ends."""
        passwords = self.state.passwords(postgres.SUPERUSER, *ROLES)
        own = {
            "BOOTSTRAP_DSN": postgres.dsn(self.ports["postgres"], passwords[postgres.SUPERUSER]),
            "BOOTSTRAP_KAFKA": kafka.bootstrap(self.ports),
            **{f"BOOTSTRAP_{role.upper()}_PASSWORD": passwords[role] for role in ROLES},
        }
        return _python("bootstrap", "infra.native.bootstrap", "BOOTSTRAP_", own)

    def inbox(self) -> Command:
        """Not one of the nine either: in its place production has a mail server."""
        own = {
            "INBOX_HOST": HOST,
            "INBOX_PORT": str(self.ports["inbox"]),
            "INBOX_SMTP_PORT": str(self.ports["inbox.smtp"]),
        }
        return _python("inbox", "infra.native.inbox", "INBOX_", own)

    def _service(self, service: str, kind: str, module: str, own: dict[str, str]) -> Command:
        name, role = f"{service}.{kind}", f"{service}_{kind}"
        password = self.state.passwords(role)[role]
        own |= {
            "HOST": HOST,
            f"{kind.upper()}_DSN": postgres.dsn(self.ports["postgres"], password, role),
            "KAFKA": kafka.bootstrap(self.ports),
            "MASTER_KEY_FILE": str(self.state.master_key_file()),
            "JWKS_URL": self._key_set(),
            "STATE": str(self.state.path("caches", name)),
        }
        if kind == "worker":
            own |= {"SMTP_HOST": HOST, "SMTP_PORT": str(self.ports["inbox.smtp"]), "SMTP_SECURITY": "none"}
            own["GATEWAY_URL"] = self.ports.url("gateway")
        if (service, kind) == ("auth", "api"):
            own["API_URL"] = f"{self.ports.url('gateway')}/api/auth"
        if service == "exports":
            own["ARTIFACTS"] = str(self.state.path("artifacts"))
        prefix = f"{service.upper()}_"
        return _python(name, f"{service}.{module}", prefix, {f"{prefix}{key}": own[key] for key in own})

    def _key_set(self) -> str:
        return f"{self.ports.url('auth.api')}/.well-known/jwks.json"


def _python(name: str, module: str, prefix: str, own: dict[str, str], grace: float = 4.0) -> Command:
    """What the user has set for this process (a log level, say) reaches it, what was set for others does not."""
    foreign = tuple(other for other in PREFIXES if other != prefix)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return Command(
        name=name,
        arguments=(sys.executable, "-P", "-m", module),
        environment=inherited | {"PYTHONUNBUFFERED": "1"} | own,
        grace=grace,
    )
