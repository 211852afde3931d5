"""Every mail of every service: a fixed name, both languages, and the same placeholders in both."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from string import Template as Text

import pytest

from infra.services import SERVICES
from shared.mail.letters import LANGUAGES, Template
from shared.mail.mailings import Mailing

MAILINGS = [(service.name, each) for service in SERVICES for each in service.reactions if isinstance(each, Mailing)]


def templates() -> Iterator[tuple[str, dict[str, Template]]]:
    """Each set of templates that a module of a service holds, by its place."""
    for service in SERVICES:
        package = import_module(service.name)
        for module in pkgutil.walk_packages(package.__path__, f"{service.name}."):
            if module.name.endswith("mails"):
                for name, value in vars(import_module(module.name)).items():
                    if isinstance(value, dict) and any(isinstance(one, Template) for one in value.values()):
                        yield f"{module.name}.{name}", value


TEMPLATES = dict(templates())


def test_a_mailing_has_a_name_of_its_own_that_says_whose_it_is() -> None:
    names = [mailing.name for _, mailing in MAILINGS]
    assert len(set(names)) == len(names) > 0
    assert [name for service, mailing in MAILINGS if not (name := mailing.name).startswith(f"{service}.mail-")] == []


def test_nobody_can_decline_what_is_about_an_accounts_safety() -> None:
    kinds = {mailing.name: mailing.kind.kind for _, mailing in MAILINGS if mailing.kind is not None}
    assert kinds == {"academic.mail-absence": "absence-alerts"}


def test_the_modules_of_mails_are_found() -> None:
    assert {"auth.users.mails.VERIFY", "auth.users.mails.RESET"} <= TEMPLATES.keys()


@pytest.mark.parametrize("place", TEMPLATES)
def test_every_letter_is_written_in_every_language_with_all_that_it_tells(place: str) -> None:
    by_language = TEMPLATES[place]
    assert tuple(sorted(by_language)) == tuple(sorted(LANGUAGES))
    wanted = {language: placeholders(template) for language, template in by_language.items()}
    assert len(set(map(frozenset, wanted.values()))) == 1
    values = {name: f"«{name}»" for name in wanted["en"]}
    for language, template in by_language.items():
        letter = template.letter("a@example.org", language, values)
        assert "$" not in letter.subject + letter.text
        assert all(value in letter.subject + letter.text for value in values.values())
        assert "\n" not in letter.subject
        assert letter.text.endswith("\n")
        assert max(map(len, letter.text.splitlines())) <= 120


def placeholders(template: Template) -> set[str]:
    return {found["named"] or found["braced"] for found in Text.pattern.finditer(f"{template.subject} {template.text}")}
