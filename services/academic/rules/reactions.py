"""The freeze day is set where a school's settings are: with auth."""

from pydantic import BaseModel

from academic.rules.commands import set_freeze_day
from shared.reactions import Act, Fact, when


class SettingsChanged(BaseModel):
    """auth.tenant_settings_changed: the fields that are read here."""

    zone: str
    freeze_day: int | None


@when("auth.tenant_settings_changed", name="academic.freeze-day-of-settings")
async def when_settings_changed(fact: Fact[SettingsChanged], act: Act) -> None:
    await set_freeze_day(act.store, act.call, fact.data.freeze_day, fact.data.zone)
