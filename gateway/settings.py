"""What the gateway is told."""

from pydantic_settings import SettingsConfigDict

from shared.settings import Settings


class GatewaySettings(Settings):
    """`origins`: web pages of these origins may call. Outside production every page of this machine may."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    auth_url: str = "http://127.0.0.1:8001"
    academic_url: str = "http://127.0.0.1:8002"
    billing_url: str = "http://127.0.0.1:8003"
    exports_url: str = "http://127.0.0.1:8004"
    origins: tuple[str, ...] = ()
    docs: bool = True

    @property
    def upstreams(self) -> dict[str, str]:
        return {
            "auth": self.auth_url,
            "academic": self.academic_url,
            "billing": self.billing_url,
            "exports": self.exports_url,
        }

    def unsafe(self) -> list[str]:
        wild = [origin for origin in self.origins if not origin.startswith("https://") or "*" in origin]
        return super().unsafe() + [f"origins: {origin} is not one https origin" for origin in wild]
