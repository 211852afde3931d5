"""Settings of the exports service."""

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class ExportsSettings(ServiceSettings):
    """`artifacts` is where finished files lie: API and worker share it."""

    model_config = SettingsConfigDict(env_prefix="EXPORTS_", frozen=True, extra="ignore")

    artifacts: Path = Path(".rollbook/artifacts")
