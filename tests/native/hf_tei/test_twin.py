"""``client.hf_tei`` and the client's own operations against the twin, over sockets."""

from __future__ import annotations

import numpy as np
import pytest

from ipfs_accel_async import Client, errors
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.vectors import cosine_similarity, normalize
from tests.providers.described import copies, faults

pytestmark = pytest.mark.sockets
M = "hf_tei:bge"


async def test_vectors_of_all_kinds() -> None:
    """Pooled, a token each, sparse, and over the OpenAI-like route: of one model, in one shape."""
    async with simulate("hf_tei") as sim, Client(base_urls={"hf_tei": sim.base_url}) as ai:
        pooled = await ai.embed(M, ["Good dog", "bad cat"])
        one = await ai.embed(M, "Good dog")
        assert (pooled.vectors.shape, one.vectors.shape) == ((2, 384), (1, 384))
        assert await ai.hf_tei.dimension() == 384
        again = await ai.hf_tei.embeddings(["Good dog", "bad cat"])
        np.testing.assert_array_equal(again.vectors, pooled.vectors)
        assert (again.usage.input_tokens, again.model) == (pooled.usage.input_tokens, "BAAI/bge-small-en-v1.5")
        whole = await ai.hf_tei.embeddings("Good dog", encoding_format="float")
        np.testing.assert_allclose(whole.vectors, one.vectors)
        tokens = await ai.hf_tei.embed_all(["Good dog", "bad cat runs"])
        assert [rows.shape for rows in tokens.vectors] == [(4, 384), (5, 384)]
        sparse = (await ai.hf_tei.embed_sparse(["a red dog", "a red cat"])).vectors
        assert sparse[0].dot(sparse[1]) > 0
        assert sparse[0].dot(sparse[0]) > sparse[0].dot(sparse[1])
        raw = await ai.embed(M, ["Good dog"], normalize=False)
        np.testing.assert_allclose(normalize(raw.vectors), one.vectors, atol=1e-6)
        scores = await ai.similarity(M, "Good dog", ["bad cat", "Good dog"])
        ours = cosine_similarity(one.vectors[0], (await ai.embed(M, ["bad cat", "Good dog"])).vectors)
        np.testing.assert_allclose(scores.scores, ours, atol=1e-5)


async def test_ranks_and_labels() -> None:
    """Best first, cut where asked; a pair is one text to the model."""
    async with simulate("hf_tei") as sim, Client(base_urls={"hf_tei": sim.base_url}) as ai:
        documents = ["a", "b", "c"]
        whole = await ai.rerank(M, "q", documents)
        best = await ai.rerank(M, "q", documents, top_n=2, return_text=True)
        assert [rank.index for rank in best] == [rank.index for rank in whole][:2]
        assert [rank.text for rank in whole] == [documents[rank.index] for rank in whole]
        labelled = await ai.classify(M, ["I like it.", ("It rains.", "It is wet.")])
        assert [len(labels) for labels in labelled.labels] == [3, 3]
        assert sum(label.score for label in labelled.labels[0]) == pytest.approx(1)
        alone = await ai.hf_tei.predict("I like it.")
        assert alone.raw[0]["label"] == labelled.labels[0][0].label


async def test_the_tokenizer_there_and_back() -> None:
    """One text by the client's methods, several by the handle's."""
    async with simulate("hf_tei") as sim, Client(base_urls={"hf_tei": sim.base_url}) as ai:
        tokens = await ai.tokenize(M, "Grüße, 世界!")
        assert tokens.texts == ("[CLS]", "Grüße,", " 世界!", "[SEP]")
        assert (await ai.detokenize(M, tokens.ids)).text == "Grüße, 世界!"
        assert (await ai.detokenize(M, tokens.ids, skip_special_tokens=False)).text == "[CLS]Grüße, 世界![SEP]"
        many = await ai.hf_tei.tokenize_batch(["one two", "two"], add_special_tokens=False)
        ids = [[token["id"] for token in text] for text in many.raw]
        assert (await ai.hf_tei.decode_batch(ids)).raw == ["one two", "two"]


async def test_the_servers_state_and_its_errors() -> None:
    """Info, health and metrics; an error of each route in that route's words."""
    async with simulate("hf_tei") as sim, Client(base_urls={"hf_tei": sim.base_url}) as ai:
        assert (await ai.hf_tei.info())["max_client_batch_size"] == 32
        assert (await ai.hf_tei.health()).status == 200
        assert "te_request_count" in (await ai.hf_tei.metrics()).text
        for call in (ai.hf_tei.embed_all(["a"] * 33), ai.hf_tei.embeddings(["a"] * 33), ai.rerank(M, "q", ["a"] * 33)):
            with pytest.raises(errors.BadRequestError, match="batch size 33"):
                await call


@pytest.mark.skipif(not copies("tei"), reason="no copy of TEI's OpenAPI description beside the repository")
async def test_the_twins_answers_are_as_described() -> None:
    """What the further routes answer fits the published description."""
    async with simulate("hf_tei") as sim, Client(base_urls={"hf_tei": sim.base_url}) as ai:
        for schema, answer in (
            ("EmbedAllResponse", await ai.hf_tei.embed_all("a b")),
            ("EmbedSparseResponse", await ai.hf_tei.embed_sparse("a b")),
            ("OpenAICompatResponse", await ai.hf_tei.embeddings("a b", encoding_format="float")),
            ("DecodeResponse", await ai.hf_tei.decode_batch([[1, 2]])),
        ):
            assert faults("tei", schema, answer.raw) == []
