"""Prompts, rows of tensors, inferences and deletions that share a request, and what never does."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.errors import BadRequestError, PermissionDeniedError, ResponseValidationError
from tests.answering import JSON, completion, error_body

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


def completions(_: Request, body: Any) -> Any:
    """A server that goes on from prompts, given one or as a list."""
    prompts = body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]
    each = body.get("n", 1)
    texts = [f"{prompt}!" for prompt in prompts for _ in range(each)]
    choices = [{"index": n, "text": text, "finish_reason": "stop"} for n, text in enumerate(texts)]
    usage = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
    return {"id": "c", "model": "m", "choices": list(reversed(choices)) if each == 1 else choices, "usage": usage}


@pytest.mark.parametrize("provider", ["openai", "vllm"])
async def test_prompts_share_a_request_where_they_are_asked_to(provider: str) -> None:
    """Each its own reply, whatever the order of the choices; the usage adds up; other lengths stay apart."""
    ai, bodies = client(completions)
    async with ai:
        made = await asyncio.gather(*(ai.complete(f"{provider}:m", f"p{n}", max_tokens=5) for n in range(4)))
        await asyncio.gather(ai.complete(f"{provider}:m", "x", max_tokens=5), ai.complete(f"{provider}:m", "y"))
    assert [(reply.text, reply.finish_reason) for reply in made] == [(f"p{n}!", "stop") for n in range(4)]
    assert [sum(getattr(reply.usage, name) for reply in made) for name in ("input_tokens", "output_tokens")] == [11, 5]
    assert [body["prompt"] for body in bodies] == [["p0", "p1", "p2", "p3"], "x", "y"]


async def test_prompts_are_not_gathered_unasked_nor_where_a_reply_is_more_than_a_text() -> None:
    """By default, with several choices, and for streams each prompt goes alone."""
    ai, bodies = client(completions, batching=True)
    async with ai:
        await asyncio.gather(*(ai.complete("openai:m", f"p{n}") for n in range(3)))
        await asyncio.gather(*(ai.with_options(batch=True).complete("openai:m", f"p{n}", n=2) for n in range(3)))
    assert len(bodies) == 6


def ovms(shape: list[int]) -> Callable[[Request, Any], Any]:
    """A model of one input that doubles it."""

    def says(request: Request, body: Any) -> Any:
        if request.method == "GET":
            inputs = [{"name": "x", "datatype": "FP32", "shape": shape}]
            return {"name": "m", "versions": ["1"], "inputs": inputs}
        (x,) = body["inputs"]
        doubled = [float(2 * value) for value in np.array(x["data"]).flat]
        return {
            "model_name": "m",
            "model_version": "1",
            "outputs": [{"name": "y", "datatype": "FP32", "shape": x["shape"], "data": doubled}],
        }

    return says


async def test_rows_are_stacked_where_the_model_takes_any_number() -> None:
    """One request with all rows, once the model is known; each its own, in the model's precision."""
    ai, bodies = client(ovms([-1, 2]), providers={"ovms": {"options": {"tensors": "json"}}})
    async with ai:
        await ai.infer("ovms:m", {"x": [[0, 0]]})
        made = await asyncio.gather(
            *(ai.infer("ovms:m", {"x": np.full((n, 2), n, np.float32)}) for n in (1, 2, 3)),
            ai.infer("ovms:m", {"x": [[7, 7]]}),
        )
    assert len(bodies) == 3
    assert bodies[-1]["inputs"][0]["shape"] == [7, 2]
    for answer, number in zip(made, (1, 2, 3, 7), strict=True):
        assert (answer["y"] == 2 * number).all()
        assert len(answer["y"]) == (number if number < 7 else 1)
        assert answer.version == "1"


async def test_rows_of_a_fixed_model_and_those_that_differ_stay_apart() -> None:
    """A first dimension that is not any size; another version; another shape."""
    ai, bodies = client(ovms([1, 2]), providers={"ovms": {"options": {"tensors": "json"}}})
    async with ai:
        await ai.infer("ovms:m", {"x": [[0, 0]]})
        await asyncio.gather(*(ai.infer("ovms:m", {"x": [[n, n]]}) for n in range(3)))
    assert len(bodies) == 5
    ai, bodies = client(ovms([-1, -1]), providers={"ovms": {"options": {"tensors": "json"}}})
    async with ai:
        await ai.infer("ovms:m", {"x": [[0, 0]]})
        shapes = [(1, 2), (2, 2), (1, 3), (4, 3)]
        await asyncio.gather(*(ai.infer("ovms:m", {"x": np.zeros(shape, np.float32)}) for shape in shapes))
    assert sorted(body["inputs"][0]["shape"] for body in bodies[2:]) == [[3, 2], [5, 3]]


async def test_outputs_of_another_number_of_rows_are_nobodys() -> None:
    """A model that sums up its rows cannot be gathered: all calls say so."""

    def says(request: Request, body: Any) -> Any:
        made = ovms([-1, 2])(request, body)
        if "outputs" in made:
            made["outputs"] = [{"name": "y", "datatype": "FP32", "shape": [1], "data": [0.0]}]
        return made

    ai, _ = client(says, providers={"ovms": {"options": {"tensors": "json"}}})
    async with ai:
        await ai.infer("ovms:m", {"x": [[0, 0]]})
        calls = (ai.infer("ovms:m", {"x": [[n, n]]}) for n in range(3))
        made = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(error, ResponseValidationError) for error in made)
    assert "the output 'y' has the shape [1] for 3 rows" in str(made[0])


async def test_inferences_of_llvm_go_side_by_side_and_fail_alone() -> None:
    """Each its result or its error; an array keeps its type."""

    def says(_: Request, body: Any) -> Any:
        results: list[Any] = []
        for one in body["inputs"]:
            x = one["x"]
            if isinstance(x, dict):
                assert x["dtype"] == "float32"
                results.append({"y": [1.5]})
            elif x == [13]:
                results.append({"error": {"message": "unlucky", "code": "bad_shape"}})
            else:
                results.append({"y": [float(x[0])]})
        return {"results": results, "dtypes": {"y": "float32"}}

    ai, bodies = client(says)
    async with ai:
        made = await asyncio.gather(
            ai.infer("llvm:m", {"x": [1]}),
            ai.infer("llvm:m", {"x": [13]}),
            ai.infer("llvm:m", {"x": np.ones(1, np.float32)}),
            return_exceptions=True,
        )
    assert len(bodies) == 1
    assert made[0]["y"].tolist() == [1.0]  # type: ignore[index]
    assert isinstance(made[1], BadRequestError)
    assert (made[1].code, made[1].message) == ("bad_shape", "unlucky")
    assert made[2]["y"].dtype == np.float32  # type: ignore[index]


async def test_deletions_share_a_request_and_tell_one_by_one() -> None:
    """Of one bucket, up to a thousand; the one that is refused is refused alone."""

    def says(request: Request, body: Any) -> Any:
        if request.method == "DeleteObject":
            return {}
        keys = [one["Key"] for one in body["Delete"]["Objects"]]
        deleted = [{"Key": key, "DeleteMarker": True, "DeleteMarkerVersionId": "v"} for key in keys if key != "kept"]
        errors = [{"Key": "kept", "Code": "AccessDenied", "Message": "no"}] if "kept" in keys else []
        return {"Deleted": deleted, "Errors": errors}

    ai, bodies = client(says)
    async with ai:
        made = await asyncio.gather(
            *(ai.s3_kit.delete("bucket", key) for key in ("one", "kept", "two")),
            ai.s3_kit.delete("other-bucket", "one"),
            ai.s3_kit.delete("bucket", "three", MFA="x"),
            return_exceptions=True,
        )
    assert sorted("Delete" in body for body in bodies) == [False, False, True]
    assert (made[0].status, made[0].raw) == (204, {"DeleteMarker": True, "VersionId": "v"})  # type: ignore[union-attr]
    assert isinstance(made[1], PermissionDeniedError)


async def test_deletions_go_one_by_one_unasked() -> None:
    """By default nothing but embeddings is gathered."""
    ai, bodies = client(lambda *_: {}, batching=True)
    async with ai:
        await asyncio.gather(*(ai.s3_kit.delete("bucket", f"k{n}") for n in range(3)))
    assert len(bodies) == 3


async def test_what_no_wire_can_gather_passes_through() -> None:
    """A chat, and a moderation by OPEA's guardrails, which take one text."""

    def says(request: Request, body: Any) -> Any:
        if request.url.endswith("/guardrails"):
            return {"text": body["text"]}
        return completion("hello")

    ai, bodies = client(says)
    async with ai:
        await asyncio.gather(*(ai.moderate("opea:guard", f"text {n}") for n in range(3)))
        await asyncio.gather(*(ai.with_options(batch=True).chat("openai:m", f"hi {n}") for n in range(3)))
    assert len(bodies) == 6


async def test_one_bad_document_fails_its_own_call() -> None:
    """A reranking that is refused is halved like any other request."""

    def says(request: Request, body: Any) -> Any:
        if any("poison" in text for text in body["documents"]):
            return MockTransport.reply(error_body("no"), status=400, headers=JSON)
        return {"results": [{"index": n, "relevance_score": 1.0} for n in range(len(body["documents"]))]}

    ai, bodies = client(says)
    async with ai:
        calls = [ai.rerank("vllm:m", "which?", [f"{'poison' if n == 2 else 'fine'} {n}"]) for n in range(4)]
        made = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(one, BadRequestError) for one in made] == [False, False, True, False]
    assert len(bodies) == 5
