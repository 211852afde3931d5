"""Who is whose guardian: OneRoster names agents of a user, in either direction."""

from academic.imports.oneroster.bundle import Bundle
from academic.imports.oneroster.records import UserRow

GUARDIANS = {"guardian", "parent", "relative"}


def guardians_of(bundle: Bundle) -> dict[str, set[str]]:
    """Guardians by child. Of two agents the student is the child; else who is no guardian."""
    roles = bundle.roles
    guardians: dict[str, set[str]] = {}
    for record in bundle.records.get("users", {}).values():
        if not isinstance(record, UserRow) or record.status == "tobedeleted" or not record.agents:
            continue
        own = roles.get(record.sourced_id)
        if own is None:
            text = "The bundle does not tell the roles of this user; who is whose guardian stays as it is."
            bundle.warn(record, "agentSourcedIds", "roles-unknown", text)
            continue
        for agent in record.agents:
            if agent == record.sourced_id:
                bundle.warn(record, "agentSourcedIds", "own-guardian", "Nobody is one's own guardian.")
            elif "student" not in own and ("student" in roles.get(agent, ()) or own & GUARDIANS):
                guardians.setdefault(agent, set()).add(record.sourced_id)
            else:
                guardians.setdefault(record.sourced_id, set()).add(agent)
    return guardians
