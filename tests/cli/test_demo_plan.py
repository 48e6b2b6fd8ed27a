"""What the demo sends: every prompt to every backend, with faults that a seed decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.cli import prompts
from ipfs_accel_async.cli.demo_plan import CUT, OUTAGE, OUTAGE_CALLS, Backend, backend_of, jobs_of
from ipfs_accel_async.cli.prompts import Prompt
from ipfs_accel_async.conversation import user
from ipfs_accel_async.simulator.faults import fault

BACKEND = Backend("openai", "gpt-4.1", "text-embedding-3-small")


def facts(seed: int) -> list[tuple[object, ...]]:
    """The jobs of a seed, comparable."""
    return [(job.id, job.kind, job.priority, job.faults, job.texts) for job in jobs_of(BACKEND, prompts.sample(), seed)]


def test_a_seed_decides_everything() -> None:
    """The same seed gives the same calls and faults, another seed others."""
    assert facts(1) == facts(1)
    assert facts(1) != facts(2)


@given(st.integers(1, 80), st.integers())
def test_every_prompt_is_asked_once_and_every_text_embedded_once(count: int, seed: int) -> None:
    """However few prompts there are; every fault is one that the simulator knows."""
    some = [Prompt(str(number), (user(f"prompt {number}"),)) for number in range(count)]
    jobs = jobs_of(BACKEND, some, seed)
    chats = [job for job in jobs if job.kind != "embed"]
    assert [job.id for job in chats] == [prompt.id for prompt in some]
    assert [text for job in jobs for text in job.texts] == [prompt.text for prompt in some]
    assert all(fault(spec) for job in jobs for spec in job.faults)
    assert all(job.kind == "stream" for job in jobs if job.faults == CUT)


@pytest.mark.parametrize("seed", range(5))
def test_the_sample_meets_every_kind_of_fault_at_every_seed(seed: int) -> None:
    """An outage over neighbours, rate limits and cut streams; both kinds of calls and all priorities occur."""
    jobs = jobs_of(BACKEND, prompts.sample(), seed)
    places = [place for place, job in enumerate(jobs) if job.faults == OUTAGE]
    assert places == list(range(places[0], places[0] + OUTAGE_CALLS))
    assert {job.kind for job in jobs} == {"unary", "stream", "embed"}
    assert {job.priority.name for job in jobs} == {"HIGH", "NORMAL", "LOW"}
    assert sum(job.faults == CUT for job in jobs) >= 3
    assert sum(spec.startswith("429") for job in jobs for spec in job.faults) >= 3


def test_a_backend_gets_only_the_operations_it_has() -> None:
    """Prompts where it chats, texts where it embeds."""
    sample = prompts.sample()
    assert {job.kind for job in jobs_of(Backend("claude", "claude-opus-4-5"), sample, 0)} == {"unary", "stream"}
    assert {job.kind for job in jobs_of(Backend("tei", embed_model="bge"), sample, 0)} == {"embed"}
    for backend, kind in ((Backend("llvm", infer_model="linear"), "infer"), (Backend("s3_kit", bucket="b"), "object")):
        jobs = jobs_of(backend, sample, 0)
        assert {job.kind for job in jobs} == {kind}
        assert [job.texts for job in jobs] == [(prompt.text,) for prompt in sample]
        assert sum(job.faults == OUTAGE for job in jobs) == OUTAGE_CALLS
        assert not any(job.faults == CUT for job in jobs)


def test_models_are_chosen_from_the_list_of_the_twin() -> None:
    """The first that chats, and the first that embeds where one does."""
    names = ["omni-moderation-latest", "text-embedding-3-small", "gpt-4.1", "gpt-4.1-mini"]
    assert backend_of("openai", {"chat", "embed"}, names) == BACKEND
    assert backend_of("openai", {"chat"}, names) == Backend("openai", "gpt-4.1")
    assert backend_of("vllm", {"chat", "embed"}, ["qwen"]) == Backend("vllm", "qwen", "qwen")
    assert backend_of("tei", {"embed"}, []) == Backend("tei", "", "simulated")
    assert backend_of("llvm", {"infer", "models"}, ["linear"]) == Backend("llvm", infer_model="linear")
    assert backend_of("ovms", {"chat", "infer"}, ["qwen"]) == Backend("ovms", "qwen")
    assert backend_of("s3_kit", {}, []) == Backend("s3_kit", bucket="demo")
