"""Mails to a user about the own account. Each is written when it is sent, from what is true then."""

from uuid import UUID

from auth.handed_out import HandedOut, Kind
from auth.users.open_link import NO_LINK, OpenLink
from auth.users.user import User
from shared.ids import PLATFORM
from shared.mail.letters import Letter, Template, letter
from shared.mail.mailings import Composing, mails
from shared.reactions import Fact

VERIFY = {
    "en": Template(
        "Confirm your e-mail address",
        "Hello $name,\n\nplease confirm that this address is yours:\n\n$link\n\n"
        "The link works once, for 24 hours, with the password that you chose. If you did not register, do nothing.\n",
    ),
    "es": Template(
        "Confirme su dirección de correo",
        "Hola, $name:\n\nconfirme que esta dirección es suya:\n\n$link\n\n"
        "El enlace sirve una vez, durante 24 horas, con la contraseña que eligió. Si no se registró, no haga nada.\n",
    ),
}
RESET = {
    "en": Template(
        "Set a new password",
        "Hello $name,\n\nhere you can set a new password:\n\n$link\n\n"
        "The link works once, for 30 minutes. If you did not ask for it, do nothing: your password stays.\n",
    ),
    "es": Template(
        "Elija una contraseña nueva",
        "Hola, $name:\n\naquí puede elegir una contraseña nueva:\n\n$link\n\n"
        "El enlace sirve una vez, durante 30 minutos. Si no lo pidió, no haga nada: su contraseña no cambia.\n",
    ),
}
ATTEMPTED = {
    "en": Template(
        "You already have an account",
        "Hello $name,\n\nsomebody registered a school with this address and another password. No school was made.\n"
        "If it was you, register again with the password of your account, or ask for a new password.\n",
    ),
    "es": Template(
        "Ya tiene una cuenta",
        "Hola, $name:\n\nalguien registró una escuela con esta dirección y otra contraseña. No se creó ninguna.\n"
        "Si fue usted, regístrela de nuevo con la contraseña de su cuenta, o pida una contraseña nueva.\n",
    ),
}
CHANGED = {
    "en": Template(
        "Your password was changed",
        "Hello $name,\n\nthe password of your account was changed, and your other sign-ins were ended.\n"
        "If it was not you, ask for a new password at once.\n",
    ),
    "es": Template(
        "Se cambió su contraseña",
        "Hola, $name:\n\nse cambió la contraseña de su cuenta y se cerraron sus otras sesiones.\n"
        "Si no fue usted, pida una contraseña nueva de inmediato.\n",
    ),
}


@mails(User.EmailVerificationRequested, name="auth.mail-verification")
async def verification(fact: Fact[User.EmailVerificationRequested], post: Composing) -> Letter | None:
    user = await post.store.get(User, fact.aggregate_id, PLATFORM)
    link = linked(post, user.id, user.verification, fact.data.link_id, "verify-email", "verify-email")
    return None if link is None else await to_user(post, user, VERIFY, link=link)


@mails(User.PasswordResetRequested, name="auth.mail-password-reset")
async def password_reset(fact: Fact[User.PasswordResetRequested], post: Composing) -> Letter | None:
    user = await post.store.get(User, fact.aggregate_id, PLATFORM)
    link = linked(post, user.id, user.reset, fact.data.link_id, "reset-password", "reset-password")
    return None if link is None else await to_user(post, user, RESET, link=link)


@mails(User.RegistrationAttempted, name="auth.mail-registration-attempted")
async def registration_attempted(fact: Fact[User.RegistrationAttempted], post: Composing) -> Letter | None:
    return await to_account(post, fact.aggregate_id, ATTEMPTED)


@mails(User.PasswordChanged, name="auth.mail-password-changed")
async def password_changed(fact: Fact[User.PasswordChanged], post: Composing) -> Letter | None:
    return await to_account(post, fact.aggregate_id, CHANGED)


@mails(User.PasswordReset, name="auth.mail-password-was-reset")
async def password_was_reset(fact: Fact[User.PasswordReset], post: Composing) -> Letter | None:
    return await to_account(post, fact.aggregate_id, CHANGED)


MAILINGS = (verification, password_reset, registration_attempted, password_changed, password_was_reset)


def linked(post: Composing, user_id: UUID, still_open: OpenLink, link_id: UUID, kind: Kind, path: str) -> str | None:
    """None for a link that was used or replaced meanwhile."""
    if still_open == NO_LINK or still_open.id != link_id:
        return None
    return post.link(path, HandedOut(post.keyring.master).token(kind, user_id, link_id))


async def to_user(post: Composing, user: User, templates: dict[str, Template], **values: str) -> Letter | None:
    """None for somebody who was erased."""
    email, name = await post.keyring.open(
        PLATFORM, [(user.id, "email", user.email), (user.id, "given_name", user.given_name)]
    )
    if email is None or name is None:
        return None
    return letter(templates, email, user.language, name=name, **values)


async def to_account(post: Composing, user_id: UUID, templates: dict[str, Template]) -> Letter | None:
    """None for somebody who was erased."""
    return await to_user(post, await post.store.get(User, user_id, PLATFORM), templates)
