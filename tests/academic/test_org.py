"""Decisions of an org."""

from dataclasses import replace
from datetime import UTC, datetime

from academic.orgs.org import Org, OrgDetails, OrgInsideItself, OrgIsRetired, RootOrgStays, root_org_id
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TENANT, ROOT, NORTH = uuid7(), uuid7(), uuid7()
BRANCH = OrgDetails("department", "Music", ROOT, "D-1")


def branch() -> Org:
    return Org.create(uuid7(), TENANT, BRANCH, "org-1", NOW)


def retired() -> Org:
    org = branch()
    org.retire(NOW)
    return org


def root() -> Org:
    return Org.create(root_org_id(TENANT), TENANT, OrgDetails("school", "Academy", None), None, NOW)


def test_an_org_is_created_below_another() -> None:
    event = next(iter(branch().collect_events()))
    assert isinstance(event, Org.OrgCreated)
    assert (event.type, event.name, event.parent_id, event.source_id) == (
        "department",
        "Music",
        ROOT,
        "org-1",
    )


def test_an_org_is_renamed() -> None:
    given(branch()).when(lambda o: o.rename("Dance", NOW)).then(Org.Renamed, name="Dance", timestamp=NOW)


def test_renaming_to_the_same_name_changes_nothing() -> None:
    given(branch()).when(lambda o: o.rename("Music", NOW)).then_nothing()


def test_an_org_is_moved() -> None:
    given(branch()).when(lambda o: o.move(NORTH, NOW, above=[ROOT])).then(Org.Moved, parent_id=NORTH)


def test_an_org_cannot_lie_below_itself() -> None:
    given(branch()).when(lambda o: o.move(o.id, NOW, above=[])).then_refused(OrgInsideItself)
    given(branch()).when(lambda o: o.move(NORTH, NOW, above=[o.id])).then_refused(OrgInsideItself)


def test_the_same_row_again_changes_nothing() -> None:
    given(branch()).when(lambda o: o.revise(BRANCH, NOW)).then_nothing()


def test_a_row_with_several_changes_is_one_event() -> None:
    wanted = replace(BRANCH, name="Dance", parent_id=NORTH, identifier="D-2")
    given(branch()).when(lambda o: o.revise(wanted, NOW)).then(Org.Revised, **vars(wanted))


def test_a_row_with_one_change_is_the_event_of_that_change() -> None:
    given(branch()).when(lambda o: o.revise(replace(BRANCH, name="Dance"), NOW)).then(Org.Renamed, name="Dance")
    given(branch()).when(lambda o: o.revise(replace(BRANCH, parent_id=NORTH), NOW)).then(Org.Moved, parent_id=NORTH)


def test_an_org_is_retired_once() -> None:
    given(branch()).when(lambda o: o.retire(NOW)).then(Org.Retired)
    given(retired()).when(lambda o: o.retire(NOW)).then_nothing()


def test_a_retired_org_is_not_revised_but_comes_back() -> None:
    given(retired()).when(lambda o: o.rename("Dance", NOW)).then_refused(OrgIsRetired)
    given(retired()).when(lambda o: o.restore(NOW)).then(Org.Restored)
    given(branch()).when(lambda o: o.restore(NOW)).then_nothing()


def test_the_root_stays_where_it_is() -> None:
    given(root()).when(lambda o: o.retire(NOW)).then_refused(RootOrgStays)
    given(root()).when(lambda o: o.move(NORTH, NOW, above=[])).then_refused(RootOrgStays)
    given(root()).when(lambda o: o.rename("Institute", NOW)).then(Org.Renamed, name="Institute")
