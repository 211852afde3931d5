"""Mails about an erasure, to whoever asked for it: the own person before it happens, somebody else afterwards."""

from uuid import UUID

from auth.erasures.erasure import Erasure
from auth.users.mails import to_user
from auth.users.user import User
from shared.ids import PLATFORM
from shared.mail.letters import Letter, Template
from shared.mail.mailings import Composing, mails
from shared.reactions import Fact

REQUESTED = {
    "en": Template(
        "You asked for an erasure",
        "Hello $name,\n\nthe request has the number $number. Somebody else of the school has to approve it.\n"
        "If it concerns you, this is the last mail to this address; the school can show you the certificate.\n",
    ),
    "es": Template(
        "Ha pedido un borrado",
        "Hola, $name:\n\nla solicitud tiene el número $number. Otra persona de la escuela debe aprobarla.\n"
        "Si le concierne a usted, este es el último correo a esta dirección; la escuela le mostrará el certificado.\n",
    ),
}
COMPLETED = {
    "en": Template(
        "An erasure is complete",
        "Hello $name,\n\nthe erasure with the number $number is complete. Kept for a legal reason by: $held.\n"
        "Its certificate tells what each service did, and when.\n",
    ),
    "es": Template(
        "Un borrado ha terminado",
        "Hola, $name:\n\nel borrado con el número $number ha terminado. Conservado por motivo legal por: $held.\n"
        "Su certificado dice qué hizo cada servicio y cuándo.\n",
    ),
}


@mails(Erasure.Requested, name="auth.mail-erasure-requested")
async def erasure_requested(fact: Fact[Erasure.Requested], post: Composing) -> Letter | None:
    return await to_user(post, await requester(post, fact.data.requested_by), REQUESTED, number=str(fact.aggregate_id))


@mails(Erasure.Completed, name="auth.mail-erasure-completed")
async def erasure_completed(fact: Fact[Erasure.Completed], post: Composing) -> Letter | None:
    erasure = await post.store.get(Erasure, fact.aggregate_id, fact.tenant_id)
    held = ", ".join(fact.data.held) or "-"
    user = await requester(post, erasure.requested_by)
    return await to_user(post, user, COMPLETED, number=str(fact.aggregate_id), held=held)


async def requester(post: Composing, user_id: UUID) -> User:
    return await post.store.get(User, user_id, PLATFORM)


MAILINGS = (erasure_requested, erasure_completed)
