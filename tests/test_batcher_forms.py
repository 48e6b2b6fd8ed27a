"""What else can share a request: ranks, labels, verdicts, prompts, rows of tensors, inferences, deletions."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from ipfs_accel_async import Client, Image, MockTransport
from tests.answering import JSON

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.wire.http import Request

LOCAL = "http://127.0.0.1:9"


def client(says: Callable[[Request, Any], Any], **more: Any) -> tuple[Client, list[Any]]:
    """A client that gathers everything, of a service that answers so; and the bodies that it was sent."""
    bodies: list[Any] = []

    def answer(request: Request) -> Any:
        body = json.loads(request.body) if request.body else dict(request.params)
        bodies.append(body if request.method != "GET" else request.url)
        made = says(request, body)
        return made if not isinstance(made, (dict, list)) else MockTransport.reply(made, headers=JSON)

    every = ["embed", "rerank", "similarity", "classify", "moderate", "complete", "infer", "delete"]
    urls = dict.fromkeys(("vllm", "hf_tei", "ovms", "opea", "llvm", "s3_kit"), LOCAL)
    keys = {"openai": "k", "s3_kit": "access:secret"}
    given = {"batching": every, "base_urls": urls, "keys": keys, "single_flight": False, **more}
    return Client(transport=MockTransport(answer), **given), bodies


def score(text: str) -> float:
    """A document's score is the number at its end."""
    return float(text.split()[-1])


def tei(request: Request, body: Any) -> Any:
    """A TEI server that takes four at once, and says so."""
    if request.url.endswith("/info"):
        return {"model_id": "t", "max_client_batch_size": 4, "max_batch_tokens": 1_000}
    if request.url.endswith("/rerank"):
        ranks = [{"index": place, "score": score(text)} for place, text in enumerate(body["texts"])]
        return sorted(ranks, key=lambda rank: -rank["score"])
    if request.url.endswith("/similarity"):
        return [score(text) for text in body["inputs"]["sentences"]]
    if request.url.endswith("/predict"):
        return [[{"label": text[0], "score": 0.5}] for text in body["inputs"]]
    return [[score(text), 1.0] for text in body["inputs"]]


async def test_ranks_of_one_query_share_a_request() -> None:
    """Each caller's documents come back under its own numbers, best first, only as many as it wanted."""
    ai, bodies = client(tei)
    async with ai:
        one, best, other = await asyncio.gather(
            ai.rerank("hf_tei:m", "which?", ["a 1", "b 9"]),
            ai.rerank("hf_tei:m", "which?", ["c 5", "d 7"], top_n=1),
            ai.rerank("hf_tei:m", "another?", ["e 3"]),
        )
    asked = [body for body in bodies if isinstance(body, dict)]
    assert sorted(len(body["texts"]) for body in asked) == [1, 4]
    assert [(rank.index, rank.score, rank.text) for rank in one] == [(1, 9.0, "b 9"), (0, 1.0, "a 1")]
    assert [(rank.index, rank.text) for rank in best] == [(1, "d 7")]
    assert [rank.text for rank in other] == ["e 3"]


async def test_a_server_is_asked_for_its_bounds_once_and_before_it_could_refuse() -> None:
    """A TEI server of four: nobody asks for a lone call; then once, and no request has more."""
    ai, bodies = client(tei)
    async with ai:
        await ai.embed("hf_tei:m", "text 1")
        assert len(bodies) == 1
        made = await asyncio.gather(*(ai.embed("hf_tei:m", f"text {n}") for n in range(10)))
        long = await ai.embed("hf_tei:m", [f"text {n}" for n in range(9)])
    assert [answer.vectors[0, 0] for answer in made] == list(range(10))
    assert long.vectors[:, 0].tolist() == list(range(9))
    assert [body for body in bodies if isinstance(body, str)] == [f"{LOCAL}/info"]
    assert max(len(body["inputs"]) for body in bodies if isinstance(body, dict)) == 4


async def test_a_server_without_its_bounds_gets_what_is_usual() -> None:
    """A 404 is no failure of the call; 32 at once."""

    def old(request: Request, body: Any) -> Any:
        if request.url.endswith("/info"):
            return MockTransport.reply({"error": "no"}, status=404, headers=JSON)
        return tei(request, body)

    ai, bodies = client(old)
    async with ai:
        made = await asyncio.gather(*(ai.embed("hf_tei:m", f"text {n}") for n in range(40)))
    assert [answer.vectors[0, 0] for answer in made] == list(range(40))
    assert sorted(len(body["inputs"]) for body in bodies if isinstance(body, dict)) == [8, 32]


async def test_the_settings_lower_what_a_server_tells() -> None:
    """Two at once, as set; a larger setting than the server's bound is of no use."""
    for setting, most in ((2, 2), (64, 4)):
        ai, bodies = client(tei, max_batch_size=setting)
        async with ai:
            await asyncio.gather(*(ai.embed("hf_tei:m", f"text {n}") for n in range(8)))
        assert max(len(body["inputs"]) for body in bodies if isinstance(body, dict)) == most


async def test_a_reranking_beyond_the_bound_is_put_together_again() -> None:
    """Nine documents in requests of at most four: one order of all of them."""
    ai, _ = client(tei)
    async with ai:
        await asyncio.gather(*(ai.embed("hf_tei:m", f"text {n}") for n in range(2)))
        documents = [f"d {n}" for n in (3, 8, 1, 9, 2, 7, 4, 6, 5)]
        made = await ai.rerank("hf_tei:m", "which?", [*documents, *(f"e {n}" for n in range(10, 40))], top_n=3)
        scores = (await ai.similarity("hf_tei:m", "this", [f"o {n}" for n in range(40)])).scores
    assert [(rank.index, rank.text) for rank in made] == [(38, "e 39"), (37, "e 38"), (36, "e 37")]
    assert scores.tolist() == list(range(40))


async def test_similarities_and_labels_share_requests() -> None:
    """Scores against one text, and labels of texts."""
    ai, bodies = client(tei)
    async with ai:
        scores = await asyncio.gather(
            ai.similarity("hf_tei:m", "this", ["a 1", "b 2"]), ai.similarity("hf_tei:m", "this", ["c 3"])
        )
        labels = await asyncio.gather(*(ai.classify("hf_tei:m", f"{n} text") for n in range(3)))
    assert [one.scores.tolist() for one in scores] == [[1.0, 2.0], [3.0]]
    assert [one.labels[0][0].label for one in labels] == ["0 text", "1 text", "2 text"]
    assert len([body for body in bodies if isinstance(body, dict)]) == 2


async def test_vllm_ranks_and_scores_share_requests() -> None:
    """The same on vLLM's wire, of which `top_n` is left out of the request."""

    def says(request: Request, body: Any) -> Any:
        if request.url.endswith("/score"):
            return {"data": [{"index": n, "score": score(text)} for n, text in enumerate(body["text_2"])]}
        ranks = [{"index": n, "relevance_score": score(text)} for n, text in enumerate(body["documents"])]
        return {"results": ranks, "usage": {"total_tokens": 7}}

    ai, bodies = client(says)
    async with ai:
        first, second = await asyncio.gather(
            ai.rerank("vllm:m", "which?", ["a 1", "b 2", "c 3"], top_n=2), ai.rerank("vllm:m", "which?", ["d 4"])
        )
        await asyncio.gather(ai.similarity("vllm:m", "q", ["a 1"]), ai.similarity("vllm:m", "q", ["b 1"]))
    assert [rank.index for rank in first] == [2, 1]
    assert [rank.index for rank in second] == [0]
    assert first.usage.total_tokens + second.usage.total_tokens == 7
    assert bodies[0] == {"model": "m", "query": "which?", "documents": ["a 1", "b 2", "c 3", "d 4"]}
    assert len(bodies) == 2


async def test_moderations_share_requests_but_for_images() -> None:
    """Verdicts of texts, one each; an image is judged alone."""

    def says(_: Request, body: Any) -> Any:
        return {"results": [{"flagged": "bad" in str(one)} for one in body["input"]], "model": "mod"}

    ai, bodies = client(says)
    async with ai:
        made = await asyncio.gather(
            ai.moderate("openai:m", "good"),
            ai.moderate("openai:m", ["bad", "fine"]),
            ai.moderate("openai:m", Image(url="https://example.com/bad.png")),
        )
    assert [[verdict.flagged for verdict in one.verdicts] for one in made] == [[False], [True, False], [True]]
    assert sorted(len(body["input"]) for body in bodies) == [1, 3]
