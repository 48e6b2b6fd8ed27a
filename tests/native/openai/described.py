"""OpenAI's published OpenAPI description, where a copy of it lies beside the repository."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterator

BESIDE = Path(__file__).resolve().parents[4]
COPIES = sorted(BESIDE.glob("*/reference/specs/openai/openapi*.json"))
needs_description = pytest.mark.skipif(
    not COPIES, reason="no copy of OpenAI's OpenAPI description beside the repository"
)


@functools.cache
def description() -> dict[str, Any]:
    """The whole document."""
    text = COPIES[0].read_text("utf-8").replace('"oneOf":', '"anyOf":')  # it means so: many of its choices overlap
    found: dict[str, Any] = json.loads(text)
    return found


def operation(method: str, path: str) -> dict[str, Any] | None:
    """What the description says of a request; None for a path that it lacks."""
    for pattern, methods in sorted(description()["paths"].items(), key=lambda item: item[0].count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path) and method.lower() in methods:
            found: dict[str, Any] = methods[method.lower()]
            return found
    return None


@functools.cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**json.loads(schema), "components": description()["components"]})


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """What a schema of the description finds wrong."""
    found = _validator(json.dumps(schema)).iter_errors(value)
    return [f"{error.json_path}: {error.message[:300]}" for error in found]


def answer_faults(method: str, path: str, value: Any) -> list[str]:
    """What the description finds wrong with an answer of 200; nothing where it has no word on it."""
    found = operation(method, path)
    content = {} if found is None else found["responses"].get("200", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return _beside_nulls(schema, value) if schema else []


def event_faults(schema: str, value: Any) -> list[str]:
    """What the description finds wrong with an event, among those of a stream, that has its type or name."""
    name = value.get("type") or value.get("event")
    for choice in _choices({"$ref": f"#/components/schemas/{schema}"}):
        kind = choice["properties"].get("type") or choice["properties"]["event"]
        if name in kind.get("enum", [kind.get("const")]):
            return _beside_nulls(choice, value)
    return [f"there is no event {name}"]


def _choices(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    while "$ref" in schema:
        schema = description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        for choice in schema["anyOf"]:
            yield from _choices(choice)
    else:
        yield schema


def _beside_nulls(schema: dict[str, Any], value: Any) -> list[str]:
    """The service writes some nulls that its description does not allow."""
    found = _validator(json.dumps(schema)).iter_errors(value)
    return [f"{error.json_path}: {error.message[:300]}" for error in found if error.instance is not None]
