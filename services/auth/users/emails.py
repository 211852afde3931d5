"""E-mail addresses: one spelling for each, so that one address has one user."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

FORM = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]+")


def normal_email(text: str) -> str:
    """Raises ValueError for what is no address."""
    email = unicodedata.normalize("NFKC", text).strip().casefold()
    if len(email) > 254 or FORM.fullmatch(email) is None:
        raise ValueError("this is no e-mail address")
    return email


def is_email(text: str) -> str:
    """Raises ValueError. The spelling stays: it is where mail goes."""
    normal_email(text)
    return text.strip()


Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(is_email)]
