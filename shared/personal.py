"""Personal data: one key per person, wrapped by a key of the tenant; fields sealed with it; erasure."""

import hashlib
import hmac
import secrets
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.database import Pool
from shared.members import PersonalKey
from shared.sealed import Sealed

KEY_VERSION = 1


class KeyAbsent(Exception):
    """The person's key has not arrived yet. Never taken for erased: wait for it."""


class PersonErased(Exception):
    """The person's key was destroyed: nothing can be sealed or opened any more."""


class MasterKey:
    """The secret from which every tenant's key is derived (HKDF-SHA256, RFC 5869)."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the master key needs at least 32 bytes")
        self._secret = secret

    @classmethod
    def read(cls, path: Path) -> "MasterKey":
        """The file holds base64."""
        return cls(b64decode(path.read_text().strip()))

    def derive(self, purpose: str, tenant_id: UUID | None = None, version: int = KEY_VERSION) -> bytes:
        info = b"\x1f".join([purpose.encode(), tenant_id.bytes if tenant_id else b"", str(version).encode()])
        return HKDF(algorithm=SHA256(), length=32, salt=b"rollbook", info=info).derive(self._secret)

    def keyed_hash(self, purpose: str, tenant_id: UUID, value: str) -> str:
        """For claims and look-ups of personal values: equal values of one tenant have equal hashes, nobody else's."""
        return hmac.new(self.derive(purpose, tenant_id), value.encode(), hashlib.sha256).hexdigest()


class Sealer:
    """Seals and opens the fields of one person. `new` is what a save must store so that they can be read."""

    def __init__(self, tenant_id: UUID, person_id: UUID, key: bytes, new: tuple[PersonalKey, ...] = ()) -> None:
        self.person_id = person_id
        self.new = new
        self._tenant_id = tenant_id
        self._cipher = AESGCM(key)

    def seal(self, field: str, value: str) -> Sealed[str]:
        nonce = secrets.token_bytes(12)
        box = self._cipher.encrypt(nonce, value.encode(), self._bound_to(field))
        return Sealed("v1." + urlsafe_b64encode(nonce + box).decode())

    def open(self, field: str, sealed: Sealed[str] | str) -> str:
        text = sealed.text if isinstance(sealed, Sealed) else sealed
        box = urlsafe_b64decode(text.removeprefix("v1."))
        return self._cipher.decrypt(box[:12], box[12:], self._bound_to(field)).decode()

    def _bound_to(self, field: str) -> bytes:
        return self._tenant_id.bytes + self.person_id.bytes + field.encode()


class Keyring:
    """The people's keys that this service has: its own, and those that other services distributed."""

    def __init__(self, master: MasterKey, pool: Pool) -> None:
        self.master = master
        self._pool = pool

    async def sealer(self, tenant_id: UUID, person_id: UUID) -> Sealer:
        """Makes a key if there is none. Raises PersonErased."""
        return (await self.sealers(tenant_id, [person_id]))[person_id]

    async def sealers(self, tenant_id: UUID, person_ids: Iterable[UUID]) -> dict[UUID, Sealer]:
        wanted = set(person_ids)
        known = await self._known(tenant_id, wanted)
        sealers: dict[UUID, Sealer] = {}
        tenant_cipher = AESGCM(self.master.derive("person", tenant_id))
        for person_id in wanted:
            if person_id in known:
                found = known[person_id]
                if found is None:
                    raise PersonErased
                sealers[person_id] = found
            else:
                sealers[person_id] = self._make(tenant_id, person_id, tenant_cipher)
        return sealers

    async def open(
        self, tenant_id: UUID, values: Sequence[tuple[UUID, str, Sealed[str] | str | None]]
    ) -> list[str | None]:
        """Clear texts of (person, field, sealed); None for an erased person (and for no value). Raises KeyAbsent."""
        known = await self._known(tenant_id, {person for person, _, sealed in values if sealed is not None})
        texts: list[str | None] = []
        for person, field, sealed in values:
            if sealed is None:
                texts.append(None)
                continue
            if person not in known:
                raise KeyAbsent
            sealer = known[person]
            texts.append(None if sealer is None else sealer.open(field, sealed))
        return texts

    @staticmethod
    def erased(tenant_id: UUID, person_id: UUID) -> PersonalKey:
        """The marker that takes the key's place: pass it to `save(keys=…)`."""
        return PersonalKey(tenant_id, person_id, KEY_VERSION, None)

    @staticmethod
    def _make(tenant_id: UUID, person_id: UUID, tenant_cipher: AESGCM) -> Sealer:
        key, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
        wrapped = nonce + tenant_cipher.encrypt(nonce, key, tenant_id.bytes + person_id.bytes)
        return Sealer(tenant_id, person_id, key, (PersonalKey(tenant_id, person_id, KEY_VERSION, wrapped),))

    async def _known(self, tenant_id: UUID, person_ids: set[UUID]) -> dict[UUID, Sealer | None]:
        """Sealers of the keys that are here, None for erased people; absent ones are left out."""
        if not person_ids:
            return {}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                b"SELECT * FROM keys_of(%b, %b)", (tenant_id, list(person_ids)), prepare=True, binary=True
            )
            rows = await cursor.fetchall()
        ciphers: dict[int, AESGCM] = {}
        known: dict[UUID, Sealer | None] = {}
        for person_id, version, wrapped in rows:
            if wrapped is None:
                known[person_id] = None
                continue
            if version not in ciphers:
                ciphers[version] = AESGCM(self.master.derive("person", tenant_id, version))
            key = ciphers[version].decrypt(wrapped[:12], wrapped[12:], tenant_id.bytes + person_id.bytes)
            known[person_id] = Sealer(tenant_id, person_id, key)
        return known
