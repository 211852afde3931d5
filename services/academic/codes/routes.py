"""Attendance codes over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import StringConstraints

from academic.codes.code import Category, Code
from academic.codes.code_list import CodeLine, CodeList, codes
from academic.codes.code_set import CodeExists, CodeUnknown
from academic.codes.commands import define_code, retire_code, revise_code
from academic.fields import Flag, Title
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["attendance codes"])

Letters = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,8}$")]
CodePath = Annotated[str, Path(pattern=r"^[A-Z0-9]{1,8}$")]


class Meaning(Request):
    """`category` is Ed-Fi's word for it."""

    title: Title
    present: Flag
    billable: Flag
    category: Category
    pays_teacher: Flag = True
    grants_make_up: Flag = False


class NewCode(Meaning):
    code: Letters


@router.post("/attendance-codes", status_code=201, responses=problems(NotFound, CodeExists))
async def post_code(body: NewCode, caller: Annotated[Caller, may("school.write", creates=True)]) -> Answer[Receipt]:
    """Define an attendance code of your own."""
    saved = await define_code(caller.store, caller.call, Code(**dict(body)))
    return caller.accepted(saved, "Code defined")


@router.get("/attendance-codes")
async def get_codes(caller: Annotated[Caller, may("school.read")]) -> Answer[list[CodeLine]]:
    """The attendance codes, retired ones too."""
    async with caller.reading(CodeList) as read:
        lines = await codes(read)
    return caller.answer(lines, "Attendance codes", read)


@router.post("/attendance-codes/{code}/revision", responses=problems(NotFound, CodeUnknown))
async def post_code_revision(
    code: CodePath, body: Meaning, caller: Annotated[Caller, may("school.write")]
) -> Answer[Receipt]:
    """Give a code another meaning from now on. Marks that were made keep the old one."""
    saved = await revise_code(caller.store, caller.call, Code(code, **dict(body)))
    return caller.accepted(saved, "Code revised")


@router.post("/attendance-codes/{code}/retirement", responses=problems(NotFound, CodeUnknown))
async def post_code_retirement(code: CodePath, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Use a code no longer."""
    saved = await retire_code(caller.store, caller.call, code)
    return caller.accepted(saved, "Code retired")
