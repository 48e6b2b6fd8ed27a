"""What all handles share: rows sent through the stack, streams of events and bytes, options."""

from __future__ import annotations

import asyncio
import json
from typing import Any, ClassVar

import pytest

from ipfs_accel_async import (
    Client,
    ConfigError,
    InvalidRequestError,
    MockTransport,
    NotFoundError,
    OverloadedError,
    Priority,
    ResponseValidationError,
    StreamIncompleteError,
    Upload,
)
from ipfs_accel_async.native._handle import Bound, Native, given
from ipfs_accel_async.providers._operation import Operation
from ipfs_accel_async.providers.vllm import VLLM
from ipfs_accel_async.wire.http import Response


class Codec(VLLM):
    """A service with one row of each kind."""

    native: ClassVar = {
        "files.create": Operation("POST", "/files", fields=("id",)),
        "files.get": Operation("GET", "/files/{id}"),
        "files.content": Operation("GET", "/files/{id}/content", answer="bytes"),
        "delete": Operation("DELETE", "/files/{id}", answer="none"),
        "metrics": Operation("GET", "/metrics", answer="text", root=True),
        "pull": Operation("POST", "/pull", headers=((b"x-beta", b"pull=v2"),)),
        "log": Operation("GET", "/log", open_ended=True),
        "probe": Operation("POST", "/probe", idempotent=True),
    }

    def is_last(self, call: Any, event: Any) -> bool:
        """A pull ends with its success."""
        return isinstance(event.data, dict) and event.data.get("status") == "success"


class Fixture:
    """A client whose provider is the codec above, and what it sent."""

    def __init__(self, *answers: Any, chunk_size: int = 0, **settings: Any) -> None:
        self.answers = list(answers)
        self.transport = MockTransport(self._answer, chunk_size=chunk_size)
        self.ai = Client(transport=self.transport, keys={"vllm": "sk-test"}, **settings)
        provider = self.ai._engine.provider("vllm")
        provider.codec = Codec()
        self.ai._engine._home.providers.codecs["vllm"] = provider.codec
        self.native = Native(Bound(self.ai._engine, "vllm"))

    def _answer(self, request: Any) -> Any:
        answer = self.answers.pop(0) if self.answers else {}
        return answer if isinstance(answer, Response) else MockTransport.reply(answer)

    async def __aenter__(self) -> Fixture:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ai.aclose()


def sse(*events: Any, end: bytes = b"") -> Response:
    """A stream of events."""
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + end
    return MockTransport.reply(body=body, headers={"content-type": "text/event-stream"})


async def test_a_row_is_sent_with_its_arguments_quoted() -> None:
    """Method, path, query, JSON, the row's headers and the key."""
    async with Fixture({"id": "f 1"}, {}, {}) as made:
        answer = await made.native._call("files.create", json={"a": 1}, query={"limit": 3, "deep": True, "no": None})
        assert (answer["id"], answer.get("none", 7), answer.status) == ("f 1", 7, 200)
        await made.native._call("files.get", id="a/b c")
        await made.native._call("pull", headers=(("x-own", "1"),))
        first, second, third = made.transport.requests
    assert (first.method, first.url) == ("POST", "http://localhost:8000/v1/files?limit=3&deep=true")
    assert json.loads(first.body) == {"a": 1}
    assert (b"authorization", b"Bearer sk-test") in first.headers
    assert second.url == "http://localhost:8000/v1/files/a%2Fb%20c"
    assert second.body == b""
    assert {(b"x-beta", b"pull=v2"), (b"x-own", b"1")} <= set(third.headers)


async def test_a_form_and_raw_bytes_are_sent_as_they_are() -> None:
    """With the media type that says so."""
    async with Fixture({"id": "1"}, {}) as made:
        await made.native._call("files.create", form=[("purpose", "x"), ("file", Upload("a.txt", b"hi", "text/plain"))])
        await made.native._call("probe", content=b"\0\1", content_type="application/x-thing")
        form, raw = made.transport.requests
    kinds = [dict(request.headers)[b"content-type"] for request in (form, raw)]
    assert kinds[0].startswith(b"multipart/form-data; boundary=")
    assert b'filename="a.txt"' in form.body
    assert (kinds[1], raw.body) == (b"application/x-thing", b"\0\1")


async def test_answers_of_every_kind() -> None:
    """Bytes, text below the root, nothing."""
    audio = MockTransport.reply(body=b"\xff\xfb", headers={"content-type": "audio/mpeg; x=1"})
    text = MockTransport.reply(body=b"up 1\n", headers={"content-type": "text/plain"})
    async with Fixture(audio, text, MockTransport.reply(body=b"")) as made:
        content = await made.native._call("files.content", id="1")
        assert (content.body, content.media_type, content.raw) == (b"\xff\xfb", "audio/mpeg", None)
        assert (await made.native._call("metrics")).text == "up 1\n"
        assert (await made.native._call("delete", id="1")).raw is None
        assert made.transport.requests[1].url == "http://localhost:8000/metrics"


async def test_a_field_that_the_row_promises_is_there() -> None:
    """Or the answer is refused, by the name of the field."""
    async with Fixture({"ident": 1}) as made:
        with pytest.raises(ResponseValidationError, match="'id'"):
            await made.native._call("files.create")


async def test_what_is_not_there_is_typed_and_sent_once() -> None:
    """404 is NotFoundError; an unknown row names those there are; an empty argument is refused."""
    missing = MockTransport.reply({"error": {"message": "no", "type": "x", "code": None}}, status=404)
    async with Fixture(missing) as made:
        with pytest.raises(NotFoundError):
            await made.native._call("files.get", id="1")
        with pytest.raises(InvalidRequestError, match="no operation"):
            await made.native._call("files.put")
        with pytest.raises(InvalidRequestError, match="id must be given"):
            await made.native._call("files.get", id="")
        assert len(made.transport.requests) == 1


async def test_only_what_may_be_repeated_is_sent_again() -> None:
    """A failed GET or a harmless POST is retried, another POST is not."""
    down = MockTransport.reply({"error": {"message": "down"}}, status=503)
    for row, args, sent in (("files.get", {"id": "1"}, 2), ("probe", {}, 2), ("files.create", {}, 1)):
        async with Fixture(down, {"id": "1"}) as made:
            if sent == 1:
                with pytest.raises(OverloadedError, match="down"):
                    await made.native._call(row, **args)
            else:
                await made.native._call(row, **args)
            assert len(made.transport.requests) == sent


@pytest.mark.parametrize("chunk_size", [0, 1, 7])
async def test_events_come_as_they_are_sent_up_to_the_last(chunk_size: int) -> None:
    """Names from the event or its type; the codec says which is the last."""
    events = [{"status": "pulling"}, {"type": "layer", "status": "layer"}, {"status": "success"}]
    async with Fixture(sse(*events, end=b": bye\n\n"), chunk_size=chunk_size) as made:
        async with made.native._events("pull") as stream:
            seen = [event async for event in stream]
        assert [event.data for event in seen] == events
        assert [event.name for event in seen] == ["", "layer", ""]
        assert stream.last is not None
        assert stream.last.data["status"] == "success"
        assert made.transport.open == 0


async def test_a_done_mark_ends_events_and_is_none_itself() -> None:
    """As on the OpenAI wire."""
    async with Fixture(sse({"a": 1}, end=b"data: [DONE]\n\n")) as made, made.native._events("pull") as stream:
        assert [event.data for event in await stream.collect()] == [{"a": 1}]


async def test_events_that_stop_early_are_an_error_unless_the_row_is_open_ended() -> None:
    """A cut stream is never a success; a log has no end mark."""
    async with Fixture(sse({"status": "pulling"}), sse({"line": 1}, {"line": 2})) as made:
        with pytest.raises(StreamIncompleteError):
            async with made.native._events("pull") as stream:
                await stream.collect()
        async with made.native._events("log") as log:
            assert len(await log.collect()) == 2
        assert made.transport.open == 0


async def test_an_error_among_events_is_typed() -> None:
    """After the first event it is raised while reading; before it, it is retried as any error is."""
    error = {"error": {"message": "overloaded", "type": "server_error", "code": 500}}
    async with Fixture(sse({"status": "pulling"}, error)) as made, made.native._events("pull") as stream:
        assert (await anext(stream)).data == {"status": "pulling"}
        with pytest.raises(Exception, match="overloaded"):
            await anext(stream)
    async with Fixture(sse(error), sse({"status": "success"})) as made:
        async with made.native._events("log") as log:
            assert len(await log.collect()) == 1
        assert len(made.transport.requests) == 2


async def test_bytes_come_in_chunks_and_leaving_frees_the_connection() -> None:
    """The head is known from the start; breaking off closes at once."""
    body = MockTransport.reply(body=b"abcdef", headers={"content-type": "audio/mpeg"})
    async with Fixture(body, body, chunk_size=2) as made:
        async with made.native._bytes("files.content", id="1") as stream:
            assert stream.answer.media_type == "audio/mpeg"
            assert [chunk async for chunk in stream] == [b"ab", b"cd", b"ef"]
        async with made.native._bytes("files.content", id="1") as stream:
            assert await anext(stream) == b"ab"
            assert made.transport.open == 1
        assert made.transport.open == 0
        with pytest.raises(InvalidRequestError, match="closed"):
            await anext(stream)


async def test_options_hold_for_every_call_of_a_handle() -> None:
    """Priority, timeout, tags and base URL; the handle they were made from stays as it was."""

    async def never(_: Any) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with Fixture() as made:
        other = made.native.with_options(
            timeout=2, base_url="http://127.0.0.1:9", priority=Priority.HIGH, tags={"a": "b"}
        )
        await other._call("files.get", id="1")
        await made.native._call("files.get", id="1")
        urls = [request.url for request in made.transport.requests]
        assert urls == ["http://127.0.0.1:9/v1/files/1", "http://localhost:8000/v1/files/1"]
        made.transport._handler = never
        with pytest.raises(TimeoutError):
            await other._call("files.get", id="1")
        with pytest.raises(ConfigError, match="base_url"):
            await made.native.with_options(base_url="ftp://x")._call("files.get", id="1")
        with pytest.raises(InvalidRequestError, match="priority"):
            await made.native.with_options(priority=7)._call("files.get", id="1")


def test_given_leaves_out_what_was_not() -> None:
    """Zero, False and empty are values; None is none."""
    assert given(a=0, b=None, c="", d=False) == {"a": 0, "c": "", "d": False}
