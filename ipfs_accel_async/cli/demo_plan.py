"""What the demo sends, and what goes wrong meanwhile: a pure function of prompts, backends and seed."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ipfs_accel_async.cli.prompts import Prompt
from ipfs_accel_async.types import Message, Priority

Kind = Literal["unary", "stream", "embed", "infer", "object"]

TEXTS_A_CALL = 10
PRIORITIES = (Priority.HIGH, Priority.NORMAL, Priority.NORMAL, Priority.LOW)
RATE_LIMITED = (("429=0.2",), ("429-ms",), ("429-ms", "429-ms"))
"""Retry-After in seconds, in milliseconds, and twice in a row."""
OUTAGE = ("503",)
OUTAGE_CALLS = 8
CUT = ("cut",)
CALLS_A_FAULT = 20
BUCKET = "demo"


@dataclass(frozen=True, slots=True)
class Backend:
    """A provider in the demo, with models of its twin; an empty name is an operation that it does not have."""

    name: str
    chat_model: str = ""
    embed_model: str = ""
    infer_model: str = ""
    bucket: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One call to make, and the faults that its successive requests meet."""

    id: str
    provider: str
    target: str
    kind: Kind
    priority: Priority
    messages: tuple[Message, ...] = ()
    texts: tuple[str, ...] = field(default=(), repr=False)
    faults: tuple[str, ...] = ()


def backend_of(provider: str, operations: Collection[str], names: Sequence[str]) -> Backend:
    """A backend with the first models of its list that fit its operations."""
    chat = next((name for name in names if not _is("embed", name) and not _is("moderation", name)), "simulated")
    embed = next((name for name in names if _is("embed", name)), chat)
    chats, embeds = "chat" in operations, "embed" in operations
    infers = "infer" in operations and not chats  # what serves both is shown by its chats
    return Backend(
        provider,
        chat if chats else "",
        embed if embeds else "",
        names[0] if infers and names else "",
        "" if operations else BUCKET,
    )


def jobs_of(backend: Backend, prompts: Sequence[Prompt], seed: int) -> list[Job]:
    """The calls to one backend: every prompt once, some of them streamed; then all texts, embedded in batches."""
    rng = random.Random(f"{seed} {backend.name}")
    return [*_chats(backend, prompts, rng), *_embeddings(backend, prompts, rng), *_others(backend, prompts, rng)]


def _chats(backend: Backend, prompts: Sequence[Prompt], rng: random.Random) -> list[Job]:
    if not backend.chat_model:
        return []
    target = f"{backend.name}:{backend.chat_model}"
    jobs = [
        Job(prompt.id, backend.name, target, rng.choice(("unary", "stream")), rng.choice(PRIORITIES), prompt.messages)
        for prompt in prompts
    ]
    return _with_faults(jobs, rng)


def _embeddings(backend: Backend, prompts: Sequence[Prompt], rng: random.Random) -> list[Job]:
    if not backend.embed_model:
        return []
    texts = [text for prompt in prompts if (text := prompt.text)]
    target = f"{backend.name}:{backend.embed_model}"
    batches = [tuple(texts[start : start + TEXTS_A_CALL]) for start in range(0, len(texts), TEXTS_A_CALL)]
    return [
        Job(f"embed-{number}", backend.name, target, "embed", rng.choice(PRIORITIES), texts=batch)
        for number, batch in enumerate(batches, 1)
    ]


def _others(backend: Backend, prompts: Sequence[Prompt], rng: random.Random) -> list[Job]:
    """Every prompt as a row of numbers for a model, or as an object that is stored and read back."""
    if not backend.infer_model and not backend.bucket:
        return []
    kind: Kind = "infer" if backend.infer_model else "object"
    target = f"{backend.name}:{backend.infer_model or backend.bucket}"
    jobs = [
        Job(prompt.id, backend.name, target, kind, rng.choice(PRIORITIES), texts=(prompt.text,)) for prompt in prompts
    ]
    return _with_faults(jobs, rng, cut=False)


def _with_faults(jobs: list[Job], rng: random.Random, *, cut: bool = True) -> list[Job]:
    """An outage that opens the breaker, over neighbouring calls; rate limits and broken streams here and there."""
    length = min(OUTAGE_CALLS, len(jobs) // 2)
    start = rng.randrange(len(jobs) - length + 1)
    outage = range(start, start + length)
    for place in outage:
        jobs[place] = replace(jobs[place], faults=OUTAGE)
    others = [place for place in range(len(jobs)) if place not in outage]
    some = 1 + len(jobs) // CALLS_A_FAULT
    for number, place in enumerate(rng.sample(others, min(2 * some, len(others)))):
        if cut and number % 2:
            jobs[place] = replace(jobs[place], faults=CUT, kind="stream")
        else:
            jobs[place] = replace(jobs[place], faults=RATE_LIMITED[number // 2 % len(RATE_LIMITED)])
    return jobs


def _is(kind: str, name: str) -> bool:
    return kind in name.lower()
