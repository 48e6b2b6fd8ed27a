"""Each fault in each streaming dialect, as a client meets it."""

from __future__ import annotations

import asyncio
import email.utils
import json

import aiohttp
import pytest

from ipfs_accel_async.simulator import Fault, simulate
from tests.simulator.calls import PROVIDERS, STREAM_PATHS, TERMINAL, chat, chat_body, raw_client

pytestmark = [pytest.mark.sockets, pytest.mark.parametrize("provider", PROVIDERS)]
NOW = 1_790_000_000.5


def payloads(body: bytes) -> list[str]:
    """Return the JSON texts of a stream, whatever its frames."""
    lines = [line.removeprefix("data:").removeprefix(" ") for line in body.decode().replace("\r\n", "\n").split("\n")]
    return [line for line in lines if line and not line.startswith("event:") and line != "[DONE]"]


def error_text(provider: str, value: dict[str, object]) -> str:
    """Return the message of an error object, after checking its shape."""
    error = value["error"]
    if provider in ("ollama", "ovms"):
        assert set(value) == {"error"}
        return str(error)
    if provider == "hf_tgi" and isinstance(error, str):
        assert set(value) <= {"error", "error_type"}
        return error
    assert isinstance(error, dict)
    if provider == "claude":
        assert value["type"] == "error"
        assert set(error) >= {"type", "message"}
    elif provider == "gemini":
        assert set(error) - {"details"} == {"code", "message", "status"}
    elif provider == "groq":
        assert {"message", "type"} <= set(error)
    elif provider == "hf_tgi":
        assert (set(error), error["http_status_code"]) == ({"message", "http_status_code"}, 422)
    else:
        assert set(error) == {"message", "type", "param", "code"}
        assert isinstance(error["code"], int) == (provider == "vllm")
    return str(error["message"])


async def test_a_clean_stream_ends_with_its_terminal_event(provider: str) -> None:
    """Every frame parses, and the last is the one that says so."""
    async with simulate(provider) as sim, raw_client() as session:
        status, headers, body = await chat(session, sim, provider, stream=True)
        assert (status, sim.requests[0].fault) == (200, None)
        kind = "application/x-ndjson" if provider == "ollama" else "text/event-stream"
        assert headers["content-type"].removesuffix("; charset=utf-8") == kind
        assert TERMINAL[provider] in body.rstrip(b"\n").rsplit(b"\n\n", 1)[-1]
        assert len([json.loads(text) for text in payloads(body)]) > 5


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "408", "413", "422", "429", "500", "503", "504", "529"])
async def test_a_status_has_the_vendors_own_body(provider: str, status: str) -> None:
    """The same error for a unary call and for a stream that has not begun."""
    async with simulate(provider, faults=[status, status]) as sim, raw_client() as session:
        for stream in (False, True):
            got, headers, body = await chat(session, sim, provider, stream=stream)
            assert got == int(status)
            if (provider, status) == ("hf_tgi", "401"):
                assert body == b""
                continue
            assert headers["content-type"] == "application/json"
            value = json.loads(body)
            if (provider, status) == ("vllm", "401"):
                assert value == {"error": "Unauthorized"}
            else:
                assert error_text(provider, value)
            assert ("retry-after" in headers) == (status == "429")
        assert (await chat(session, sim, provider))[0] == 200


async def test_a_bad_gateway_speaks_html(provider: str) -> None:
    """A 502 is the edge's, not the vendor's."""
    async with simulate(provider, faults="502") as sim, raw_client() as session:
        status, headers, body = await chat(session, sim, provider)
        assert (status, headers["content-type"], body[:6]) == (502, "text/html", b"<html>")


async def test_retry_after_in_each_form(provider: str) -> None:
    """Seconds, date, milliseconds, and what nobody can read; a spent quota has none."""
    faults = ["429=7", "429-date=30", "429-ms=1.5", "429-garbage", "429-quota"]
    async with simulate(provider, faults=faults, clock=lambda: NOW) as sim, raw_client() as session:
        answers = [await chat(session, sim, provider) for _ in faults]
        assert [status for status, _, _ in answers] == [429] * 5
        seconds, date, ms, garbage, quota = (headers for _, headers, _ in answers)
        assert seconds["retry-after"] == "7"
        assert email.utils.parsedate_to_datetime(date["retry-after"]).timestamp() == int(NOW) + 31
        assert (ms["retry-after-ms"], "retry-after" in ms) == ("1500", False)
        assert garbage["retry-after"] == "soon"
        assert "retry-after" not in quota


async def test_a_fault_may_bring_its_own_message(provider: str) -> None:
    """A Fault value is used as given."""
    fault = Fault("mine", "status", status=503, message="Closed for lunch.")
    async with simulate(provider, faults=fault) as sim, raw_client() as session:
        status, _, body = await chat(session, sim, provider)
        assert (status, error_text(provider, json.loads(body))) == (503, "Closed for lunch.")
        assert sim.requests[0].fault == "mine"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["cut@0", "cut@120", "cut"])
async def test_a_cut_body_is_an_error_for_the_client(provider: str, fault: str, stream: bool) -> None:
    """The connection closes inside the body; the next call is clean."""
    async with simulate(provider, faults=[fault]) as sim, raw_client() as session:
        with pytest.raises(aiohttp.ClientPayloadError):
            await chat(session, sim, provider, stream=stream)
        assert (sim.requests[0].status, sim.requests[0].disconnected) == (200, False)
        assert (await chat(session, sim, provider, stream=stream))[0] == 200


async def test_a_reset_comes_before_any_byte(provider: str) -> None:
    """The client gets no response at all."""
    async with simulate(provider, faults="reset") as sim, raw_client() as session:
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await chat(session, sim, provider)
        assert sim.requests[0].status is None
        assert sim.requests[0].body == chat_body(provider)


async def test_a_stall_sends_some_bytes_and_no_more(provider: str) -> None:
    """Headers and half of the body arrive, then nothing until the client leaves."""
    async with simulate(provider, faults="stall@150") as sim, raw_client() as session:
        received = bytearray()

        async def read() -> None:
            url = sim.root_url + STREAM_PATHS[provider]
            async with session.post(url, json=chat_body(provider, stream=True)) as reply:
                async for data in reply.content.iter_any():
                    received.extend(data)

        call = asyncio.create_task(read())
        async with asyncio.timeout(5):
            while len(received) < 150:
                await asyncio.sleep(0)
        for _ in range(200):  # turns in which more could come
            await asyncio.sleep(0)
        assert (len(received), call.done(), sim.in_flight) == (150, False, 1)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)


async def test_a_truncated_stream_ends_cleanly_but_early(provider: str) -> None:
    """The client sees no error, only that the terminal event is missing."""
    async with simulate(provider, faults=["truncate", "truncate@999999"]) as sim, raw_client() as session:
        for _ in range(2):
            status, _, body = await chat(session, sim, provider, stream=True)
            assert (status, TERMINAL[provider] in body) == (200, False)
            assert all(json.loads(text) for text in payloads(body))


async def test_a_malformed_frame_is_one_frame(provider: str) -> None:
    """One JSON text is broken, the others parse, and the stream ends as it should."""
    async with simulate(provider, faults=["malformed", "malformed"]) as sim, raw_client() as session:
        _, _, body = await chat(session, sim, provider, stream=True)
        broken = 0
        for text in payloads(body):
            try:
                json.loads(text)
            except json.JSONDecodeError:
                broken += 1
        assert (broken, TERMINAL[provider] in body) == (1, True)
        _, _, body = await chat(session, sim, provider)
        with pytest.raises(json.JSONDecodeError):
            json.loads(body)


async def test_an_error_inside_a_200_in_the_wires_dialect(provider: str) -> None:
    """As a body, before the first frame, and after some frames; vLLM and TGI still say [DONE]."""
    faults = ["error-in-200", "error-in-200", "error-in-200@500"]
    async with simulate(provider, faults=faults) as sim, raw_client() as session:
        status, _, body = await chat(session, sim, provider)
        assert status == 200
        assert error_text(provider, json.loads(body))
        for first in (True, False):
            status, _, body = await chat(session, sim, provider, stream=True)
            found = payloads(body)
            assert (status, len(found) == 1) == (200, first)
            assert error_text(provider, json.loads(found[-1]))
            assert body.endswith(b"data: [DONE]\n\n") == (provider in ("vllm", "hf_tgi"))
            assert (b"event: error\n" in body) == (provider == "claude")


async def test_pauses_delay_the_answer_or_its_body(provider: str) -> None:
    """A delay comes before the headers, a slow first token after them; both answers are good."""
    faults = ["delay=0.02", "slow-first-token=0.02", "slow-first-token=0.02"]
    async with simulate(provider, faults=faults) as sim, raw_client() as session:
        for stream in (False, True, False):
            status, _, body = await chat(session, sim, provider, stream=stream)
            assert status == 200
            assert all(json.loads(text) for text in payloads(body))


async def test_a_header_asks_for_one_fault(provider: str) -> None:
    """It overrides the schedule without using it up; an unknown name is a 400 that lists the known."""
    async with simulate(provider, faults=[None, "500"]) as sim, raw_client() as session:
        got = [(await chat(session, sim, provider, fault))[0] for fault in ("503", None, None, None)]
        assert got == [503, 200, 500, 200]
        status, _, body = await chat(session, sim, provider, "teapot")
        assert (status, b"error-in-200" in body) == (400, True)
        assert [seen.fault for seen in sim.requests] == ["503", None, "500", None, None]


async def test_faults_can_be_replaced_at_run_time(provider: str) -> None:
    """A new schedule holds from the next request on, for one provider when given by name."""
    async with simulate(provider) as sim, raw_client() as session:
        assert (await chat(session, sim, provider))[0] == 200
        sim.faults = {provider: ["503-burst"]}
        assert [(await chat(session, sim, provider))[0] for _ in range(4)] == [503, 503, 503, 200]
