"""Group B, first part: bodies that are slow, cut, wrong or no answer at all."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async.errors import (
    AccelError,
    BadRequestError,
    CallError,
    DecodeError,
    InterruptedCallError,
    OverloadedError,
    ProtocolError,
    RequestTimeoutError,
    ResponseValidationError,
    TransportError,
)
from tests.answering import error_body
from tests.faults import http
from tests.faults.http import BODY, GOOD, JSON, answer, raw
from tests.faults.scenarios import scenario
from tests.faults.script import deaf, drip, hang, head, send, split
from tests.faults.server import FaultServer
from tests.faults.virtual import Answer, VirtualServer, refuses, says
from tests.faults.watching import FAST, watched


@scenario("B01")
async def test_headers_and_then_silence() -> None:
    """The deadline ends it exactly, in the phase body, and the endpoint is blamed."""
    server = VirtualServer(Answer((10_000.0, BODY)))
    async with watched(server, timeout=30, max_retries=0, failure_threshold=1) as ai:
        with pytest.raises(RequestTimeoutError) as caught:
            await ai.chat("openai:m", "hi")
        assert (caught.value.phase, asyncio.get_running_loop().time()) == ("body", 30.0)


@scenario("B02")
async def test_a_drip_without_end_does_not_outlast_the_deadline() -> None:
    """A byte a second, for ever: the deadline is over the whole call, not between bytes."""
    server = VirtualServer(Answer([b"x", 1.0] * 1_000))
    async with watched(server, timeout=20, max_retries=0) as ai:
        with pytest.raises(RequestTimeoutError):
            await ai.chat("openai:m", "hi")
        assert asyncio.get_running_loop().time() == 20.0


@scenario("B03")
@pytest.mark.sockets
@pytest.mark.parametrize("fault", http.CUT_BODIES)
async def test_a_cut_body_is_tried_again_and_never_taken_for_an_answer(fault: str) -> None:
    """Nothing of it reached the caller, so the second attempt may answer in its place."""
    async with FaultServer(http.CUT_BODIES[fault]) as server, watched(server, max_retries=1, **FAST) as ai:
        reply = await ai.chat("openai:m", "hi")
        assert (reply.text, reply.attempts) == ("hello", 2)


@scenario("B03")
@pytest.mark.sockets
@pytest.mark.parametrize("fault", http.CUT_BODIES)
async def test_a_cut_body_is_a_typed_error(fault: str) -> None:
    """With no attempt left: an interrupted call, or an answer that cannot be right."""
    async with FaultServer(http.CUT_BODIES[fault]) as server, watched(server, max_retries=0) as ai:
        with pytest.raises((InterruptedCallError, ProtocolError)):
            await ai.chat("openai:m", "hi")


@scenario("B04")
@pytest.mark.sockets
@pytest.mark.parametrize("fault", http.LENGTHS)
async def test_lengths_that_lie(fault: str) -> None:
    """The call fails, and its connection is not used for the next one, which gets its own answer."""
    async with FaultServer(http.LENGTHS[fault]) as server, watched(server, max_retries=0) as ai:
        with pytest.raises((TransportError, ProtocolError)):
            await ai.chat("openai:m", "hi")
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        assert server.accepted == 2


EMPTY = {
    "nothing": b"",
    "white space": b" \r\n ",
    "a login page": b"<!doctype html><html><body>Sign in" + b"." * 5_000,
    "null": b"null",
    "a list": b"[]",
    "a string": b'"ok"',
}


@scenario("B05")
@pytest.mark.parametrize("body", EMPTY.values(), ids=EMPTY)
async def test_a_200_without_an_answer_in_it(body: bytes) -> None:
    """A short typed error, never an empty answer; what may pass is tried again."""
    server = VirtualServer(says(body))
    async with watched(server, max_retries=0) as ai:
        with pytest.raises((DecodeError, ResponseValidationError)) as caught:
            await ai.chat("openai:m", "hi")
        assert len(str(caught.value)) <= 400
        assert "\n" not in str(caught.value)


@scenario("B05")
async def test_a_login_page_in_passing_is_tried_again() -> None:
    """A proxy's page under 200, once: the second attempt answers."""
    server = VirtualServer(says(EMPTY["a login page"]))
    async with watched(server, **FAST) as ai:
        assert (await ai.chat("openai:m", "hi")).attempts == 2


@scenario("B06")
@pytest.mark.parametrize(
    ("code", "kind"), [("server_is_overloaded", OverloadedError), ("invalid_request_error", BadRequestError)]
)
async def test_an_error_under_200(code: str, kind: type[AccelError]) -> None:
    """The code says what it is; it counts as the status would have."""
    server = VirtualServer(says(error_body("busy", code)))
    async with watched(server, max_retries=0) as ai:
        with pytest.raises(kind) as caught:
            await ai.chat("openai:m", "hi")
        assert caught.value.code == code


NO_BODY = ["204 No Content", "205 Reset Content", "206 Partial Content", "304 Not Modified", "300 Multiple Choices"]


@scenario("B07")
@pytest.mark.sockets
@pytest.mark.parametrize("status", NO_BODY)
async def test_a_status_without_an_answer(status: str) -> None:
    """No hang and no empty answer: an error, and the next call is answered."""
    async with (
        FaultServer((send(raw(status, JSON, "content-length: 0")),)) as server,
        watched(server, max_retries=0, timeout=30) as ai,
    ):
        with pytest.raises(ProtocolError):
            await ai.chat("openai:m", "hi")
        assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("B07")
@pytest.mark.sockets
@pytest.mark.parametrize("before", ["100 Continue", "102 Processing", "103 Early Hints"])
async def test_informational_responses_come_before_the_answer(before: str) -> None:
    """One of them, or twenty, are passed over."""
    async with FaultServer() as server, watched(server, max_retries=0, timeout=30) as ai:
        for times in (1, 20):
            server.answers += [(send(raw(before) * times), *GOOD)]
            assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("B11")
@pytest.mark.sockets
@pytest.mark.parametrize("status", [413, 401])
async def test_refused_in_the_middle_of_an_upload(status: int) -> None:
    """The server answers after the head and reads on: the status is the error, not a broken pipe."""
    script = (head(), send(answer(error_body("no"), status=status)), hang())
    async with FaultServer(greetings=(script,)) as server, watched(server, max_retries=0) as ai:
        with pytest.raises(AccelError) as caught:
            await ai.chat("openai:m", "x" * 32 * 2**20)
        assert caught.value.status == status


@scenario("B11")
@pytest.mark.sockets
async def test_a_large_upload_arrives_whole() -> None:
    """Several megabytes, with their length, and without a warning of any library."""
    words = "x" * 5 * 2**20
    async with FaultServer() as server, watched(server, max_retries=0) as ai:
        assert (await ai.chat("openai:m", words)).text == "hello"
        assert server.requests[0].header("transfer-encoding") is None
        assert words.encode() in server.requests[0].body


@scenario("B12")
@pytest.mark.sockets
async def test_an_upload_that_nobody_reads() -> None:
    """The window is full: the deadline ends the call while it writes, and the connection is gone afterwards."""
    async with FaultServer(greetings=((deaf(),),)) as server, watched(server, max_retries=0, timeout=0.5) as ai:
        with pytest.raises(RequestTimeoutError) as caught:
            await ai.chat("openai:m", "x" * 16 * 2**20)
        assert caught.value.phase == "write"
        for task in server.tasks:
            task.cancel()


KINDS = {
    "none": "x-none: 1",
    "text": "content-type: text/plain",
    "page": "content-type: text/html; charset=utf-8",
    "another charset": "content-type: application/json; charset=utf-16",
    "garbage": "content-type: ;;;=",
    "binary": "content-type: application/octet-stream",
}


@scenario("B15")
@pytest.mark.sockets
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_json_is_utf_8_whatever_the_content_type_says(kind: str) -> None:
    """The body decides: it is parsed as UTF-8, and what is UTF-16 is an error."""
    wide = BODY.decode().encode("utf-16")
    async with (
        FaultServer((send(answer(BODY, kind=kind)),), (send(answer(wide, kind=kind)),)) as server,
        watched(server, max_retries=0) as ai,
    ):
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        with pytest.raises(DecodeError):
            await ai.chat("openai:m", "hi")


@scenario("B02", "B03")
@pytest.mark.sockets
async def test_an_answer_in_single_bytes_is_read_whole() -> None:
    """However small the pieces, a sound answer is one."""
    async with (
        FaultServer((split(answer(), 1),), (drip(answer(), every=0.001, size=50),)) as server,
        watched(server, max_retries=0) as ai,
    ):
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("B06", "B11")
async def test_an_error_without_words() -> None:
    """A status with an empty body is that error all the same."""
    server = VirtualServer(refuses(503), says(b"", status=503))
    async with watched(server, max_retries=0) as ai:
        for _ in range(2):
            with pytest.raises(CallError) as caught:
                await ai.chat("openai:m", "hi")
            assert caught.value.status == 503
