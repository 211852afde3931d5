"""An API that asks one table for a row without saying whose."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from shared.reading import Reading

FILTER = "tenant_id = %(tenant)s AND "


@contextmanager
def no_filter() -> Iterator[None]:
    """T8: the query of what was booked has lost its filter of the tenant. The policy of the table is the other wall."""
    ask = Reading.all

    async def all_of(self: Reading, model: type[Any], query: str, **params: Any) -> list[Any]:
        return await ask(self, model, query.replace(FILTER, "") if " FROM booked " in query else query, **params)

    with patch.object(Reading, "all", all_of):
        yield


TEETH = {"T8": no_filter}
