"""``client.hf_tgi`` and completions against the twin, over sockets."""

from __future__ import annotations

import json

import pytest

from ipfs_accel_async import Client, errors
from ipfs_accel_async.simulator import simulate
from tests.providers.described import copies, faults

pytestmark = pytest.mark.sockets
M = "hf_tgi:tgi"


async def test_a_text_whole_and_in_pieces() -> None:
    """The same text, the same counts; a grammar is kept to, a stop ends it."""
    async with simulate("hf_tgi") as sim, Client(base_urls={"hf_tgi": sim.base_url}) as ai:
        whole = await ai.complete(M, "Once upon", max_tokens=200)
        async with ai.stream_completion(M, "Once upon", max_tokens=200) as stream:
            pieces = [delta.text async for delta in stream]
        assert "".join(pieces) == whole.text == stream.reply.text
        assert (stream.reply.usage, stream.reply.finish_reason) == (whole.usage, whole.finish_reason)
        assert whole.usage.input_tokens
        assert whole.usage.output_tokens
        grammar = {"type": "json", "value": {"properties": {"city": {"type": "string"}}, "required": ["city"]}}
        assert set(json.loads((await ai.complete(M, "Where?", grammar=grammar)).text)) == {"city"}
        assert (await ai.complete(M, "Once upon", max_tokens=2)).finish_reason == "length"
        assert (await ai.complete(M, "Once upon", stop="answer")).finish_reason == "stop"


async def test_several_texts_in_one_request() -> None:
    """One reply each, in order; the server takes four."""
    async with simulate("hf_tgi") as sim, Client(base_urls={"hf_tgi": sim.base_url}) as ai:
        both = await ai.complete_batch(M, ["Once upon", "In the end"], max_tokens=40)
        one = await ai.complete(M, "In the end", max_tokens=40)
        assert both.replies[1].text == one.text != both.replies[0].text
        assert both.usage.total_tokens > one.usage.total_tokens
        with pytest.raises(errors.BadRequestError, match="maximum allowed batch size of 4"):
            await ai.complete_batch(M, ["a"] * 5)


async def test_the_tokenizer() -> None:
    """A text as tokens; a chat as text and tokens, counted by the server."""
    async with simulate("hf_tgi") as sim, Client(base_urls={"hf_tgi": sim.base_url}) as ai:
        tokens = await ai.tokenize(M, "Grüße, 世界!")
        assert "".join(tokens.texts) == "Grüße, 世界!"
        shown = await ai.hf_tgi.chat_tokenize("Hello there")
        assert shown["templated_text"] == "<s>[INST] Hello there [/INST]"
        count = await ai.count_tokens(M, "Hello there")
        assert (count.tokens, count.estimated) == (len(shown["tokenize_response"]), False)


async def test_generation_with_its_details() -> None:
    """The prompt's tokens on demand; token by token, up to the one with the whole text."""
    async with simulate("hf_tgi") as sim, Client(base_urls={"hf_tgi": sim.base_url}) as ai:
        answer = await ai.hf_tgi.generate("Once upon", decoder_input_details=True, seed=3)
        assert [token["text"] for token in answer["details"]["prefill"]] == ["Once", " upon"]
        assert answer["details"]["seed"] == 3
        async with ai.hf_tgi.generate_stream("Once upon") as stream:
            texts = [event.data["token"]["text"] async for event in stream if not event.data["token"]["special"]]
        assert "".join(texts) == answer["generated_text"]


async def test_the_servers_state() -> None:
    """Info, model, health and metrics."""
    async with simulate("hf_tgi") as sim, Client(base_urls={"hf_tgi": sim.base_url}) as ai:
        info = await ai.hf_tgi.info()
        assert (info["max_client_batch_size"], info["max_total_tokens"]) == (4, 32_768)
        assert (await ai.hf_tgi.models.info())["data"][0]["id"] == info["model_id"]
        assert (await ai.hf_tgi.health()).status == 200
        assert "tgi_request_count" in (await ai.hf_tgi.metrics()).text


async def test_an_overload_in_a_stream_is_sent_again() -> None:
    """It is told under status 200; nothing had been said yet, so another try is made."""
    async with (
        simulate("hf_tgi", faults=["error-in-200"]) as sim,
        Client(base_urls={"hf_tgi": sim.base_url}, initial_retry_delay=0.001) as ai,
    ):
        async with ai.stream_completion(M, "Once upon") as stream:
            reply = await stream.collect()
        assert reply.text
        assert len(sim.requests) == 2


@pytest.mark.parametrize("fault", ["cut", "truncate", "malformed"])
async def test_a_broken_stream_is_an_error(fault: str) -> None:
    """Never a shorter text that looks whole."""
    async with simulate("hf_tgi", faults=[fault]) as sim, Client(base_urls={"hf_tgi": sim.base_url}) as ai:
        with pytest.raises((errors.StreamIncompleteError, errors.DecodeError)):
            async with ai.stream_completion(M, "Once upon") as stream:
                await stream.collect()


@pytest.mark.skipif(not copies("tgi"), reason="no copy of TGI's OpenAPI description beside the repository")
async def test_the_twins_answers_are_as_described() -> None:
    """What the further routes answer fits the published description."""
    async with simulate("hf_tgi") as sim, Client(base_urls={"hf_tgi": sim.base_url}) as ai:
        assert faults("tgi", "CompletionFinal", (await ai.complete_batch(M, ["a", "b"])).raw) == []
        assert faults("tgi", "ChatTokenizeResponse", (await ai.hf_tgi.chat_tokenize("a")).raw) == []
        assert faults("tgi", "TokenizeResponse", (await ai.tokenize(M, "a b")).raw) == []
        assert faults("tgi", "Info", (await ai.hf_tgi.info()).raw) == []
        assert faults("tgi", "GenerateResponse", (await ai.hf_tgi.generate("a")).raw) == []
        async with ai.hf_tgi.generate_stream("a") as stream:
            async for event in stream:
                assert faults("tgi", "StreamResponse", event.data) == []
