"""The mail that invites somebody to a school."""

from typing import Any

from auth.handed_out import HandedOut
from auth.invitations.invitation import Invitation
from auth.tenants.tenant import Tenant
from shared.mail.letters import Letter, Template, letter
from shared.mail.mailings import Composing, mails
from shared.reactions import Fact

INVITED = {
    "en": Template(
        "$school invites you",
        "Hello $name,\n\n$school invites you to Rollbook:\n\n$link\n\n"
        "The link works once, for seven days. If you have an account with this address, you need its password;\n"
        "otherwise you choose one. If you do not know this school, do nothing.\n",
    ),
    "es": Template(
        "Invitación de $school",
        "Hola, $name:\n\n$school le invita a Rollbook:\n\n$link\n\n"
        "El enlace sirve una vez, durante siete días. Si ya tiene una cuenta con esta dirección, necesita su\n"
        "contraseña; si no, elegirá una. Si no conoce esta escuela, no haga nada.\n",
    ),
}


@mails(Invitation.MemberInvited, name="auth.mail-invitation")
async def invitation(fact: Fact[Invitation.MemberInvited], post: Composing) -> Letter | None:
    return await to_invited(fact, post)


@mails(Invitation.Resent, name="auth.mail-invitation-again")
async def invitation_again(fact: Fact[Invitation.Resent], post: Composing) -> Letter | None:
    return await to_invited(fact, post)


MAILINGS = (invitation, invitation_again)


async def to_invited(fact: Fact[Any], post: Composing) -> Letter | None:
    """None where it is over, or a newer link took the place of this one."""
    found = await post.store.get(Invitation, fact.aggregate_id, fact.tenant_id)
    if found.state != "open" or found.link.id != fact.data.link_id:
        return None
    email, name = await post.keyring.open(
        fact.tenant_id, [(found.id, "email", found.email), (found.id, "given_name", found.given_name)]
    )
    if email is None:
        return None
    school = await post.store.get(Tenant, fact.tenant_id, fact.tenant_id)
    token = HandedOut(post.keyring.master).token("invitation", fact.tenant_id, found.id, found.link.id)
    link = post.link("accept-invitation", token)
    return letter(INVITED, email, found.language, name=name or email, school=school.name, link=link)
