"""Time-based one-time passwords (RFC 6238): SHA-1, six digits, thirty seconds, as all authenticator apps know them."""

import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from io import BytesIO

import pyotp
import segno

STEP = 30
SECRET = 20
"""Bytes: the 160 bits that RFC 4226 recommends."""
ISSUER = "Rollbook"


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET)


def step_of(now: datetime) -> int:
    return int(now.timestamp()) // STEP


def code_of(secret: bytes, step: int) -> str:
    return pyotp.HOTP(text_of(secret)).at(step)


def matching_step(secret: bytes, code: str, now: datetime) -> int | None:
    """The step that this code belongs to: the current one or the one before, for clocks and fingers are slow; never
    one of the future."""
    current = step_of(now)
    fitting = [step for step in (current, current - 1) if hmac.compare_digest(code_of(secret, step), code)]
    return fitting[0] if fitting else None


def text_of(secret: bytes) -> str:
    """As people type it."""
    return b32encode(secret).decode()


def otpauth_uri(secret: bytes, email: str) -> str:
    return pyotp.TOTP(text_of(secret)).provisioning_uri(name=email, issuer_name=ISSUER)


def qr_code(uri: str) -> str:
    """An SVG image of black squares, with nothing in it that runs or is fetched."""
    image = BytesIO()
    segno.make(uri, error="m", micro=False).save(image, kind="svg", scale=4, xmldecl=False, nl=False)
    return image.getvalue().decode()
