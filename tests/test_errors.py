"""Errors: one tree, drawn, exported, one line each, whole after pickling, judged in one place."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ipfs_accel_async
from ipfs_accel_async import (
    AccelError,
    AllTargetsFailedError,
    Reply,
    ServerError,
    StreamIncompleteError,
    Target,
    errors,
)
from ipfs_accel_async.errors import outcome_of

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, AccelError)]
TARGET = Target("openai", "gpt-4.1", "http://h/v1")
FIELDS: dict[str, Any] = {
    "provider": "openai",
    "target": TARGET,
    "status": 503,
    "code": "busy",
    "request_id": "our-id",
    "provider_request_id": "their-id",
    "attempts": 3,
    "retryable": True,
    "retry_after": 1.5,
    "phase": "body",
}
OUTCOMES = {
    "ok": {
        "AuthenticationError",
        "BadRequestError",
        "ContentFilteredError",
        "ContextTooLongError",
        "NotFoundError",
        "PermissionDeniedError",
    },
    "throttled": {"QuotaExhaustedError", "RateLimitError"},
    "ignored": {
        "AllKeysExhaustedError",
        "AccelError",
        "TLSError",
        "UnexpectedRedirectError",
        "CircuitOpenError",
        "ClientClosedError",
        "ConfigError",
        "ForkedClientError",
        "CostExceedsLimitError",
        "DeadlineExceededError",
        "DispatcherError",
        "InvalidRequestError",
        "QueueFullError",
        "RejectedError",
        "RoundsExceededError",
    },
}
RETRYABLE = {
    "ConnectError",
    "DecodeError",
    "InterruptedCallError",
    "OverloadedError",
    "RateLimitError",
    "RequestTimeoutError",
    "ServerError",
    "StreamIncompleteError",
    "TransportError",
}


def drawn() -> dict[str, str]:
    """Each class of the tree in the docstring, with the class it hangs from."""
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^([ \u2502\u251c\u2514\u2500]*)([A-Z]\w*Error)\b", line)
        if found:
            depth, name = len(found[1]), found[2]
            while above and above[-1][0] >= depth:
                above.pop()
            parents[name] = above[-1][1] if above else ""
            above.append((depth, name))
    return parents


def test_the_drawn_tree_is_the_tree() -> None:
    """The docstring shows every class below its base, and nothing else."""
    real = {kind.__name__: next(base.__name__ for base in kind.__mro__[1:]) for kind in CLASSES}
    real["AccelError"] = ""
    assert drawn() == real


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_named_exported_and_explained(kind: type[AccelError]) -> None:
    """Its name ends in Error, the package exports it, and its docstring says what it means."""
    assert kind.__name__.endswith("Error")
    assert getattr(ipfs_accel_async, kind.__name__) is kind
    assert kind.__name__ in ipfs_accel_async.__all__
    assert kind.__doc__
    assert kind.__module__ == "ipfs_accel_async.errors"


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_carries_its_facts(kind: type[AccelError]) -> None:
    """Every field that is given is there; what is not given is None, 0 or the class's own word."""
    error = kind("busy", **FIELDS)
    assert {name: getattr(error, name) for name in FIELDS} == FIELDS
    plain = kind("busy")
    assert (plain.target, plain.status, plain.code, plain.attempts, plain.retry_after) == (None, None, None, 0, None)
    assert (plain.message, plain.args) == ("busy", ("busy",))
    assert kind("x", target=TARGET).provider == "openai"


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, *(lambda e, p=p: pickle.loads(pickle.dumps(e, p)) for p in range(6))]
)
def test_an_error_survives_a_copy_whole(kind: type[AccelError], again: Any) -> None:
    """Workers send errors between processes: class, message and every field arrive."""
    error = kind("busy", **FIELDS)
    error.add_note("a note")
    if isinstance(error, StreamIncompleteError):
        error.partial = Reply(target=TARGET, text="so far")
    if isinstance(error, AllTargetsFailedError):
        error.causes = (ServerError("a", target=TARGET), StreamIncompleteError("b"))
    copied = again(error)
    assert type(copied) is kind
    assert (str(copied), copied.args) == (str(error), error.args)
    assert {name: getattr(copied, name) for name in FIELDS} == FIELDS
    assert copied.__notes__ == ["a note"]
    if isinstance(error, StreamIncompleteError):
        assert copied.partial == error.partial
    if isinstance(error, AllTargetsFailedError):
        assert [(type(cause), str(cause)) for cause in copied.causes] == [
            (type(cause), str(cause)) for cause in error.causes
        ]


@pytest.mark.parametrize("kind", CLASSES)
@given(st.text(max_size=80))
def test_an_error_is_one_printable_line(kind: type[AccelError], message: str) -> None:
    """Whatever words a service sends: no line breaks, and no control sequences for a terminal."""
    error = kind(message, target=TARGET)
    assert str(error).isprintable()
    assert str(error).startswith("openai:gpt-4.1: ")
    if message.isprintable():
        assert error.message == message


def test_an_error_says_whose_it_is() -> None:
    """The target where there is one, else the provider, else neither."""
    assert str(AccelError("busy", target=TARGET, provider="x")) == "openai:gpt-4.1: busy"
    assert str(AccelError("busy", target=Target("openai", ""))) == "openai: busy"
    assert str(AccelError("busy", provider="openai")) == "openai: busy"
    assert str(AccelError("busy")) == "busy"
    assert str(AccelError("a\r\nb\x1b[2J\tc")) == "a b [2J c"


def test_a_key_in_a_services_words_can_be_cut_out() -> None:
    """redact() clears message, args, code and the service's id, and keeps the rest."""
    error = ServerError("no sk-a here", code="sk-a", provider_request_id="id-sk-a", request_id="our-id", target=TARGET)
    error.redact("sk-a")
    assert (error.message, error.args, error.code) == ("no … here", ("no … here",), "…")
    assert (error.provider_request_id, error.request_id) == ("id-…", "our-id")
    plain = ServerError("busy")
    plain.redact("sk-a")
    assert (plain.message, plain.code, plain.provider_request_id) == ("busy", None, None)


@pytest.mark.parametrize(
    ("base", "names"),
    [
        (TimeoutError, {"RequestTimeoutError", "DeadlineExceededError"}),
        (ValueError, {"ConfigError", "CostExceedsLimitError", "ForkedClientError", "InvalidRequestError"}),
    ],
)
def test_errors_are_also_the_standard_ones_they_mean(base: type[Exception], names: set[str]) -> None:
    """``except TimeoutError`` catches both ways to run out of time; wrong values are ValueErrors."""
    assert {kind.__name__ for kind in CLASSES if issubclass(kind, base)} == names


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_counts_for_the_endpoint_as_its_row_says(kind: type[AccelError]) -> None:
    """Only faults of the endpoint are failures; refusals of ours say nothing about it."""
    named = {name: outcome for outcome, names in OUTCOMES.items() for name in names}
    assert outcome_of(kind("x")) == named.get(kind.__name__, "failed")


@pytest.mark.parametrize("kind", CLASSES)
def test_only_what_may_pass_is_retryable(kind: type[AccelError]) -> None:
    """The class says whether the same call may succeed again; one error may say otherwise."""
    assert kind("x").retryable is (kind.__name__ in RETRYABLE)
    assert kind("x", retryable=True).retryable
    assert not kind("x", retryable=False).retryable


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "ok"),
        (asyncio.CancelledError(), "ignored"),
        (KeyboardInterrupt(), "ignored"),
        (GeneratorExit(), "ignored"),
        (ValueError("x"), "ignored"),
        (TimeoutError(), "ignored"),
        (ConnectionError(), "ignored"),
    ],
)
def test_what_is_no_error_of_ours_says_nothing_about_the_endpoint(error: BaseException | None, outcome: str) -> None:
    """Success is ok; cancellation and bugs are ignored."""
    assert outcome_of(error) == outcome


def test_one_error_may_count_otherwise_than_its_class() -> None:
    """The outcome is read from the error itself."""
    error = ServerError("x")
    error.outcome = "ignored"
    assert outcome_of(error) == "ignored"
    assert outcome_of(copy.copy(error)) == "ignored"
