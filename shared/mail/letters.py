"""Letters: what one person is told by mail, from a template in that person's language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
    decline_url: str | None = None
    """One POST to it, and no more mails of this kind come (RFC 8058). None: nobody declines such mails."""


@dataclass(frozen=True)
class Template:
    """`$name` stands for a value. What people typed cannot end a line: it would look like a text of ours."""

    subject: str
    text: str

    def letter(self, to: str, language: str, values: Mapping[str, str]) -> Letter:
        """Raises KeyError for a value that is missing."""
        clean = {name: CONTROL.sub(" ", value) for name, value in values.items()}
        return Letter(to, Text(self.subject).substitute(clean), Text(self.text).substitute(clean), language)


DECLINE = {
    "en": "\n--\nTo get no more mails of this kind: $link\n",
    "es": "\n--\nPara no recibir más correos de este tipo: $link\n",
}

Templates = Mapping[str, Template]
"""language → template; one for each of LANGUAGES."""


def letter(templates: Templates, to: str, language: str | None, **values: str) -> Letter:
    """In the language of the person, in English where we do not have it."""
    chosen = language if language is not None and language in templates else DEFAULT
    return templates[chosen].letter(to, chosen, values)


def declinable(written: Letter, page: str, decline_url: str) -> Letter:
    """With both ways out: a page for people, and an address for mail programs."""
    text = written.text + Text(DECLINE[written.language]).substitute(link=page)
    return replace(written, text=text, decline_url=decline_url)
