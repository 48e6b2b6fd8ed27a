"""Settings: bounds, unknown names, inheritance, addresses and headers, and errors that show nothing secret."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from ipfs_accel_async import Client, ConfigError, Keys, MockTransport, Secret
from ipfs_accel_async.config import ProviderSettings, Settings, as_keys, settings
from ipfs_accel_async.tls import TLS
from tests.canary import CANARY, leaks

BOUNDS: dict[str, tuple[list[Any], list[Any]]] = {
    "max_concurrent_requests": ([1, 10_000], [0, -1]),
    "max_concurrent_per_endpoint": ([1, 50, None], [0, -1]),
    "reserved_for_high": ([0, 4], [-1]),
    "queue_size": ([0, 1_000_000], [-1]),
    "queue_per_place": ([0.1, 10_000, None], [0, -1, 10_001]),
    "queue_order": (["arrival", "deadline"], ["", "priority"]),
    "tenant_weights": ([{}, {"a": 3.0, "b": 0.5}], [None, 3, ["a"]]),
    "adaptive_concurrency": ([True, False], [1, "yes", None]),
    "min_concurrent": ([1, 1_000], [0, -1]),
    "initial_concurrent": ([1, 1_000], [0, -1]),
    "latency_tolerance": ([1.01, 1_000, None], [1, 0, 1_001]),
    "probe_timeout": ([0.001, 86_400], [0, -1, 86_401]),
    "slow_first_token": ([0.001, 3_600, None], [0, -1, 3_601]),
    "slow_first_token_rate": ([0.01, 1], [0, 1.1, -1]),
    "queue_overflow_policy": (["reject", "drop-lowest", "wait"], ["drop", "", "REJECT"]),
    "priority_aging": ([0.001, 86_400], [0, -1, 86_401]),
    "max_retries": ([0, 100], [-1, 101]),
    "initial_retry_delay": ([0, 16.0], [-0.1, 3_601]),
    "backoff_factor": ([1, 100], [0.99, 101]),
    "max_retry_delay": ([1.0, 3_600], [-1, 3_601]),
    "retry_jitter": ([0, 1], [-0.1, 1.1]),
    "max_retry_after": ([0, 86_400], [-1, 86_401]),
    "retry_budget_ratio": ([0, 1], [-0.1, 1.1]),
    "retry_budget_reserve": ([0, 10_000], [-1, 10_001]),
    "hedge": ([True, False], [1, "yes", None]),
    "failure_threshold": ([1, 1_000], [0, -1]),
    "failure_rate": ([0.01, 1], [0, 1.1, -1]),
    "failure_rate_calls": ([1, 1_000], [0, -1]),
    "max_reset_timeout": ([0.001, 86_400], [0, -1, 86_401]),
    "reset_timeout": ([0.001, 86_400], [0, -1, 86_401]),
    **dict.fromkeys(("rpm", "tpm", "input_tpm", "output_tpm", "rpd", "tpd"), ([1, 10**12], [0, -1, 10**12 + 1])),
    "burst_seconds": ([0.001, 60], [0, -1, 61]),
    "tokenizer": ([None, "tokenizer.json"], [1, True]),
    "learn_limits": ([True, False], [1, "yes", None]),
    "cache": (["on", "off", "read-only", "write-only"], ["yes", "", "ON"]),
    "cache_ttl": ([{}, {"chat": 60, "embed": 0}], [{"chat": -1}, {"chat": math.inf}, {"speech": 1}, 60]),
    "single_flight": ([True, False], [1, "yes", None]),
    "replay_bytes": ([0, 2**30], [-1]),
    "timeout": ([0.001, 86_400], [0, -1, 86_401]),
    "stream_idle_timeout": ([0.001, 86_400], [0, -1, 86_401]),
    "close_grace": ([0, 3_600], [-1, 3_601]),
    "connect_timeout": ([0.001, 3_600], [0, -1, 3_601]),
    "batching": ([(), ("embed",), ("complete", "rerank")], [1, None, ["chat"], {}]),
    "max_batch_size": ([1, 100_000, None], [0, -1]),
    "max_batch_tokens": ([1, 10**9, None], [0, -1]),
    "max_batch_bytes": ([1, 2**40, None], [0, -1]),
    "batch_timeout": ([0, 3_600], [-0.1, 3_601]),
    "models": ([{}], [None, 3, ["m"]]),
    "tls": ([None, TLS()], [1, "ca.pem", {"certificate": "c.pem"}]),
    "max_response_bytes": ([1_024, 2**40], [1_023, 0]),
}
WORDS = {
    "adaptive_concurrency",
    "queue_overflow_policy",
    "hedge",
    "learn_limits",
    "tokenizer",
    "cache",
    "cache_ttl",
    "single_flight",
    "batching",
    "models",
    "tls",
}
NUMBERS = [name for name in BOUNDS if name not in WORDS]


def refusal(**given: Any) -> ConfigError:
    """The error that settings of a provider are refused with."""
    with pytest.raises(ConfigError) as caught:
        settings({}, given, "openai")
    assert "\n" not in str(caught.value)
    assert caught.value.provider == "openai"
    return caught.value


def test_every_setting_has_a_row_of_bounds() -> None:
    """No setting goes untested: the table names all of them."""
    assert BOUNDS.keys() == Settings.model_fields.keys()


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (good, _) in BOUNDS.items() for value in good])
def test_a_value_inside_its_bounds_is_kept(name: str, value: Any) -> None:
    """Values up to both bounds are taken as they are."""
    assert getattr(settings({}, {name: value}, "openai"), name) == value


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (_, bad) in BOUNDS.items() for value in bad])
def test_a_value_beyond_its_bounds_is_refused_by_name(name: str, value: Any) -> None:
    """One line that names the setting."""
    assert refusal(**{name: value}).message.startswith(f"{name}: ")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, "3", [], object()])
def test_what_is_no_number_is_refused(name: str, value: Any) -> None:
    """NaN, infinities, booleans and strings are never taken for a number."""
    assert name in refusal(**{name: value}).message


def test_the_defaults_are_those_of_the_contract() -> None:
    """5 at once, 100 waiting, 5 retries of 1 s x 2 up to 16 s, threshold 5, reset 30 s."""
    plain = Settings()
    assert (plain.max_concurrent_requests, plain.queue_size, plain.max_retries) == (5, 100, 5)
    assert (plain.initial_retry_delay, plain.backoff_factor, plain.max_retry_delay) == (1, 2, 16)
    assert (plain.failure_threshold, plain.reset_timeout, plain.queue_overflow_policy) == (5, 30, "reject")


def test_a_first_delay_above_the_longest_is_refused() -> None:
    """The two retry delays are checked together."""
    assert "initial_retry_delay is above max_retry_delay" in refusal(initial_retry_delay=5, max_retry_delay=2).message


def test_an_unknown_setting_lists_the_known_ones() -> None:
    """A slip is answered with the likely name and all names."""
    message = refusal(max_concurent_requests=3).message
    assert message.startswith("there is no setting 'max_concurent_requests': did you mean 'max_concurrent_requests'?")
    assert all(name in message for name in ProviderSettings.model_fields)


def test_an_unknown_setting_of_the_client_is_refused_when_it_is_made() -> None:
    """The client checks its settings in its constructor, and lists only those it takes itself."""
    with pytest.raises(ConfigError, match="there is no setting 'retries'") as caught:
        Client(retries=3)
    assert "queue_size" in caught.value.message
    assert "base_url" not in caught.value.message


@pytest.mark.parametrize("name", ["base_url", "headers", "options"])
def test_what_belongs_to_one_provider_is_refused_on_the_client(name: str) -> None:
    """An address or a header for every provider at once would carry keys to the wrong service."""
    with pytest.raises(ConfigError, match=f"'{name}' belongs to one provider: pass providers="):
        Client(**{name: "http://127.0.0.1"})


def test_settings_of_a_provider_override_those_of_the_client() -> None:
    """A provider's own value wins; what it leaves out comes from the client."""
    made = settings({"queue_size": 7, "max_retries": 2}, {"max_retries": 9}, "openai")
    assert (made.queue_size, made.max_retries, made.timeout) == (7, 9, 300)


@pytest.mark.parametrize("own", ["sk-x", None, 5, ["max_retries"]])
def test_settings_of_a_provider_are_a_mapping(own: Any) -> None:
    """A key or a list in the place of a provider's settings gets a typed error."""
    with pytest.raises(ConfigError, match="its settings are a mapping"):
        settings({}, own, "openai")


def test_names_of_settings_are_strings() -> None:
    """A mapping with other names is refused, not a TypeError."""
    with pytest.raises(ConfigError, match="5: Keys should be strings"):
        settings({}, {5: 1}, "openai")  # type: ignore[dict-item]


def test_settings_do_not_change() -> None:
    """They are frozen once made."""
    with pytest.raises(ValidationError):
        Settings().timeout = 1


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ("sk-a", 1),
        (Secret("sk-a"), 1),
        (["sk-a", Secret("sk-b")], 2),
        (("sk-a",), 1),
        ({"sk-a"}, 1),
        (iter(["sk-a", "sk-b"]), 2),
        (Keys("sk-a", "sk-b"), 2),
    ],
)
def test_keys_are_taken_in_every_form(value: Any, count: int) -> None:
    """A string, a Secret, Keys, or several of them in anything that iterates."""
    keys = as_keys(value)
    assert keys is not None
    assert len(keys) == count


def test_no_keys_are_none() -> None:
    """None means: look them up."""
    assert as_keys(None) is None


@pytest.mark.parametrize(
    "value", ["", "  ", f"{CANARY}\nb", [f"{CANARY} x"], [], [5], {"a": CANARY}, CANARY.encode(), 5, [CANARY, "\u20ac"]]
)
def test_keys_that_cannot_be_sent_are_refused_without_a_trace(value: Any) -> None:
    """The error, its chain and the locals of our frames have no part of the key."""
    with pytest.raises(ConfigError) as caught:
        as_keys(value)
    assert "\n" not in str(caught.value)
    assert leaks(caught.value, own_frames_only=True) == []
    assert "key" in refusal(keys=value).message


@pytest.mark.parametrize(
    "given",
    [
        {"base_url": f"http://h/?k={CANARY}"},
        {"keys": f"{CANARY}\n{CANARY}"},
        {"keys": CANARY, "queue_size": -1},
        {"keys": [CANARY], "nonsense": CANARY},
        {"headers": {"X-A": f"{CANARY}\n"}},
        {"headers": CANARY},
        {"options": CANARY},
        {"timeout": CANARY},
        {"queue_overflow_policy": CANARY},
    ],
)
def test_no_error_of_settings_shows_a_value(given: dict[str, Any]) -> None:
    """Neither message, chain nor our own frames' locals: pydantic's text and input stay behind."""
    with pytest.raises(ConfigError) as caught:
        settings({"queue_size": 5}, given, "openai")
    assert leaks(caught.value, own_frames_only=True) == []
    assert caught.value.__context__ is None
    assert not any(word in str(caught.value) for word in ("pydantic", "input_value", "validation error", "Value error"))


def test_pydantics_own_error_hides_what_was_passed() -> None:
    """Who builds the settings directly sees pydantic's error, but no value in it."""
    with pytest.raises(ValidationError) as caught:
        ProviderSettings(timeout=CANARY)
    assert CANARY not in str(caught.value)


def test_client_names_the_provider_of_a_bad_setting() -> None:
    """The error says whose setting it is, before anything is sent."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    with pytest.raises(ConfigError, match=r"^claude: max_retries: ") as caught:
        Client(providers={"claude": {"max_retries": -1}}, transport=mock)
    assert caught.value.provider == "claude"
    assert mock.requests == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"providers": {"opnai": {}}}, "there is no provider 'opnai': did you mean 'openai'"),
        ({"keys": {"opnai": "sk-x"}}, "there is no provider 'opnai'"),
        ({"base_urls": {"opnai": "http://h"}}, "there is no provider 'opnai'"),
        ({"max_total_concurrent_requests": 0}, "max_total_concurrent_requests must be at least 1"),
        ({"timeout": -1}, "timeout: "),
    ],
)
def test_a_client_that_cannot_work_is_not_made(options: dict[str, Any], says: str) -> None:
    """Wrong names and values are refused by the constructor in one line."""
    with pytest.raises(ConfigError) as caught:
        Client(**options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
