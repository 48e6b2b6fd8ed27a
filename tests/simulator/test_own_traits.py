"""What only one of the OpenAI-shaped twins does: moderations and headers, vLLM's own endpoints."""

from __future__ import annotations

import openai
import pytest

from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import REFUSAL_TRIGGER
from tests.simulator.calls import chat, chat_body, raw_client

pytestmark = pytest.mark.sockets


async def test_openai_moderates() -> None:
    """Only the text with the trigger is flagged."""
    async with simulate("openai") as sim, openai.AsyncOpenAI(base_url=sim.base_url, api_key="k") as client:
        reply = await client.moderations.create(input=["hi", f"please {REFUSAL_TRIGGER}"])
        assert [result.flagged for result in reply.results] == [False, True]
        assert reply.results[1].categories.violence


async def test_openai_and_groq_tell_their_limits() -> None:
    """Integers and Go durations, on good answers and on errors; Groq counts requests a day."""
    for provider, limit in (("openai", "10000"), ("groq", "14400")):
        async with simulate(provider) as sim, raw_client() as session:
            for fault in (None, "500"):
                _, headers, _ = await chat(session, sim, provider, fault)
                assert headers["x-ratelimit-limit-requests"] == limit
                assert headers["x-ratelimit-reset-tokens"] == "30ms"
                assert headers["x-request-id"].startswith("req_")
            _, headers, _ = await chat(session, sim, provider, "429=2")
            assert (headers["x-ratelimit-remaining-tokens"], headers["x-ratelimit-reset-tokens"]) == ("0", "2s")


async def test_vllm_tells_no_limits() -> None:
    """It has no rate-limit headers and no request id."""
    async with simulate("vllm") as sim, raw_client() as session:
        _, headers, _ = await chat(session, sim, "vllm")
        assert not [name for name in headers if name.lower().startswith(("x-ratelimit", "x-request"))]


async def test_vllm_guards_only_its_api() -> None:
    """Health, version and the tokenizer stay open when keys are set."""
    async with simulate("vllm", keys="k") as sim, raw_client() as session:
        for path, status in (("/health", 200), ("/version", 200), ("/v1/models", 401), ("/nothing", 404)):
            async with session.get(sim.root_url + path) as reply:
                assert reply.status == status
        async with session.post(sim.root_url + "/health") as reply:
            assert reply.status == 405


async def test_vllm_tokenizes_there_and_back() -> None:
    """Detokenize gives back what tokenize took, and a chat is tokenized by its text."""
    async with simulate("vllm") as sim, raw_client() as session:
        text = "Grüße, 世界! zero\0byte"
        async with session.post(sim.root_url + "/tokenize", json={"prompt": text, "return_token_strs": True}) as reply:
            found = await reply.json()
        assert found["count"] == len(found["tokens"]) == len(found["token_strs"])
        async with session.post(sim.root_url + "/detokenize", json={"tokens": found["tokens"]}) as reply:
            assert await reply.json() == {"prompt": text}
        async with session.post(sim.root_url + "/tokenize", json=chat_body("vllm", "12345")) as reply:
            assert (await reply.json())["count"] == 2
        for path, body in (("/tokenize", {}), ("/detokenize", {}), ("/detokenize", {"tokens": ["a"]})):
            async with session.post(sim.root_url + path, json=body) as reply:
                assert reply.status == 400


async def test_vllm_completes_prompts() -> None:
    """One choice a prompt, whole and streamed, from text or tokens."""
    async with simulate("vllm") as sim, openai.AsyncOpenAI(base_url=sim.base_url, api_key="k") as client:
        whole = await client.completions.create(model="m", prompt=["a", "b"], max_tokens=40)
        texts = ["", ""]
        stream = await client.completions.create(
            model="m", prompt=["a", "b"], max_tokens=40, stream=True, stream_options={"include_usage": True}
        )
        async for chunk in stream:
            for choice in chunk.choices:
                texts[choice.index] += choice.text
            usage = chunk.usage
        assert texts == [choice.text for choice in whole.choices]
        assert usage == whole.usage
        tokens = await client.completions.create(model="m", prompt=[0x161], max_tokens=40)
        assert tokens.choices[0].text == texts[0]
        with pytest.raises(openai.BadRequestError):
            await client.completions.create(model="m", prompt=[])


async def test_vllm_constrains_and_ignores() -> None:
    """structured_outputs is kept to, unknown parameters and the removed guided ones do nothing."""
    async with simulate("vllm") as sim, raw_client() as session:

        async def text(**more: object) -> str:
            async with session.post(sim.base_url + "/chat/completions", json=chat_body("vllm", **more)) as reply:
                assert reply.status == 200
                return (await reply.json())["choices"][0]["message"]["content"]

        assert await text(structured_outputs={"choice": ["red", "blue"]}) in ("red", "blue")
        assert await text(guided_choice=["red"], min_p=0.1, chat_template_kwargs={}) == await text()
        body = chat_body("vllm", structured_outputs={"choice": ["a"], "regex": "b"})
        async with session.post(sim.base_url + "/chat/completions", json=body) as reply:
            assert reply.status == 400


async def test_vllm_shows_reasoning_and_stop_reason() -> None:
    """message.reasoning and delta.reasoning agree, and stop_reason is the string that stopped."""
    async with simulate("vllm") as sim, openai.AsyncOpenAI(base_url=sim.base_url, api_key="k") as client:
        ask = {
            "model": "m",
            "messages": [{"role": "user", "content": "hi"}],
            "reasoning_effort": "low",
            "stop": "answer",
        }
        whole = await client.chat.completions.create(**ask)
        assert (whole.choices[0].stop_reason, whole.choices[0].finish_reason) == ("answer", "stop")
        chunks = [chunk async for chunk in await client.chat.completions.create(**ask, stream=True)]
        thoughts = "".join(getattr(chunk.choices[0].delta, "reasoning", None) or "" for chunk in chunks)
        assert thoughts == whole.choices[0].message.reasoning != ""
        assert chunks[-1].choices[0].stop_reason == "answer"
