"""What a user's second factors refuse."""

from shared.errors import Refused


class TotpEnabledAlready(Refused):
    """There is an authenticator app already: remove it first."""


class EnrolmentExpired(Refused):
    """No authenticator app is being set up, or it took too long: begin again."""


class LastSecondFactor(Refused):
    """A school of yours demands a second factor: set up another one first."""
