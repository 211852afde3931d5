"""Running migrations outside the launcher."""

from infra.operator.access import Name, console, dsn, refuse
from shared.database import UnsafeDatabase
from shared.database import migrate as run_files


async def migrate(service: Name) -> None:
    """Run the migrations of a service that have not run yet."""
    try:
        new = await run_files(dsn(service, "owner"), service)
    except UnsafeDatabase as problem:
        refuse(str(problem))
    console.print(f"{service}: {'a new event log' if new else 'the event log was there'}, migrations are complete.")
