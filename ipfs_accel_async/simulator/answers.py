"""What the twins answer: a pure function of seed, provider, model and question.

The rules, the same for all twins:

- A token is four bytes of UTF-8; an image costs `IMAGE_TOKENS`.
- Text is plain English filler, opened by the word "Synthetic"; longer prompts get longer answers.
- A tool is called when tools are offered, the choice permits it and the last message is no tool result:
  the tool named by the choice, else the first one. A prompt with the words "in parallel" gets one call of
  each tool (two calls when there is one tool), unless parallel calls are switched off.
- A prompt with `REFUSAL_TRIGGER` in it is refused, by the twins whose service can refuse.
- The model `MISSING_MODEL` does not exist; every other name does.
- A prompt of 1,024 tokens or more is cached once it has been seen.
"""

import re
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from .instances import instance

IMAGE_TOKENS = 85
MISSING_MODEL = "missing-model"
REFUSAL_TRIGGER = "simulate-refusal"
REFUSAL_TEXT = "Synthetic refusal: the prompt holds the words that ask for one."
CACHEABLE_TOKENS = 1024

_OPENING = "Synthetic answer {n}:"
_SUBJECTS = (
    "the patient lantern", "a quiet river", "the seventh clock", "an honest café", "the northern bridge",
    "a copper kettle", "the small orchard", "an early train", "the paper boat", "a distant choir",
    "the green ladder", "a careful mason", "the evening market", "a narrow window", "the oldest map", "a tin drum",
)  # fmt: skip
_VERBS = (
    "counts", "follows", "keeps", "measures", "answers", "carries", "remembers", "borrows",
    "mends", "watches", "forgets", "paints", "sorts", "greets", "lifts", "names",
)  # fmt: skip
_OBJECTS = (
    "three blue doors", "the weight of rain", "every second letter", "a jar of buttons", "the shape of a wave",
    "two dozen lemons", "the slow tide", "a chalk circle", "the shortest road", "a folded sail",
    "four plain stones", "the sound of wool", "a spare key", "the last page", "some warm bread", "a row of pines",
)  # fmt: skip
_PIECE = re.compile(r"\s*\S+\s*$|\s*\S+")
_THINKING = {"minimal": 0, "none": 0, "low": 24, "medium": 48, "high": 96}


@dataclass(slots=True)
class Question:
    """What a twin understood of a request, in no vendor's terms.

    `choice` is "auto", "none", "required" or ``=NAME`` for one tool. `schema` asks for JSON that fits,
    `json` for any JSON object, `choices` for one of these strings. `thinking` is a budget in tokens.
    """

    model: str
    text: str
    images: int = 0
    tools: list[tuple[str, Any]] = field(default_factory=list)
    choice: str = "auto"
    parallel: bool = True
    after_tool: bool = False
    schema: Any = None
    json: bool = False
    choices: list[str] | None = None
    max_tokens: int | None = None
    stop: list[str] = field(default_factory=list)
    thinking: int = 0
    may_refuse: bool = False

    @property
    def tokens(self) -> int:
        """Size of the prompt."""
        return count(self.text) + self.images * IMAGE_TOKENS


@dataclass(slots=True)
class Completion:
    """An answer, in no vendor's terms. `finish` is stop, stop_sequence, length, tool or refusal."""

    text: str = ""
    thoughts: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    finish: str = "stop"
    stopped_by: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thinking_tokens: int = 0


def count(text: str) -> int:
    """Return the number of tokens in a text: one for every four bytes begun."""
    return (len(text.encode()) + 3) // 4


def thinking_budget(effort: str | None) -> int:
    """Return the tokens of thought that an effort asks for; unknown words count as the most."""
    return _THINKING.get(effort, 96) if effort else 0


def digest(*parts: object) -> bytes:
    """Return 64 bytes that depend on every part and on nothing else."""
    return blake2b("\x1f".join(map(str, parts)).encode()).digest()


def filler(noise: bytes, size: int) -> str:
    """Return sentences picked by the noise; more of them for a prompt of more characters."""
    sentences = min(2 + size // 60 + noise[0] % 3, 16)
    words = [_OPENING.format(n=noise[1])]
    for i in range(sentences):
        subject, verb, noun = noise[3 * i + 2], noise[3 * i + 3], noise[3 * i + 4]
        words.append(f"{_SUBJECTS[subject % 16]} {_VERBS[verb % 16]} {_OBJECTS[noun % 16]}.".capitalize())
    return " ".join(words)


def pieces(text: str) -> list[str]:
    """Split a text the way a model streams it: a word at a time, nothing lost."""
    found = _PIECE.findall(text)
    return found if found or not text else [text]


def complete(seed: int, provider: str, question: Question) -> Completion:
    """Answer a question by the rules of this module."""
    answer = Completion(prompt_tokens=question.tokens)
    noise = digest(seed, provider, question.model, question.text, question.images)
    if question.may_refuse and REFUSAL_TRIGGER in question.text:
        answer.finish, answer.completion_tokens = "refusal", count(REFUSAL_TEXT)
        return answer
    left = question.max_tokens
    if question.thinking:
        answer.thoughts = _fit(filler(noise[::-1], question.thinking * 2), question.thinking, left)
        answer.thinking_tokens = count(answer.thoughts)
        left = None if left is None else max(0, left - answer.thinking_tokens)
    answer.calls = _calls(question, noise)
    if answer.calls:
        answer.finish = "tool"
        written = "".join(name + orjson.dumps(arguments).decode() for name, arguments in answer.calls)
        answer.completion_tokens = answer.thinking_tokens + count(written)
        return answer
    answer.text = _text(question, noise)
    _cut(answer, question.stop, left)
    answer.completion_tokens = answer.thinking_tokens + count(answer.text)
    return answer


def _text(question: Question, noise: bytes) -> str:
    if question.choices:
        return question.choices[noise[0] % len(question.choices)]
    if question.schema is not None:
        return orjson.dumps(instance(question.schema, noise)).decode()
    text = filler(noise, len(question.text))
    return orjson.dumps({"synthetic": True, "answer": text}).decode() if question.json else text


def _calls(question: Question, noise: bytes) -> list[tuple[str, Any]]:
    if not question.tools or question.choice == "none" or question.after_tool:
        return []
    tools = question.tools
    if question.choice.startswith("="):
        tools = [tool for tool in tools if tool[0] == question.choice[1:]]
    elif not (question.parallel and "in parallel" in question.text.lower()):
        tools = tools[:1]
    elif len(tools) == 1:
        tools = tools * 2
    return [(name, instance(schema or {"type": "object"}, noise[i % 32 :])) for i, (name, schema) in enumerate(tools)]


def _cut(answer: Completion, stop: list[str], left: int | None) -> None:
    hits = [(at, word) for word in stop if word and (at := answer.text.find(word)) >= 0]
    if hits:
        at, answer.stopped_by = min(hits)
        answer.text, answer.finish = answer.text[:at], "stop_sequence"
    if left is not None and count(answer.text) > left:
        answer.text, answer.finish, answer.stopped_by = _fit(answer.text, left), "length", None


def _fit(text: str, *limits: int | None) -> str:
    limit = min(limit for limit in limits if limit is not None)
    return text if count(text) <= limit else text.encode()[: limit * 4].decode(errors="ignore")
