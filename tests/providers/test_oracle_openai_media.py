"""The official OpenAI SDK as the oracle of completions, images, audio, moderations and token counts."""

from __future__ import annotations

import json
from binascii import b2a_base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.payloads import CompleteRequest
from ipfs_accel_async.providers.openai import codec
from tests.forms import parts, sent
from tests.providers.codecs import PAYLOADS
from tests.providers.openai_media_calls import CASES, IDS, THEIR_WAV, MediaCase
from tests.providers.recorded import (
    call_of,
    deltas_of,
    fixture,
    headers_of,
    recorded_response,
    recorded_stream,
)
from tests.recorder import Recorder, recording

if TYPE_CHECKING:
    from ipfs_accel_async.types import Payload

openai = pytest.importorskip("openai", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

KEY = "sk-oracle"


def sdk(recorder: Recorder) -> Any:
    """The official client, on the recorder."""
    return openai.AsyncOpenAI(api_key=KEY, base_url=f"{recorder.base_url}/v1", max_retries=0)


def tell(recorder: Recorder, name: str) -> None:
    """Have the recorder give a recorded answer."""
    value = fixture("openai", name)
    body = value["body"]
    recorder.answer(body.encode("latin-1") if isinstance(body, str) else body, headers=value["headers"])


def assert_same_request(recorder: Recorder, operation: str, payload: Payload) -> None:
    """Our request is the one that the SDK has just sent: method, path, key and body, a form part by part."""
    request = codec.build_request(call_of(codec, payload, operation, endpoint=f"{recorder.base_url}/v1"), Secret(KEY))
    theirs = recorder.last
    assert (request.method, urlsplit(request.url).path) == (theirs.method, theirs.path)
    assert (b"authorization", theirs.headers["authorization"].encode()) in request.headers
    if isinstance(theirs.body, bytes):
        assert sent(request) == parts(theirs.headers["content-type"], theirs.body)
    else:
        assert json.loads(request.body) == theirs.body


def ours(name: str) -> Any:
    """Our reading of a recorded answer."""
    return codec.parse_response(call_of(codec, PAYLOADS[name], name), recorded_response("openai", name))


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # the SDK marks translations so
@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_requests_are_equal(case: MediaCase) -> None:
    """For each call of the table the SDK sends, field by field and part by part, what we send."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, case.operation)
        await case.theirs(client)
        assert_same_request(recorder, case.operation, case.ours)


async def test_completions_are_read_alike() -> None:
    """Text, finish reason, ids and counts are those that the SDK reads; its choices come in any order."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "complete")
        theirs = await client.completions.create(model="m", prompt="Once upon")
        tell(recorder, "complete_batch")
        many = await client.completions.create(model="m", prompt=["Once upon", "In the end"])
    reply, batch = ours("complete"), ours("complete_batch")
    assert (reply.text, reply.finish_reason) == (theirs.choices[0].text, theirs.choices[0].finish_reason)
    assert (reply.id, reply.model) == (theirs.id, theirs.model)
    assert reply.usage.total_tokens == theirs.usage.total_tokens
    by_index = {choice.index: choice for choice in many.choices}
    assert [one.text for one in batch.replies] == [by_index[0].text, by_index[1].text]
    assert [one.finish_reason for one in batch.replies] == [by_index[0].finish_reason, by_index[1].finish_reason]
    assert batch.usage.total_tokens == many.usage.total_tokens


async def test_streamed_completions_are_read_alike() -> None:
    """The SDK asks for the stream as we do, and reads the same text and counts from it."""
    payload = CompleteRequest(("Once upon",), stream=True)
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(recorded_stream("openai", "complete"))
        stream = await client.completions.create(
            model="m", prompt="Once upon", stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        assert_same_request(recorder, "complete", payload)
    call = call_of(codec, payload, "complete")
    folded = fold(
        deltas_of(codec, call, [recorded_stream("openai", "complete")]), codec.empty_reply(call, headers_of({}))
    )
    assert isinstance(folded, Reply)
    assert folded.text == "".join(chunk.choices[0].text for chunk in chunks if chunk.choices)
    assert folded.usage.output_tokens == chunks[-1].usage.completion_tokens


async def test_media_are_read_alike() -> None:
    """Pictures, speech, transcripts, verdicts and counts are those that the SDK reads."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "image")
        image = await client.images.generate(model="m", prompt="A red cube")
        tell(recorder, "speech")
        speech = await client.audio.speech.create(model="m", input="Hello", voice="alloy")
        tell(recorder, "transcribe")
        heard = await client.audio.transcriptions.create(model="m", file=THEIR_WAV, response_format="verbose_json")
        tell(recorder, "moderate")
        judged = await client.moderations.create(model="m", input=["Hello"])
        tell(recorder, "count_tokens")
        counted = await client.responses.input_tokens.count(model="m", input="Hello")
    picture = ours("image").pictures[0]
    assert b2a_base64(picture.data, newline=False).decode() == image.data[0].b64_json
    assert picture.revised_prompt == image.data[0].revised_prompt
    assert ours("image").usage.output_tokens == image.usage.output_tokens
    assert ours("speech").data == speech.content
    transcript = ours("transcribe")
    assert (transcript.text, transcript.language, transcript.duration) == (heard.text, heard.language, heard.duration)
    assert [(word.text, word.start, word.end) for word in transcript.words] == [
        (word.word, word.start, word.end) for word in heard.words
    ]
    assert [(part.text, part.start, part.end) for part in transcript.segments] == [
        (part.text, part.start, part.end) for part in heard.segments
    ]
    verdict, theirs = ours("moderate").verdicts[0], judged.results[0]
    assert verdict.flagged is theirs.flagged
    assert verdict.categories == tuple(name for name, hit in theirs.categories.model_dump().items() if hit)
    assert max(verdict.scores.values()) == theirs.category_scores.violence
    assert ours("count_tokens").tokens == counted.input_tokens
