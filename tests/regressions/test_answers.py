"""What clients of this kind are known to get wrong, each held as a test: whose answer it is, and whose credentials.

The numbers are those of the list in ``docs/design/0002-operations.md``.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ipfs_accel_async import BadRequestError, Client, ConfigError, Image, InvalidRequestError, MockTransport, Tool, user
from tests.answering import JSON, Server, completion
from tests.providers.codecs import CODECS

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request, Response

NAMINGS = {
    "openai": ("openai", "openai_api_key"),
    "claude": ("anthropic", "anthropic_api_key"),
    "gemini": ("gemini", "google_api_key"),
    "groq": ("groq", "groq_api_key"),
    "hf_tgi": ("huggingface", "hf_api_token"),
}


def vectors_of(request: Request) -> Response:
    """Vectors that tell which text of which model each is."""
    body = json.loads(request.body)
    data = [
        {"index": index, "embedding": [float(len(body["model"])), float(text.split()[-1])]}
        for index, text in enumerate(body["input"])
    ]
    return MockTransport.reply({"data": data, "model": body["model"], "usage": {"prompt_tokens": 1}}, headers=JSON)


async def test_3_every_item_gets_its_own_answer_and_a_lone_one_does_not_wait() -> None:
    """200 concurrent embeddings of two models: each vector belongs to its text and model; no request mixes models."""
    mock = MockTransport(vectors_of)
    loop = asyncio.get_running_loop()
    async with Client(transport=mock, keys={"openai": "k"}, queue_size=500) as ai:
        started = loop.time()
        await ai.embed("openai:alone", "text 1")
        assert loop.time() == started  # virtual time: no lingering for others
        jobs = [(f"openai:{'m' * (1 + n % 2)}", f"text {n}") for n in range(200)]
        made = await asyncio.gather(*(ai.embed(model, text) for model, text in jobs))
    bodies = [json.loads(request.body) for request in mock.requests[1:]]
    assert [(body["model"], len(body["input"])) for body in bodies] == [("m", 100), ("mm", 100)]
    assert loop.time() == started
    for body in bodies:
        numbers = [int(text.split()[-1]) for text in body["input"]]
        assert numbers == sorted(numbers)
    for (model, text), answer in zip(jobs, made, strict=True):
        expected = [[len(model.partition(":")[2]), float(text.split()[-1])]]
        np.testing.assert_array_equal(answer.vectors, np.array(expected, np.float32))


async def test_3_what_comes_while_a_request_is_under_way_goes_within_the_batch_timeout() -> None:
    """Together, after 0.1 s and not after the ten that the first one takes; other parameters are another request."""

    async def slowly(request: Request) -> Response:
        await asyncio.sleep(10)
        return vectors_of(request)

    mock = MockTransport(slowly)
    loop = asyncio.get_running_loop()
    async with Client(transport=mock, keys={"openai": "k"}, batch_timeout=0.1) as ai:
        async with asyncio.TaskGroup() as group:
            group.create_task(ai.embed("openai:m", "text 0"))
            await asyncio.sleep(1)
            for n in range(1, 4):
                group.create_task(ai.embed("openai:m", f"text {n}"))
                group.create_task(ai.embed("openai:m", f"text {n}", dimensions=2))
        assert loop.time() == pytest.approx(11.0 + 0.1)
    asked = [json.loads(request.body) for request in mock.requests]
    assert [len(body["input"]) for body in asked] == [1, 3, 3]
    assert sorted("dimensions" in body for body in asked) == [False, False, True]


async def test_3_one_bad_item_of_a_shared_request_fails_alone() -> None:
    """The service refuses the whole request; the callers beside it get their vectors, it gets the service's error."""

    def picky(request: Request) -> Response:
        if b"poison" in request.body:
            return MockTransport.reply({"error": {"message": "poison"}}, status=400, headers=JSON)
        return vectors_of(request)

    mock = MockTransport(picky)
    async with Client(transport=mock, keys={"openai": "k"}) as ai:
        texts = [f"{'poison' if n == 5 else 'text'} {n}" for n in range(16)]
        made = await asyncio.gather(*(ai.embed("openai:m", text) for text in texts), return_exceptions=True)
    assert [n for n, answer in enumerate(made) if isinstance(answer, BadRequestError)] == [5]
    assert [answer.vectors[0, 1] for n, answer in enumerate(made) if n != 5] == [n for n in range(16) if n != 5]  # type: ignore[union-attr]
    assert len(mock.requests) <= 1 + 2 * 4 + 1


async def test_3_a_bad_item_fails_alone() -> None:
    """An empty text is refused by its place; the calls beside it get their answers."""
    async with Client(transport=MockTransport(vectors_of), keys={"openai": "k"}) as ai:
        texts = ["text 1", "", "text 3"]
        made = await asyncio.gather(*(ai.embed("openai:m", text) for text in texts), return_exceptions=True)
    assert isinstance(made[1], InvalidRequestError)
    assert [float(answer.vectors[0, 1]) for answer in (made[0], made[2])] == [1.0, 3.0]  # type: ignore[union-attr]


async def test_9_what_differs_is_asked_anew() -> None:
    """Another model, limit, system prompt, tool, image or temperature is another request, each with its own answer."""

    def tell(request: Request) -> Response:
        return MockTransport.reply(completion(str(hash(request.body + request.url.encode()))), headers=JSON)

    picture = user("Describe.", Image(url="https://example.com/a.png"))
    other = user("Describe.", Image(url="https://example.com/b.png"))
    calls: list[tuple[str, Any, dict[str, Any]]] = [
        ("openai:a", "Hi", {}),
        ("openai:b", "Hi", {}),
        ("openai:a", "Hi", {"max_tokens": 5}),
        ("openai:a", "Hi", {"temperature": 0}),
        ("openai:a", [{"role": "system", "content": "Brief."}, "Hi"], {}),
        ("openai:a", "Hi", {"tools": [Tool("clock")]}),
        ("openai:a", [picture], {}),
        ("openai:a", [other], {}),
    ]
    mock = MockTransport(tell)
    async with Client(transport=mock, keys={"openai": "k"}) as ai:
        replies = [await ai.chat(model, messages, **more) for model, messages, more in calls]
    assert len(mock.requests) == len(calls)
    assert len({reply.text for reply in replies}) == len(calls)


async def test_9_unrelated_prompts_never_share_an_answer() -> None:
    """A thousand prompts, a thousand answers, each of its own prompt."""

    def echo(request: Request) -> Response:
        said = json.loads(request.body)["messages"][0]["content"]
        return MockTransport.reply(completion(f"re: {said}"), headers=JSON)

    async with Client(transport=MockTransport(echo), keys={"openai": "k"}, queue_size=2_000) as ai:
        prompts = [f"question {n}" for n in range(1_000)]
        replies = await asyncio.gather(*(ai.chat("openai:m", prompt) for prompt in prompts))
    assert [reply.text for reply in replies] == [f"re: {prompt}" for prompt in prompts]


def write(path: Path, value: Any) -> Path:
    """A credentials file that only its owner may read."""
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("name", NAMINGS)
@pytest.mark.parametrize("naming", [0, 1])
async def test_12_both_namings_of_the_credentials_file_load(name: str, naming: int, tmp_path: Path) -> None:
    """The short names and the long ones, for every provider that has both."""
    path = write(tmp_path / "credentials", {NAMINGS[name][naming]: "sk-of-the-file"})
    mock = MockTransport(lambda _: MockTransport.reply({}, headers=JSON))
    async with Client(transport=mock, credentials_file=path) as ai:
        await ai.request(name, "GET", "/x")
    assert any(b"sk-of-the-file" in value for _, value in mock.requests[0].headers)
    assert {*NAMINGS[name]} <= {CODECS[name].name, *CODECS[name].file_keys}


async def test_12_explicit_is_before_settings_before_environment_before_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each source is used only where those before it say nothing."""
    path = write(tmp_path / "credentials", {"openai": "sk-file"})
    sources: list[dict[str, Any]] = [
        {},
        {"providers": {"openai": {"keys": "sk-settings"}}},
        {"providers": {"openai": {"keys": "sk-settings"}}, "keys": {"openai": "sk-explicit"}},
    ]
    seen = []
    for number, given in enumerate([{}, *sources]):
        if number == 1:
            monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
        server = Server()
        async with Client(transport=server.mock, credentials_file=path, **given) as ai:
            await ai.chat("openai:m", "x")
        seen.append(dict(server.mock.requests[0].headers)[b"authorization"].decode().removeprefix("Bearer "))
    assert seen == ["sk-file", "sk-env", "sk-settings", "sk-explicit"]


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [("{", 0o600, "JSON"), ('["a"]', 0o600, "object"), ('{"openai": "sk-SENTINEL-123456"}', 0o644, "chmod 600")],
)
async def test_12_a_broken_or_open_file_is_reported(text: str, mode: int, told: str, tmp_path: Path) -> None:
    """Not taken for an empty one; the message says what to do and shows no key."""
    path = write(tmp_path / "credentials", text)
    path.chmod(mode)
    async with Client(transport=Server().mock, credentials_file=path) as ai:
        with pytest.raises(ConfigError, match=told) as caught:
            await ai.chat("openai:m", "x")
    assert "SENTINEL" not in str(caught.value)
