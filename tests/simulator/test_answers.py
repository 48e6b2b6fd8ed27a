"""The deterministic answers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.simulator.answers import REFUSAL_TRIGGER, Question, complete, count, pieces
from ipfs_accel_async.simulator.vectors import encoded, vector

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def test_the_same_question_gets_the_same_answer() -> None:
    """Seed, provider, model and prompt decide the text; a change of any of them changes it."""
    first = complete(0, "openai", Question("m", "hi"))
    assert complete(0, "openai", Question("m", "hi")) == first
    others = [
        complete(1, "openai", Question("m", "hi")),
        complete(0, "groq", Question("m", "hi")),
        complete(0, "openai", Question("n", "hi")),
        complete(0, "openai", Question("m", "ho")),
    ]
    assert first.text.startswith("Synthetic")
    assert all(other.text != first.text for other in others)


def test_longer_prompts_get_longer_answers() -> None:
    """The answer grows with the prompt."""
    short, long = (complete(0, "vllm", Question("m", "word " * n)).text for n in (1, 400))
    assert len(long) > 2 * len(short)


@given(st.text())
def test_pieces_join_to_the_text(text: str) -> None:
    """Streaming loses nothing of a text."""
    assert "".join(pieces(text)) == text


@given(st.text(), st.integers(0, 30))
def test_an_answer_never_exceeds_its_limit(prompt: str, limit: int) -> None:
    """max_tokens bounds the completion, thoughts included."""
    answer = complete(0, "claude", Question("m", prompt, max_tokens=limit, thinking=24))
    assert answer.completion_tokens <= limit
    assert answer.finish == "length"
    assert answer.completion_tokens == count(answer.thoughts) + count(answer.text)


def test_a_stop_sequence_ends_the_text_before_it() -> None:
    """The earliest stop sequence cuts the text and is reported."""
    answer = complete(0, "openai", Question("m", "hi", stop=["zzz", "answer"]))
    assert (answer.text, answer.finish, answer.stopped_by) == ("Synthetic ", "stop_sequence", "answer")


@pytest.mark.parametrize(
    ("question", "names"),
    [
        (Question("m", "hi", tools=[("a", SCHEMA), ("b", SCHEMA)]), ["a"]),
        (Question("m", "hi", tools=[("a", SCHEMA), ("b", SCHEMA)], choice="=b"), ["b"]),
        (Question("m", "hi", tools=[("a", SCHEMA)], choice="none"), []),
        (Question("m", "hi", tools=[("a", SCHEMA)], after_tool=True), []),
        (Question("m", "in parallel", tools=[("a", SCHEMA), ("b", SCHEMA)]), ["a", "b"]),
        (Question("m", "in parallel", tools=[("a", SCHEMA)]), ["a", "a"]),
        (Question("m", "in parallel", tools=[("a", SCHEMA)], parallel=False), ["a"]),
    ],
)
def test_tools_are_called_by_the_documented_rule(question: Question, names: list[str]) -> None:
    """Choice, earlier results and the words 'in parallel' decide which tools are called."""
    answer = complete(0, "openai", question)
    assert [name for name, _ in answer.calls] == names
    assert all(set(arguments) == {"city"} for _, arguments in answer.calls)
    assert answer.finish == ("tool" if names else "stop")


def test_only_some_twins_refuse() -> None:
    """The trigger refuses where the service can refuse, and nowhere else."""
    assert complete(0, "openai", Question("m", REFUSAL_TRIGGER, may_refuse=True)).finish == "refusal"
    assert complete(0, "ollama", Question("m", REFUSAL_TRIGGER)).finish == "stop"


def test_json_and_choices_are_kept_to() -> None:
    """A schema, a JSON object and a list of choices each constrain the text."""
    assert set(json.loads(complete(0, "vllm", Question("m", "hi", schema=SCHEMA)).text)) == {"city"}
    assert json.loads(complete(0, "vllm", Question("m", "hi", json=True)).text)["synthetic"] is True
    assert complete(0, "vllm", Question("m", "hi", choices=["yes", "no"])).text in ("yes", "no")


def test_vectors_are_unit_norm_and_repeat() -> None:
    """Equal text gives an equal float32 vector of length one; other text another one."""
    one, again, other = (vector(0, "openai", "m", text, 1536) for text in ("a", "a", "b"))
    assert one.dtype == np.float32
    assert one.shape == (1536,)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert isinstance(encoded(one, "base64"), str)
