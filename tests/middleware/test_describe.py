"""Descriptions: fetched once, held against calls, fetched again before a call is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async.answers import NativeAnswer
from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import BadRequestError, InvalidRequestError, NotFoundError, ServerError
from ipfs_accel_async.middleware.describe import MOST, Describe
from ipfs_accel_async.types import NativeRequest, Target
from tests.doubles import Handler, a_call, a_reply

TARGET = Target("ovms", "m", "http://h")


class Codec:
    """Holds a call's tag ``size`` against the description's."""

    def __init__(self, *, describes: bool = True) -> None:
        self.describes = describes

    def describe(self, call: Call) -> tuple[str, NativeRequest] | None:
        return ("metadata", NativeRequest(args={"version": call.tags["v"]})) if self.describes else None

    def fitted(self, call: Call, description: Any) -> Any:
        if call.tags["size"] != description.raw:
            raise InvalidRequestError(f"{call.tags['size']} given, {description.raw} expected")
        return NativeRequest(path=f"fitted to {description.raw}")


def call(size: str = "8", version: str = "1", model: str = "m") -> Call:
    """A call of a size."""
    return a_call(target=Target("ovms", model, "http://h"), tags={"size": size, "v": version})


class Service(Handler):
    """Describes itself, and answers with what it was sent; `down` is raised instead of a description."""

    def __init__(self, size: str = "8", down: Exception | None = None) -> None:
        super().__init__(1.0, self.said)
        self.size, self.down = size, down
        self.seen: list[Call] = []

    def said(self, call: Call) -> object:
        self.seen.append(call)
        if call.operation != "metadata":
            return a_reply(call, getattr(call.payload, "path", ""))
        return self.down or NativeAnswer(target=call.target, raw=self.size)

    @property
    def asked(self) -> int:
        return sum(call.operation == "metadata" for call in self.seen)


def layer(codec: Codec | None = None) -> Describe:
    """The middleware over one codec."""
    return Describe({"ovms": codec or Codec()})


async def test_it_is_fetched_once_for_a_model_and_version() -> None:
    """Others have descriptions of their own; the payload that goes out is the fitted one."""
    service, describe = Service(), layer()
    for _ in range(3):
        reply = await describe(call(), service)
        assert reply.text == "fitted to 8"
    assert service.asked == 1
    await describe(call(version="2"), service)
    await describe(call(model="other"), service)
    assert service.asked == 3


async def test_its_attempts_are_its_own() -> None:
    """The description does not count as an attempt of the call, and shares its deadline."""
    service = Service()
    asked = call()
    reply = await layer()(asked, service)
    assert reply.attempts == 1
    assert service.seen[0].deadline == asked.deadline
    assert service.seen[0].idempotent


async def test_calls_at_once_wait_for_one_fetch() -> None:
    """A hundred calls to a model that nobody described yet ask for it once."""
    service, describe = Service(), layer()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(describe(call(), service)) for _ in range(100)]
    assert service.asked == 1
    assert {task.result().text for task in tasks} == {"fitted to 8"}


async def test_a_call_that_does_not_fit_is_never_sent() -> None:
    """And what was expected is in the error."""
    service = Service()
    with pytest.raises(InvalidRequestError, match="7 given, 8 expected"):
        await layer()(call("7"), service)
    assert [sent.operation for sent in service.seen] == ["metadata"]


async def test_a_model_that_was_reloaded_is_described_again() -> None:
    """An old description refuses nothing by itself."""
    service, describe = Service("8"), layer()
    await describe(call("8"), service)
    service.size = "16"
    assert (await describe(call("16"), service)).text == "fitted to 16"
    assert (service.asked, (await describe(call("16"), service)).text) == (2, "fitted to 16")
    with pytest.raises(InvalidRequestError, match="expected"):
        await describe(call("8"), service)
    assert service.asked == 3


@pytest.mark.parametrize("error", [NotFoundError("no metadata"), BadRequestError("no such method")])
async def test_a_service_without_descriptions_judges_itself(error: Exception) -> None:
    """The call goes out as it is, and nothing is remembered."""
    service, describe = Service(down=error), layer()
    assert (await describe(call("7"), service)).text == ""
    service.down = None
    assert (await describe(call("8"), service)).text == "fitted to 8"


async def test_a_failure_of_the_description_is_one_of_the_call() -> None:
    """The next call asks again."""
    service, describe = Service(down=ServerError("down")), layer()
    with pytest.raises(ServerError):
        await describe(call(), service)
    service.down = None
    assert (await describe(call(), service)).text == "fitted to 8"


async def test_a_cancelled_fetch_leaves_the_others_their_own() -> None:
    """Who waits behind it fetches in its place."""
    service, describe = Service(), layer()
    first = asyncio.ensure_future(describe(call(), service))
    second = asyncio.ensure_future(describe(call(), service))
    await asyncio.sleep(0.5)
    first.cancel()
    assert (await second).text == "fitted to 8"
    assert first.cancelled()
    assert len(service.started) == 3


async def test_no_more_than_some_are_kept() -> None:
    """The oldest goes first, so that memory is bounded."""
    service, describe = Service(), layer()
    for number in range(MOST + 1):
        await describe(call(model=f"m{number}"), service)
    before = service.asked
    await describe(call(model=f"m{MOST}"), service)
    assert service.asked == before
    await describe(call(model="m0"), service)
    assert service.asked == before + 1


async def test_calls_that_nothing_describes_pass_through() -> None:
    """As they are: the very same call."""
    service = Service()
    asked = call()
    await layer(Codec(describes=False))(asked, service)
    assert service.seen == [asked]
    assert service.seen[0] is asked
