"""Secrets and keys: what they take, what they show, what they refuse."""

from __future__ import annotations

import copy
import hmac
import json
import pickle
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import ConfigError, Keys, Secret
from tests.canary import CANARY, leaks, shows

SENDABLE = "".join(chr(code) for code in range(0x21, 0x7F))


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        ascii,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r:>40}",
        lambda secret: f"{secret:>100}",
        lambda secret: "%s" % secret,  # noqa: UP031 - the sink under test
        lambda secret: "%r" % secret,  # noqa: UP031
        lambda secret: "{0} {0!r} {0!s}".format(secret),  # noqa: UP032
        lambda secret: string.Template("$it").substitute(it=secret),
        lambda secret: str([secret, {"key": secret}, (secret,)]),
        lambda secret: json.dumps({"key": secret}, default=str),
        lambda secret: repr(vars(type(secret))),
        lambda secret: str(dir(secret)),
        lambda secret: secret.masked,
    ],
)
def test_a_secret_never_shows_itself(show: Any) -> None:
    """Every way to turn it into text gives none of the key."""
    assert not shows(show(Secret(CANARY)))


def test_reveal_gives_the_key() -> None:
    """The one way to the key is spelled out."""
    assert Secret(CANARY).reveal() == CANARY


@pytest.mark.parametrize(
    ("key", "masked"), [("sk-0123456789abcdefWXYZ", "...WXYZ"), ("short", "..."), ("0123456789abcde", "...")]
)
def test_the_mask_shows_four_characters_of_a_long_key(key: str, masked: str) -> None:
    """Enough to tell keys apart; nothing of a short one."""
    assert Secret(key).masked == masked


@pytest.mark.parametrize("around", ["\n", "\r\n", " ", "\t", "\u00a0", "\u2003"])
def test_white_space_around_a_key_is_stripped(around: str) -> None:
    """The newline that an .env file or a heredoc leaves does no harm."""
    assert Secret(f"{around}sk-a{around}").reveal() == "sk-a"


@pytest.mark.parametrize("place", ["start", "middle", "end"])
@pytest.mark.parametrize("code", [code for code in range(256) if not 0x21 <= code <= 0x7E])
def test_a_character_that_no_header_carries_is_refused(code: int, place: str) -> None:
    """Each of the other bytes is stripped at the ends if it is white space, else refused without the key."""
    char = chr(code)
    key = {"start": char + CANARY, "middle": CANARY[:9] + char + CANARY[9:], "end": CANARY + char}[place]
    if char.isspace() and place != "middle":
        assert Secret(key).reveal() == CANARY
        return
    for make in (Secret, Keys, lambda key: Keys("sk-fine", key)):
        with pytest.raises(ConfigError) as caught:
            make(key)
        assert leaks(caught.value, own_frames_only=True) == []
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["", " ", "\n", "\u20ac", "sk-\u2028a", "sk-\U0001f511", "\ud800"])
def test_an_empty_or_foreign_key_is_refused(key: str) -> None:
    """Nothing, and characters beyond ASCII."""
    with pytest.raises(ConfigError, match=r"^the key (is empty|has a line break)"):
        Secret(key)


@pytest.mark.parametrize("key", [None, 5, b"sk-a", ["sk-a"], object()])
def test_a_key_is_a_string(key: Any) -> None:
    """Other types are refused by type."""
    with pytest.raises(ConfigError, match=f"a key is a string, not {type(key).__name__}"):
        Secret(key)


@given(st.text(SENDABLE, min_size=1, max_size=10_240))
def test_every_printable_key_comes_back_whole(key: str) -> None:
    """Keys of up to ten kilobytes of printable ASCII are kept as they are."""
    assert Secret(key).reveal() == key
    assert Secret(Secret(key)) == Secret(key)


def test_equality_takes_the_same_time_wherever_keys_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are compared by the comparison made for secrets."""
    compared: list[tuple[str, str]] = []
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: bool(compared.append((a, b))) or a == b)
    assert Secret("sk-a") == Secret("sk-a")
    assert Secret("sk-a") != Secret("sk-b")
    assert len(compared) == 2


@pytest.mark.parametrize("other", ["sk-a", b"sk-a", None, 5])
def test_a_secret_equals_no_plain_value(other: Any) -> None:
    """A string cannot be tried against it by equality."""
    assert Secret("sk-a") != other
    assert not Secret("sk-a") == other  # noqa: SIM201 - the operator under test


def test_a_secret_has_no_hash() -> None:
    """It is no dictionary key: a hash is a way to test guesses."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(Secret("sk-a"))


@pytest.mark.parametrize("name", ["_value", "masked", "other"])
def test_a_secret_does_not_change(name: str) -> None:
    """No attribute can be set."""
    with pytest.raises(AttributeError):
        setattr(Secret("sk-a"), name, "sk-b")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [Secret(CANARY), Keys(CANARY), {"key": Secret(CANARY)}], ids=["one", "keys", "dict"])
def test_a_secret_is_not_pickled(value: Any, protocol: int) -> None:
    """Every protocol refuses; the error says what to send instead, and shows nothing."""
    with pytest.raises(TypeError) as caught:
        pickle.dumps(value, protocol)
    assert leaks(caught.value) == []


def test_a_copy_of_a_secret_is_the_secret() -> None:
    """Copies, shallow or deep, make no second key in memory."""
    secret, keys = Secret(CANARY), Keys(CANARY)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"a": [secret]})["a"][0] is secret
    assert copy.deepcopy(keys)[0] == secret


def test_a_secret_has_no_dictionary() -> None:
    """There is nothing for vars() to give."""
    with pytest.raises(TypeError):
        vars(Secret(CANARY))
    with pytest.raises(TypeError):
        vars(Keys(CANARY))


def test_keys_hold_secrets_in_order() -> None:
    """Length, order and items of several keys; their repr is a count."""
    keys = Keys("sk-a", Secret("sk-b"), " sk-c\n")
    assert [key.reveal() for key in keys] == ["sk-a", "sk-b", "sk-c"]
    assert (len(keys), keys[1].reveal(), repr(keys), str(keys)) == (3, "sk-b", "Keys(3)", "Keys(3)")


def test_keys_need_a_key() -> None:
    """An empty set of keys is a mistake, not an absence."""
    with pytest.raises(ConfigError, match="at least one key"):
        Keys()
