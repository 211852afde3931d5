"""The worker process of auth."""

from auth.service import SERVICE
from auth.settings import AuthSettings
from shared.worker import serve_worker

if __name__ == "__main__":
    serve_worker(SERVICE, AuthSettings())
