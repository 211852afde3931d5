"""The month: a roster with two clocks, prices, four meetings, and their marks."""

from typing import Any

from infra.story_school import Stage
from infra.story_teller import day

PER_LESSON = 1850
A_MONTH = 4500
SHOWN = 6
PATTERN = "PPPPLPPPAPPPEPPPPLPP"


async def look_back(stage: Stage) -> None:
    """Somebody is entered late: the list of that day changes, and what we believed then does not."""
    path, third = f"/academic/classes/{stage.class_id}/roster", stage.days[2].isoformat()
    before = await stage.client.get(path, as_of=third)
    then = before.meta["position"]
    late = stage.people[stage.demo.latecomer]
    stay = {"person_id": late["id"], "begin_on": stage.days[1].isoformat()}
    await stage.client.post(f"/academic/classes/{stage.class_id}/enrolments", stay)
    now = await stage.client.get(path, as_of=third)
    believed = await stage.client.get(path, as_of=third, known_at=then)
    name = stage.name(stage.demo.latecomer)
    stage.teller.say(f"{name} came from {day(stay['begin_on'])} on and is entered only today.")
    stage.teller.holds(
        late["id"] in ids(now.data) and len(now.data) == len(before.data) + 1,
        f"who was in the class on {day(third)}, as we know today: {len(now.data)} people, with {name}",
    )
    stage.teller.holds(
        believed.data == before.data and late["id"] not in ids(believed.data),
        f"who was in it, as we believed before: {len(believed.data)} people, without",
    )


async def set_prices(stage: Stage) -> None:
    """By the lesson for one class, flat by the month for the rest of the school."""
    by_lesson = await _plan(stage, "Piano by the lesson", "Lesson", "per_meeting", PER_LESSON)
    flat = await _plan(stage, "Monthly flat", "Month", "monthly", A_MONTH)
    since = stage.first.isoformat()
    for_class = {"scope": "class", "target_id": stage.class_id, "plan_id": by_lesson, "effective_on": since}
    for_school = {"scope": "tenant", "plan_id": flat, "effective_on": since}
    await stage.client.post("/billing/plan-assignments", for_class)
    await stage.client.post("/billing/plan-assignments", for_school)
    assigned = (await stage.client.get("/billing/plan-assignments")).data
    stage.teller.holds(
        {(each["scope"], each["plan_id"]) for each in assigned} == {("class", by_lesson), ("tenant", flat)},
        "one class pays 18.50 EUR for each lesson attended, all others 45.00 EUR a month",
    )


async def plan_lessons(stage: Stage) -> None:
    days = [each.isoformat() for each in stage.days]
    plan = {"dates": days, "starts": "17:00", "ends": "18:30"}
    planned = (await stage.client.post(f"/academic/classes/{stage.class_id}/meetings", plan)).data
    lines = (await stage.client.get(f"/academic/classes/{stage.class_id}/meetings")).data
    stage.meetings = sorted(lines, key=lambda line: str(line["held_on"]))
    stage.teller.holds(
        {line["id"] for line in lines} == {receipt["id"] for receipt in planned} and len(lines) == 4,
        f"four meetings at 17:00 in {lines[0]['zone']}: {', '.join(map(day, days))}",
    )


async def take_attendance(stage: Stage) -> None:
    """Each meeting is marked in one go: one event with all marks of the class. A teacher does it, for own classes."""
    sheets, teacher = [], stage.teacher or stage.client
    for place, meeting in enumerate(stage.meetings):
        path = f"/academic/meetings/{meeting['id']}"
        lines = (await teacher.get(f"{path}/register")).data["lines"]
        marks = [
            {"enrolment_id": line["enrolment_id"], "code": _code(stage, line["person_id"], n + 3 * place)}
            for n, line in enumerate(lines)
        ]
        await teacher.post(f"{path}/attendance", {"marks": marks})
        sheet = (await teacher.get(f"{path}/register")).data
        stage.registers[meeting["id"]] = sheet["register_id"]
        sheets.append({line["person_id"]: line for line in sheet["lines"]})
        stage.marks += len(marks)
    people = sorted(sheets[-1].values(), key=lambda line: (line["person_id"] != _child(stage), line["family_name"]))
    stage.teller.table(
        ("", *(day(meeting["held_on"]) for meeting in stage.meetings)),
        (
            [f"{line['given_name']} {line['family_name']}"]
            + [sheet[line["person_id"]]["code"] if line["person_id"] in sheet else "-" for sheet in sheets]
            for line in people[:SHOWN]
        ),
    )
    stage.teller.say(f"  … and {len(people) - SHOWN} more", style="dim")
    marked = all(line["code"] for sheet in sheets for line in sheet.values())
    stage.teller.holds(marked, f"{stage.marks} marks in four events; a latecomer has none before the first day")


def ids(roster: list[dict[str, Any]]) -> set[str]:
    return {line["person_id"] for line in roster}


def _child(stage: Stage) -> str:
    return str(stage.people[stage.demo.family[1]]["id"])


def _code(stage: Stage, person_id: str, number: int) -> str:
    """The child of the story never misses a lesson, until the correction."""
    return "P" if person_id == _child(stage) else PATTERN[number % len(PATTERN)]


async def _plan(stage: Stage, title: str, name: str, kind: str, amount: int) -> str:
    drafted = await stage.client.post("/billing/plans", {"title": title, "currency": "EUR"})
    plan_id = str(drafted.data["id"])
    price = {"amount": amount, "currency": "EUR"}
    version = {"effective_on": stage.first.isoformat(), "components": [{"name": name, "kind": kind, "price": price}]}
    await stage.client.post(f"/billing/plans/{plan_id}/versions", version)
    return plan_id
