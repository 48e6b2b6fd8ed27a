"""The requests of all resources against OpenAI's published OpenAPI description."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.native.openai.case import FORM, Case
from tests.native.openai.described import faults, needs_description, operation
from tests.native.openai.resource_calls import CASES, IDS

UNDESCRIBED = ("/conversations", "/containers", "/fine_tuning", "/vector_stores", "/videos")
"""Paths that the copy was cut down without; the SDK is their oracle."""


@needs_description
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_requests_are_valid(case: Case) -> None:
    """Path, method, query and JSON body are what the description allows."""
    where = urlsplit(case.path)
    found = operation(case.method, where.path)
    if found is None:
        assert where.path.startswith(UNDESCRIBED)
        return
    known = {given["name"] for given in found.get("parameters", ()) if given.get("in") == "query"}
    for name, _ in parse_qsl(where.query):
        assert name.partition("[")[0] in known or name in known
    if case.body is FORM:
        assert "multipart/form-data" in found["requestBody"]["content"]
    elif case.body is not None:
        assert faults(found["requestBody"]["content"]["application/json"]["schema"], case.body) == []


@needs_description
def test_wrong_requests_are_not() -> None:
    """The check itself can fail: a body without its required field, and a field of another type."""
    found = operation("POST", "/batches")
    assert found is not None
    schema = found["requestBody"]["content"]["application/json"]["schema"]
    assert faults(schema, {"endpoint": "/v1/embeddings", "completion_window": "24h"})
    assert faults(schema, {"input_file_id": 3, "endpoint": "/v1/embeddings", "completion_window": "24h"})
