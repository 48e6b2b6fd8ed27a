"""The fields of vLLM's own request and answer classes, where a copy of their list lies beside the repository."""

from __future__ import annotations

import functools
import json
from typing import Any

from tests.providers.described import BESIDE

LISTS = sorted(BESIDE.glob("*/reference/specs/vllm/protocol-fields.json"))


@functools.cache
def classes() -> dict[str, Any]:
    """Every class by name."""
    modules = json.loads(LISTS[0].read_text("utf-8"))["modules"]
    return {name: found for module in modules.values() for name, found in module.items()}


def fields_of(name: str) -> dict[str, Any]:
    """The fields of a class and of those that it is made from."""
    found = classes().get(name)
    if found is None:
        return {}
    own: dict[str, Any] = {}
    for base in found["bases"]:
        own |= fields_of(base)
    return own | found["fields"]


def faults(name: str, value: dict[str, Any]) -> list[str]:
    """What a class has no field for, and what it demands and is missing."""
    fields = fields_of(name)
    assert fields, name
    needed = {key for key, field in fields.items() if "default" not in field}
    return sorted(
        {*(f"unknown {key}" for key in value.keys() - fields), *(f"no {key}" for key in needed - value.keys())}
    )
