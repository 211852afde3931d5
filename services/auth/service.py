"""The auth service: what it decides and shows."""

from auth import sweeping
from auth.login_sessions.login_session import LoginSession
from auth.memberships.members import Members
from auth.memberships.membership import Membership
from auth.signing_keys.signing_key import SigningKey
from auth.tenants.school import School
from auth.tenants.tenant import Tenant
from auth.users import mails
from auth.users.user import User
from shared.service import Service

SERVICE = Service(
    "auth",
    aggregates=(Tenant, User, Membership, LoginSession, SigningKey),
    views=(School, Members),
    reactions=mails.MAILINGS,
    rules=(sweeping.RULE,),
)
