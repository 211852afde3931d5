"""Settings: read from the environment; production refuses what is only safe on a desk."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from gateway.settings import GatewaySettings
from shared.settings import ServiceSettings


class BookSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="BOOK_")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "master.key"
    file.write_text("k" * 44)
    file.chmod(0o600)
    return file


def test_R0_12_R0_18_each_service_reads_its_own_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOK_PORT", "8042")
    monkeypatch.setenv("OTHER_PORT", "1")
    monkeypatch.setenv("BOOK_API_DSN", "postgresql://u:secret@h/db")
    settings = BookSettings()
    assert settings.port == 8042
    assert "secret" not in repr(settings)


def test_S28_production_starts_with_safe_values(key: Path, tmp_path: Path) -> None:
    dsn = SecretStr("postgresql://book_api:a-long-enough-password@db/rollbook")
    settings = BookSettings(environment="production", master_key_file=key, api_dsn=dsn, state=tmp_path)
    assert settings.production


def test_S28_production_refuses_mail_in_clear_text_and_links_without_tls(key: Path, tmp_path: Path) -> None:
    safe: dict[str, Any] = {
        "environment": "production",
        "master_key_file": key,
        "state": tmp_path,
        "smtp_host": "mail.example",
        "gateway_url": "https://api.example",
    }
    assert BookSettings(**safe, public_url="https://school.example").smtp_security == "starttls"
    with pytest.raises(ValidationError, match="clear text"):
        BookSettings(**safe, public_url="https://school.example", smtp_security="none")
    with pytest.raises(ValidationError, match="public_url"):
        BookSettings(**safe, public_url="http://school.example")
    with pytest.raises(ValidationError, match="gateway_url"):
        BookSettings(**safe | {"gateway_url": "http://api.example"}, public_url="https://school.example")


@pytest.mark.parametrize(
    "dsn", ["postgresql://u:short@h/db", "postgresql://u@h/db", "host=h password=short user=u", "host=h"]
)
def test_S28_production_refuses_a_weak_database_password(key: Path, tmp_path: Path, dsn: str) -> None:
    with pytest.raises(ValidationError, match="api_dsn: the password is shorter"):
        BookSettings(environment="production", master_key_file=key, api_dsn=SecretStr(dsn), state=tmp_path)


def test_S28_production_refuses_a_key_file_that_others_read(key: Path, tmp_path: Path) -> None:
    key.chmod(0o644)
    with pytest.raises(ValidationError, match="chmod 600"):
        BookSettings(environment="production", master_key_file=key, state=tmp_path)
    assert BookSettings(master_key_file=key).environment == "development"


def test_S28_R4_41_production_refuses_a_missing_or_short_key(key: Path, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="there is no such file"):
        BookSettings(environment="production", master_key_file=tmp_path / "none", state=tmp_path)
    key.write_text("short")
    with pytest.raises(ValidationError, match="shorter than"):
        BookSettings(environment="production", master_key_file=key, state=tmp_path)


def test_S28_R4_40_production_refuses_debug_lines_and_an_open_state_folder(key: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o777)
    with pytest.raises(ValidationError, match=r"log_level: .*; state: "):
        BookSettings(environment="production", master_key_file=key, state=state, log_level="debug")


@pytest.mark.parametrize("origin", ["*", "http://school.example", "https://*.example"])
def test_S24_R4_47_production_refuses_an_open_list_of_origins(tmp_path: Path, origin: str) -> None:
    with pytest.raises(ValidationError, match="is not one https origin"):
        GatewaySettings(environment="production", origins=(origin,), state=tmp_path)
    allowed = GatewaySettings(environment="production", origins=("https://app.example",), state=tmp_path)
    assert allowed.origins == ("https://app.example",)
