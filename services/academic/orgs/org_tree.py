"""The org tree: a school with its branches and departments."""

from uuid import UUID

from pydantic import BaseModel

from academic.orgs.org import Org
from academic.trees import depth_first
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

ORGS = Table(
    "org",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "uuid",
        "parent_id": "uuid",
        "type": "text",
        "name": "text",
        "identifier": "text",
        "zone": "text",
        "source_id": "text",
        "retired": "bool",
    },
)


class OrgTree(View):
    """All orgs of a school."""

    NAME = "org_tree"
    SOURCE = "academic"
    TABLES = (ORGS,)

    @on(Org.OrgCreated)
    def created(self, fact: Fact[Org.OrgCreated], rows: Rows) -> None:
        data = fact.data
        rows.put(
            ORGS,
            {
                "tenant_id": fact.tenant_id,
                "id": fact.aggregate_id,
                "parent_id": data.parent_id,
                "type": data.type,
                "name": data.name,
                "identifier": data.identifier,
                "zone": data.zone,
                "source_id": data.source_id,
                "retired": False,
            },
        )

    @on(Org.Renamed)
    def renamed(self, fact: Fact[Org.Renamed], rows: Rows) -> None:
        rows.change(ORGS, (fact.tenant_id, fact.aggregate_id), name=fact.data.name)

    @on(Org.Moved)
    def moved(self, fact: Fact[Org.Moved], rows: Rows) -> None:
        rows.change(ORGS, (fact.tenant_id, fact.aggregate_id), parent_id=fact.data.parent_id)

    @on(Org.Revised)
    def revised(self, fact: Fact[Org.Revised], rows: Rows) -> None:
        data = fact.data
        rows.change(
            ORGS,
            (fact.tenant_id, fact.aggregate_id),
            type=data.type,
            name=data.name,
            parent_id=data.parent_id,
            identifier=data.identifier,
        )

    @on(Org.Retired)
    def retired(self, fact: Fact[Org.Retired], rows: Rows) -> None:
        rows.change(ORGS, (fact.tenant_id, fact.aggregate_id), retired=True)

    @on(Org.Restored)
    def restored(self, fact: Fact[Org.Restored], rows: Rows) -> None:
        rows.change(ORGS, (fact.tenant_id, fact.aggregate_id), retired=False)


class OrgNode(BaseModel):
    """`depth` is 0 at the root; the nodes below an org follow it."""

    id: UUID
    parent_id: UUID | None
    type: str
    name: str
    identifier: str | None
    zone: str | None
    source_id: str | None
    retired: bool
    depth: int = 0


async def org_tree(read: Reading) -> list[OrgNode]:
    nodes = await read.all(
        OrgNode,
        "SELECT id, parent_id, type, name, identifier, zone, source_id, retired"
        " FROM org WHERE tenant_id = %(tenant)s ORDER BY name, id",
    )
    return [node.model_copy(update={"depth": depth}) for depth, node in depth_first(nodes)]
