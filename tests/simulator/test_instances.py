"""Instances of JSON schemas."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.simulator.instances import instance

TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "value": {"type": "integer"},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["value", "next", "children"],
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/node",
}
SCHEMAS: list[dict[str, Any]] = [
    {"type": "object", "properties": {"a": {"enum": ["x", "y"]}, "b": {"const": 3}}, "required": ["a", "b"]},
    {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 4},
    {"type": "integer", "minimum": 10, "maximum": 12},
    {"type": "integer", "exclusiveMinimum": -5, "exclusiveMaximum": -3},
    {"type": "number", "multipleOf": 0.25, "minimum": 0.3, "maximum": 1},
    {"type": "string", "minLength": 30, "maxLength": 31},
    {"type": ["null", "boolean"]},
    {"type": "string", "format": "date-time"},
    {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    {"allOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"]}], "type": "object"},
    {"items": {"type": "boolean"}},
    {},
    TREE,
]


@pytest.mark.parametrize("schema", SCHEMAS)
@given(noise=st.binary(min_size=1, max_size=64))
def test_an_instance_fits_its_schema(schema: dict[str, Any], noise: bytes) -> None:
    """Whatever the noise, the value validates, also for a schema that refers to itself."""
    jsonschema.validate(instance(schema, noise), schema)


def test_an_endless_schema_still_ends() -> None:
    """A schema that no finite value fits does not hang the server."""
    schema = {"type": "object", "properties": {"me": {"$ref": "#"}}, "required": ["me"]}
    assert isinstance(instance(schema, b"x"), dict)
