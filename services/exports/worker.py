"""The worker process of exports."""

from exports.service import SERVICE
from exports.settings import ExportsSettings
from shared.worker import serve_worker

if __name__ == "__main__":
    serve_worker(SERVICE, ExportsSettings())
