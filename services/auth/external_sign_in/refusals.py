"""What signing in by a provider refuses."""

from shared.errors import Forbidden, Refused


class ExternalSignInExpired(Refused):
    """This sign-in took too long, was used, or began in another browser: begin again."""

    status = 401


class ExternalSignInRefused(Refused):
    """The provider's answer does not hold: begin again."""

    status = 401


class ProviderUnavailable(Refused):
    """The provider cannot be asked, or does not answer as OpenID Connect has it: try again later."""


class AddressNotTrusted(Forbidden):
    """The provider has not verified your e-mail address, or your school does not trust it for that address."""


class NotMember(Forbidden):
    """Your address is not that of a member of this school: ask the school for an invitation."""


class IdentityDiffers(Forbidden):
    """Your account belongs to another identity of the provider: ask the school to unlink it."""


class NoRoleGiven(Forbidden):
    """None of your groups at the provider gives you a role in this school."""


class NameMissing(Forbidden):
    """The provider does not say your name: the school has to ask it for the scope profile."""
