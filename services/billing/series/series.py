"""An invoice series: the numbers of one issuer, document type and year, without a hole.

One stream per month: opening a month closes the one before in the same append and carries its last
number over, so only the youngest stream of a year gives numbers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event
from shared.ids import derived

DocumentType = Literal["invoice", "credit_note"]


class SeriesIsClosed(Refused):
    """This month's numbers are closed: a later month has begun."""


def series_id(issuer_id: UUID, document: DocumentType, year: int, month: int) -> UUID:
    return derived(issuer_id, "series", document, year, month)


class InvoiceSeries(Aggregate):
    TOPIC = "billing.invoice_series"

    class Created(Aggregate.Created):
        TOPIC = "billing.invoice_series_created"

    class Opened(Created):
        TOPIC = "billing.series_opened"
        PUBLIC = True
        issuer_id: UUID
        document: DocumentType
        prefix: str
        year: int
        month: int
        after: int

    class NumberTaken(Aggregate.Event):
        TOPIC = "billing.number_taken"
        number: int
        text: str
        document_id: UUID

    class Closed(Aggregate.Event):
        TOPIC = "billing.series_closed"
        last: int

    @event(Opened)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        issuer_id: UUID,
        document: DocumentType,
        prefix: str,
        year: int,
        month: int,
        after: int,
        timestamp: datetime,
    ) -> None:
        self.issuer_id = issuer_id
        self.document = document
        self.prefix = prefix
        self.year = year
        self.month = month
        self.last = after
        self.closed = False

    def take(self, document_id: UUID, now: datetime) -> str:
        """The next number, as it is printed."""
        if self.closed:
            raise SeriesIsClosed
        number = self.last + 1
        text = f"{self.prefix}{self.year}-{number:06}"
        self._number_taken(number=number, text=text, document_id=document_id, timestamp=now)
        return text

    @event(NumberTaken)
    def _number_taken(self, number: int, text: str, document_id: UUID, timestamp: datetime) -> None:
        self.last = number

    def close(self, now: datetime) -> None:
        if not self.closed:
            self._closed(last=self.last, timestamp=now)

    @event(Closed)
    def _closed(self, last: int, timestamp: datetime) -> None:
        self.closed = True
