"""JSON against the schemas of a published OpenAPI 3.0 description, where a copy lies beside the repository."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

BESIDE = Path(__file__).resolve().parents[3]


@functools.cache
def copies(service: str) -> list[Path]:
    """Where copies of a service's description are."""
    return sorted(BESIDE.glob(f"*/reference/specs/{service}/openapi*.json"))


def as_json_schema(value: Any) -> Any:
    """The same schema with null as a type: OpenAPI 3.0 has a flag for it."""
    if isinstance(value, list):
        return [as_json_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    schema = {key: as_json_schema(item) for key, item in value.items() if key != "nullable"}
    return {"anyOf": [schema, {"type": "null"}]} if value.get("nullable") is True else schema


@functools.cache
def validator(service: str, schema: str) -> Draft202012Validator:
    """A validator for one schema of a description."""
    components = as_json_schema(json.loads(copies(service)[0].read_text("utf-8"))["components"])
    return Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": components})


def faults(service: str, schema: str, value: Any) -> list[str]:
    """What the schema finds wrong."""
    return [f"{error.json_path}: {error.message[:200]}" for error in validator(service, schema).iter_errors(value)]
