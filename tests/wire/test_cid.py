"""Content identifiers, against the library of their specification."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.wire.cid import cid_of, json_cid


@given(st.binary(max_size=200))
def test_it_equals_the_librarys(block: bytes) -> None:
    """CIDv1, base32, JSON, sha2-256: the same text as multiformats makes, and it reads it back."""
    multiformats = pytest.importorskip("multiformats", reason="the development extra has it")
    digest = hashlib.sha256(block).digest()
    theirs = multiformats.CID("base32", 1, "json", ("sha2-256", digest))
    assert json_cid(block) == cid_of(digest) == str(theirs)
    assert multiformats.CID.decode(json_cid(block)).raw_digest == digest
