"""What a password must be (NIST SP 800-63B-4): long, and nothing else."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

LEAST, MOST = 15, 128
"""Characters while there is no second factor."""


def long_enough(text: str) -> str:
    """Raises ValueError."""
    if not LEAST <= len(unicodedata.normalize("NFC", text)) <= MOST:
        raise ValueError(f"a password has {LEAST} to {MOST} characters")
    return text


NewPassword = Annotated[str, StringConstraints(max_length=512), AfterValidator(long_enough)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=512)]
"""One that somebody has: it is only compared."""
