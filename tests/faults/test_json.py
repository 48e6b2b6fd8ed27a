"""Group J: bodies that are no JSON, or JSON that nobody can hold."""

from __future__ import annotations

import json
import sys
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.errors import AccelError, DecodeError, ResponseTooLargeError, ResponseValidationError
from tests.answering import completion
from tests.faults.http import BODY
from tests.faults.scenarios import scenario
from tests.faults.virtual import Answer, VirtualServer, says
from tests.faults.watching import watched
from tests.providers.codecs import CHATS, CODECS, recorded_call
from tests.providers.recorded import fixture, recorded_response


async def end_of(body: bytes, **settings: Any) -> Reply | AccelError:
    """How one call ends whose answer has this body."""
    async with watched(VirtualServer(says(body)), max_retries=0, **settings) as ai:
        try:
            return await ai.chat("openai:m", "hi")
        except AccelError as error:
            return error


@scenario("J01")
@pytest.mark.parametrize(("name", "kind"), CHATS)
def test_json_cut_at_any_byte_is_no_answer(name: str, kind: str) -> None:
    """Every recording of every provider, cut at every byte: a typed error, never half of an answer."""
    whole = recorded_response(name, kind)
    end = len(whole.body.rstrip())
    for at in range(end):
        with pytest.raises((DecodeError, ResponseValidationError)):
            CODECS[name].parse_response(recorded_call(name, kind), replace(whole, body=whole.body[:at]))


@scenario("J01")
async def test_a_cut_answer_is_a_decode_error_of_the_call() -> None:
    """The same through the whole client."""
    for at in range(0, len(BODY), 17):
        assert isinstance(await end_of(BODY[:at]), DecodeError)


@scenario("J02")
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
async def test_depth_does_not_overflow_anything(opening: bytes) -> None:
    """A hundred thousand levels: a DecodeError, and the interpreter's stack is as it was."""
    limit = sys.getrecursionlimit()
    assert isinstance(await end_of(opening * 100_000), DecodeError)
    assert isinstance(await end_of(opening * 100_000 + b"1" + b"}]"[opening == b"[" :][:1] * 100_000), DecodeError)
    assert sys.getrecursionlimit() == limit


NUMBERS = ["1" * 5_000, "1e999", "-1e999", "NaN", "Infinity", "-Infinity"]


@scenario("J03")
@pytest.mark.parametrize("number", NUMBERS)
async def test_a_number_that_cannot_be_held(number: str) -> None:
    """A typed error or an answer without that number; no ValueError or OverflowError gets out."""
    end = await end_of(BODY.replace(b'"created": 1', f'"created": {number}'.encode()))
    assert isinstance(end, (Reply, DecodeError, ResponseValidationError))
    end = await end_of(BODY.replace(b'"prompt_tokens": 3', f'"prompt_tokens": {number}'.encode()))
    assert isinstance(end, (Reply, DecodeError, ResponseValidationError))
    if isinstance(end, Reply):
        assert end.usage.input_tokens == 0


@scenario("J04")
async def test_half_a_surrogate_pair_never_crashes_a_sink() -> None:
    """Refused, or replaced so that the text can be written anywhere."""
    end = await end_of(BODY.replace(b"hello", b"\\ud800"))
    text = end.text if isinstance(end, Reply) else str(end)
    text.encode("utf-8", "strict" if isinstance(end, Reply) else "replace")


AT = BODY.index(b"hello")
BYTES = {
    "bad UTF-8": (BODY.replace(b"hello", b"\xff\xfe"), 0),
    "overlong": (BODY.replace(b"hello", b"\xc0\xaf"), 0),
    "half a character": (BODY.replace(b"hello", b"\xe2\x82"), 0),
    "NUL in a string": (BODY.replace(b"hello", b"\0"), AT),
    "a line break in a string": (BODY.replace(b"hello", b"a\nb"), AT + 1),
    "after characters of several bytes": (BODY.replace(b"hello", "\u4e16\u754c\n".encode()), AT + 6),
    "NUL after the end": (BODY + b"\0", len(BODY)),
}


@scenario("J05")
@pytest.mark.parametrize("fault", BYTES)
async def test_bytes_that_json_must_not_have(fault: str) -> None:
    """A DecodeError in one printable line, with the byte at which it stops being JSON."""
    body, offset = BYTES[fault]
    end = await end_of(body)
    assert isinstance(end, DecodeError)
    assert str(end).isprintable()
    assert end.offset == offset


@scenario("J05")
async def test_a_byte_order_mark_is_no_crash() -> None:
    """Before the JSON: read or refused, but as one of ours."""
    assert isinstance(await end_of(b"\xef\xbb\xbf" + BODY), (Reply, DecodeError))


SHAPES: dict[str, tuple[dict[str, Any], str]] = {
    "no choices": ({"choices": []}, "'choices[0]' is missing"),
    "choices null": ({"choices": None}, "'choices[0]' is missing"),
    "choices of numbers": ({"choices": [7]}, "choices[0] is a number"),
    "message a string": ({"choices": [{"message": "hi"}]}, "'choices[0].message' is missing"),
    "no message": ({"choices": [{"index": 0}]}, "'choices[0].message' is missing"),
    "content a number": ({"choices": [{"message": {"content": 7}}]}, "choices[0].message.content is no string"),
    "counts a list": ({"usage": [7]}, "usage is an array"),
    "a count in words": ({"usage": {"prompt_tokens": "many"}}, "usage.prompt_tokens is a string"),
}


@scenario("J06")
@pytest.mark.parametrize("shape", SHAPES)
async def test_a_shape_that_has_no_answer_is_refused(shape: str) -> None:
    """What must be there and is not, or is something else: a ResponseValidationError in one line, with its path."""
    changed, told = SHAPES[shape]
    end = await end_of(json.dumps(completion(**changed)).encode())
    assert isinstance(end, ResponseValidationError)
    assert f"lacks a field or has one of the wrong type: {told}" in str(end)


@scenario("J06")
async def test_what_is_unknown_or_doubled_is_tolerated() -> None:
    """Unknown fields and words are kept; of a doubled key one counts; a count as a string hurts nobody."""
    body = json.dumps(completion(x_new=1)).replace('"stop"', '"x_word"').replace('"id": "c1"', '"id": "c0", "id": "c1"')
    end = await end_of(body.encode())
    assert isinstance(end, Reply)
    assert (end.finish_reason, end.raw["x_new"], end.raw["id"]) == ("x_word", 1, "c1")
    end = await end_of(body.replace('"prompt_tokens": 3', '"prompt_tokens": "12"').encode())
    assert isinstance(end, (Reply, ResponseValidationError))


@scenario("J07")
async def test_a_hundred_megabytes_are_not_read() -> None:
    """Refused at the cap, before the rest was asked for; tried on the transport's own cap."""
    from ipfs_accel_async.transport.http import HttpIncoming

    class Endless:
        """A body of valid JSON that never ends."""

        given = 0

        def __aiter__(self) -> Endless:
            return self

        async def __anext__(self) -> bytes:
            self.given += 65_536
            assert self.given < 2 * 2**20, "read on beyond the cap"
            return b"[" + b"1," * 32_767 + b" "

        async def aclose(self) -> None:
            """Nothing to close."""

    class Capped(VirtualServer):
        """Its answers are read as those of sockets."""

        async def send(self, request: Any) -> Any:
            await super().send(request)
            self.open -= 1
            return HttpIncoming(200, [(b"content-type", b"application/json")], Endless(), 2**20)

    tracemalloc.start()
    try:
        async with watched(Capped(always=Answer()), max_retries=0) as ai:
            with pytest.raises(ResponseTooLargeError):
                await ai.chat("openai:m", "hi")
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@scenario("J08")
@pytest.mark.parametrize("arguments", ['{"city": "Par', "not json", "", "[1"])
async def test_tool_arguments_are_handed_over_as_they_came(arguments: str) -> None:
    """Broken arguments are the caller's to see, as text; parsing them is what fails, and nothing is called."""
    asked = {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [asked]}
    body = completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}])
    end = await end_of(json.dumps(body).encode())
    assert isinstance(end, Reply)
    assert end.tool_calls[0].arguments == (arguments or "{}")  # nothing said means no arguments


@scenario("J09")
@pytest.mark.parametrize("count", [-5, 10**18, 10**30, True, 1.5, None])
async def test_counts_that_cannot_be_right_do_not_spoil_the_books(count: Any) -> None:
    """Negative, huge or no whole numbers: the report's sums stay whole and are never below zero."""
    usage = {"prompt_tokens": count, "completion_tokens": count, "total_tokens": count}
    async with watched(VirtualServer(says(completion(usage=usage))), max_retries=0) as ai:
        try:
            reply = await ai.chat("openai:m", "hi")
        except ResponseValidationError:
            return
        assert reply.text == "hello"
        shown = (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.total_tokens)
        assert 0 <= min(shown) <= max(shown) <= 10**12
        assert reply.usage.estimated == (count in {-5, 10**18, 10**30})
        assert "token_counts" in ai.report().to_json()
        counts = ai.report()["token_counts"]
        assert all(isinstance(value, int) and value >= 0 for value in counts.values())


@scenario("J06")
@pytest.mark.parametrize(("name", "kind"), CHATS)
def test_a_field_of_another_type_is_never_a_crash(name: str, kind: str) -> None:
    """Every top-level field of every recording, as each other type: an answer or a typed error."""
    whole, body = recorded_response(name, kind), fixture(name, kind)["body"]
    for field in body:
        for value in (None, 7, "text", [], {}, True, -1.5):
            changed = replace(whole, body=json.dumps({**body, field: value}).encode())
            try:
                CODECS[name].parse_response(recorded_call(name, kind), changed)
            except AccelError:
                continue
