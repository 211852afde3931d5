"""Settings of the auth service."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class AuthSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="AUTH_", frozen=True, extra="ignore")

    email_verification: bool = True
    """Without it a registered address is trusted unseen."""
    blocked_passwords_file: Path | None = None
    """Further passwords that nobody may choose, one a line."""

    api_url: str = "http://127.0.0.1:8000/api/auth"
    """Where clients reach this service: the gateway's address."""
    signing_key_days: int = Field(90, ge=1)
    """After these a signing key is followed by the next one."""

    def unsafe(self) -> list[str]:
        faults = super().unsafe()
        if not self.email_verification:
            faults.append("email_verification: anybody could register anybody's address")
        if self.blocked_passwords_file is not None and not self.blocked_passwords_file.is_file():
            faults.append("blocked_passwords_file: there is no such file")
        if not self.api_url.startswith("https://"):
            faults.append("api_url: tokens would be asked for in clear text")
        return faults
