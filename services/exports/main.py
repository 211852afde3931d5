"""The API process of exports."""

from exports.artifacts import routes as artifacts
from exports.jobs import routes as jobs
from exports.service import SERVICE
from exports.settings import ExportsSettings
from shared import refused_action_routes
from shared.http import create_app
from shared.serve import serve_api

app = create_app(SERVICE, ExportsSettings, routers=(jobs.router, artifacts.router, refused_action_routes.router))

if __name__ == "__main__":
    serve_api(app, ExportsSettings())
