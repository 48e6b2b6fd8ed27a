"""The official google-genai SDK as the oracle of Gemini on Vertex AI: its requests and its parsed answers are ours."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async.providers.gemini import codec
from ipfs_accel_async.types import ChatRequest
from tests.providers.gemini_calls import BY_NAME, Case, in_camel_case
from tests.providers.gemini_pair import CACHE, agree, both
from tests.providers.recorded import call_of, fixture

genai = pytest.importorskip("google.genai", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets


@pytest.mark.parametrize("case", BY_NAME)
async def test_a_chat_on_vertex_is_the_sdks(case: Case) -> None:
    """Path, token and body are equal; the SDK names a cache in full as we do."""
    async with both(fixture("gemini", "chat")["body"], vertex=True) as (sdk, ai, recorder):
        await sdk.models.generate_content(model="m", contents=case.contents, config=case.config or None)
        seen = recorder.last
        endpoint = f"{recorder.base_url}/v1/projects/p/locations/l"
        request = codec.build_request(
            call_of(codec, ChatRequest(case.messages, **case.fields), endpoint=endpoint), None
        )
        await ai.chat("gemini:m", "hello")
        assert recorder.last.headers["authorization"] == seen.headers["authorization"] == "Bearer ya29.oracle"
        assert request.url == recorder.base_url + seen.path
    theirs = in_camel_case(seen.body)
    if not theirs.get("generationConfig"):
        theirs.pop("generationConfig", None)
    assert json.loads(request.body) == theirs


@pytest.mark.parametrize(
    ("model", "texts", "body"),
    [
        ("gemini-e", ["a"], {"embedding": {"values": [1.0, 2.0]}}),
        ("gemini-e", ["a", "b"], {"embeddings": [{"values": [1.0, 2.0]}] * 2}),
        ("text-embedding-005", ["a", "b"], {"predictions": [{"embeddings": {"values": [1.0, 2.0]}}] * 2}),
    ],
)
async def test_vectors_on_vertex_are_the_sdks(model: str, texts: list[str], body: Any) -> None:
    """By all three methods."""
    async with both(body, vertex=True) as (sdk, ai, recorder):
        config = {"task_type": "CLUSTERING", "output_dimensionality": 2}
        contents = texts if "text" in model else [genai.types.UserContent(text) for text in texts]
        wanted = await sdk.models.embed_content(model=model, contents=contents, config=config)
        seen = recorder.last
        found = await ai.embed(f"gemini:{model}", texts, taskType="CLUSTERING", outputDimensionality=2)
        ours = recorder.last
    assert ours.path == seen.path
    theirs = in_camel_case(seen.body)
    for instance in theirs.get("instances", ()):
        instance["task_type"] = instance.pop("taskType")  # the one name of this method that is not in camel case
    assert ours.body == theirs
    np.testing.assert_array_equal(found.vectors, np.array([one.values for one in wanted.embeddings], np.float32))


async def test_counts_caches_and_models_on_vertex_are_the_sdks() -> None:
    """Their bodies and paths differ from the Developer API's as the SDK's do."""
    async with both({"totalTokens": 3}, vertex=True) as (sdk, ai, recorder):
        await sdk.models.count_tokens(model="m", contents="hello", config={"system_instruction": "s"})
        asked = recorder.last
        await ai.count_tokens("gemini:m", [{"role": "system", "content": "s"}, "hello"])
        agree(asked, recorder.last)
        recorder.answer(CACHE)
        await sdk.caches.create(model="m", config={"contents": "hello", "ttl": "60s"})
        asked = recorder.last
        await ai.gemini.caches.create("m", "hello", ttl=60)
        agree(asked, recorder.last)
        recorder.answer({"publisherModels": [{"name": "publishers/google/models/m"}]})
        await sdk.models.list(config={"page_size": 1000})
        asked = recorder.last
        await ai.models("gemini")
        assert recorder.last.path.partition("?")[0] == asked.path.partition("?")[0]
        recorder.answer({"name": "publishers/google/models/m"})
        await sdk.models.get(model="m")
        asked = recorder.last
        await ai.gemini.models.get("m")
        agree(asked, recorder.last)


@pytest.mark.filterwarnings("ignore:The generate_images method is deprecated")
async def test_imagen_on_vertex_is_the_sdks() -> None:
    """The Developer API takes the same body; its SDK has no call for it."""
    one = {"mimeType": "image/png", "bytesBase64Encoded": base64.b64encode(b"png").decode()}
    async with both({"predictions": [one]}, vertex=True) as (sdk, ai, recorder):
        config = {"number_of_images": 2, "aspect_ratio": "16:9"}
        wanted = await sdk.models.generate_images(model="imagen-4", prompt="A cube", config=config)
        asked = recorder.last
        found = await ai.image("gemini:imagen-4", "A cube", n=2, size="16:9")
        agree(asked, recorder.last)
    assert [picture.data for picture in found.pictures] == [made.image.image_bytes for made in wanted.generated_images]
