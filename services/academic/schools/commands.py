"""What is made for a new school: the root of its org tree and its attendance codes."""

from academic.codes.code import DEFAULT_CODES
from academic.codes.code_set import AttendanceCodeSet, code_set_id
from academic.orgs.org import Org, OrgDetails, root_org_id
from academic.source_ids import sourced
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def prepare_school(store: EventStore, call: Call, name: str, zone: str) -> Saved:
    id = root_org_id(call.tenant_id)
    root = Org.create(id, call.tenant_id, OrgDetails("school", name, None), None, call.now, zone)
    codes = AttendanceCodeSet(id=code_set_id(call.tenant_id), tenant_id=call.tenant_id, timestamp=call.now)
    for code in DEFAULT_CODES:
        codes.define(code, call.now)
    return await store.save(root, codes, call=call, claims=[sourced(call.tenant_id, "org", str(id), id)])
