"""Settings of a process, from its environment. Production refuses what is only safe on a desk."""

import stat
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIN_SECRET = 16
MIN_MASTER_KEY = 32


class Settings(BaseSettings):
    """What every process is told. A service sets its own `env_prefix`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    environment: Literal["development", "production"] = "development"
    state: Path = Path(".rollbook")
    jwks_url: str = "http://127.0.0.1:8001/.well-known/jwks.json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otlp_endpoint: str | None = None

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if self.production and (faults := self.unsafe()):
            raise ValueError("; ".join(faults))
        return self

    def unsafe(self) -> list[str]:
        """What production must not run with, in sentences for the operator."""
        faults = []
        if self.log_level == "debug":
            faults.append("log_level: debug lines may show what people typed")
        if self.state.exists() and self.state.stat().st_mode & stat.S_IWOTH:
            faults.append("state: the folder is writable for everybody")
        return faults


class MailSettings(Settings):
    """How mail leaves. Without a host it waits. `public_url` is the frontend's address, where links in mails lead;
    `gateway_url` the API's, where a mail program declines mails."""

    smtp_host: str | None = None
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    mail_from: str = "Rollbook <no-reply@rollbook.invalid>"
    public_url: str = "http://127.0.0.1:3000"
    gateway_url: str = "http://127.0.0.1:8000"

    def unsafe(self) -> list[str]:
        faults = super().unsafe()
        if self.smtp_host is not None and self.smtp_security == "none":
            faults.append("smtp_security: mails would travel in clear text")
        if self.smtp_host is not None and not self.public_url.startswith("https://"):
            faults.append("public_url: links in mails lead to a page without TLS")
        if self.smtp_host is not None and not self.gateway_url.startswith("https://"):
            faults.append("gateway_url: mail programs decline mails by TLS alone")
        return faults


class ServiceSettings(MailSettings):
    """What the API and worker of a service are told. Only the worker knows the worker's DSN."""

    worker_port: int = Field(8010, ge=0, le=65535)
    api_dsn: SecretStr | None = None
    worker_dsn: SecretStr | None = None
    kafka: str = "127.0.0.1:9092"
    master_key_file: Path = Path(".rollbook/master.key")
    api_processes: int = Field(1, ge=1)
    worker_processes: int = Field(1, ge=1)
    other_connections: int = Field(0, ge=0)
    """To the same PostgreSQL server, by others than this service. For the budget that is checked at start."""

    def unsafe(self) -> list[str]:
        faults = super().unsafe()
        for name, dsn in (("api_dsn", self.api_dsn), ("worker_dsn", self.worker_dsn)):
            if dsn is not None and len(_password(dsn.get_secret_value())) < MIN_SECRET:
                faults.append(f"{name}: the password is shorter than {MIN_SECRET} characters")
        if not self.master_key_file.is_file():
            faults.append("master_key_file: there is no such file")
        elif self.master_key_file.stat().st_mode & 0o077:
            faults.append("master_key_file: others than its owner may read it (chmod 600)")
        elif self.master_key_file.stat().st_size < MIN_MASTER_KEY:
            faults.append(f"master_key_file: shorter than {MIN_MASTER_KEY} bytes")
        return faults


def _password(dsn: str) -> str:
    if "://" in dsn:
        login, at, _ = dsn.split("://", 1)[1].rpartition("@")
        return login.partition(":")[2] if at else ""
    parts = dict(part.split("=", 1) for part in dsn.split() if "=" in part)
    return parts.get("password", "").strip("'")
