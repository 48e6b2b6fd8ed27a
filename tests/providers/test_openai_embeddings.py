"""The OpenAI codec: embeddings in base64 and as lists."""

from __future__ import annotations

import struct
from base64 import b64encode
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.answers import Embeddings, Usage
from ipfs_accel_async.errors import (
    ResponseValidationError,
)
from ipfs_accel_async.providers.openai import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest
from tests.providers.openai_calls import HELLO
from tests.providers.recorded import call_of, response

CHAT = ChatRequest((HELLO,))


def embedded(items: list[Any], count: int) -> Embeddings:
    """Our reading of an embeddings answer."""
    call = call_of(codec, EmbedRequest(("t",) * count), "embed")
    answer = codec.parse_response(call, response(200, {"data": items, "model": "e", "usage": {"prompt_tokens": 2}}))
    assert isinstance(answer, Embeddings)
    return answer


def in_base64(values: list[float]) -> str:
    """Numbers as little-endian float32 in base64."""
    return b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


@given(
    st.integers(1, 5).flatmap(
        lambda d: st.lists(
            st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=d, max_size=d),
            min_size=1,
            max_size=6,
        )
    ),
    st.randoms(use_true_random=False),
)
def test_embeddings_in_either_encoding_and_any_order(rows: list[list[float]], rng: Any) -> None:
    """Base64 and lists of numbers give the same float32 rows, placed by index."""
    order = list(range(len(rows)))
    rng.shuffle(order)
    packed = embedded([{"index": at, "embedding": in_base64(rows[at])} for at in order], len(rows))
    listed = embedded([{"index": at, "embedding": rows[at]} for at in order], len(rows))
    expected = np.array(rows, np.float32)
    np.testing.assert_array_equal(packed.vectors, expected)
    np.testing.assert_array_equal(listed.vectors, expected)
    assert packed.vectors.flags.writeable
    assert packed.usage == Usage(2, 0, 2)


ONE = {"index": 0, "embedding": [1.0, 2.0]}


@pytest.mark.parametrize(
    "items",
    [
        [ONE],
        [ONE, ONE],
        [ONE, {"index": 2, "embedding": [1.0, 2.0]}],
        [ONE, {"index": -1, "embedding": [1.0, 2.0]}],
        [ONE, {"index": 1, "embedding": [1.0]}],
        [ONE, {"index": 1, "embedding": [1.0, "x"]}],
        [ONE, {"index": 1, "embedding": [[1.0, 2.0]]}],
        [ONE, {"index": 1, "embedding": "AAA="}],
        [ONE, {"index": 1, "embedding": "not base64!"}],
        [ONE, {"index": 1, "embedding": None}],
        [ONE, {"index": 1, "embedding": [1.0, None]}],
        [ONE, {"index": 1, "embedding": [1.0, 1e300]}],
        [ONE, {"index": 1}],
        [ONE, 7],
        [{"index": 0, "embedding": []}, {"index": 1, "embedding": []}],
        {"0": ONE, "1": ONE},
    ],
)
def test_vectors_that_do_not_fit_are_refused(items: Any) -> None:
    """Wrong count, an index twice or out of range, ragged rows, no numbers: an error, never a wrong row."""
    with pytest.raises(ResponseValidationError, match="data"):
        embedded(items, 2)
