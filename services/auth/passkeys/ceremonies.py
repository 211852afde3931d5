"""The two ceremonies of WebAuthn: registering a passkey and signing in with it. The authenticator verifies its user."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from webauthn.helpers.base64url_to_bytes import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from auth.passkeys.rows import Passkey
from shared.errors import Refused

NAME = "Rollbook"
UNREADABLE = (WebAuthnException, ValueError, TypeError, KeyError)
"""What the library raises for answers that no authenticator gives."""


class PasskeyRefused(Refused):
    """This passkey does not fit: another challenge, site or key, or its user was not verified."""

    status = 403


@dataclass(frozen=True)
class New:
    credential_id: bytes
    public_key: bytes
    sign_count: int
    method: str


class Ceremonies:
    """For one site: passkeys of one are of no use on another."""

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._site = parts.hostname or ""
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def registering(self, user_id: UUID, email: str, known: list[Passkey]) -> tuple[bytes, dict[str, Any]]:
        """The challenge, and the options for `navigator.credentials.create()`."""
        options = webauthn.generate_registration_options(
            rp_id=self._site,
            rp_name=NAME,
            user_id=user_id.bytes,
            user_name=email,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in known],
        )
        return options.challenge, json.loads(webauthn.options_to_json(options))

    def registered(self, challenge: bytes, credential: dict[str, Any]) -> New:
        """Raises PasskeyRefused."""
        try:
            found = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._site,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except UNREADABLE as error:
            raise PasskeyRefused from error
        method = method_of(found.credential_device_type)
        return New(found.credential_id, found.credential_public_key, found.sign_count, method)

    def signing_in(self) -> tuple[bytes, dict[str, Any]]:
        """The challenge, and the options for `navigator.credentials.get()`. The passkey says who it is."""
        options = webauthn.generate_authentication_options(
            rp_id=self._site, user_verification=UserVerificationRequirement.REQUIRED
        )
        return options.challenge, json.loads(webauthn.options_to_json(options))

    def signed(self, challenge: bytes, credential: dict[str, Any], passkey: Passkey) -> int:
        """The new count of its signatures. Raises PasskeyRefused."""
        try:
            found = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._site,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except UNREADABLE as error:
            raise PasskeyRefused from error
        return found.new_sign_count


def credential_id_of(credential: dict[str, Any]) -> bytes:
    """Raises PasskeyRefused."""
    try:
        return base64url_to_bytes(credential["id"])
    except UNREADABLE as error:
        raise PasskeyRefused from error


def method_of(kind: CredentialDeviceType) -> str:
    """As RFC 8176 names it: a key that stays in its device, or one that is synchronised."""
    return "hwk" if kind is CredentialDeviceType.SINGLE_DEVICE else "swk"
