"""The whole school as one statement sees it, in the order in which its files are written."""

from collections.abc import AsyncIterator
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from academic.oneroster.held import Held
from academic.oneroster.pages import opened
from academic.oneroster.resources import CLASS, COURSE, ENROLLMENT, ORG, SESSION, USER
from academic.orgs.org import root_org_id
from shared.personal import Keyring
from shared.reading import Reading
from shared.tables import Row

ORDER = ("users", "roles", "enrollments", "classes", "courses", "academicSessions", "orgs")
"""Whoever names something stands before it: what is named stays, also when it is retired."""
SEALED_OUT = "to_jsonb(r) - '{given_name,family_name,middle_name,email,username,phone,identifier}'::text[]"
SELECTS = {
    "users": ("to_jsonb(r)", USER.rows, "r.status = 'active'"),
    "roles": (SEALED_OUT, USER.rows, "r.status = 'active'"),
    "enrollments": (
        "to_jsonb(r)",
        ENROLLMENT.rows,
        "r.status = 'active' AND EXISTS (SELECT 1 FROM oneroster_user u WHERE u.tenant_id = r.tenant_id"
        " AND u.id = r.person_id AND NOT u.gone) AND EXISTS (SELECT 1 FROM oneroster_class c"
        " WHERE c.tenant_id = r.tenant_id AND c.id = r.class_id AND NOT c.gone)",
    ),
    "classes": ("to_jsonb(r)", CLASS.rows, "r.status = 'active'"),
    "courses": ("to_jsonb(r)", COURSE.rows, "true"),
    "academicSessions": ("to_jsonb(r)", SESSION.rows, "true"),
    "orgs": ("to_jsonb(r)", ORG.rows, "true"),
}
STATEMENT = (
    " UNION ALL ".join(  # noqa: S608
        f"SELECT {ORDER.index(file)} AS number, r.sourced_id, r.changed, {row} AS row FROM ({rows}) r WHERE {held}"  # noqa: S608
        for file, (row, rows, held) in SELECTS.items()
    )
    + " ORDER BY number, sourced_id, changed DESC"
)
"""One statement, so that all files tell of the same moment."""
TOGETHER = 500
TREES = ("academicSessions", "orgs")
"""Short files whose rows name each other: they are kept until all is known that names them."""


async def snapshot(read: Reading, keyring: Keyring) -> AsyncIterator[tuple[str, list[Row]]]:
    """Some rows of one file at a time, the files in their order."""
    held = Held(str(root_org_id(read.tenant_id)))
    async for some in read.stream(STATEMENT, TOGETHER, root=held.root):
        for number, group in groupby(some, itemgetter("number")):
            file = ORDER[number]
            rows = [each["row"] for each in group]
            if file == "users":
                named = [row | {"id": UUID(row["id"])} for row in rows]
                rows = await opened(keyring, read.tenant_id, USER, named)
            if file in TREES:
                held.trees[file].extend(rows)
            else:
                yield file, held.kept(file, rows)
    for file in TREES:
        yield file, held.tree(file)
