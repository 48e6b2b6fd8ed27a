"""Tokens that are kept: renewed before their end, once for all, and never sent after it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, ConfigError, Key, Keys, MockTransport
from ipfs_accel_async.auth import KeptToken
from ipfs_accel_async.auth.kept import PATIENCE
from ipfs_accel_async.keys import Token
from tests.canary import CANARY, leaks, shows

if TYPE_CHECKING:
    from collections.abc import Callable

LIFE = 3_600.0
OK = {"choices": [{"message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}]}


def wall() -> float:
    """Seconds since the epoch, on the clock of the running loop."""
    return 1_700_000_000.0 + asyncio.get_running_loop().time()


class Vendor:
    """Who gives tokens: t1, t2, ...; counts how often it is asked, and how often at once."""

    def __init__(self, *, takes: float = 0.0, life: float | None = LIFE) -> None:
        self.takes, self.life, self.down = takes, life, False
        self.asked = self.at_once = self.most = 0

    async def __call__(self) -> tuple[str, float | None]:
        """One token, after a while."""
        self.asked += 1
        number = self.asked
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await asyncio.sleep(self.takes)
            if self.down:
                raise OSError(f"refused {CANARY}")
            return f"t{number}", None if self.life is None else wall() + self.life
        finally:
            self.at_once -= 1


def kept(vendor: Vendor) -> KeptToken:
    """A source over it, in virtual time."""
    return KeptToken(vendor, clock=wall)


async def test_a_token_is_kept_for_four_fifths_of_its_life() -> None:
    """Then the next one is asked for."""
    vendor = Vendor()
    source = kept(vendor)
    assert await source() == "t1"
    await asyncio.sleep(LIFE * 0.79)
    assert await source() == "t1"
    await asyncio.sleep(LIFE * 0.01)
    assert await source() == "t2"
    assert vendor.asked == 2


async def test_a_token_without_an_end_is_kept() -> None:
    """Until it is refused."""
    vendor = Vendor(life=None)
    source = kept(vendor)
    await source()
    await asyncio.sleep(10**7)
    assert await source() == "t1"
    source.forget()
    assert await source() == "t2"


@pytest.mark.parametrize("keys", [1, 2])
async def test_a_thousand_callers_ask_once(keys: int) -> None:
    """However many keys have the source."""
    vendor = Vendor(takes=1.0)
    source = kept(vendor)
    tokens = [Token(source) for _ in range(keys)]
    found = await asyncio.gather(*(tokens[number % keys].current() for number in range(1_000)))
    assert {one.reveal() for one in found} == {"t1"}
    assert (vendor.asked, vendor.most) == (1, 1)


async def test_while_one_renews_the_others_go_on_with_the_old_one() -> None:
    """Nobody else waits for it."""
    vendor = Vendor()
    source = kept(vendor)
    await source()
    await asyncio.sleep(LIFE * 0.85)
    vendor.takes = 2.0
    since = asyncio.get_running_loop().time()
    first = asyncio.ensure_future(source())
    await asyncio.sleep(0)
    assert await asyncio.gather(*(source() for _ in range(100))) == ["t1"] * 100
    assert asyncio.get_running_loop().time() == since
    assert await first == "t2"
    assert vendor.most == 1


async def test_a_vendor_that_does_not_answer_holds_nobody_up_for_long() -> None:
    """The one who asks goes on with the old token after a while."""
    vendor = Vendor()
    source = kept(vendor)
    await source()
    await asyncio.sleep(LIFE * 0.85)
    vendor.takes = 10**6
    since = asyncio.get_running_loop().time()
    assert await source() == "t1"
    assert asyncio.get_running_loop().time() - since == PATIENCE
    assert vendor.at_once == 0


async def test_a_vendor_that_is_down_is_asked_a_few_times_and_fails_no_call_before_the_end() -> None:
    """After the end each call hears of it, and no old token comes out; when it is back all is well."""
    vendor = Vendor()
    source = kept(vendor)
    await source()
    await asyncio.sleep(LIFE * 0.8)
    vendor.down = True
    for _ in range(int(LIFE * 0.2) - 12):
        assert await source() == "t1"
        await asyncio.sleep(1.0)
    assert 2 <= vendor.asked <= 12
    await asyncio.sleep(5.0)
    with pytest.raises(ConfigError, match="OSError") as caught:
        await source()
    assert leaks(caught.value) == []
    vendor.down = False
    assert (await source())[0] == "t"


async def test_an_expired_token_never_comes_out() -> None:
    """At no second of some lives of it, whatever the vendor does."""
    vendor = Vendor(life=30.0)
    source, ends = kept(vendor), {}
    real = source._fetch

    async def noted() -> tuple[str, float | None]:
        text, end = await real()
        ends[text] = end
        return text, end

    source._fetch = noted
    for second in range(300):
        vendor.down = 60 <= second < 120
        vendor.takes = 8.0 if 120 <= second < 180 else 0.0
        try:
            text = await source()
        except ConfigError:
            assert vendor.down
        else:
            assert wall() < (ends[text] or 0.0)
        await asyncio.sleep(1.0)
    assert vendor.most == 1


async def test_a_token_that_comes_expired_is_a_typed_error() -> None:
    """The likely cause is this machine's clock."""
    with pytest.raises(ConfigError, match="expired already: is the clock"):
        await kept(Vendor(life=-1.0))()


async def test_the_one_who_renews_may_be_cancelled() -> None:
    """The next one asks anew, and the old token serves meanwhile."""
    vendor = Vendor()
    source = kept(vendor)
    await source()
    await asyncio.sleep(LIFE * 0.85)
    vendor.takes = 2.0
    task = asyncio.ensure_future(source())
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await source() == "t1"
    vendor.takes = 0.0
    await asyncio.sleep(LIFE * 0.1)
    assert await source() == "t3"


def answering(accepted: Callable[[str], bool], seen: list[str]) -> MockTransport:
    """A service that accepts some tokens."""

    def answer(request: Any) -> Any:
        token = dict(request.headers)[b"authorization"].decode().removeprefix("Bearer ")
        seen.append(str(token))
        if accepted(token):
            return MockTransport.reply(OK)
        return MockTransport.reply({"error": {"message": "expired", "code": "invalid_api_key"}}, status=401)

    return MockTransport(answer)


async def test_a_refused_token_is_not_sent_again() -> None:
    """A revoked one: the call that hears of it asks for another one and goes on."""
    vendor, seen = Vendor(), []
    revoked: set[str] = set()
    service = answering(lambda token: token not in revoked, seen)
    async with Client(transport=service, keys={"openai": kept(vendor)}) as ai:
        await ai.chat("openai:m", "hi")
        revoked.add("t1")
        reply = await ai.chat("openai:m", "hi")
    assert seen == ["t1", "t1", "t2"]
    assert reply.attempts == 2


async def test_tokens_stand_beside_keys() -> None:
    """As one named key among several, with bounds of its own."""
    seen: list[str] = []
    keys = Keys(Key(kept(Vendor()), name="entra", max_concurrent=3), Key("sk-plain", name="plain", tier=1))
    async with Client(transport=answering(lambda _: True, seen), keys={"openai": keys}) as ai:
        await ai.chat("openai:m", "hi")
    assert seen == ["t1"]


async def test_the_deadline_of_a_call_bounds_the_wait_for_its_token() -> None:
    """A vendor that is silent takes no longer than the call may."""
    seen: list[str] = []
    vendor = Vendor(takes=10**6)
    async with Client(transport=answering(lambda _: True, seen), keys={"openai": kept(vendor)}, timeout=3.0) as ai:
        with pytest.raises(TimeoutError) as caught:
            await ai.chat("openai:m", "hi")
    assert asyncio.get_running_loop().time() == 3.0
    assert getattr(caught.value, "phase", "") == "key"
    assert seen == []


async def test_nothing_shows_the_token(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the source, the key, the client, its statistics nor the log."""
    caplog.set_level("DEBUG")

    async def fetch() -> tuple[str, float | None]:
        return CANARY, None

    source = KeptToken(fetch)
    async with Client(transport=MockTransport(lambda _: MockTransport.reply(OK)), keys={"openai": source}) as ai:
        await ai.chat("openai:m", "hi")
        texts = [
            repr(source),
            str(source),
            repr(Token(source)),
            repr(ai.statistics()),
            ai.report().to_json(),
            caplog.text,
        ]
        assert await source() == CANARY
    assert not any(shows(text) for text in texts)
