"""What everybody tries first: common passwords, runs over the keyboard, repetitions, words about the account."""

import gzip
import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

COMMON = Path(__file__).with_name("common_passwords.txt.gz")
SHORTEST, LONGEST = 4, 20
"""Characters of a listed word that is looked for inside of a password."""
RUN = 4
ROWS = (
    "1234567890",
    "!@#$%^&*()",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "wxcvbn",
)
KEYS = frozenset(pair for row in ROWS for way in (row, row[::-1]) for pair in pairwise(way))
SEPARATORS = re.compile(r"[\s!-/:-@\[-`{-~]+")
BLANK = frozenset(" \t")
SIGNS = str.maketrans("@431!|0$57", "aaeiiioss" + "t")


class BlockList:
    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(simple(word) for word in words)

    @classmethod
    def load(cls, more: Path | None = None) -> "BlockList":
        """The list that comes with the product, and the operator's own: one password a line, in UTF-8."""
        own = [] if more is None else more.read_text(encoding="utf-8").splitlines()
        return cls([*gzip.decompress(COMMON.read_bytes()).decode().splitlines(), *own])

    def __contains__(self, password: str) -> bool:
        return simple(password) in self._words

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def own_part(self, password: str, context: Iterable[str] = ()) -> int:
        """How many different characters are left without what everybody tries first."""
        text = once(simple(password))
        for word in sorted(map(simple, context), key=len, reverse=True):
            text = text.replace(word, "")
        joined = SEPARATORS.sub("", text)
        forms = {text, text.translate(SIGNS)} | ({joined} if 2 * len(joined) >= len(text) else set())
        return min(self._left(form) for form in forms)

    def _left(self, text: str) -> int:
        """Without runs and one listed word, wherever it stands: whichever leaves least."""
        lefts = [without_runs(text), *(without_runs(text.replace(word, "")) for word in self._inside(text))]
        bare = without_runs(text)
        lefts += [bare.replace(word, "") for word in self._inside(bare)]
        return min(len(set(left) - BLANK) for left in lefts)

    def _inside(self, text: str) -> set[str]:
        """The listed words in it."""
        lengths = range(SHORTEST, min(LONGEST, len(text)) + 1)
        parts = {text[at : at + length] for length in lengths for at in range(len(text) - length + 1)}
        return parts & self._words


def simple(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def once(text: str) -> str:
    """What is repeated counts once."""
    for length in range(1, len(text) // 2 + 1):
        if all(text[at] == text[at % length] for at in range(length, len(text))):
            return text[:length]
    return text


def without_runs(text: str) -> str:
    """Without `aaaa`, `abcd`, `4321`, `qwer` and the like."""
    kept, run, kind = "", text[:1], ""
    for before, after in pairwise(text):
        steps = kinds(before, after)
        if steps and (not kind or kind in steps):
            kind = kind or steps[0]
            run += after
            continue
        kept += run if len(run) < RUN else ""
        run, kind = after, ""
    return kept + (run if len(run) < RUN else "")


def kinds(before: str, after: str) -> tuple[str, ...]:
    """The ways in which one character follows another without thought."""
    named = {0: ("same",), 1: ("up",), -1: ("down",)}.get(ord(after) - ord(before), ())
    return (*named, "keys") if (before, after) in KEYS else named
