"""Sealed values: what stands in an event in place of a person's clear text."""

from typing import Any, Generic, TypeVar

from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")


class Sealed(Generic[T]):
    """Ciphertext of one field of one person. Equal only to itself: sealing the same text twice gives two values."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return "Sealed(…)"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            lambda value: value if isinstance(value, Sealed) else cls(value),
            core_schema.union_schema([core_schema.str_schema(), core_schema.is_instance_schema(Sealed)]),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: value.text, return_schema=core_schema.str_schema()
            ),
        )
