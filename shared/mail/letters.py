"""Letters: what one person is told by mail, from a template in that person's language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template as Text

DEFAULT = "en"
LANGUAGES = ("en", "es")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class Letter:
    """`to` is one address."""

    to: str
    subject: str
    text: str
    language: str


@dataclass(frozen=True)
class Template:
    """`$name` stands for a value. What people typed cannot end a line: it would look like a text of ours."""

    subject: str
    text: str

    def letter(self, to: str, language: str, values: Mapping[str, str]) -> Letter:
        """Raises KeyError for a value that is missing."""
        clean = {name: CONTROL.sub(" ", value) for name, value in values.items()}
        return Letter(to, Text(self.subject).substitute(clean), Text(self.text).substitute(clean), language)


Templates = Mapping[str, Template]
"""language → template; one for each of LANGUAGES."""


def letter(templates: Templates, to: str, language: str | None, **values: str) -> Letter:
    """In the language of the person, in English where we do not have it."""
    chosen = language if language is not None and language in templates else DEFAULT
    return templates[chosen].letter(to, chosen, values)
