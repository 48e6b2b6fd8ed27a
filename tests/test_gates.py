"""All of the gates or none of them, and what a gate or a lease that fails does to the others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async.call import Call, Outcome
from ipfs_accel_async.errors import RejectedError
from ipfs_accel_async.gates import UNUSED, give_back, take_all, tell_begun
from tests.doubles import a_call

OK = Outcome("ok")


class Lent:
    """A lease that keeps a record."""

    key = None

    def __init__(self, fails: Exception | None = None) -> None:
        self.fails = fails
        self.heard: list[Any] = []

    def settle(self, outcome: Outcome, now: float) -> None:
        """Remember, or fail."""
        self.heard.append((outcome, now))
        if self.fails is not None:
            raise self.fails


class Listening(Lent):
    """A lease that hears of first tokens too."""

    def begun(self, now: float) -> None:
        """Remember, or fail."""
        self.heard.append(now)
        if self.fails is not None:
            raise self.fails


class Door:
    """A gate that gives what it is told to, and knows what it was asked."""

    def __init__(self, gives: Lent | float | Exception) -> None:
        self.gives = gives
        self.asked: list[tuple[Call, float]] = []

    def try_take(self, call: Call, now: float) -> Lent | float:
        """The lease, the instant, or the error."""
        self.asked.append((call, now))
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


def told() -> list[dict[str, Any]]:
    """What the loop will be told of failing guards."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(context))
    return found


async def test_every_gate_lends() -> None:
    """In their order, each for this call and this instant, and nothing is settled yet."""
    leases, call = [Lent(), Lent(), Lent()], a_call()
    doors = [Door(lease) for lease in leases]
    assert take_all(doors, call, 3.0) == leases
    assert [door.asked for door in doors] == [[(call, 3.0)]] * 3
    assert [lease.heard for lease in leases] == [[]] * 3


async def test_without_gates_nothing_is_in_the_way() -> None:
    """An empty list, which is no instant."""
    assert take_all((), a_call(), 3.0) == []


@pytest.mark.parametrize("instant", [7.0, 0.0, float("inf")])
async def test_one_that_says_wait_gives_back_the_others(instant: float) -> None:
    """Unused and at once; the gates behind it are not asked, and the caller learns when to ask again."""
    one, two, behind = Lent(), Lent(), Door(Lent())
    assert take_all([Door(one), Door(two), Door(instant), behind], a_call(), 3.0) == instant
    assert [lease.heard for lease in (one, two)] == [[(UNUSED, 3.0)]] * 2
    assert behind.asked == []


@pytest.mark.parametrize("error", [RejectedError("no"), ValueError("odd")])
async def test_one_that_refuses_gives_back_the_others(error: Exception) -> None:
    """What it raised is the caller's, and nothing is held."""
    one, behind = Lent(), Door(Lent())
    with pytest.raises(type(error)) as caught:
        take_all([Door(one), Door(error), behind], a_call(), 3.0)
    assert caught.value is error
    assert one.heard == [(UNUSED, 3.0)]
    assert behind.asked == []


@pytest.mark.parametrize("last", [7.0, ValueError("odd")])
async def test_a_lease_that_fails_on_its_way_back_changes_nothing(last: float | Exception) -> None:
    """The answer of the gates is the same, and each of the others is given back, once."""
    contexts, odd = told(), KeyError("odd")
    leases = [Lent(), Lent(fails=odd), Lent()]
    doors = [*map(Door, leases), Door(last)]
    if isinstance(last, Exception):
        with pytest.raises(ValueError, match="odd"):
            take_all(doors, a_call(), 3.0)
    else:
        assert take_all(doors, a_call(), 3.0) == last
    assert [lease.heard for lease in leases] == [[(UNUSED, 3.0)]] * 3
    assert contexts == [{"message": "a guard of the dispatcher failed with KeyError", "exception": odd}]


async def test_an_attempt_that_was_never_made_says_nothing() -> None:
    """Neither a success nor a failure, without a status and without tokens."""
    assert Outcome("ignored") == UNUSED


async def test_a_guard_that_fails_keeps_no_other_from_hearing() -> None:
    """The loop is told which error it was, and no more."""
    contexts = told()
    error = ValueError("odd")
    leases = [Lent(fails=error), Lent()]
    give_back(leases, OK, 3.0)
    assert [lease.heard for lease in leases] == [[(OK, 3.0)]] * 2
    assert contexts == [{"message": "a guard of the dispatcher failed with ValueError", "exception": error}]


async def test_first_tokens_are_told_to_those_who_listen() -> None:
    """Leases without ``begun`` are passed over; one that fails keeps no other from hearing."""
    contexts = told()
    leases = [Lent(), Listening(fails=KeyError("odd")), Listening()]
    tell_begun(leases, 4.0)
    assert [lease.heard for lease in leases] == [[], [4.0], [4.0]]
    assert [context["message"] for context in contexts] == ["a guard of the dispatcher failed with KeyError"]
