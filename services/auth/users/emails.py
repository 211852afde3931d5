"""E-mail addresses: one spelling for each, so that one address has one user."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

SPECIAL = r"@\s\x00-\x1f\x7f,;:<>()\[\]\\\""
"""What means something else in the header of a mail."""
FORM = re.compile(rf"[^{SPECIAL}]{{1,64}}@[^{SPECIAL}]+\.[^{SPECIAL}.]+")


def normal_email(text: str) -> str:
    """Raises ValueError for what is no address."""
    email = unicodedata.normalize("NFKC", text).strip().casefold()
    if len(email) > 254 or FORM.fullmatch(email) is None:
        raise ValueError("this is no e-mail address")
    return email


def is_email(text: str) -> str:
    """Where mail goes: upper case stays, but look-alikes become what they look like. Raises ValueError."""
    normal_email(text)
    return unicodedata.normalize("NFKC", text).strip()


Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(is_email)]
