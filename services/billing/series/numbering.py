"""Numbering: the one stream that gives the next number of a document type, opened when a month begins."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from billing.issuers.issuer import Issuer
from billing.series.series import DocumentType, InvoiceSeries, series_id
from shared.calls import Claim
from shared.store import EventStore


@dataclass(frozen=True)
class NumberSource:
    """`series` gives the number; `closing` is the month before, which ends in the same append."""

    series: InvoiceSeries
    closing: InvoiceSeries | None

    def changed(self) -> list[InvoiceSeries]:
        return [self.series] if self.closing is None else [self.series, self.closing]


async def number_source(
    store: EventStore, issuer: Issuer, document: DocumentType, day: date, now: datetime
) -> NumberSource:
    """The youngest stream of the year, even if this clock is behind it; else a new one for the month."""
    ids = {series_id(issuer.id, document, day.year, month): month for month in range(1, 13)}
    streams = await store.get_many(InvoiceSeries, ids, issuer.tenant_id)
    youngest = max(streams.values(), key=lambda series: series.month, default=None)
    if youngest is not None and youngest.month >= day.month:
        return NumberSource(youngest, None)
    opened = InvoiceSeries(
        id=series_id(issuer.id, document, day.year, day.month),
        tenant_id=issuer.tenant_id,
        issuer_id=issuer.id,
        document=document,
        prefix=issuer.prefixes[document],
        year=day.year,
        month=day.month,
        after=0 if youngest is None else youngest.last,
        timestamp=now,
    )
    if youngest is not None:
        youngest.close(now)
    return NumberSource(opened, youngest)


def number_claim(series: InvoiceSeries, text: str, document_id: UUID) -> Claim:
    """The last wall: no two documents of an issuer have one number."""
    return Claim(series.tenant_id, "document-number", f"{series.issuer_id}:{series.document}:{text}", document_id)
