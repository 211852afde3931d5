"""The API process of auth."""

from fastapi import APIRouter

from auth.desk import open_desk
from auth.login_sessions import routes as login_sessions
from auth.memberships import routes as memberships
from auth.service import SERVICE
from auth.settings import AuthSettings
from auth.signing_keys import routes as signing_keys
from auth.tenants import routes as tenants
from auth.users import routes as users
from shared.http import create_app
from shared.serve import serve_api

app = create_app(
    SERVICE,
    AuthSettings,
    routers=(
        APIRouter(lifespan=open_desk),
        tenants.router,
        memberships.router,
        login_sessions.router,
        users.router,
        signing_keys.router,
    ),
)

if __name__ == "__main__":
    serve_api(app, AuthSettings())
