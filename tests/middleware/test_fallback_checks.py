"""Fallback: who is not asked, and what may be rerouted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import (
    AllTargetsFailedError,
    ContentFilteredError,
    ContextTooLongError,
    InvalidRequestError,
    ServerError,
)
from ipfs_accel_async.middleware.fallback import Fallback
from ipfs_accel_async.options import Options
from ipfs_accel_async.requirements import requirements
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Image, Message, ResponseFormat, Target, Text, Tool
from tests.doubles import Handler, a_call, a_reply

SECOND, THIRD = Target("groq", "b"), Target("ollama", "c")
ASKED = Message("user", "Hello?")


@dataclass
class Codec:
    """The part of a codec that fallback reads."""

    capabilities: frozenset[str]


def failing_first(asked: list[str] | None = None) -> Handler:
    """The first target fails, all others answer; who was asked is noted."""

    def answer(call: Call) -> object:
        if asked is not None:
            asked.append(call.target.provider)
        return ServerError("down") if call.target.provider == "openai" else a_reply(call)

    return Handler(0, answer)


NEEDS: list[tuple[str, dict[str, Any]]] = [
    ("tools", {"tools": (Tool("add"),)}),
    ("schema", {"response_format": ResponseFormat({"type": "object"})}),
    ("images", {"messages": (Message("user", (Text("What?"), Image(data=b"x", media_type="image/png"))),)}),
    ("stream", {"stream": True}),
]


@pytest.mark.parametrize(("needed", "fields"), NEEDS, ids=[name for name, _ in NEEDS])
async def test_a_fallback_that_cannot_is_not_asked(needed: str, fields: dict[str, Any]) -> None:
    """Without the capability a target is skipped, unsent, with its reason among the causes; the next one answers."""
    every = frozenset({"tools", "schema", "images", "stream"})
    codecs = {"openai": Codec(every), "groq": Codec(every - {needed}), "ollama": Codec(every)}
    payload = ChatRequest(**{"messages": (ASKED,), **fields})
    asked: list[str] = []
    call = replace(a_call(fallbacks=(SECOND, THIRD)), payload=payload)
    reply = await Fallback(codecs)(call, failing_first(asked))
    assert reply.target == THIRD
    assert asked == ["openai", "ollama"]
    with pytest.raises(AllTargetsFailedError) as caught:
        await Fallback(codecs)(replace(call, fallbacks=(SECOND,)), failing_first())
    assert [type(cause) for cause in caught.value.causes] == [ServerError, InvalidRequestError]
    assert needed in caught.value.causes[1].message


async def test_a_fallback_whose_context_is_too_short_is_not_asked() -> None:
    """Estimated input and max_tokens together must fit what is known of the model."""
    payload = ChatRequest((Message("user", "word " * 500),), max_tokens=600)
    call = replace(a_call(fallbacks=(SECOND, THIRD)), payload=payload)
    handler = failing_first()
    most = {SECOND: 1_000, THIRD: 5_000}
    reply = await Fallback({}, most.get)(call, handler)
    assert reply.target == THIRD
    with pytest.raises(AllTargetsFailedError) as caught:
        await Fallback({}, {SECOND: 1_000}.get)(replace(call, fallbacks=(SECOND,)), failing_first())
    assert type(caught.value.causes[1]) is ContextTooLongError


async def test_the_answer_says_whether_a_fallback_gave_it() -> None:
    """The trace is marked as degraded by a fallback, and is not when the target itself answered."""
    call = a_call(fallbacks=(SECOND,))
    await Fallback()(call, failing_first())
    assert call.trace.degraded
    call = a_call(fallbacks=(SECOND,))
    await Fallback()(call, Handler(0, a_reply))
    assert not call.trace.degraded


async def test_a_refusal_is_rerouted_only_when_allowed() -> None:
    """What a service refused for its content goes to a fallback only if the caller said so."""

    def answer(call: Call) -> object:
        return ContentFilteredError("no") if call.target.provider == "openai" else a_reply(call)

    call = a_call(fallbacks=(SECOND,))
    with pytest.raises(ContentFilteredError):
        await Fallback()(call, Handler(0, answer))
    allowed = replace(call, options=Options(reroute_refusals=True))
    assert (await Fallback()(allowed, Handler(0, answer))).target == SECOND


def test_what_a_payload_needs() -> None:
    """Only a chat needs capabilities; a plain one needs none."""
    assert requirements(ChatRequest((ASKED,))) == requirements(EmbedRequest(("a",))) == frozenset()
    assert requirements(ChatRequest((ASKED,), seed=1)) == frozenset()
