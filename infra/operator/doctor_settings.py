"""The doctor looks at the settings of a service."""

from importlib import import_module

from pydantic import SecretStr, ValidationError

from infra.operator.access import Name, broker, dsn, master_key, master_key_file
from infra.operator.findings import Finding
from shared.settings import ServiceSettings


def settings_of(name: Name) -> ServiceSettings:
    """As its processes have them; what the environment does not say is what the product on this machine uses."""
    kind: type[ServiceSettings] = getattr(import_module(f"{name}.settings"), f"{name.capitalize()}Settings")
    return kind(
        api_dsn=SecretStr(dsn(name, "api")),
        worker_dsn=SecretStr(dsn(name, "worker")),
        kafka=broker(name),
        master_key_file=master_key_file(name),
    )


async def check_settings(name: Name) -> list[Finding]:
    try:
        settings = settings_of(name)
    except ValidationError as wrong:
        return [Finding("fail", "settings", fault["msg"].removeprefix("Value error, ")) for fault in wrong.errors()]
    master_key(name)
    found = [Finding("warn", "settings", f"{fault}; production refuses it") for fault in settings.unsafe()]
    return found or [Finding("ok", "settings", f"complete and safe, environment {settings.environment}")]
