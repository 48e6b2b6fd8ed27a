"""Our bodies and recordings against TGI's and TEI's published OpenAPI descriptions, where copies lie beside us.

TGI's description names two things otherwise than the server itself and all its clients do: ``arguments`` for the
`parameters` of a tool, and the format ``json`` for ``json_object``.
"""

from __future__ import annotations

import copy
import functools
import json
from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async.providers import hf_tei, hf_tgi
from ipfs_accel_async.types import EmbedRequest
from tests.providers.described import copies, faults
from tests.providers.hf_calls import HUB_CASES, HUB_IDS, HubCase
from tests.providers.recorded import call_of, fixture, recorded_stream

pytestmark = pytest.mark.skipif(
    not (copies("tgi") and copies("tei")),
    reason="no copies of TGI's and TEI's OpenAPI descriptions beside the repository",
)
tgi = functools.partial(faults, "tgi")
tei = functools.partial(faults, "tei")


def as_described(body: dict[str, Any]) -> dict[str, Any]:
    """The body with the description's words for the two."""
    body = copy.deepcopy(body)
    for tool in body.get("tools", ()):
        tool["function"]["arguments"] = tool["function"].pop("parameters")
    for message in body["messages"]:
        if message.get("tool_calls") and message["content"] is not None:
            del message["tool_calls"]  # the server reads the one or the other
    if body.get("response_format", {}).get("type") == "json_object":
        body["response_format"]["type"] = "json"
    return body


@pytest.mark.parametrize("case", [case for case in HUB_CASES if "native" not in case.name], ids=lambda case: case.name)
@pytest.mark.parametrize("stream", [False, True])
def test_chat_bodies_are_valid(case: HubCase, *, stream: bool) -> None:
    """What we send is what the description allows."""
    request = hf_tgi.codec.build_request(call_of(hf_tgi.codec, replace(case.ours, stream=stream)), None)
    assert tgi("ChatRequest", as_described(json.loads(request.body))) == []


@pytest.mark.parametrize("name", ["chat", "tools"])
def test_recorded_chats_are_valid(name: str) -> None:
    """The recordings that our parser is held to are answers as described, piece by piece too."""
    assert tgi("ChatCompletion", fixture("hf_tgi", name)["body"]) == []
    lines = [line.partition(b":")[2] for line in recorded_stream("hf_tgi", name).splitlines() if line[:5] == b"data:"]
    assert len(lines) > 5
    for line in lines[:-1]:
        assert tgi("ChatCompletionChunk", json.loads(line)) == []


def test_recorded_models_are_valid() -> None:
    """The one model of each."""
    assert tgi("ModelInfo", fixture("hf_tgi", "models")["body"]["data"][0]) == []
    assert tei("Info", fixture("hf_tei", "models")["body"]) == []


@pytest.mark.parametrize(
    "params", [{}, {"normalize": False, "truncate": True, "truncation_direction": "Left", "dimensions": 4}]
)
def test_embed_bodies_and_vectors_are_valid(params: dict[str, Any]) -> None:
    """What we send and what we read."""
    call = call_of(hf_tei.codec, EmbedRequest(("a", "b"), params), "embed")
    assert tei("EmbedRequest", json.loads(hf_tei.codec.build_request(call, None).body)) == []
    assert tei("EmbedResponse", fixture("hf_tei", "embed")["body"]) == []


def test_the_table_is_the_oracles() -> None:
    """Only a format that is none for this server is left out."""
    assert len([name for name in HUB_IDS if "native" in name]) == 1
