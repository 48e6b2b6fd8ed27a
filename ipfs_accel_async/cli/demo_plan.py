"""What the demo sends, and what goes wrong meanwhile: a pure function of prompts, backends and seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ipfs_accel_async.cli.prompts import Prompt
from ipfs_accel_async.types import Message, Priority

if TYPE_CHECKING:
    from ipfs_accel_async.simulator.schedules import FaultSpec

Kind = Literal["unary", "stream", "embed"]

TEXTS_A_CALL = 10
PRIORITIES = (Priority.HIGH, Priority.NORMAL, Priority.NORMAL, Priority.LOW)
RATE_LIMITED = ("429=0.2", "429-ms")
CUT = "cut"
BURST = ("503",) * 6
CALLS_A_FAULT = 20


@dataclass(frozen=True, slots=True)
class Backend:
    """A provider in the demo, with the models of its twin; without an embedding model it gets no texts to embed."""

    name: str
    chat_model: str
    embed_model: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One call to make."""

    id: str
    provider: str
    target: str
    kind: Kind
    priority: Priority
    messages: tuple[Message, ...] = ()
    texts: tuple[str, ...] = field(default=(), repr=False)


def models_of(provider: str, names: Sequence[str], *, embeds: bool) -> Backend:
    """A backend with the first models of its list that fit."""
    chat = next((name for name in names if not _is("embed", name) and not _is("moderation", name)), "simulated")
    embed = next((name for name in names if _is("embed", name)), chat) if embeds else ""
    return Backend(provider, chat, embed)


def jobs_of(backend: Backend, prompts: Sequence[Prompt], seed: int) -> list[Job]:
    """The calls to one backend: every prompt once, some of them streamed; then all texts, embedded in batches."""
    rng = random.Random(f"{seed} calls {backend.name}")
    name = backend.name
    jobs = [
        Job(
            prompt.id,
            name,
            f"{name}:{backend.chat_model}",
            rng.choice(("unary", "stream")),
            rng.choice(PRIORITIES),
            messages=prompt.messages,
        )
        for prompt in prompts
    ]
    if not backend.embed_model:
        return jobs
    texts = [text for prompt in prompts if (text := prompt.text)]
    for number, start in enumerate(range(0, len(texts), TEXTS_A_CALL), 1):
        batch = tuple(texts[start : start + TEXTS_A_CALL])
        model = f"{name}:{backend.embed_model}"
        jobs.append(Job(f"embed-{number}", name, model, "embed", rng.choice(PRIORITIES), texts=batch))
    return jobs


def faults_of(backend: str, calls: int, seed: int) -> "list[FaultSpec | None]":
    """What meets the successive requests to one backend: rate limits, cuts, and a burst that opens the breaker."""
    rng = random.Random(f"{seed} faults {backend}")
    some = max(1, calls // CALLS_A_FAULT)
    events = [BURST, *[(CUT,)] * some, *[(rng.choice(RATE_LIMITED),) for _ in range(some)]]
    rng.shuffle(events)
    slots = range(calls + len(events))
    due = dict(zip(rng.sample(slots, len(events)), events, strict=True))
    return [step for slot in slots for step in due.get(slot, (None,))]


def _is(kind: str, name: str) -> bool:
    return kind in name.lower()
