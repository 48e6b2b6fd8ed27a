"""``client.vllm`` and the client's own operations against the twin, over sockets; the official client beside them."""

from __future__ import annotations

import json

import numpy as np
import openai
import pytest

from ipfs_accel_async import Client, errors
from ipfs_accel_async.simulator import simulate
from tests.providers.described_vllm import LISTS, faults

pytestmark = pytest.mark.sockets
M = "vllm:m"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


async def test_texts_whole_streamed_and_together() -> None:
    """The same text each time, with its counts; the official client reads the same."""
    async with simulate("vllm") as sim, Client(base_urls={"vllm": sim.base_url}) as ai:
        whole = await ai.complete(M, "Once upon", max_tokens=200)
        async with ai.stream_completion(M, "Once upon", max_tokens=200) as stream:
            reply = await stream.collect()
        assert (reply.text, reply.usage, reply.finish_reason) == (whole.text, whole.usage, whole.finish_reason)
        both = await ai.complete_batch(M, ["In the end", "Once upon"], max_tokens=200)
        assert [each.text == whole.text for each in both.replies] == [False, True]
        async with openai.AsyncOpenAI(base_url=sim.base_url, api_key="k") as sdk:
            theirs = await sdk.completions.create(model="m", prompt="Once upon", max_tokens=200)
        assert theirs.choices[0].text == whole.text
        assert theirs.usage.total_tokens == whole.usage.total_tokens


async def test_outputs_are_structured() -> None:
    """A choice, a schema: in chats and in completions."""
    async with simulate("vllm") as sim, Client(base_urls={"vllm": sim.base_url}) as ai:
        chosen = await ai.chat(M, "Which?", structured_outputs={"choice": ["red", "blue"]})
        assert chosen.text in {"red", "blue"}
        made = await ai.complete(M, "Where?", structured_outputs={"json": CITY}, max_tokens=100)
        assert set(json.loads(made.text)) == {"city"}
        with pytest.raises(errors.BadRequestError, match="exactly one"):
            await ai.chat(M, "Which?", structured_outputs={"choice": ["a"], "regex": "b"})


async def test_ranks_scores_labels_and_pooled_numbers() -> None:
    """Best first; scores are those of the pairs; a vector a token on demand."""
    async with simulate("vllm") as sim, Client(base_urls={"vllm": sim.base_url}) as ai:
        documents = ["a", "b", "c"]
        whole = await ai.rerank(M, "q", documents)
        best = await ai.rerank(M, "q", documents, top_n=2)
        assert [rank.index for rank in best] == [rank.index for rank in whole][:2]
        scores = await ai.similarity(M, "q", documents)
        assert [scores.scores[rank.index] for rank in whole] == pytest.approx([rank.score for rank in whole])
        pairs = await ai.vllm.score("m", ["q", "q"], ["c", "a"])
        assert [item["score"] for item in pairs["data"]] == pytest.approx(scores.scores[[2, 0]].tolist())
        ((label,), (other,)) = (await ai.classify(M, ["I like it.", "I do not."])).labels
        assert 1 / 3 < label.score < 1
        assert {label.label, other.label} <= {"negative", "neutral", "positive"}
        pooled = await ai.vllm.pooling("m", ["one two", "three"], task="token_embed")
        assert [np.shape(item["data"]) for item in pooled["data"]] == [(2, 384), (1, 384)]
        chat = await ai.vllm.pooling("m", messages=[{"role": "user", "content": "three"}])
        assert np.shape(chat["data"][0]["data"]) == (384,)


async def test_the_tokenizer_there_and_back() -> None:
    """A chat is counted by the server, tools and all."""
    async with simulate("vllm") as sim, Client(base_urls={"vllm": sim.base_url}) as ai:
        tokens = await ai.tokenize(M, "Grüße, 世界!", return_token_strs=True)
        assert len(tokens.ids) == len(tokens.texts) > 0
        assert (await ai.detokenize(M, tokens.ids)).text == "Grüße, 世界!"
        count = await ai.count_tokens(M, "12345")
        assert (count.tokens, count.estimated) == (2, False)
        assert (await ai.vllm.tokenizer_info())["tokenizer_class"] == "SyntheticTokenizer"


async def test_speech_is_written_down() -> None:
    """Text, and words with their times."""
    async with simulate("vllm") as sim, Client(base_urls={"vllm": sim.base_url}) as ai:
        heard = await ai.transcribe("vllm:whisper", ("a.wav", b"RIFF....WAVE"), words=True)
        assert [word.text for word in heard.words]
        assert (await ai.translate("vllm:whisper", ("a.wav", b"RIFF....WAVE"))).text


async def test_adapters_come_and_go() -> None:
    """One that is loaded is a model; its name is taken until it is unloaded."""
    async with simulate("vllm") as sim, Client(base_urls={"vllm": sim.base_url}) as ai:
        assert "added successfully" in (await ai.vllm.lora.load("sql", "/adapters/sql")).text
        base, adapter = (await ai.models("vllm")).models
        assert (adapter.id, adapter.raw["parent"], adapter.raw["root"]) == ("sql", base.id, "/adapters/sql")
        assert (await ai.chat("vllm:sql", "Hi")).model == "sql"
        assert (await ai.model("vllm:sql")).id == "sql"
        with pytest.raises(errors.BadRequestError, match="already been loaded"):
            await ai.vllm.lora.load("sql", "/adapters/sql")
        await ai.vllm.lora.load("sql", "/adapters/other", load_inplace=True)
        assert "removed successfully" in (await ai.vllm.lora.unload("sql")).text
        assert [model.id for model in (await ai.models("vllm")).models] == [base.id]
        with pytest.raises(errors.NotFoundError, match="cannot be found"):
            await ai.vllm.lora.unload("sql")


async def test_a_server_sleeps_and_wakes() -> None:
    """Asleep or paused it answers nothing; it says which it is."""
    async with simulate("vllm") as sim, Client(base_urls={"vllm": sim.base_url}, max_retries=0) as ai:
        await ai.vllm.sleep(level=1)
        assert await ai.vllm.is_sleeping()
        with pytest.raises(errors.OverloadedError):
            await ai.chat(M, "Hi")
        await ai.vllm.wake_up(["weights", "kv_cache"])
        assert not await ai.vllm.is_sleeping()
        await ai.vllm.pause()
        assert await ai.vllm.is_paused()
        with pytest.raises(errors.OverloadedError):
            await ai.complete(M, "Hi")
        await ai.vllm.resume()
        assert (await ai.chat(M, "Hi")).text


async def test_the_servers_state() -> None:
    """Health, version, load, metrics; the key is asked for below /v1 only."""
    async with simulate("vllm", keys="k") as sim, Client(base_urls={"vllm": sim.base_url}) as ai:
        assert (await ai.vllm.health()).status == (await ai.vllm.ping()).status == 200
        assert await ai.vllm.version() == "0.33.0"
        assert await ai.vllm.load() == 0
        assert "vllm:num_requests_running" in (await ai.vllm.metrics()).text
        assert "vllm_config" in (await ai.vllm.server_info()).raw
        assert (await ai.vllm.abort_requests(["a"]))["aborted"] == 1
        for call in (ai.vllm.reset_prefix_cache(), ai.vllm.reset_mm_cache(), ai.vllm.reset_encoder_cache()):
            assert (await call).status == 200
        with pytest.raises(errors.AuthenticationError):
            await ai.vllm.lora.load("sql", "/a")


async def test_responses_are_made_streamed_and_fetched() -> None:
    """As on the OpenAI wire, at the routes that this server has."""
    async with simulate("vllm") as sim, Client(base_urls={"vllm": sim.base_url}) as ai:
        made = await ai.vllm.responses.create("m", "Hi")
        assert (await ai.vllm.responses.get(made["id"])).output_text == made.output_text
        async with ai.vllm.responses.stream("m", "Hi") as stream:
            events = await stream.collect()
        assert events[-1].name == "response.completed"
        text = "".join(event.data["delta"] for event in events if event.name == "response.output_text.delta")
        assert text == made.output_text
        queued = await ai.vllm.responses.create("m", "Hi", background=True)
        assert (await ai.vllm.responses.cancel(queued["id"]))["status"] == "cancelled"


@pytest.mark.skipif(not LISTS, reason="no list of vLLM's classes beside the repository")
async def test_the_twins_answers_have_the_servers_fields() -> None:
    """None is invented, none is missing."""
    async with simulate("vllm") as sim, Client(base_urls={"vllm": sim.base_url}) as ai:
        for kind, answer in (
            ("RerankResponse", await ai.rerank(M, "q", ["a"])),
            ("ScoreResponse", await ai.similarity(M, "q", ["a"])),
            ("ClassificationResponse", await ai.classify(M, "a")),
            ("PoolingResponse", await ai.vllm.pooling("m", "a")),
            ("TokenizeResponse", await ai.tokenize(M, "a")),
            ("DetokenizeResponse", await ai.detokenize(M, [1])),
            ("CompletionResponse", await ai.complete(M, "a")),
        ):
            assert faults(kind, answer.raw) == [], kind
