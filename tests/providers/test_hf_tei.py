"""The TEI codec: texts to vectors, and the one model."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.answers import Embeddings, ModelList, Usage
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.hf_tei import codec
from ipfs_accel_async.types import EmbedRequest, NativeRequest
from tests.providers.recorded import call_of, fixture, recorded_response, response

EMBED = call_of(codec, EmbedRequest(("alpha", "beta")), "embed")


@pytest.mark.parametrize("written", ["http://h:3000", "http://h:3000/embed", "http://h:3000/v1/embeddings"])
def test_base_urls_as_people_write_them(written: str) -> None:
    """The root of the server."""
    assert codec.normalize_url(written) == "http://h:3000"


def test_a_key_is_sent_where_there_is_one() -> None:
    """A server of one's own needs none."""
    assert not codec.key_required
    assert b"authorization" not in dict(codec.build_request(EMBED, None).headers)
    assert dict(codec.build_request(EMBED, Secret("hf_k")).headers)[b"authorization"] == b"Bearer hf_k"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {
            "normalize": False,
            "truncate": True,
            "truncation_direction": "Left",
            "dimensions": 64,
            "prompt_name": "query",
        },
    ],
)
def test_the_body_is_texts_and_what_is_asked_for(params: dict[str, Any]) -> None:
    """A list even for one text, and nothing that was not set: the server's own defaults hold."""
    request = codec.build_request(call_of(codec, EmbedRequest(("a",), params), "embed"), None)
    assert (request.method, request.url) == ("POST", "http://localhost:3000/embed")
    assert json.loads(request.body) == {"inputs": ["a"], **params}


def test_vectors_come_as_they_are() -> None:
    """Row by row the numbers of the answer, not normalised again; the count of tokens is in a header."""
    answer = codec.parse_response(EMBED, recorded_response("hf_tei", "embed"))
    assert isinstance(answer, Embeddings)
    np.testing.assert_array_equal(answer.vectors, np.array(fixture("hf_tei", "embed")["body"], np.float32))
    assert answer.usage == Usage(7, 0, 7)
    assert answer.raw == fixture("hf_tei", "embed")["body"]


@pytest.mark.parametrize("told", [None, "", "-1", "many", "9" * 40])
def test_a_count_that_makes_no_sense_is_none(told: str | None) -> None:
    """It never fails the call."""
    headers = {} if told is None else {"x-compute-tokens": told}
    assert codec.parse_response(EMBED, response(200, [[1.0], [2.0]], headers)).usage == Usage()


@pytest.mark.parametrize(
    "body",
    [
        [[0.1, 0.2]],
        [[0.1, 0.2], [0.3]],
        [[0.1, 0.2], []],
        [[], []],
        [0.1, 0.2],
        [[[0.1, 0.2]], [[0.3, 0.4]]],
        [[0.1, None], [0.2, 0.3]],
        [[0.1, 1e300], [0.2, 0.3]],
        [[0.1, "x"], [0.2, 0.3]],
        [{"embedding": [0.1]}, {"embedding": [0.2]}],
        {"embeddings": [[0.1], [0.2]]},
    ],
)
def test_what_is_no_matrix_is_refused(body: Any) -> None:
    """Too few, ragged, one vector for all, one a token, null, beyond float32, no number."""
    with pytest.raises(errors.ResponseValidationError) as caught:
        codec.parse_response(EMBED, response(200, body))
    assert "\n" not in str(caught.value)


def test_the_one_model_tells_the_limits() -> None:
    """Its id, and in `raw` how many texts a request may bring."""
    answer = codec.parse_response(call_of(codec, NativeRequest(), "models"), recorded_response("hf_tei", "models"))
    assert isinstance(answer, ModelList)
    (model,) = answer.models
    assert (model.id, model.raw["max_client_batch_size"]) == ("BAAI/bge-small-en-v1.5", 32)
