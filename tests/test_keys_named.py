"""Named keys: their bounds, their names, and what none of it shows."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from ipfs_accel_async import Client, ConfigError, Key, Keys, MockTransport, Secret
from ipfs_accel_async.keys import STRATEGIES, Token
from tests.canary import CANARY, leaks, shows


def test_keys_get_names_by_position() -> None:
    """key-1, key-2 where none is given; a name of its own stays."""
    keys = Keys("sk-a", Key("sk-b", name="team-b"), Secret("sk-c"))
    assert [entry.name for entry in keys.entries] == ["key-1", "team-b", "key-3"]
    assert [key.reveal() for key in keys] == ["sk-a", "sk-b", "sk-c"]


def test_what_keys_state_holds_for_those_that_state_nothing() -> None:
    """Each key's own bounds go first."""
    keys = Keys("sk-a", Key("sk-b", rpm=5, quota_group="b", max_concurrent=2), rpm=500, tpm=1_000, quota_group="org")
    first, second = keys.entries
    assert (first.rpm, first.tpm, first.quota_group, first.max_concurrent) == (500, 1_000, "org", None)
    assert (second.rpm, second.tpm, second.quota_group, second.max_concurrent) == (5, 1_000, "b", 2)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_may_be_asked_for(strategy: Any) -> None:
    """Least-loaded without a word."""
    assert Keys("sk-a", strategy=strategy).strategy == strategy
    assert Keys("sk-a").strategy == "least-loaded"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rpm": 0}, "rpm of a key is a number above 0"),
        ({"rpm": float("inf")}, "rpm of a key is a number above 0"),
        ({"tpm": -1}, "tpm of a key is a number above 0"),
        ({"tpm": True}, "tpm of a key is a number above 0"),
        ({"weight": 0}, "weight of a key is a number above 0"),
        ({"weight": None}, "weight of a key is a number above 0"),
        ({"max_concurrent": 0}, "max_concurrent of a key is a whole number from 1"),
        ({"max_concurrent": 1.5}, "max_concurrent of a key is a whole number from 1"),
        ({"tier": -1}, "tier of a key is a whole number from 0"),
        ({"tier": "a"}, "tier of a key is a whole number from 0"),
        ({"name": "a\nb"}, "printable"),
        ({"name": " a"}, "printable"),
        ({"name": "a" * 65}, "printable, of at most 64"),
        ({"name": 5}, "printable"),
        ({"quota_group": "a\x00"}, "printable"),
    ],
)
def test_a_bound_out_of_its_range_is_refused(wrong: dict[str, Any], words: str) -> None:
    """By name, with what was expected."""
    with pytest.raises(ConfigError, match=words):
        Key("sk-a", **wrong)


@pytest.mark.parametrize("name", [CANARY, f"team {CANARY}", CANARY[:9]])
def test_a_name_that_shows_the_key_is_refused(name: str) -> None:
    """Names are shown, so a name that is the key, or a good part of it, is a slip."""
    for wrong in ({"name": name}, {"quota_group": name}):
        with pytest.raises(ConfigError, match="part of the key itself") as caught:
            Key(CANARY, **wrong)  # type: ignore[arg-type]
        assert leaks(caught.value, own_frames_only=True) == []


def test_two_keys_of_one_name_are_refused() -> None:
    """Names tell keys apart; also one that would get its name by position."""
    for keys in ((Key("sk-a", name="a"), Key("sk-b", name="a")), ("sk-a", Key("sk-b", name="key-1"))):
        with pytest.raises(ConfigError, match="two keys have one name"):
            Keys(*keys)


def test_a_strategy_that_is_none_is_refused() -> None:
    """With those that there are."""
    wrong: Any = "random"
    with pytest.raises(ConfigError, match="least-loaded, round-robin"):
        Keys("sk-a", strategy=wrong)


@pytest.mark.parametrize("key", ["", "a b", 5, None])
def test_a_key_that_cannot_be_sent_is_refused(key: Any) -> None:
    """As it is without a name."""
    with pytest.raises(ConfigError):
        Key(key, name="a")


def test_a_key_shows_its_name_and_never_itself() -> None:
    """Repr, attributes and pickles of a named key have none of it."""
    key = Key(CANARY, name="team-a", rpm=5)
    assert "team-a" in repr(key)
    assert not shows(repr(key) + repr(Keys(key)) + str(key))
    for value in (key, Keys(key)):
        with pytest.raises(TypeError) as caught:
            pickle.dumps(value)
        assert leaks(caught.value) == []


async def test_a_named_key_may_be_given_alone_or_in_a_list() -> None:
    """Wherever a key may stand; a callable may have a name too."""
    given: list[Any] = [Key("sk-a", name="a"), [Key("sk-a", name="a")], Keys(Key("sk-a", name="a"))]
    for keys in given:
        async with Client(transport=MockTransport(lambda _: MockTransport.reply({})), keys={"openai": keys}) as ai:
            assert [status.alias for status in ai.keys("openai")] == ["a"]
    assert isinstance(Key(lambda: "token", name="entra").secret, Token)
