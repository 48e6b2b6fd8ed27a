"""A key that a server sends back, in whatever place, is passed on nowhere."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async import AccelError, Client, MockTransport, registry
from tests.canary import CANARY, leaks, shows
from tests.test_secrets import logged as logged  # the fixture

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.wire.http import Response

PROVIDERS = registry.names()
JSON = {"content-type": "application/json"}
reply = MockTransport.reply

ECHOES: dict[str, Callable[[], Response]] = {
    "message": lambda: reply(
        {"error": {"message": f"Incorrect API key provided: {CANARY}."}}, status=401, headers=JSON
    ),
    "text": lambda: reply(body=f"no such key: {CANARY}".encode(), status=403),
    "detail": lambda: reply({"detail": [{"msg": CANARY, "input": CANARY}]}, status=422, headers=JSON),
    "list": lambda: reply([CANARY], status=400, headers=JSON),
    "string": lambda: reply({"error": CANARY}, status=404, headers=JSON),
    "code": lambda: reply({"error": {"message": "no", "code": CANARY, "type": CANARY}}, status=400, headers=JSON),
    "request id": lambda: reply({"error": {"message": "no"}}, status=500, headers={**JSON, "x-request-id": CANARY}),
    "long": lambda: reply({"error": {"message": "x" * 480 + CANARY}}, status=500, headers=JSON),
    "rate limit": lambda: reply({"error": {"message": CANARY}}, status=429, headers={**JSON, "retry-after": CANARY}),
    "redirect": lambda: reply(status=302, headers={"location": f"http://elsewhere/?key={CANARY}"}),
    "no JSON": lambda: reply(body=f"{CANARY} is no key".encode(), headers=JSON),
    "half JSON": lambda: reply(body=f'{{"{CANARY}": '.encode(), headers=JSON),
    "wrong JSON": lambda: reply({CANARY: CANARY, "choices": CANARY, "data": CANARY}, headers=JSON),
    "error in a 200": lambda: reply({"type": "error", "error": {"message": CANARY, "type": CANARY}}, headers=JSON),
    "frame": lambda: reply(
        body=f"data: {CANARY}\n\n{CANARY}\n".encode(), headers={"content-type": "text/event-stream"}
    ),
    "error frame": lambda: reply(
        body=f'event: error\ndata: {{"type":"error","error":{{"message":"{CANARY}"}}}}\n\n'.encode(),
        headers={"content-type": "text/event-stream"},
    ),
}


async def calls(ai: Client, provider: str) -> list[BaseException]:
    """Every operation of a client once; the errors that came."""
    errors: list[BaseException] = []
    for call in (
        ai.chat(f"{provider}:m", "hi"),
        ai.embed(f"{provider}:m", "hi"),
        ai.models(provider),
        ai.request(provider, "POST", "/x", json={}),
        ai.chat(f"{provider}:m", "hi", fallbacks=[f"{provider}:n"]),
    ):
        try:
            await call
        except AccelError as error:
            errors.append(error)
    try:
        async with ai.stream(f"{provider}:m", "hi") as stream:
            await stream.collect()
    except AccelError as error:
        errors.append(error)
    return errors


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("echo", ECHOES)
async def test_a_key_that_the_server_echoes_is_not_passed_on(
    provider: str, echo: str, logged: Callable[[], str]
) -> None:
    """Whatever a server sends back, errors, their chains and frames, logs and the report have none of the key."""
    async with Client(transport=MockTransport(lambda _: ECHOES[echo]()), keys={provider: CANARY}, max_retries=1) as ai:
        errors = await calls(ai, provider)
        assert errors
        for error in errors:
            assert leaks(error, frames=False) == []
            again = pickle.loads(pickle.dumps(error))
            assert not shows(repr(vars(again)) + str(again))
        assert not shows(ai.report().to_json() + repr(ai.report()))
    assert not shows(logged())
