"""What is owed for a mark: by the plan in force on its day, or waiting when there is none. Pure."""

from billing.agreements.agreement import Agreement
from billing.periods.charges import Attended
from billing.periods.settlement import Owed
from billing.plans.price_book import PriceBook
from billing.rating import meeting_charges


def owed_for(mark: Attended, agreement: Agreement | None, book: PriceBook) -> Owed:
    if agreement is None:
        return Owed(mark.key, mark.source_event_id, mark=mark, reason="no_agreement")
    price = book.price_on(mark.held_on, mark.class_id, mark.course_id)
    if price is None:
        return Owed(mark.key, mark.source_event_id, mark=mark, reason="no_plan")
    charges = meeting_charges(mark, price)
    if not charges:
        return Owed(mark.key, mark.source_event_id, mark=mark, reason="included")
    return Owed(mark.key, mark.source_event_id, charges)
