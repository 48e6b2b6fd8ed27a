"""What cannot be sent is refused before anything is, and the message names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ipfs_accel_async import Client, Image, InvalidRequestError, MockTransport
from ipfs_accel_async.inputs import infer_request, moderate_request

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("complete", ("",), {}, r"prompts\[0\] is empty"),
    ("complete", (None,), {}, r"prompts\[0\] must be a string"),
    ("complete", ("x",), {"max_tokens": -1}, "max_tokens"),
    ("complete", ("x",), {"temperature": float("nan")}, "temperature"),
    ("complete", ("x",), {"stop": [""]}, "stop"),
    ("complete", ("x",), {"seed": "1"}, "seed"),
    ("complete_batch", ("one text",), {}, "list of strings"),
    ("complete_batch", ([],), {}, "prompts is empty"),
    ("rerank", ("", ["a"]), {}, "query is empty"),
    ("rerank", ("q", []), {}, "documents is empty"),
    ("rerank", ("q", "text"), {}, "list of strings"),
    ("rerank", ("q", ["a", 7]), {}, r"documents\[1\]"),
    ("rerank", ("q", ["a"]), {"top_n": 0}, "top_n"),
    ("classify", ([],), {}, "texts is empty"),
    ("classify", ([("a", "b", "c")],), {}, r"texts\[0\]"),
    ("similarity", ("a", []), {}, "others is empty"),
    ("moderate", ([],), {}, "inputs is empty"),
    ("moderate", ([""],), {}, r"inputs\[0\]"),
    ("image", ("",), {}, "prompt is empty"),
    ("image", ("x",), {"n": 0}, "n must be"),
    ("image", ("x",), {"mask": b"m"}, "mask"),
    ("speech", ("",), {}, "text is empty"),
    ("transcribe", (7,), {}, "a file is bytes"),
    ("transcribe", ("/nowhere/hello.wav",), {}, "cannot be read"),
    ("infer", ({},), {}, "inputs is a mapping"),
    ("infer", ([1, 2],), {}, "inputs is a mapping"),
    ("infer", ({"x": [[1], [1, 2]]},), {}, "'x'"),
    ("infer", ({"x": object()},), {}, "'x'"),
    ("infer", ({"": [1]},), {}, "name in inputs"),
    ("tokenize", ("",), {}, "text is empty"),
    ("detokenize", ([],), {}, "ids is empty"),
    ("detokenize", ([-1],), {}, r"ids\[0\]"),
    ("detokenize", ([True],), {}, r"ids\[0\]"),
]


@pytest.mark.sockets  # a file is read in a thread
@pytest.mark.parametrize(
    ("method", "args", "named", "told"), REFUSED, ids=[f"{row[0]}-{number}" for number, row in enumerate(REFUSED)]
)
async def test_bad_input_is_refused_and_nothing_is_sent(
    method: str, args: tuple[Any, ...], named: dict[str, Any], told: str
) -> None:
    """One typed error, whose message names the argument."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock, keys={"openai": "k"}) as ai:
        call: Callable[..., Any] = getattr(ai, method)
        with pytest.raises(InvalidRequestError, match=told):
            await call("openai:m", *args, **named)
    assert not mock.requests


async def test_an_operation_that_a_provider_lacks_names_those_it_has() -> None:
    """The error says what to use instead."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock, keys={"claude": "k"}) as ai:
        with pytest.raises(InvalidRequestError, match=r"claude has no operation 'speech' \(it has: chat"):
            await ai.speech("claude:m", "Hello")
    assert not mock.requests


def test_lists_and_numbers_become_arrays() -> None:
    """Of numpy's own types; strings are kept as such."""
    made = infer_request({"x": [[1.0, 2.0]], "y": 3, "s": np.array(["a", b"b"], object)}, "out", 2, {})
    assert made.inputs["x"].shape == (1, 2)
    assert made.inputs["y"].shape == ()
    assert made.inputs["s"].dtype == object
    assert (made.outputs, made.version) == (("out",), "2")


def test_a_single_input_is_one_of_many() -> None:
    """A text, an image, or several."""
    picture = Image(url="https://example.com/a.png")
    assert moderate_request("a", {}).inputs == ("a",)
    assert moderate_request(picture, {}).inputs == (picture,)
    assert moderate_request(["a", picture], {}).inputs == ("a", picture)
