"""Views of a client: the same engine, other defaults."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async import Client, ClientClosedError, InvalidRequestError, Keys, Priority
from ipfs_accel_async.core import Handler, Result
from ipfs_accel_async.keys import Key
from ipfs_accel_async.transport.mock import MockTransport
from tests.answering import completion

MODEL = "openai:gpt-4.1-mini"


def client() -> Client:
    """A client whose every chat is answered."""
    return Client(
        keys={"openai": Keys(Key("sk-test", name="team-a")), "groq": "gsk-test"},
        transport=MockTransport(lambda _: MockTransport.reply(completion("Yes."))),
    )


async def seen_by(ai: Client, view: Client, **arguments: Any) -> Any:
    """The call that `view` makes of a chat, as the stack of `ai` gets it."""
    calls = []
    runtime = ai._engine.runtime()
    inner: Handler = runtime.handle

    async def spy(call: Any) -> Result:
        calls.append(call)
        return await inner(call)

    runtime.handle = spy
    try:
        await view.chat(MODEL, "Hello?", **arguments)
    finally:
        runtime.handle = inner
    (call,) = calls
    return call


async def test_the_calls_of_a_view_carry_its_wishes() -> None:
    """What with_options was given is on every call of the view, and on none of the client itself."""
    async with client() as ai:
        view = ai.with_options(cache="off", max_age=5, batch=False, key="team-a")
        call = await seen_by(ai, view)
        assert (call.options.cache, call.options.max_age, call.options.batch, call.options.key) == (
            "off",
            5,
            False,
            "team-a",
        )
        plain = await seen_by(ai, ai)
        assert plain.options.cache == plain.options.key == ""


async def test_a_views_defaults_stand_under_the_calls_own_arguments() -> None:
    """Priority, timeout, tags and fallbacks of the view hold where the call names none."""
    async with client() as ai:
        view = ai.with_options(priority="high", timeout=7, tags={"tenant": "a", "job": "1"}, fallbacks=["groq:x"])
        call = await seen_by(ai, view)
        assert call.priority == Priority.HIGH
        assert call.deadline - call.submitted == 7
        assert dict(call.tags) == {"tenant": "a", "job": "1"}
        assert [str(target) for target in call.fallbacks] == ["groq:x"]
        own = await seen_by(ai, view, priority=Priority.LOW, timeout=9, tags={"job": "2"}, fallbacks=[MODEL])
        assert own.priority == Priority.LOW
        assert own.deadline - own.submitted == 9
        assert dict(own.tags) == {"tenant": "a", "job": "2"}
        assert [str(target) for target in own.fallbacks] == [MODEL]


async def test_views_of_views_add_up() -> None:
    """A view of a view keeps what it does not change."""
    async with client() as ai:
        view = ai.with_options(cache="off", tags={"tenant": "a"}).with_options(batch=False, tags={"job": "1"})
        call = await seen_by(ai, view)
        assert (call.options.cache, call.options.batch) == ("off", False)
        assert dict(call.tags) == {"tenant": "a", "job": "1"}


async def test_a_view_shares_everything_with_its_client() -> None:
    """Calls of a view are in the client's report, and closing the one closes the other."""
    ai = client()
    view = ai.with_options(cache="off")
    await view.chat(MODEL, "Hello?")
    assert ai.report()["total_requests"] == 1
    await ai.aclose()
    with pytest.raises(ClientClosedError):
        await view.chat(MODEL, "Hello?")


@pytest.mark.parametrize(
    "wrong",
    [{"cache": "maybe"}, {"max_age": -1}, {"batch": 1}, {"key": 7}, {"timeout": -1}, {"priority": "urgent"}],
)
async def test_a_wish_that_makes_no_sense_is_refused_at_once(wrong: dict[str, Any]) -> None:
    """Each wrong value raises when the view is made, with its name in the message."""
    async with client() as ai:
        with pytest.raises(InvalidRequestError, match=next(iter(wrong))):
            ai.with_options(**wrong)


async def test_a_client_has_fallbacks_for_all_its_calls() -> None:
    """Fallbacks given to the client hold where a call names none."""
    transport = MockTransport(lambda _: MockTransport.reply(completion("Yes.")))
    async with Client(keys={"openai": "sk-a", "groq": "gsk-a"}, transport=transport, fallbacks=["groq:x"]) as ai:
        assert [str(target) for target in (await seen_by(ai, ai)).fallbacks] == ["groq:x"]
        assert [str(target) for target in (await seen_by(ai, ai, fallbacks=[MODEL])).fallbacks] == [MODEL]
