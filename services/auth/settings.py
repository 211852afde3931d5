"""Settings of the auth service."""

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class AuthSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="AUTH_", frozen=True, extra="ignore")

    email_verification: bool = True
    """Without it a registered address is trusted unseen."""

    def unsafe(self) -> list[str]:
        faults = super().unsafe()
        if not self.email_verification:
            faults.append("email_verification: anybody could register anybody's address")
        return faults
