"""What each method of OpenAI's handle sends: method, URL, headers and body, exactly."""

from __future__ import annotations

import json

import pytest

from ipfs_accel_async.native._handle import Bound
from ipfs_accel_async.providers._openai_table import ASSISTANTS, RESOURCES, STORES
from tests.forms import fields, sent
from tests.native.openai.case import FORM, Case
from tests.native.openai.resource_calls import CASES, IDS, KEY, told

BASE = "https://api.openai.com/v1"


@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_a_method_sends_its_row(case: Case) -> None:
    """Method, whole URL, body, key and beta header are those of the API reference."""
    async with told() as (openai, transport):
        await case.ours(openai)
    request = transport.requests[-1]
    headers = dict(request.headers)
    assert (request.method, request.url) == (case.method, BASE + case.path)
    assert headers[b"authorization"] == f"Bearer {KEY}".encode()
    assert (headers.get(b"openai-beta") == b"assistants=v2") == (case.row in {**STORES, **ASSISTANTS})
    if case.body is FORM:
        assert headers[b"content-type"].startswith(b"multipart/form-data; boundary=")
    else:
        assert (json.loads(request.body) if request.body else None) == case.body


def test_every_row_is_called() -> None:
    """No row is left out of the table of calls."""
    assert {case.row for case in CASES} == set(RESOURCES)


async def test_a_form_has_fields_and_a_file() -> None:
    """An upload's form: nested fields in brackets, the file with its name and media type."""
    async with told() as (openai, transport):
        await openai.files.create(("a.jsonl", b"{}"), "batch", expires_after={"anchor": "created_at", "seconds": 60})
    form = sent(transport.requests[0])
    assert fields(form) == {"purpose": "batch", "expires_after[anchor]": "created_at", "expires_after[seconds]": "60"}
    assert form["file"][0][:2] == (b"{}", "a.jsonl")


async def test_arguments_are_quoted() -> None:
    """An id that looks like a path stays one segment."""
    async with told() as (openai, transport):
        await openai.files.get("a/../b?c")
    assert transport.requests[0].url == f"{BASE}/files/a%2F..%2Fb%3Fc"


async def test_parts_keep_the_options() -> None:
    """with_options of the handle reaches its parts."""
    async with told() as (openai, transport):
        other = openai.with_options(base_url="http://lab.test/v1", timeout=3.0, tags={"a": "b"})
        await other.files.get("f1")
        assert isinstance(other.files._bound, Bound)
        assert other.threads.runs.steps._bound.timeout == 3.0
    assert transport.requests[0].url == "http://lab.test/v1/files/f1"
