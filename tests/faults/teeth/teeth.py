"""Teeth: broken builds that the harness must catch. Each is a context in which a function of the product is another."""

from collections.abc import Callable
from contextlib import AbstractContextManager

Tooth = Callable[[], AbstractContextManager[object]]

TEETH: dict[str, Tooth] = {}
