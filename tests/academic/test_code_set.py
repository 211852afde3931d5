"""Decisions of the attendance codes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from academic.codes.code import DEFAULT_CODES, Category, Code
from academic.codes.code_set import AttendanceCodeSet, CodeExists, CodeNotInUse, CodeUnknown, code_set_id
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TENANT = uuid7()
ONLINE = Code("O", "Online", present=True, billable=True, category="In Attendance")


def empty() -> AttendanceCodeSet:
    return AttendanceCodeSet(id=code_set_id(TENANT), tenant_id=TENANT, timestamp=NOW)


def with_online() -> AttendanceCodeSet:
    codes = empty()
    codes.define(ONLINE, NOW)
    return codes


def retired() -> AttendanceCodeSet:
    codes = with_online()
    codes.retire("O", NOW)
    return codes


def test_A13_a_school_defines_a_code_of_its_own() -> None:
    given(empty()).when(lambda c: c.define(ONLINE, NOW)).then(
        AttendanceCodeSet.CodeDefined, code_version=1, **vars(ONLINE)
    )


def test_defining_again_changes_nothing() -> None:
    given(with_online()).when(lambda c: c.define(ONLINE, NOW)).then_nothing()


def test_A13_a_code_has_one_meaning() -> None:
    other = replace(ONLINE, title="Other")
    given(with_online()).when(lambda c: c.define(other, NOW)).then_refused(CodeExists)
    given(retired()).when(lambda c: c.define(ONLINE, NOW)).then_refused(CodeExists)


def test_A14_a_revised_code_is_a_new_version() -> None:
    free = replace(ONLINE, billable=False, pays_teacher=False, grants_make_up=True)
    given(with_online()).when(lambda c: c.revise(free, NOW)).then(
        AttendanceCodeSet.CodeRevised, code_version=2, billable=False, pays_teacher=False, grants_make_up=True
    )


def test_revising_to_the_same_changes_nothing() -> None:
    given(with_online()).when(lambda c: c.revise(ONLINE, NOW)).then_nothing()


def test_a_code_is_retired_once_and_comes_back_by_a_revision() -> None:
    given(with_online()).when(lambda c: c.retire("O", NOW)).then(AttendanceCodeSet.CodeRetired, code="O")
    given(retired()).when(lambda c: c.retire("O", NOW)).then_nothing()
    given(retired()).when(lambda c: c.revise(ONLINE, NOW)).then(AttendanceCodeSet.CodeRevised, code_version=2)


def test_an_unknown_code_is_not_found() -> None:
    given(empty()).when(lambda c: c.revise(ONLINE, NOW)).then_refused(CodeUnknown)
    given(empty()).when(lambda c: c.retire("O", NOW)).then_refused(CodeUnknown)


def test_only_codes_in_use_can_be_given() -> None:
    assert with_online().current("O").number == 1
    for codes in (empty(), retired()):
        with pytest.raises(CodeNotInUse):
            codes.current("O")


def test_A14_the_default_codes_say_what_is_billable_paid_and_made_up() -> None:
    said = {c.code: (c.present, c.billable, c.pays_teacher, c.grants_make_up) for c in DEFAULT_CODES}
    assert said == {
        "P": (True, True, True, False),
        "L": (True, True, True, False),
        "A": (False, True, True, False),
        "E": (False, False, False, True),
    }
    assert {c.category for c in DEFAULT_CODES} <= set(get_args(Category))
