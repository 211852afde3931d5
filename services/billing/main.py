"""The API process of billing."""

from billing.accounts import routes as accounts
from billing.agreements import routes as agreements
from billing.credit_notes import routes as credit_notes
from billing.invoices import routes as invoices
from billing.periods import routes as periods
from billing.plans import routes as plans
from billing.service import SERVICE
from billing.settings import BillingSettings
from billing.summaries import routes as summaries
from shared import refused_action_routes
from shared.http import create_app
from shared.serve import serve_api

app = create_app(
    SERVICE,
    BillingSettings,
    routers=(
        plans.router,
        accounts.router,
        agreements.router,
        periods.router,
        invoices.router,
        credit_notes.router,
        summaries.router,
        refused_action_routes.router,
    ),
)

if __name__ == "__main__":
    serve_api(app, BillingSettings())
