"""The register on paper: PDF/A-2b with its fonts in it, the same bytes for the same register."""

import unicodedata
from datetime import datetime
from typing import Any

import orjson
import typst

TEMPLATE = rb"""
#let d = json(bytes(sys.inputs.register))
#set document(title: d.title, date: datetime(..d.date))
#set page(paper: "a4", margin: 15mm, footer: context text(7pt)[
  #d.footer #h(1fr) #counter(page).display("1 / 1", both: true)])
#set text(font: "Libertinus Serif", size: 9pt, lang: "en")
= #d.title
#for line in d.head [#line \ ]
#for lesson in d.lessons [
  == #lesson.title
  #if lesson.marks.len() > 0 { table(columns: (3fr, 1fr, 2fr, 4fr), stroke: 0.3pt,
    table.header([*Participant*], [*Code*], [*Arrived, left*], [*Signature*]), ..lesson.marks.flatten()) }
  #for line in lesson.lines [- #line]
]
"""
"""What is told stands in the data alone: no text of a school is read as markup."""
LATIN = {*range(0x20, 0x7F), *range(0xA0, 0x100)}
LETTERS = {"European": {*LATIN, *range(0x100, 0x250), *range(0x370, 0x530)}, "Latin": LATIN}
"""That the font has, as far as one knows; and that it has for certain."""


def pdf_of(register: dict[str, Any], digest: str) -> bytes:
    """`digest`: the SHA-256 of register.json, which the paper names on each page."""
    told = sheet(register, digest)
    try:
        return compiled(told, "European")
    except typst.TypstError:
        return compiled(told, "Latin")


def compiled(told: dict[str, Any], letters: str) -> bytes:
    data = orjson.dumps(printable(told, letters)).decode()
    pdf: bytes = typst.compile(
        TEMPLATE, sys_inputs={"register": data}, pdf_standards="a-2b", ignore_system_fonts=True, format="pdf"
    )
    return pdf


def printable(value: Any, letters: str) -> Any:
    """PDF/A holds no letter that its font has not: another one is written as its code point."""
    if isinstance(value, dict):
        return {name: printable(each, letters) for name, each in value.items()}
    if isinstance(value, int):
        return value
    if isinstance(value, list):
        return [printable(each, letters) for each in value]
    held, normal = LETTERS[letters], unicodedata.normalize("NFC", value)
    return "".join(letter if ord(letter) in held else f"[U+{ord(letter):04X}]" for letter in normal)


def sheet(register: dict[str, Any], digest: str) -> dict[str, Any]:
    """What is printed, as plain texts."""
    class_, funding = register["class"], register["class"]["funding"] or {}
    words = {name.replace("_", " "): value for name, value in funding.items() if value is not None}
    head = [class_["org"] or "", class_["class_code"] or "", *[f"{name}: {value}" for name, value in words.items()]]
    return {
        "title": f"Attendance register: {class_['title']}",
        "date": moment(register["as_of"]),
        "head": [line for line in head if line],
        "footer": f"Position {register['position']}. SHA-256 of register.json: {digest}",
        "lessons": [printed(lesson, register) for lesson in register["meetings"]],
    }


def printed(lesson: dict[str, Any], register: dict[str, Any]) -> dict[str, Any]:
    def name(person_id: str) -> str:
        return register["people"].get(person_id) or person_id

    def who(line: dict[str, Any]) -> str:
        account = register["accounts"].get(line["who"]["id"])
        return name(account) if account else f"{line['who']['kind']} {line['who']['id']}"

    signed = {line["enrolment_id"]: line for line in lesson["signatures"] if line["by"] == "participant"}
    marks = [
        [name(mark["person_id"]), mark["code"], times(mark), method(signed.get(mark["enrolment_id"]))]
        for mark in lesson["marks"]
    ]
    lines = [
        f"Corrected {line['at']}: {name(line['to']['person_id'])}, {line['from']['code']} to {line['to']['code']},"
        f" by {who(line)}: {line['reason'] or '(erased)'}"
        for line in lesson["corrections"]
    ]
    lines += [
        f"Signed by {name(line['person_id'])}, teacher, {line['at']}, version {line['register_version']},"
        f" content {line['content_hash']}" + (" (changed since)" if line["changed_since"] else "")
        for line in lesson["signatures"]
        if line["by"] == "teacher"
    ]
    title = f"{lesson['held_on']}, {lesson['starts']} to {lesson['ends']}, {lesson['state']}"
    return {"title": title, "marks": marks, "lines": lines}


def moment(as_of: str) -> dict[str, int]:
    """PDF/A wants a date: that of the newest event, so that it is the same tomorrow."""
    at = datetime.fromisoformat(as_of)
    return {name: getattr(at, name) for name in ("year", "month", "day", "hour", "minute", "second")}


def times(mark: dict[str, Any]) -> str:
    return f"{mark['arrived_at'] or ''} - {mark['left_at'] or ''}" if mark["minutes"] is not None else ""


def method(line: dict[str, Any] | None) -> str:
    return "" if line is None else f"{line['method']}, {line['at']}"
