"""A demo school as a OneRoster 1.2 bundle, with the ordinary dirt of such files. Nobody in it exists."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from infra.demo_files import bundle, csv_bytes, header
from infra.demo_names import families, given_names

STUDENTS = 300
TEACHERS = 20

SUBJECTS = ("Piano", "Violin", "Guitar", "Drawing", "English", "Chess")
STARTED = "2026-09-01T08:00:00.000Z"

Row = dict[str, str]


@dataclass
class DemoSchool:
    """`counts` are the rows that an import creates, per file; `refused` those with an error.

    `family` are the sourcedIds of a guardian and two students: the first in `classes[0]`, the second in `classes[1]`;
    `latecomer` is a student of no class; `teacher` gives `classes[0]`."""

    name: str
    content: bytes
    counts: Mapping[str, int]
    refused: Mapping[str, int]
    family: tuple[str, str, str]
    latecomer: str
    teacher: str
    classes: tuple[str, ...]


@dataclass
class _Rows:
    files: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, file: str, id: str, **values: str) -> str:
        row = {"sourcedId": id, "status": "active", "dateLastModified": STARTED, **values}
        self.files.setdefault(file, []).append(row)
        return id

    def __getitem__(self, file: str) -> list[Row]:
        return self.files[file]


def demo_school(name: str, begins: date, seed: int = 1) -> DemoSchool:
    """The same arguments give the same bytes. `begins` is the first day of the school year, of ten months."""
    chance = random.Random(seed)  # noqa: S311
    rows = _Rows()
    school, branches = _orgs(rows, name)
    terms = _sessions(rows, begins)
    classes = _classes(rows, chance, school, branches, terms)
    people = _People(rows, chance, school)
    teachers = [people.add("teacher") for _ in range(TEACHERS)]
    family, students = people.with_families()
    _enrolments(rows, chance, begins, classes, teachers, students, school)
    counts = Counter({file: len(found) for file, found in rows.files.items()})
    content, refused = _with_dirt(rows, classes, school)
    return DemoSchool(name, content, counts, refused, family, students[-1], teachers[0], classes)


def _orgs(rows: _Rows, name: str) -> tuple[str, list[str]]:
    school = rows.add("orgs", "org-school", name=name, type="school", identifier="S1")
    branches = [
        rows.add("orgs", f"org-branch-{n}", name=title, type="department", parentSourcedId=school)
        for n, title in enumerate(("Music", "Arts and languages"), 1)
    ]
    return school, branches


def _sessions(rows: _Rows, begins: date) -> list[str]:
    half, end = begins + timedelta(days=152), begins + timedelta(days=304)
    year = rows.add(
        "academicSessions",
        "year",
        title=f"School year {begins.year}",
        type="schoolYear",
        startDate=begins.isoformat(),
        endDate=end.isoformat(),
        schoolYear=str(end.year),
    )
    return [
        rows.add(
            "academicSessions",
            f"term-{n}",
            title=f"Term {n}",
            type="term",
            startDate=first.isoformat(),
            endDate=last.isoformat(),
            parentSourcedId=year,
            schoolYear=str(end.year),
        )
        for n, (first, last) in enumerate(((begins, half), (half, end)), 1)
    ]


def _classes(rows: _Rows, chance: random.Random, school: str, branches: list[str], terms: list[str]) -> tuple[str, ...]:
    classes = []
    for number, subject in enumerate(SUBJECTS):
        course = rows.add(
            "courses",
            f"course-{subject.lower()}",
            title=subject,
            courseCode=subject[:3].upper(),
            orgSourcedId=branches[number // 3],
            schoolYearSourcedId="year",
            subjects=subject,
        )
        for group in "AB":
            classes.append(
                rows.add(
                    "classes",
                    f"class-{subject.lower()}-{group.lower()}",
                    title=f"{subject} {group}",
                    courseSourcedId=course,
                    classCode=f"{subject[:3].upper()}-{group}",
                    classType="scheduled",
                    location=f"Room {chance.randint(1, 12)}",
                    schoolSourcedId=school,
                    termSourcedIds=",".join(terms),
                    periods="1,2" if group == "A" else "3",
                )
            )
    return tuple(classes)


class _People:
    def __init__(self, rows: _Rows, chance: random.Random, school: str) -> None:
        self._rows = rows
        self._chance = chance
        self._school = school
        self._families = families(chance)
        self._number: Counter[str] = Counter()

    def add(self, role: str, given: str = "", family: str = "", agent: str = "") -> str:
        given = given or given_names(self._chance, 1)[0]
        family = family or next(self._families)
        self._number[role] += 1
        id = f"{role}-{self._number[role]:03}"
        self._rows.add(
            "users",
            id,
            enabledUser="true",
            username=id,
            givenName=given,
            familyName=family,
            email="" if role == "student" else f"{id}@demo.example",
            agentSourcedIds=agent,
            grades=str(self._chance.randint(1, 6)) if role == "student" else "",
            primaryOrgSourcedId=self._school,
        )
        self._rows.add(
            "roles",
            f"role-{id}",
            userSourcedId=id,
            roleType="primary",
            role=role,
            orgSourcedId=self._school,
        )
        return id

    def with_families(self) -> tuple[tuple[str, str, str], list[str]]:
        """The first family has two children, the second of which stands second in the list of students."""
        family, names = next(self._families), given_names(self._chance, 3)
        guardian = self.add("guardian", names[0], family)
        students = [self.add("student", given, family, guardian) for given in names[1:]]
        first = (guardian, students[0], students[1])
        while len(students) < STUDENTS:
            family = next(self._families)
            names = given_names(self._chance, 3)
            guardian = self.add("guardian", names[0], family)
            children = names[1 : 2 + (self._chance.random() < 0.3)][: STUDENTS - len(students)]
            students += [self.add("student", given, family, guardian) for given in children]
        return first, students


def _enrolments(
    rows: _Rows,
    chance: random.Random,
    begins: date,
    classes: tuple[str, ...],
    teachers: list[str],
    students: list[str],
    school: str,
) -> None:
    end = (begins + timedelta(days=304)).isoformat()

    def enrol(user: str, class_: str, role: str, primary: bool = False) -> None:
        rows.add(
            "enrollments",
            f"{user}-in-{class_.removeprefix('class-')}",
            classSourcedId=class_,
            schoolSourcedId=school,
            userSourcedId=user,
            role=role,
            primary=str(primary).lower() if role == "teacher" else "",
            beginDate=begins.isoformat(),
            endDate=end,
        )

    for number, class_ in enumerate(classes):
        enrol(teachers[number], class_, "teacher", primary=True)
        enrol(teachers[12 + number % 8], class_, "teacher")
    # Classes of about twenty: the first students fill them in turn, the last one is in none.
    for number, student in enumerate(students[:-1]):
        if number < 2 or chance.random() < 0.8:
            enrol(student, classes[number % len(classes)], "student")


def _with_dirt(rows: _Rows, classes: tuple[str, ...], school: str) -> tuple[bytes, Mapping[str, int]]:
    """What such files are like: warnings that keep a row, and a few rows that cannot be kept."""
    rows["classes"][3]["classType"] = "Scheduled"
    rows["users"][5]["dateLastModified"] = "1/09/2026"
    rows["users"][8]["status"] = "inactive"
    rows["orgs"][0]["parentSourcedId"] = "org-district"
    bad = {"classSourcedId": classes[0], "schoolSourcedId": school, "role": "student", "status": "active"}
    dates = {"beginDate": "2026-10-01", "endDate": "2026-09-01"}
    again = rows["enrollments"][0]["sourcedId"]
    rows["enrollments"].extend(
        [
            bad | {"sourcedId": "dirty-1", "userSourcedId": "student-999"},
            bad | {"sourcedId": "dirty-2", "userSourcedId": "student-050"} | dates,
            bad | {"sourcedId": again, "userSourcedId": "student-051"},
        ]
    )
    rows["users"].append(rows["users"][0] | {"sourcedId": "student-998", "familyName": ""})
    users = csv_bytes(header("users"), rows["users"]).replace(b"preferredGivenName", b"prefferedGivenName", 1)
    profiles = csv_bytes(header("roles"), rows["roles"][:3])
    content = bundle(rows.files, users=users, userprofiles=profiles)
    return content, {"users": 1, "enrollments": 3}
