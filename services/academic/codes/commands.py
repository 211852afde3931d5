"""What can be done with the attendance codes of a school."""

from academic.codes.code import Code
from academic.codes.code_set import AttendanceCodeSet, code_set_id
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def define_code(store: EventStore, call: Call, code: Code) -> Saved:
    id = code_set_id(call.tenant_id)
    return await store.change(AttendanceCodeSet, id, lambda codes: codes.define(code, call.now), call=call)


@command
async def revise_code(store: EventStore, call: Call, code: Code) -> Saved:
    id = code_set_id(call.tenant_id)
    return await store.change(AttendanceCodeSet, id, lambda codes: codes.revise(code, call.now), call=call)


@command
async def retire_code(store: EventStore, call: Call, code: str) -> Saved:
    id = code_set_id(call.tenant_id)
    return await store.change(AttendanceCodeSet, id, lambda codes: codes.retire(code, call.now), call=call)
