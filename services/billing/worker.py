"""The worker process of billing."""

from billing.service import SERVICE
from billing.settings import BillingSettings
from shared.worker import serve_worker

if __name__ == "__main__":
    serve_worker(SERVICE, BillingSettings())
