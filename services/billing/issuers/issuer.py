"""An issuer: the legal entity that invoices."""

from datetime import datetime
from uuid import UUID

from shared.events import Aggregate, event
from shared.ids import derived


def default_issuer_id(tenant_id: UUID) -> UUID:
    """The issuer that a school has from its registration on."""
    return derived(tenant_id, "issuer")


class Issuer(Aggregate):
    TOPIC = "billing.issuer"

    class Created(Aggregate.Created):
        TOPIC = "billing.issuer_created"

    class Registered(Created):
        TOPIC = "billing.issuer_registered"
        PUBLIC = True
        name: str
        country: str
        currency: str
        zone: str
        invoice_prefix: str
        credit_note_prefix: str

    @event(Registered)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        name: str,
        country: str,
        currency: str,
        zone: str,
        invoice_prefix: str,
        credit_note_prefix: str,
        timestamp: datetime,
    ) -> None:
        self.name = name
        self.country = country
        self.currency = currency
        self.zone = zone
        self.prefixes = {"invoice": invoice_prefix, "credit_note": credit_note_prefix}
