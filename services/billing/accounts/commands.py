"""What can be done with a billing account: open it, change the payer's details, link students."""

from dataclasses import dataclass
from uuid import UUID

from billing.accounts.account import AccountKind, BillingAccount, StudentHasPayer
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.personal import Keyring, Sealer
from shared.sealed import Sealed
from shared.store import EventStore, Taken

PAYER = "payer-of-student"


@dataclass(frozen=True)
class Payer:
    """Who pays, in clear text: on its way to be sealed."""

    name: str
    address: str | None
    email: str | None


def sealed(sealer: Sealer, field: str, value: str | None) -> Sealed[str] | None:
    return sealer.seal(field, value) if value else None


@command
async def open_account(
    store: EventStore,
    call: Call,
    keyring: Keyring,
    account_id: UUID,
    kind: AccountKind,
    payer: Payer,
    students: tuple[UUID, ...],
) -> Saved:
    sealer = await keyring.sealer(call.tenant_id, account_id)
    account = BillingAccount(
        id=account_id,
        tenant_id=call.tenant_id,
        kind=kind,
        payer_name=sealer.seal("payer_name", payer.name),
        payer_address=sealed(sealer, "payer_address", payer.address),
        payer_email=sealed(sealer, "payer_email", payer.email),
        timestamp=call.now,
    )
    for student_id in students:
        account.link(student_id, call.now)
    claims = [payer_claim(account, student_id) for student_id in sorted(account.students)]
    try:
        return await store.save(account, call=call, claims=claims, keys=sealer.new)
    except Taken:
        raise StudentHasPayer(pointer="/students") from None


@command
async def change_payer_details(
    store: EventStore, call: Call, keyring: Keyring, account_id: UUID, payer: Payer
) -> Saved:
    sealer = await keyring.sealer(call.tenant_id, account_id)

    def decide(account: BillingAccount) -> None:
        account.change_payer_details(
            sealer.seal("payer_name", payer.name),
            sealed(sealer, "payer_address", payer.address),
            sealed(sealer, "payer_email", payer.email),
            call.now,
        )

    return await store.change(BillingAccount, account_id, decide, call=call, keys=sealer.new)


@command
async def link_student(store: EventStore, call: Call, account_id: UUID, student_id: UUID) -> Saved:
    """One account at a time pays for a student: the claim decides."""
    claim = Claim(call.tenant_id, PAYER, str(student_id), account_id)
    try:
        return await store.change(
            BillingAccount, account_id, lambda a: a.link(student_id, call.now), call=call, claims=[claim]
        )
    except Taken:
        raise StudentHasPayer(pointer="/student_id") from None


@command
async def unlink_student(store: EventStore, call: Call, account_id: UUID, student_id: UUID) -> Saved:
    claim = Claim(call.tenant_id, PAYER, str(student_id), account_id)
    return await store.change(
        BillingAccount, account_id, lambda a: a.unlink(student_id, call.now), call=call, releases=[claim]
    )


def payer_claim(account: BillingAccount, student_id: UUID) -> Claim:
    return Claim(account.tenant_id, PAYER, str(student_id), account.id)
