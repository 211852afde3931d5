"""The auth service: what it decides and shows."""

from auth import sweeping
from auth.audit.audit_log import Audit
from auth.audit.refused_day import RefusedDay
from auth.erasures import mails as erasure_mails
from auth.erasures import reactions as erasing
from auth.erasures.certificates import Erasures
from auth.erasures.erasure import Erasure
from auth.identity_providers.identity_provider import IdentityProvider
from auth.identity_providers.provider_list import IdentityProviders
from auth.impersonations import mails as impersonation_mails
from auth.impersonations.impersonation import Impersonation
from auth.integrations.integration import Integration
from auth.integrations.integration_list import Integrations
from auth.invitations import mails as invitation_mails
from auth.invitations.expiring import EXPIRING
from auth.invitations.invitation import Invitation
from auth.invitations.invitation_list import Invitations
from auth.login_sessions.login_session import LoginSession
from auth.memberships.members import Members
from auth.memberships.membership import Membership
from auth.operator_access.operator_access import OperatorAccess
from auth.roles.role import Role
from auth.roles.role_list import RoleList
from auth.second_factors import mails as second_factor_mails
from auth.service_accounts.directory import ServiceAccounts
from auth.service_accounts.service_account import ServiceAccount
from auth.signing_keys.signing_key import SigningKey
from auth.tenants import operator_routes as tenant_operations
from auth.tenants.onboarding import AcademicSetUp, BillingSetUp
from auth.tenants.reactions import when_tenant_suspended
from auth.tenants.school import School
from auth.tenants.tenant import Tenant
from auth.users import mails
from auth.users.user import User
from shared.revocations import Revocations
from shared.service import Service

AGGREGATES = (
    Tenant,
    User,
    Invitation,
    Membership,
    Role,
    LoginSession,
    Impersonation,
    OperatorAccess,
    Integration,
    IdentityProvider,
    ServiceAccount,
    SigningKey,
    RefusedDay,
    Erasure,
)

SERVICE = Service(
    "auth",
    aggregates=AGGREGATES,
    views=(
        School,
        AcademicSetUp,
        BillingSetUp,
        Integrations,
        IdentityProviders,
        Invitations,
        Members,
        RoleList,
        ServiceAccounts,
        Revocations,
        Erasures,
        Audit.over(AGGREGATES),
    ),
    reactions=(
        *mails.MAILINGS,
        *second_factor_mails.MAILINGS,
        *invitation_mails.MAILINGS,
        *impersonation_mails.MAILINGS,
        when_tenant_suspended,
        *erasure_mails.MAILINGS,
        *erasing.REACTIONS,
    ),
    operator_routers=(tenant_operations.router,),
    rules=(sweeping.RULE,),
    due=(EXPIRING,),
)
