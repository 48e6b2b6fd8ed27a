"""Prebuilt answers of the benchmark server, shaped as OpenAI's and as long (OpenAI API reference)."""

from __future__ import annotations

import base64
import json
import random
import struct

CHAT_BYTES = 943
CHUNKS = 100
TEXTS, DIMENSIONS = 256, 1024
MODEL = "gpt-4.1-mini"
MODEL_SERVED = "gpt-4.1-mini-2025-04-14"

EXTRA_HEADERS = {
    "date": "Fri, 21 Nov 2025 12:00:00 GMT",
    "access-control-expose-headers": "X-Request-ID",
    "openai-organization": "org-0123456789abcdef",
    "openai-processing-ms": "412",
    "openai-project": "proj_0123456789abcdef",
    "openai-version": "2020-10-01",
    "x-envoy-upstream-service-time": "415",
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-limit-tokens": "10000000",
    "x-ratelimit-remaining-requests": "9999",
    "x-ratelimit-remaining-tokens": "9999976",
    "x-ratelimit-reset-requests": "6ms",
    "x-ratelimit-reset-tokens": "0s",
    "x-request-id": "req_0123456789abcdef0123456789abcdef",
    "strict-transport-security": "max-age=31536000; includeSubDomains; preload",
    "cf-cache-status": "DYNAMIC",
    "x-content-type-options": "nosniff",
    "alt-svc": 'h3=":443"; ma=86400',
}


def _head(content_type: str, framing: str) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in EXTRA_HEADERS.items()]
    return f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{framing}\r\n{''.join(lines)}\r\n".encode()


def whole(body: bytes) -> bytes:
    """A response with a JSON body."""
    return _head("application/json", f"content-length: {len(body)}") + body


def _chat(text: str) -> bytes:
    answer = {
        "id": "chatcmpl-0123456789abcdef0123456789abc",
        "object": "chat.completion",
        "created": 1763726400,
        "model": MODEL_SERVED,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 24,
            "completion_tokens": 42,
            "total_tokens": 66,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }
    return json.dumps(answer, separators=(",", ":")).encode()


TEXT = ("Two, three and five are the three smallest primes. " * 9)[: CHAT_BYTES - len(_chat(""))]
CHAT = whole(_chat(TEXT))


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    chunk = {
        "id": "chatcmpl-0123456789abcdef0123456789abc",
        "object": "chat.completion.chunk",
        "created": 1763726400,
        "model": MODEL_SERVED,
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }
    return _framed(b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n")


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


STREAM_HEAD = _head("text/event-stream; charset=utf-8", "transfer-encoding: chunked")
STREAM_EVENTS = [_event({"content": f" word{place}"}) for place in range(CHUNKS - 1)]
STREAM_EVENTS.append(_event({}, "stop") + _framed(b"data: [DONE]\n\n") + b"0\r\n\r\n")
"""One HTTP chunk an event, as the service sends them; the end mark and the last chunk ride with the last event."""
STREAM = STREAM_HEAD + b"".join(STREAM_EVENTS)


def embeddings(*, packed: bool) -> bytes:
    """An answer of 256 vectors of 1,024 numbers.

    Args:
        packed: As base64 of little-endian float32, else as JSON numbers.
    """
    rng = random.Random(7)
    rows = [struct.pack("<1024f", *(rng.uniform(-0.1, 0.1) for _ in range(DIMENSIONS))) for _ in range(TEXTS)]
    data = [
        {
            "object": "embedding",
            "index": place,
            "embedding": base64.b64encode(row).decode() if packed else struct.unpack("<1024f", row),
        }
        for place, row in enumerate(rows)
    ]
    usage = {"prompt_tokens": 2048, "total_tokens": 2048}
    answer = {"object": "list", "data": data, "model": "text-embedding-3-small", "usage": usage}
    return whole(json.dumps(answer, separators=(",", ":")).encode())
