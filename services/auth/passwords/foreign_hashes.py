"""Password hashes of other systems: verified once, at the first sign-in, and replaced by one of ours."""

import hashlib
import hmac
import re
from base64 import b64decode

import bcrypt
from pwdlib.hashers.base import ensure_bytes, ensure_str

BCRYPT = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}")
PBKDF2 = re.compile(r"pbkdf2_sha256\$([1-9][0-9]{0,6})\$([^$]{1,64})\$([A-Za-z0-9+/]{43}=)")
MOST_COST, MOST_ITERATIONS = 14, 2_000_000
"""About a second of one processor: nobody's sign-in may cost more."""


class Foreign:
    """It verifies; nothing is ever hashed this way again."""

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        raise TypeError("hashes of other systems are only verified")

    def check_needs_rehash(self, hash: str | bytes) -> bool:
        return True


class Bcrypt(Foreign):
    @classmethod
    def identify(cls, hash: str | bytes) -> bool:
        return BCRYPT.fullmatch(ensure_str(hash)) is not None

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        """The systems that wrote such hashes took the first 72 bytes of a password."""
        return bcrypt.checkpw(ensure_bytes(password)[:72], ensure_bytes(hash))


class DjangoPbkdf2(Foreign):
    @classmethod
    def identify(cls, hash: str | bytes) -> bool:
        return PBKDF2.fullmatch(ensure_str(hash)) is not None

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        form = PBKDF2.fullmatch(ensure_str(hash))
        if form is None:
            return False
        iterations, salt, known = int(form[1]), form[2].encode(), b64decode(form[3])
        return hmac.compare_digest(hashlib.pbkdf2_hmac("sha256", ensure_bytes(password), salt, iterations), known)


def verifiable(text: str) -> str:
    """The hash, if a sign-in can be checked with it. Raises ValueError."""
    if form := BCRYPT.fullmatch(text):
        if not 4 <= int(form[1]) <= MOST_COST:
            raise ValueError(f"a bcrypt cost is from 4 to {MOST_COST}")
        return text
    if form := PBKDF2.fullmatch(text):
        if int(form[1]) > MOST_ITERATIONS:
            raise ValueError(f"at most {MOST_ITERATIONS} iterations are taken")
        return text
    raise ValueError("only hashes of bcrypt ($2a$, $2b$, $2y$) and of Django (pbkdf2_sha256$) can be verified")
