"""Decisions of billing accounts and agreements."""

from datetime import UTC, date, datetime

from billing.accounts.account import BillingAccount
from billing.agreements.agreement import Agreement, agreement_id
from shared.given import given
from shared.ids import uuid7
from shared.sealed import Sealed

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TENANT, ANN, BEN, EVENT, LATER = uuid7(), uuid7(), uuid7(), uuid7(), uuid7()
BEGIN, END = date(2026, 9, 1), date(2026, 12, 1)


def opened() -> BillingAccount:
    return BillingAccount(
        id=uuid7(),
        tenant_id=TENANT,
        kind="family",
        payer_name=Sealed("v1.name"),
        payer_address=None,
        payer_email=None,
        timestamp=NOW,
    )


def linked() -> BillingAccount:
    account = opened()
    account.link(ANN, NOW)
    return account


def started() -> Agreement:
    enrolment = uuid7()
    return Agreement(
        id=agreement_id(TENANT, enrolment),
        tenant_id=TENANT,
        enrolment_id=enrolment,
        student_id=ANN,
        class_id=uuid7(),
        course_id=None,
        begin_on=BEGIN,
        end_on=None,
        source_event_id=EVENT,
        timestamp=NOW,
    )


def invoiced() -> Agreement:
    agreement = started()
    agreement.invoice_month("2026-09", uuid7(), NOW)
    return agreement


def test_B16_an_account_pays_for_several_students() -> None:
    given(linked()).when(lambda a: a.link(BEN, NOW)).then(BillingAccount.StudentLinked, student_id=BEN)
    given(linked()).when(lambda a: a.link(ANN, NOW)).then_nothing()


def test_a_student_is_unlinked_once() -> None:
    given(linked()).when(lambda a: a.unlink(ANN, NOW)).then(BillingAccount.StudentUnlinked, student_id=ANN)
    given(opened()).when(lambda a: a.unlink(ANN, NOW)).then_nothing()


def test_the_payers_details_stay_sealed() -> None:
    given(opened()).when(lambda a: a.change_payer_details(Sealed("v1.new"), None, None, NOW)).then(
        BillingAccount.PayerDetailsChanged, payer_name=Sealed("v1.new")
    )


def test_an_agreement_ends_on_a_day_and_names_the_event_that_told_it() -> None:
    given(started()).when(lambda a: a.end(END, LATER, NOW)).then(Agreement.Ended, on=END, source_event_id=LATER)


def test_dates_that_are_already_so_change_nothing() -> None:
    given(started()).when(lambda a: a.change_dates(BEGIN, None, LATER, NOW)).then_nothing()
    given(started()).when(lambda a: a.change_dates(BEGIN, END, LATER, NOW)).then(
        Agreement.DatesChanged, begin_on=BEGIN, end_on=END, source_event_id=LATER
    )


def test_a_month_is_invoiced_once_for_an_agreement() -> None:
    given(invoiced()).when(lambda a: a.invoice_month("2026-09", uuid7(), NOW)).then_nothing()
    given(invoiced()).when(lambda a: a.invoice_month("2026-10", EVENT, NOW)).then(
        Agreement.MonthInvoiced, month="2026-10", invoice_id=EVENT
    )
