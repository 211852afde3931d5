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

    private_hosts: frozenset[str] = frozenset()
    """"host:port" of identity providers in the own network; all others are called in the internet alone, at port 443.
    Outside production these may do without TLS."""

    rate_limits: bool | None = None
    """Limits per network and account; on in production unless said otherwise, off on a desk."""
    limits: dict[str, tuple[int, int, int]] = Field(default_factory=dict)
    """Own ones, by name: so many of one network and so many of one account, in so many seconds."""

    @property
    def limits_rates(self) -> bool:
        return self.production if self.rate_limits is None else self.rate_limits

    def unsafe(self) -> list[str]:
        faults = super().unsafe()
        if not self.email_verification:
            faults.append("email_verification: anybody could register anybody's address")
        if self.blocked_passwords_file is not None and not self.blocked_passwords_file.is_file():
            faults.append("blocked_passwords_file: there is no such file")
        if not self.limits_rates:
            faults.append("rate_limits: anybody could ask as often as they like")
        if not self.api_url.startswith("https://"):
            faults.append("api_url: tokens would be asked for in clear text")
        return faults
