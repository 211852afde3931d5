"""What a password must be (NIST SP 800-63B-4): long, and not what everybody tries first. Any characters will do."""

import unicodedata
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from auth.passwords.block_list import BlockList, once, simple
from shared.errors import Refused

LEAST, MOST = 15, 128
LEAST_WITH_SECOND_FACTOR = 8
"""Only for somebody who has one: guessing the password is not enough then."""
PRODUCT = ("rollbook",)


class PasswordTooWeak(Refused):
    """This password is too short, or easy to guess."""

    status = 422


class PasswordPolicy:
    def __init__(self, block_list: BlockList) -> None:
        self._block_list = block_list

    def check(
        self, password: str, *, about: Iterable[str] = (), second_factor: bool = False, pointer: str = "/new_password"
    ) -> None:
        """`about`: names, addresses and schools that belong to the account. Raises PasswordTooWeak."""
        least = LEAST_WITH_SECOND_FACTOR if second_factor else LEAST
        if not least <= length(password) <= MOST:
            raise PasswordTooWeak(f"This password has not {least} to {MOST} characters.", pointer=pointer)
        if password in self._block_list:
            raise PasswordTooWeak("This password is among the first that anybody tries.", pointer=pointer)
        if len(once(simple(password))) < least:
            raise PasswordTooWeak("This password is something short, repeated.", pointer=pointer)
        if self._block_list.own_part(password, words_in((*PRODUCT, *about))) < 2 * least // 5:
            detail = "This password is a common word, a name or a run of keys, with little else."
            raise PasswordTooWeak(detail, pointer=pointer)


def length(password: str) -> int:
    return len(unicodedata.normalize("NFC", password))


def words_in(texts: Iterable[str]) -> set[str]:
    """Names as they are, and the parts of addresses and of names of several words."""
    found: set[str] = set()
    for text in texts:
        found |= {text, *unicodedata.normalize("NFKC", text).replace("@", " ").replace(".", " ").split()}
    return {word for word in found if len(word) >= 3}


def long_enough(text: str) -> str:
    """Raises ValueError. Whether eight characters are enough is decided for each user."""
    if not LEAST_WITH_SECOND_FACTOR <= length(text) <= MOST:
        raise ValueError(f"a password has {LEAST_WITH_SECOND_FACTOR} to {MOST} characters")
    return text


NewPassword = Annotated[str, StringConstraints(max_length=512), AfterValidator(long_enough)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=512)]
"""One that somebody has: it is only compared."""
