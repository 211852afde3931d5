"""Settings of the academic service."""

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class AcademicSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="ACADEMIC_", frozen=True, extra="ignore")
