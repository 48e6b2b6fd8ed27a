"""Keys of requests: what differs has another key, what is the same has the same, and a tenant's is his own."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.call import Call
from ipfs_accel_async.options import Options
from ipfs_accel_async.partition import UnkeyableError, canonical, identity, partition, question, request_key
from ipfs_accel_async.payloads import CompleteRequest, InferRequest, ModerateRequest
from ipfs_accel_async.types import (
    ChatRequest,
    EmbedRequest,
    Image,
    Message,
    NativePart,
    ResponseFormat,
    Target,
    Text,
    Thinking,
    Tool,
    ToolCall,
    Verbatim,
)

TARGET = Target("openai", "m", "http://a")
HI = Message("user", "hi")


def chat(*messages: Message, **more: Any) -> Call:
    """A chat call."""
    return Call("chat", TARGET, ChatRequest(messages or (HI,), **more))


def variants() -> list[Call]:
    """Calls that differ in one thing each; neighbours look alike on purpose."""
    base = chat()
    return [
        base,
        replace(base, tags={"tenant": "a"}),
        replace(base, tags={"tenant": "b"}),
        replace(base, options=Options(key="a")),
        replace(base, operation="count_tokens"),
        replace(base, target=Target("openai", "n", "http://a")),
        replace(base, target=Target("groq", "m", "http://a")),
        replace(base, target=Target("openai", "m", "http://b")),
        chat(Message("system", "hi")),
        chat(Message("user", "hi ")),
        chat(Message("user", (Text("hi"),))),
        chat(Message("user", (Text("h"), Text("i")))),
        chat(Message("user", (NativePart({"text": "hi"}),))),
        chat(Message("user", (Thinking("hi"),))),
        chat(Message("user", (Text("hi"), Image(data=b"1")))),
        chat(Message("user", (Text("hi"), Image(data=b"2")))),
        chat(Message("user", (Text("hi"), Image(url="1")))),
        chat(HI, Message("user", "")),
        chat(Message("user", "hi", name="x")),
        chat(Message("assistant", "hi", (ToolCall("1", "f", "{}"),))),
        chat(Message("assistant", "hi", (ToolCall("2", "f", "{}"),))),
        chat(Message("assistant", "hi", verbatim=Verbatim("claude", ({"a": 1},)))),
        chat(tools=(Tool("f"),)),
        chat(tools=(Tool("g"),)),
        chat(tools=({"name": "f", "description": "", "parameters": Tool("f").parameters, "strict": None},)),
        chat(
            tools=({"/": "Tool", "name": "f", "description": "", "parameters": Tool("f").parameters, "strict": None},)
        ),
        chat(tool_choice="f"),
        chat(tool_choice={"f": 1}),
        chat(response_format=ResponseFormat()),
        chat(response_format={"/": "ResponseFormat", "schema": None, "name": "answer"}),
        chat(max_tokens=1),
        chat(max_tokens=2),
        chat(temperature=0.0),
        chat(temperature=0.5),
        chat(seed=0),
        chat(stop=("a", "b")),
        chat(stop=("ab",)),
        chat(stop=('a","b',)),
        chat(stream=True),
        chat(params={"user": "1"}),
        chat(params={"user": 1}),
        chat(params={"user": 1.0}),
        chat(params={"user": True}),
        chat(params={"user": None}),
        chat(params={"user": [1]}),
        chat(params={"user": {"1": 1}}),
        chat(params={"/": "map", "pairs": [["user", 1]]}),
        chat(params={"/": 1}),
        chat(params={"raw": b"1"}),
        chat(
            params={"raw": {"/": "bytes", "sha256": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"}}
        ),
        Call("embed", TARGET, EmbedRequest(("a", "b"))),
        Call("embed", TARGET, EmbedRequest(("ab",))),
        Call("complete", TARGET, CompleteRequest(("hi",))),
        Call("complete", TARGET, CompleteRequest(("hi",), suffix="x")),
        Call("moderate", TARGET, ModerateRequest(("hi",))),
        Call("infer", TARGET, InferRequest({"x": np.zeros(4, np.float32)})),
        Call("infer", TARGET, InferRequest({"x": np.zeros((2, 2), np.float32)})),
        Call("infer", TARGET, InferRequest({"x": np.zeros(4, np.int32)})),
        Call("infer", TARGET, InferRequest({"x": np.ones(4, np.float32)})),
        Call("infer", TARGET, InferRequest({"x": np.ones(4, np.float32)}, untyped=frozenset({"x"}))),
    ]


def test_what_differs_has_another_key() -> None:
    """Each pair of sixty calls: other tenant, key, model, parameter, system, tool, image, or only another type."""
    keys = [request_key(call) for call in variants()]
    assert None not in keys
    for (number, ours), (other, theirs) in itertools.combinations(enumerate(keys), 2):
        assert ours != theirs, (number, other)


def test_what_is_the_same_has_the_same_key() -> None:
    """Ids, deadlines, priorities and labels make no difference, nor does the order of names."""
    one = chat(params={"a": 1, "b": {"c": 2, "d": 3}})
    other = replace(
        chat(params=MappingProxyType({"b": {"d": 3, "c": 2}, "a": 1})),
        request_id="x", deadline=5.0, priority=2, tags={"job": "7"}, fallbacks=(TARGET,),
    )  # fmt: skip
    assert request_key(one) == request_key(other)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 2**70, "\ud800", object(), {1: 2}, np.array([None]), {"a": {1, 2}}]
)
def test_what_json_has_no_word_for_has_no_key(value: Any) -> None:
    """It may be sent all the same, but it is not compared."""
    call = chat(params={"x": value})
    assert request_key(call) is None
    assert partition(call) is None
    with pytest.raises(UnkeyableError):
        canonical(call)


def test_nesting_beyond_all_measure_has_no_key() -> None:
    """A hundred thousand lists in each other end no program."""
    value: Any = []
    for _ in range(100_000):
        value = [value]
    assert request_key(chat(params={"x": value})) is None
    while value:  # taken apart by hand, as the interpreter's own way down is as deep
        value = value[0]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["/", "a", "pairs", "b"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def strictly(value: Any) -> Any:
    """A value that equals another one only when they are of one type all through."""
    if isinstance(value, dict):
        return ("map", tuple(sorted((name, strictly(one)) for name, one in value.items())))
    if isinstance(value, list):
        return ("list", tuple(strictly(one) for one in value))
    return (type(value).__name__, repr(value))


@given(JSON, JSON)
def test_keys_are_equal_only_for_equal_values(ours: Any, theirs: Any) -> None:
    """No value of any shape can be written so that it has the key of another."""
    same = request_key(chat(params={"x": ours})) == request_key(chat(params={"x": theirs}))
    assert same == (strictly(ours) == strictly(theirs))


@given(st.lists(st.text(max_size=6), max_size=4), st.lists(st.text(max_size=6), max_size=4))
def test_texts_cannot_be_moved_between_fields(ours: list[str], theirs: list[str]) -> None:
    """Delimiters inside texts split nothing: tenant, model, system and prompt stay apart."""

    def of(texts: list[str]) -> Call:
        first, second, third, fourth = (*texts, "", "", "", "")[:4]
        call = chat(Message("system", third), Message("user", fourth))
        return replace(call, tags={"tenant": first}, target=Target("openai", second))

    same = (*ours, "", "", "", "")[:4] == (*theirs, "", "", "", "")[:4]
    assert (request_key(of(ours)) == request_key(of(theirs))) == same


def test_the_partition_is_all_but_the_question() -> None:
    """Other words of the last question leave it; anything else makes another one."""
    asked = chat(Message("system", "s"), HI, Message("assistant", "yes"), Message("user", "and now?"))
    other = chat(Message("system", "s"), HI, Message("assistant", "yes"), Message("user", "and then?"))
    earlier = chat(
        Message("system", "s"), Message("user", "ho"), Message("assistant", "yes"), Message("user", "and now?")
    )
    assert (question(asked), question(other)) == ("and now?", "and then?")
    assert partition(asked) == partition(other) != partition(earlier)
    assert request_key(asked) != request_key(other)
    picture = (Text("what?"), Image(data=b"1"))
    assert question(chat(Message("user", picture))) == "what?"
    assert partition(chat(Message("user", picture))) != partition(
        chat(Message("user", (Text("what?"), Image(data=b"2"))))
    )
    one, two = (Call("complete", TARGET, CompleteRequest((text,))) for text in ("a", "b"))
    assert (question(one), partition(one)) == ("a", partition(two))


def test_the_key_shows_nothing_of_the_request() -> None:
    """Neither the tenant nor the prompt, nor a secret in either, can be read from a key."""
    secret = "sk-CANARY0123456789"
    key = request_key(replace(chat(Message("user", secret)), tags={"tenant": secret}))
    assert key is not None
    assert len(key) == 61
    assert secret.lower() not in key


EMBEDS = st.builds(
    lambda texts, tenant, model, key, provider, params: Call(
        "embed",
        Target(provider, model, "http://a"),
        EmbedRequest(tuple(texts), params),
        tags={"tenant": tenant} if tenant else {},
        options=Options(key=key),
    ),
    st.lists(st.sampled_from(["a", "b", "ab", ""]), min_size=1, max_size=2),
    *[st.sampled_from(["", "a", "b"])] * 3,
    st.sampled_from(["openai", "gemini"]),
    st.sampled_from([{}, {"dimensions": 5}]),
)


@given(EMBEDS, EMBEDS)
def test_the_cheap_identity_agrees_with_the_key(ours: Call, theirs: Call) -> None:
    """Calls are one for single flight exactly where they are one for the cache."""
    assert (identity(ours) == identity(theirs)) == (request_key(ours) == request_key(theirs))
