"""Where an answer could not be read: the path in its JSON, and what stands there instead."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async.errors import AccelError, ResponseValidationError
from ipfs_accel_async.providers._blame import blamed
from tests.providers.codecs import CHATS, CODECS, recorded_call
from tests.providers.recorded import fixture, recorded_response

DATA = {"choices": [{"message": {"text": 7}}, None], "usage": {"in": "many"}, "list": [1, "a"]}


def of(parse: Any) -> str:
    """What is said of a parser that fails on `DATA`."""
    try:
        parse(DATA)
    except Exception as error:
        return blamed(parse, DATA, error)
    raise AssertionError("it did not fail")


def test_the_last_step_is_the_place() -> None:
    """Objects, arrays, gets and loops."""
    assert of(lambda data: data["choices"][0]["message"]["text"].strip()) == "choices[0].message.text is a number"
    assert of(lambda data: [one.get("message") for one in data["choices"]]) == "choices[1] is null"
    assert of(lambda data: int(data.get("usage").get("in"))) == "usage.in is a string"
    assert of(lambda data: [int(value) for value in data["list"]]) == "list[1] is a string"
    assert of(lambda data: [value.real for _, value in data["usage"].items()]) == "usage.in is a string"
    assert of(lambda data: [value.real for value in data["usage"].values()]) == "usage.in is a string"
    assert of(lambda data: data["choices"]["0"]) == "choices is an array"
    assert of(lambda data: {data["choices"]: data["usage"]["in"]}) == "choices is an array"
    assert of(lambda data: data["choices"].strip()) == "choices is an array"


def test_what_is_missing_has_its_whole_path() -> None:
    """A key of Python alone would be the last word of it."""
    assert of(lambda data: data["choices"][0]["message"]["tool"]) == "'choices[0].message.tool' is missing"


def test_the_words_of_a_codec_are_kept() -> None:
    """What has a path already is said as it is; without any step Python's words are all there is."""

    def own(data: Any) -> None:
        raise TypeError("choices[0].message.text is no string")

    def bare(data: Any) -> None:
        raise ValueError("a vector of no numbers")

    def never_twice(data: Any, seen: list[int] = []) -> None:  # noqa: B006 - on purpose: the second reading succeeds
        seen.append(1)
        if len(seen) == 1:
            raise ValueError("passing")

    assert of(own) == "choices[0].message.text is no string"
    assert of(bare) == "a vector of no numbers"
    assert of(never_twice) == "passing"


def test_a_large_answer_is_not_read_again_and_again() -> None:
    """Of a hundred thousand values the wrong one may stay unnamed, but nobody waits for it."""
    read: list[int] = []

    def parse(data: Any) -> None:
        for value in data["list"]:
            read.append(int(value))

    data = {"list": [1] * 100_000 + ["x"]}
    with pytest.raises(ValueError, match="invalid literal") as caught:
        parse(data)
    assert blamed(parse, data, caught.value) == "list[100000] is a string"
    assert len(read) < 400_000


def places(value: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Each object or array of a JSON value with each of its keys."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for key, below in pairs:
        here = f"{path}[{key}]" if isinstance(value, list) else f"{path}.{key}".lstrip(".")
        found += [(here, value, key), *places(below, here)]
    return found


@pytest.mark.parametrize(("name", "kind"), CHATS)
def test_a_wrong_type_anywhere_in_a_recording_is_named_by_its_path(name: str, kind: str) -> None:
    """Every value of every recorded answer as another type: read all the same, or refused with a path above it."""
    whole, body = recorded_response(name, kind), fixture(name, kind)["body"]
    refused = 0
    for path, owner, key in places(body):
        kept = owner[key]
        for wrong in (7, "text", [7], {"x": 7}):
            owner[key] = wrong
            answer = replace(whole, body=json.dumps(body).encode())
            try:
                CODECS[name].parse_response(recorded_call(name, kind), answer)
            except ResponseValidationError as error:
                refused += 1
                said = str(error).partition("wrong type: ")[2]
                ends = {path.split(".")[0].split("[")[0], path.split(".")[-1].split("[")[0]}
                assert any(name in said for name in ends), (path, wrong, said)
            except AccelError:
                pass  # an error object in place of an answer
            finally:
                owner[key] = kept
    assert refused
