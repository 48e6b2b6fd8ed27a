"""The huggingface_hub client, and ours, talk to the TEI twin."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from huggingface_hub import AsyncInferenceClient

from ipfs_accel_async import Client, errors
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.hf_tei_requests import MAX_BATCH, MAX_BODY_BYTES, MAX_INPUT_TOKENS, MODEL
from tests.providers.described import copies, faults
from tests.simulator.calls import raw_client

pytestmark = pytest.mark.sockets
LONG = "word " * MAX_INPUT_TOKENS


async def post(path: str, body: Any) -> tuple[int, Any]:
    """Send one request to a fresh twin; return status and answer."""
    async with simulate("hf_tei") as sim, raw_client() as session, session.post(sim.root_url + path, json=body) as got:
        return got.status, await got.json() if got.content_type == "application/json" else await got.text()


async def test_the_hub_embeds() -> None:
    """Unit vectors, the same for one text and in a batch; as they are on demand, and shorter."""
    async with simulate("hf_tei") as sim, AsyncInferenceClient(model=sim.root_url) as hub:
        vectors = await hub.feature_extraction(["a", "b"])
        assert vectors.shape == (2, 384)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
        assert np.array_equal((await hub.feature_extraction("a"))[0], vectors[0])
        raw = await hub.feature_extraction(["a", "b"], normalize=False)
        assert np.all(np.linalg.norm(raw, axis=1) > 1.5)
        assert np.allclose(raw / np.linalg.norm(raw, axis=1, keepdims=True), vectors, atol=1e-6)
        short = await hub.feature_extraction("a", dimensions=8)
        assert short.shape == (1, 8)
        assert np.allclose(np.linalg.norm(short), 1, atol=1e-6)


async def test_ranks_labels_and_cosines() -> None:
    """Best first; a batch gives a list of lists; a sentence is most like itself."""
    ask = {"query": "q", "texts": ["a", "b", "c"], "return_text": True}
    _, ranks = await post("/rerank", ask)
    assert [rank["score"] for rank in ranks] == sorted((rank["score"] for rank in ranks), reverse=True)
    assert {(rank["index"], rank["text"]) for rank in ranks} == {(0, "a"), (1, "b"), (2, "c")}
    assert all(0 < rank["score"] < 1 for rank in ranks)
    _, raw = await post("/rerank", ask | {"raw_scores": True, "return_text": False})
    assert [set(rank) for rank in raw] == [{"index", "score"}] * 3
    assert [rank["index"] for rank in raw] == [rank["index"] for rank in ranks]
    _, single = await post("/predict", {"inputs": "good"})
    assert sum(label["score"] for label in single) == pytest.approx(1)
    _, batch = await post("/predict", {"inputs": [["good"], ["good", "bad"]]})
    assert (batch[0], len(batch)) == (single, 2)
    assert (await post("/predict", {"inputs": ["good", "bad"]}))[1] == batch[1]
    _, cosines = await post("/similarity", {"inputs": {"source_sentence": "a", "sentences": ["b", "a"]}})
    assert cosines[1] == pytest.approx(1, abs=1e-5) != cosines[0]


async def test_tokens_have_their_places() -> None:
    """With marks around them unless told otherwise."""
    _, (tokens,) = await post("/tokenize", {"inputs": "Grüße, 世界!"})
    assert [token["special"] for token in tokens] == [True, False, False, True]
    _, (plain, _) = await post("/tokenize", {"inputs": ["Grüße, 世界!", "a"], "add_special_tokens": False})
    assert "".join("Grüße, 世界!"[token["start"] : token["stop"]] for token in plain) == "Grüße, 世界!"


@pytest.mark.parametrize(
    ("path", "body", "status", "kind", "says"),
    [
        ("/embed", {"inputs": ["a"] * 33}, 422, "Validation", "batch size 33 > maximum allowed batch size 32"),
        ("/rerank", {"query": "q", "texts": ["a"] * 33}, 422, "Validation", "batch size 33"),
        ("/predict", {"inputs": [["a"]] * 33}, 422, "Validation", "batch size 33"),
        ("/tokenize", {"inputs": ["a"] * 33}, 422, "Validation", "batch size 33"),
        (
            "/similarity",
            {"inputs": {"source_sentence": "a", "sentences": ["a"] * 32}},
            422,
            "Validation",
            "batch size 33",
        ),
        ("/embed", {"inputs": []}, 400, "Empty", "`inputs` cannot be empty"),
        ("/embed", {"inputs": ["a", ""]}, 400, "Empty", "`inputs` cannot be empty"),
        ("/rerank", {"query": "q", "texts": []}, 400, "Empty", "`texts` cannot be empty"),
        ("/embed", {"inputs": LONG, "truncate": False}, 422, "Validation", "must have less than 512 tokens"),
        ("/embed", {"inputs": "a", "dimensions": 385}, 422, "Validation", "`dimensions`"),
    ],
)
async def test_limits(path: str, body: Any, status: int, kind: str, says: str) -> None:
    """Each is ``{"error", "error_type"}``."""
    got, error = await post(path, body)
    assert (got, error["error_type"]) == (status, kind)
    assert says in error["error"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/embed", {}, 422),
        ("/embed", {"inputs": {"a": 1}}, 422),
        ("/embed", {"inputs": [1.5]}, 422),
        ("/predict", {"inputs": ["a", "b", "c"]}, 422),
        ("/rerank", {"texts": ["a"]}, 422),
        ("/nothing", {}, 404),
    ],
)
async def test_what_is_no_request_is_told_in_text(path: str, body: Any, status: int) -> None:
    """As the HTTP library under the server does."""
    got, text = await post(path, body)
    assert got == status
    assert isinstance(text, str)


async def test_a_body_beyond_the_limit_is_not_read() -> None:
    """It is told in text, too."""
    body = BytesIO(b'{"inputs": "' + b"a" * MAX_BODY_BYTES + b'"}')
    async with simulate("hf_tei") as sim, raw_client() as session, session.post(sim.root_url + "/", data=body) as got:
        assert (got.status, await got.text()) == (413, "Failed to buffer the request body: length limit exceeded")


async def test_forms_of_input() -> None:
    """A list of token ids is one input, a list of such lists many; what is too long is cut, at the end told."""
    assert len((await post("/embed", {"inputs": [1, 2, 3]}))[1]) == 1
    assert len((await post("/embed", {"inputs": [[1, 2], [3]]}))[1]) == 2
    assert len((await post("/embed", {"inputs": ["a"] * MAX_BATCH}))[1]) == MAX_BATCH
    _, right = await post("/embed", {"inputs": LONG + "end"})
    assert right == (await post("/embed", {"inputs": LONG[: 4 * MAX_INPUT_TOKENS]}))[1]
    assert right != (await post("/embed", {"inputs": LONG + "end", "truncation_direction": "Left"}))[1]


async def test_a_key_guards_all_but_health() -> None:
    """A wrong one is answered with nothing."""
    async with simulate("hf_tei", keys="K") as sim, raw_client() as session:
        for path, status in (("/health", 200), ("/", 200), ("/ping", 200), ("/info", 401)):
            async with session.get(sim.root_url + path) as reply:
                assert (reply.status, await reply.read()) == (status, b"")
        async with session.post(sim.root_url + "/", json={"inputs": "a"}) as reply:
            assert reply.status == 401


@pytest.mark.skipif(not copies("tei"), reason="no copy of TEI's OpenAPI description beside the repository")
@pytest.mark.parametrize(
    ("path", "body", "schema"),
    [
        ("/embed", {"inputs": "a"}, "EmbedResponse"),
        ("/rerank", {"query": "q", "texts": ["a"], "return_text": True}, "RerankResponse"),
        ("/predict", {"inputs": [["a"], ["a", "b"]]}, "PredictResponse"),
        ("/predict", {"inputs": "a"}, "PredictResponse"),
        ("/similarity", {"inputs": {"source_sentence": "a", "sentences": ["b"]}}, "SimilarityResponse"),
        ("/tokenize", {"inputs": ["a", "b"]}, "TokenizeResponse"),
        ("/embed", {"inputs": []}, "ErrorResponse"),
    ],
)
async def test_answers_are_as_described(path: str, body: Any, schema: str) -> None:
    """Every route's answer, and its errors, fit the published description."""
    assert faults("tei", schema, (await post(path, body))[1]) == []


async def test_our_client_reads_it() -> None:
    """Vectors with the count of their tokens, the one model, errors by type; what passes is sent again."""
    async with (
        simulate("hf_tei", faults=["429=0.01", "error-in-200", "error-in-200"]) as sim,
        Client(base_urls={"hf_tei": sim.base_url}, initial_retry_delay=0.001) as client,
    ):
        with pytest.raises(errors.ServerError) as twice:
            await client.embed("hf_tei:m", "a")
        assert (twice.value.status, twice.value.attempts) == (424, 2)
        answer = await client.embed("hf_tei:m", ["a", "b"], normalize=True)
        assert (answer.vectors.shape, answer.vectors.dtype) == ((2, 384), "float32")
        assert answer.usage.input_tokens == 2
        assert [model.id for model in (await client.models("hf_tei")).models] == [MODEL]
        with pytest.raises(errors.BadRequestError, match="batch size 33"):
            await client.with_options(batch=False).embed("hf_tei:m", ["a"] * 33)
        with pytest.raises(errors.ContextTooLongError):
            await client.embed("hf_tei:m", LONG, truncate=False)
        seen = len(sim.requests)
        with pytest.raises(errors.InvalidRequestError, match="it has: embed, rerank"):
            await client.chat("hf_tei:m", "hi")
        with pytest.raises(errors.InvalidRequestError, match="it has: embed, rerank"):
            async with client.stream("hf_tei:m", "hi"):
                pass
        assert len(sim.requests) == seen
