"""The billing service: what it decides, shows and reacts to."""

from billing.accounts.account import BillingAccount
from billing.accounts.accounts import Accounts
from billing.accounts.statement import Statement
from billing.agreements.agreement import Agreement
from billing.agreements.agreements import Agreements
from billing.agreements.reactions import (
    when_enrollment_dates_changed,
    when_student_enrolled,
    when_student_withdrawn,
)
from billing.catalogue.offer import Offer
from billing.credit_notes.credit_note import CreditNote
from billing.credit_notes.credit_notes import CreditNotes
from billing.erasures.erasure_answer import ErasureAnswer
from billing.erasures.reactions import when_erasure_approved
from billing.invoices.invoice import Invoice
from billing.invoices.invoices import Invoices
from billing.issuers.issuer import Issuer
from billing.issuers.reactions import when_tenant_registered
from billing.periods.charge_period import ChargePeriod
from billing.periods.marks import Marks
from billing.periods.reactions import (
    when_agreement_started,
    when_attendance_corrected,
    when_attendance_marked,
    when_plan_assigned,
    when_plan_version_published,
)
from billing.plans.fee_plan import FeePlan
from billing.plans.plan_assignment import PlanAssignment
from billing.plans.price_list import PriceList
from billing.series.series import InvoiceSeries
from billing.students.students import Students
from billing.summaries.summary import Summary
from shared.revocations import Revocations
from shared.service import Service

SERVICE = Service(
    "billing",
    aggregates=(
        Issuer,
        InvoiceSeries,
        FeePlan,
        PlanAssignment,
        BillingAccount,
        Agreement,
        ChargePeriod,
        Invoice,
        CreditNote,
        ErasureAnswer,
    ),
    views=(
        PriceList,
        Accounts,
        Agreements,
        Marks,
        Invoices,
        CreditNotes,
        Statement,
        Summary,
        Students,
        Offer,
        Revocations,
    ),
    reactions=(
        when_tenant_registered,
        when_student_enrolled,
        when_student_withdrawn,
        when_enrollment_dates_changed,
        when_attendance_marked,
        when_attendance_corrected,
        when_agreement_started,
        when_plan_assigned,
        when_plan_version_published,
        when_erasure_approved,
    ),
)
