"""The mail to somebody as whom another person acts: at once, and nobody can opt out of it."""

from auth.impersonations.impersonation import Impersonation
from auth.users.mails import to_user
from auth.users.user import User
from shared.ids import PLATFORM
from shared.mail.letters import Letter, Template
from shared.mail.mailings import Composing, mails
from shared.reactions import Fact

STARTED = {
    "en": Template(
        "Somebody acts as you",
        "Hello $name,\n\n$impersonator of your school sees and does things in your name until $until (UTC).\n"
        "The reason given: $reason\n\nEverything is recorded under both names. Passwords, second factors, roles and\n"
        "money cannot be touched this way. If you do not want it, end it (number $number) or write to your school.\n",
    ),
    "es": Template(
        "Alguien actúa en su nombre",
        "Hola, $name:\n\n$impersonator, de su escuela, ve y hace cosas en su nombre hasta $until (UTC).\n"
        "El motivo indicado: $reason\n\nTodo queda registrado con ambos nombres. Así no se pueden tocar contraseñas,\n"
        "segundos factores, roles ni dinero. Si no lo desea, termínelo (número $number) o escriba a su escuela.\n",
    ),
}


@mails(Impersonation.Started, name="auth.mail-impersonation-started")
async def impersonation_started(fact: Fact[Impersonation.Started], post: Composing) -> Letter | None:
    user = await post.store.get(User, fact.data.user_id, PLATFORM)
    other = await post.store.get(User, fact.data.impersonator_id, PLATFORM)
    names = await post.keyring.open(
        PLATFORM, [(other.id, "given_name", other.given_name), (other.id, "family_name", other.family_name)]
    )
    return await to_user(
        post,
        user,
        STARTED,
        impersonator=" ".join(filter(None, names)) or "-",
        until=f"{fact.data.until:%Y-%m-%d %H:%M}",
        reason=fact.data.reason,
        number=str(fact.aggregate_id),
    )


MAILINGS = (impersonation_started,)
