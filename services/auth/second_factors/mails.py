"""Mails that tell users what became of their second factors: whoever did it, they should know."""

from auth.users.mails import to_account
from auth.users.user import User
from shared.mail.letters import Letter, Template
from shared.mail.mailings import Composing, mails
from shared.reactions import Fact

ENABLED = {
    "en": Template(
        "An authenticator app was set up",
        "Hello $name,\n\nfrom now on signing in to your account takes a code of your authenticator app.\n"
        "If it was not you, ask for a new password at once and write to your school.\n",
    ),
    "es": Template(
        "Se configuró una aplicación de autenticación",
        "Hola, $name:\n\ndesde ahora hace falta un código de su aplicación de autenticación para entrar en su cuenta.\n"
        "Si no fue usted, pida una contraseña nueva de inmediato y escriba a su escuela.\n",
    ),
}
DISABLED = {
    "en": Template(
        "Your authenticator app was removed",
        "Hello $name,\n\nsigning in to your account takes no code of your authenticator app any more.\n"
        "If it was not you, ask for a new password at once and write to your school.\n",
    ),
    "es": Template(
        "Se quitó su aplicación de autenticación",
        "Hola, $name:\n\npara entrar en su cuenta ya no hace falta un código de su aplicación de autenticación.\n"
        "Si no fue usted, pida una contraseña nueva de inmediato y escriba a su escuela.\n",
    ),
}
REGISTERED = {
    "en": Template(
        "A passkey was registered",
        "Hello $name,\n\na passkey was registered: whoever has it can sign in to your account.\n"
        "If it was not you, ask for a new password at once and write to your school.\n",
    ),
    "es": Template(
        "Se registró una llave de acceso",
        "Hola, $name:\n\nse registró una llave de acceso: quien la tenga puede entrar en su cuenta.\n"
        "Si no fue usted, pida una contraseña nueva de inmediato y escriba a su escuela.\n",
    ),
}
REMOVED = {
    "en": Template(
        "A passkey was removed",
        "Hello $name,\n\none of your passkeys was removed: it opens your account no more.\n"
        "If it was not you, ask for a new password at once and write to your school.\n",
    ),
    "es": Template(
        "Se quitó una llave de acceso",
        "Hola, $name:\n\nse quitó una de sus llaves de acceso: ya no abre su cuenta.\n"
        "Si no fue usted, pida una contraseña nueva de inmediato y escriba a su escuela.\n",
    ),
}
RECOVERED = {
    "en": Template(
        "A recovery code was used",
        "Hello $name,\n\none of your recovery codes was used in place of your second factor. It works no more.\n"
        "If it was not you, ask for a new password at once, then make new recovery codes.\n",
    ),
    "es": Template(
        "Se usó un código de recuperación",
        "Hola, $name:\n\nse usó uno de sus códigos de recuperación en lugar de su segundo factor. Ya no sirve.\n"
        "Si no fue usted, pida una contraseña nueva de inmediato y genere códigos nuevos.\n",
    ),
}


@mails(User.TotpEnabled, name="auth.mail-totp-enabled")
async def totp_enabled(fact: Fact[User.TotpEnabled], post: Composing) -> Letter | None:
    return await to_account(post, fact.aggregate_id, ENABLED)


@mails(User.TotpDisabled, name="auth.mail-totp-disabled")
async def totp_disabled(fact: Fact[User.TotpDisabled], post: Composing) -> Letter | None:
    return await to_account(post, fact.aggregate_id, DISABLED)


@mails(User.RecoveryCodeUsed, name="auth.mail-recovery-code-used")
async def recovery_code_used(fact: Fact[User.RecoveryCodeUsed], post: Composing) -> Letter | None:
    return await to_account(post, fact.aggregate_id, RECOVERED)


@mails(User.PasskeyRegistered, name="auth.mail-passkey-registered")
async def passkey_registered(fact: Fact[User.PasskeyRegistered], post: Composing) -> Letter | None:
    return await to_account(post, fact.aggregate_id, REGISTERED)


@mails(User.PasskeyRemoved, name="auth.mail-passkey-removed")
async def passkey_removed(fact: Fact[User.PasskeyRemoved], post: Composing) -> Letter | None:
    return await to_account(post, fact.aggregate_id, REMOVED)


MAILINGS = (totp_enabled, totp_disabled, recovery_code_used, passkey_registered, passkey_removed)
