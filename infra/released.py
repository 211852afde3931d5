"""Compares today's events with those of the last release: what a subscriber relies on may not go away."""

from collections.abc import Mapping
from typing import Any

APART: Mapping[str, Any] = {"properties": None, "required": None, "description": None}
"""Of a value object: its fields are compared one by one, and its words may change."""


def breaks(released: Mapping[str, Any], today: Mapping[str, Any]) -> list[str]:
    """Sentences that name what would break; none when every released event can still be read and written."""
    found: list[str] = []
    for topic, before in released.items():
        now = today.get(topic)
        if now is None:
            found.append(f"{topic} is gone: events keep their names for ever")
        elif now["version"] < before["version"]:
            found.append(f"{topic} went back to version {now['version']}")
        elif before["public"] and not now["public"]:
            found.append(f"{topic} is not public any more")
        elif now["version"] == before["version"]:
            found += [f"{topic}: {text}" for text in changed_fields(before["data"], now["data"])]
    return found


def changed_fields(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Within one version fields may only be added, and only optional ones; to value objects as well."""
    found: list[str] = []
    for name, shape in before.get("properties", {}).items():
        if name not in now.get("properties", {}):
            found.append(f"the field {name} is gone")
        elif now["properties"][name] != shape:
            found.append(f"the field {name} has another shape")
    added = set(now.get("required", [])) - set(before.get("required", []))
    found += [f"the field {name} is required now" for name in sorted(added)]
    for name, shape in before.get("$defs", {}).items():
        found += [f"{name}: {text}" for text in changed_fields(shape, now.get("$defs", {}).get(name, {}))]
        if {**shape, **APART} != {**now.get("$defs", {}).get(name, {}), **APART}:
            found.append(f"the value object {name} has another shape")
    return found
