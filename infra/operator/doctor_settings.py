"""The doctor looks at the settings of a service."""

from importlib import import_module

from pydantic import SecretStr, ValidationError

from infra.operator.access import Name, broker, dsn, mail_server, master_key, master_key_file, service_of
from infra.operator.findings import Finding
from shared.mail.mailings import Mailing
from shared.settings import ServiceSettings


def settings_of(name: Name) -> ServiceSettings:
    """As its processes have them; what the environment does not say is what the product on this machine uses."""
    kind: type[ServiceSettings] = getattr(import_module(f"{name}.settings"), f"{name.capitalize()}Settings")
    return kind(
        api_dsn=SecretStr(dsn(name, "api")),
        worker_dsn=SecretStr(dsn(name, "worker")),
        kafka=broker(name),
        master_key_file=master_key_file(name),
        **mail_server(name),
    )


async def check_settings(name: Name) -> list[Finding]:
    try:
        settings = settings_of(name)
    except ValidationError as wrong:
        return [Finding("fail", "settings", fault["msg"].removeprefix("Value error, ")) for fault in wrong.errors()]
    master_key(name)
    mail = [check_mail(name, settings)]
    found = [Finding("warn", "settings", f"{fault}; production refuses it") for fault in settings.unsafe()]
    return [*(found or [Finding("ok", "settings", f"complete and safe, environment {settings.environment}")]), *mail]


def check_mail(name: Name, settings: ServiceSettings) -> Finding:
    """A service that mails nobody needs no mail server."""
    if not any(isinstance(each, Mailing) for each in service_of(name).reactions):
        return Finding("ok", "mail", "nothing is mailed")
    if settings.smtp_host is None:
        return Finding("warn", "mail", f"no mail server: all mails wait until {name.upper()}_SMTP_HOST is set")
    return Finding("ok", "mail", f"goes to {settings.smtp_host}:{settings.smtp_port}")
