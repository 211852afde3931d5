"""Sample values by type: what the golden events are made of."""

import dataclasses
import types
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from shared.sealed import Sealed

PLAIN: dict[Any, Any] = {
    str: "text",
    int: 7,
    bool: True,
    UUID: UUID("01990000-0000-7000-8000-000000000001"),
    date: date(2026, 9, 1),
    datetime: datetime.fromisoformat("2026-09-01T08:30:00+00:00"),
    time: time(17, 0),
    Decimal: Decimal("1.50"),
    Any: "text",
}


def sample(hint: Any) -> Any:
    """One value of this type, always the same. Raises TypeError for a type that events do not use."""
    if hint in PLAIN:
        return PLAIN[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Sealed:
        return Sealed("v1.AAAA")
    if origin in (Union, types.UnionType):
        return sample(next(argument for argument in arguments if argument is not type(None)))
    if origin is Literal:
        return arguments[0]
    if origin in (tuple, list, frozenset):
        return origin([sample(argument) for argument in arguments if argument is not Ellipsis])
    if origin is dict:
        return {sample(arguments[0]): sample(arguments[1])}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return hint(**{field.name: sample(hints[field.name]) for field in dataclasses.fields(hint)})
    raise TypeError(f"no sample for {hint}")
