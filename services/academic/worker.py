"""The worker process of academic."""

from academic.service import SERVICE
from academic.settings import AcademicSettings
from shared.worker import serve_worker

if __name__ == "__main__":
    serve_worker(SERVICE, AcademicSettings())
