"""The API process of auth."""

from fastapi import APIRouter

from auth.audit import routes as audit
from auth.desk import open_desk
from auth.discovery import routes as discovery
from auth.erasures import routes as erasures
from auth.external_sign_in import routes as external_sign_in
from auth.identity_providers import policy_routes as sign_in_policy
from auth.identity_providers import routes as identity_providers
from auth.impersonations import routes as impersonations
from auth.integrations import routes as integrations
from auth.invitations import routes as invitations
from auth.login_sessions import routes as login_sessions
from auth.login_sessions import switch_route
from auth.memberships import limit_routes as limits
from auth.memberships import routes as memberships
from auth.operator_access import routes as operator_access
from auth.passkeys import routes as passkeys
from auth.roles import routes as roles
from auth.second_factors import policy_routes as security_policy
from auth.second_factors import routes as second_factors
from auth.second_factors import step_up_routes as step_up
from auth.service import SERVICE
from auth.service_accounts import routes as service_accounts
from auth.service_accounts import token_route
from auth.settings import AuthSettings
from auth.signing_keys import routes as signing_keys
from auth.tenants import routes as tenants
from auth.tenants import settings_routes as tenant_settings
from auth.users import routes as users
from shared.http import create_app
from shared.serve import serve_api

app = create_app(
    SERVICE,
    AuthSettings,
    routers=(
        APIRouter(lifespan=open_desk),
        tenants.router,
        tenant_settings.router,
        integrations.router,
        identity_providers.router,
        sign_in_policy.router,
        audit.router,
        erasures.router,
        memberships.router,
        invitations.router,
        limits.router,
        roles.router,
        impersonations.router,
        operator_access.router,
        login_sessions.router,
        switch_route.router,
        second_factors.router,
        passkeys.router,
        external_sign_in.router,
        step_up.router,
        security_policy.router,
        users.router,
        service_accounts.router,
        token_route.router,
        discovery.router,
        signing_keys.router,
    ),
)

if __name__ == "__main__":
    serve_api(app, AuthSettings())
