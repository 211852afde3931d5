"""The one place where a second factor is compared: sign-in, step-up, and every change of factors pass it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth.credential_checks.tries import SECOND_FACTOR, Place, SignInLocked, Tries
from auth.login_sessions.pending import PendingSignIns
from auth.second_factors.recovery_codes import RecoveryCodes
from auth.second_factors.totp_secrets import TotpSecrets
from auth.users.user import User
from shared.calls import Call, Saved
from shared.commands import command
from shared.database import Pool
from shared.errors import Refused
from shared.ids import PLATFORM
from shared.personal import MasterKey
from shared.store import EventStore


class CodeWrong(Refused):
    """The code is wrong, too old, or was used."""

    status = 403


@dataclass(frozen=True)
class Proof:
    """A code of the authenticator app, or a recovery code in its place."""

    code: str | None = None
    recovery_code: str | None = None


class SecondFactors:
    def __init__(self, pool: Pool, master: MasterKey, tries: Tries, pending: PendingSignIns) -> None:
        self.totp = TotpSecrets(pool, master)
        self.recovery_codes = RecoveryCodes(pool, master)
        self._master = master
        self._tries = tries
        self._pending = pending

    async def prove(self, store: EventStore, call: Call, user: User, proof: Proof) -> None:
        """Raises CodeWrong, SignInLocked. A lock ends the sign-ins that wait: their password is asked again.

        The try is counted and committed before the compare, so that nothing that fails later takes it back."""
        place = await self.reserve(user.id, call.now)
        await self.settle(place, user.id, call.now, fits=await self._fits(store, call, user, proof))

    async def prove_enrolment(self, user: User, code: str, now: datetime) -> None:
        """The first code of an app that is being set up. Raises CodeWrong, SignInLocked."""
        place = await self.reserve(user.id, now)
        fits = await self.totp.accept(user.id, user.enrolling.id, code, now)
        await self.settle(place, user.id, now, fits=fits)

    async def reserve(self, user_id: UUID, now: datetime) -> Place:
        place = Place(SECOND_FACTOR, self._master.keyed_hash("second-factor", PLATFORM, str(user_id)))
        try:
            await self._tries.reserve(now, [place])
        except SignInLocked:
            await self._pending.end_all(user_id)
            raise
        return place

    async def settle(self, place: Place, user_id: UUID, now: datetime, *, fits: bool) -> None:
        if fits:
            await self._tries.succeeded([place])
            return
        if await self._tries.locked(now, place.limit.scope, place.subject):
            await self._pending.end_all(user_id)
        raise CodeWrong

    async def _fits(self, store: EventStore, call: Call, user: User, proof: Proof) -> bool:
        if proof.code is not None:
            return user.totp_id is not None and await self.totp.accept(user.id, user.totp_id, proof.code, call.now)
        if proof.recovery_code is None or user.recovery_set is None:
            return False
        if not await self.recovery_codes.use(user.recovery_set, proof.recovery_code):
            return False
        await note_recovery_code(store, call.for_tenant(PLATFORM).step("recovery-code"), user.id)
        return True


@command
async def note_recovery_code(store: EventStore, call: Call, user_id: UUID) -> Saved:
    return await store.change(User, user_id, lambda user: user.use_recovery_code(call.now), call=call)
