"""Decisions of an invoice series."""

from datetime import UTC, datetime

from billing.issuers.issuer import Issuer
from billing.series.series import InvoiceSeries, SeriesIsClosed, series_id
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TENANT, ISSUER, DOCUMENT = uuid7(), uuid7(), uuid7()


def opened(after: int = 0) -> InvoiceSeries:
    return InvoiceSeries(
        id=series_id(ISSUER, "invoice", 2026, 9),
        tenant_id=TENANT,
        issuer_id=ISSUER,
        document="invoice",
        prefix="F",
        year=2026,
        month=9,
        after=after,
        timestamp=NOW,
    )


def closed() -> InvoiceSeries:
    series = opened()
    series.close(NOW)
    return series


def test_B10_the_next_number_follows_the_last_one() -> None:
    given(opened()).when(lambda s: s.take(DOCUMENT, NOW)).then(
        InvoiceSeries.NumberTaken, number=1, text="F2026-000001", document_id=DOCUMENT
    )
    given(opened(after=41)).when(lambda s: s.take(DOCUMENT, NOW)).then(
        InvoiceSeries.NumberTaken, number=42, text="F2026-000042"
    )


def test_B10_a_closed_month_gives_no_number() -> None:
    given(closed()).when(lambda s: s.take(DOCUMENT, NOW)).then_refused(SeriesIsClosed)


def test_closing_keeps_the_last_number_and_twice_changes_nothing() -> None:
    given(opened(after=7)).when(lambda s: s.close(NOW)).then(InvoiceSeries.Closed, last=7)
    given(closed()).when(lambda s: s.close(NOW)).then_nothing()


def test_B11_each_issuer_document_type_year_and_month_has_its_own_stream() -> None:
    ids = {
        series_id(issuer, document, year, month)
        for issuer in (ISSUER, uuid7())
        for document in ("invoice", "credit_note")
        for year in (2026, 2027)
        for month in (1, 2)
    }
    assert len(ids) == 16


def test_B11_an_issuer_has_a_prefix_for_invoices_and_one_for_credit_notes() -> None:
    issuer = Issuer(
        id=ISSUER,
        tenant_id=TENANT,
        name="Academia",
        country="ES",
        currency="EUR",
        zone="Europe/Madrid",
        invoice_prefix="F",
        credit_note_prefix="R",
        timestamp=NOW,
    )
    assert issuer.prefixes == {"invoice": "F", "credit_note": "R"}
