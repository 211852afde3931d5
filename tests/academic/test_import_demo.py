"""The demo school is a whole school in a OneRoster bundle, with the dirt of real ones."""

from datetime import date
from typing import Any

from infra.demo import STUDENTS, TEACHERS, DemoSchool, demo_school
from infra.testing.school import School

BEGINS = date(2026, 9, 1)


async def post(school: School, demo: DemoSchool, **params: Any) -> Any:
    headers = school.it.headers(school.tenant_id) | {"Content-Type": "application/zip"}
    answer = await school.it.client.post("/imports", params=params, content=demo.content, headers=headers)
    return answer.json()


def test_A25_a_demo_school_is_the_same_for_the_same_seed() -> None:
    assert demo_school("North", BEGINS, 7) == demo_school("North", BEGINS, 7)
    assert demo_school("North", BEGINS, 7).content != demo_school("North", BEGINS, 8).content


async def test_A25_a_demo_school_is_imported_as_its_generator_says(school: School) -> None:
    demo = demo_school("North", BEGINS)
    assert demo.counts["users"] > STUDENTS + TEACHERS
    rejected = await post(school, demo)
    assert rejected["code"] == "import-rejected"
    report = (await post(school, demo, mode="best-effort"))["data"]
    counts = {each["file"].removesuffix(".csv"): each for each in report["counts"]}
    assert {file: each["created"] for file, each in counts.items()} == demo.counts
    assert {file: each["refused"] for file, each in counts.items() if each["refused"]} == demo.refused
    assert {found["code"] for found in report["findings"] if found["severity"] == "warning"} == {
        "wrong-case",
        "not-a-date",
        "unknown-value",
        "unknown-reference",
        "misspelt-column",
        "file-not-declared",
    }
    again = (await post(school, demo, mode="best-effort"))["data"]
    assert {each["file"].removesuffix(".csv"): each["unchanged"] for each in again["counts"]} == demo.counts


async def test_A25_the_family_of_the_demo_school_is_where_it_is_said_to_be(school: School) -> None:
    demo = demo_school("North", BEGINS)
    await post(school, demo, mode="best-effort")
    people: dict[str, Any] = {}
    cursor = None
    while not people or cursor:
        page = (await school.get("/people", {"limit": 200} | ({"cursor": cursor} if cursor else {}))).json()
        people |= {person["source_id"]: person for person in page["data"]}
        cursor = page["meta"]["pagination"]["next"]
    guardian, first, second = (people[id] for id in demo.family)
    assert guardian["roles"] == ["guardian"]
    assert first["guardian_ids"] == second["guardian_ids"] == [guardian["id"]]
    classes = {line["source_id"]: line["id"] for line in await school.got("/classes", limit=200)}
    for student, class_ in ((first, demo.classes[0]), (second, demo.classes[1])):
        roster = await school.got(f"/classes/{classes[class_]}/roster", as_of="2026-09-01")
        assert student["id"] in {line["person_id"] for line in roster}
        assert people[demo.latecomer]["id"] not in {line["person_id"] for line in roster}
