"""A fee plan: what something costs, in versions that never change once published."""

from datetime import date, datetime
from uuid import UUID

from billing.money import Rounding
from billing.plans.tariff import Component, PlanVersion, Proration
from shared.errors import Refused
from shared.events import Aggregate, event


class ComponentsMissing(Refused):
    """A plan version needs at least one component."""


class ComponentNamedTwice(Refused):
    """Two components of a plan version have the same name."""


class CurrencyDiffers(Refused):
    """A price is not in the currency of its plan."""


class PriceNegative(Refused):
    """A price is below zero."""


class VersionNotLater(Refused):
    """A new version takes effect after the version before it."""


class PlanNotInForce(Refused):
    """The plan has no published version on this day."""


class FeePlan(Aggregate):
    TOPIC = "billing.fee_plan"

    class Created(Aggregate.Created):
        TOPIC = "billing.fee_plan_created"

    class Drafted(Created):
        TOPIC = "billing.fee_plan_drafted"
        title: str
        currency: str

    class VersionPublished(Aggregate.Event):
        TOPIC = "billing.fee_plan_version_published"
        PUBLIC = True
        version: int
        effective_on: date
        components: tuple[Component, ...]
        rounding: Rounding
        proration: Proration

    @event(Drafted)
    def __init__(self, *, id: UUID, tenant_id: UUID, title: str, currency: str, timestamp: datetime) -> None:
        self.title = title
        self.currency = currency
        self.versions: tuple[PlanVersion, ...] = ()

    def publish(
        self,
        effective_on: date,
        components: tuple[Component, ...],
        now: datetime,
        rounding: Rounding = "half_up",
        proration: Proration = "calendar_days",
    ) -> None:
        version = PlanVersion(len(self.versions), effective_on, components, rounding, proration)
        if self.versions and version == self.versions[-1]:
            return
        self._guard_components(components)
        if self.versions and effective_on <= self.versions[-1].effective_on:
            raise VersionNotLater(
                f"Version {len(self.versions)} took effect on {self.versions[-1].effective_on}.",
                pointer="/effective_on",
            )
        self._version_published(
            version=len(self.versions) + 1,
            effective_on=effective_on,
            components=components,
            rounding=rounding,
            proration=proration,
            timestamp=now,
        )

    @event(VersionPublished)
    def _version_published(
        self,
        version: int,
        effective_on: date,
        components: tuple[Component, ...],
        rounding: Rounding,
        proration: Proration,
        timestamp: datetime,
    ) -> None:
        published = PlanVersion(version, effective_on, components, rounding, proration)
        self.versions = (*self.versions, published)

    def guard_in_force(self, day: date) -> None:
        if not self.versions or day < self.versions[0].effective_on:
            raise PlanNotInForce(pointer="/effective_on")

    def _guard_components(self, components: tuple[Component, ...]) -> None:
        if not components:
            raise ComponentsMissing(pointer="/components")
        for n, component in enumerate(components):
            if component.price.currency != self.currency:
                raise CurrencyDiffers(f"The plan is in {self.currency}.", pointer=f"/components/{n}/price")
            if component.price.amount < 0:
                raise PriceNegative(pointer=f"/components/{n}/price")
        if len({component.name for component in components}) < len(components):
            raise ComponentNamedTwice(pointer="/components")
