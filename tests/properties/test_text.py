"""What texts become: one segment of a path, and errors without a key (invariants 12 and 13)."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipfs_accel_async import Client
from ipfs_accel_async.errors import AccelError, ConfigError, InvalidRequestError, ServerError
from ipfs_accel_async.keys import Secret
from tests.providers.codecs import CODECS, KEY, recorded_call

OPERATIONS = [(name, operation) for name, codec in CODECS.items() for operation in codec.operations]
UNPLEASANT = (".", "..", "a/../b", "%2e%2e", "a?b", "a#b", "a\\b", "a:generateContent", "é", "a b", "@evil", "//evil")
ADDRESSES = {name: f"http://{name.replace('_', '-')}.test:81/base" for name in CODECS}


@pytest.fixture(scope="module")
def ai() -> Client:
    """A client that knows every provider; it sends nothing."""
    return Client(base_urls=ADDRESSES, keys=dict.fromkeys(CODECS, KEY))


def segments(url: str) -> list[str]:
    """The segments of a URL's path, as they stand."""
    return urlsplit(url).path.split("/")


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
@settings(max_examples=30)
@given(model=st.text(min_size=1, max_size=12) | st.sampled_from(UNPLEASANT))
@example(model="../../admin")
def test_a_model_is_one_segment_or_is_refused(ai: Client, name: str, operation: str, model: str) -> None:
    """Whatever it is called, the host and all other segments stay as they are, and no segment is a dot segment."""
    codec = CODECS[name]
    call = recorded_call(name, operation)
    plain = codec.build_request(replace(call, target=replace(call.target, model="plain")), Secret(KEY)).url
    try:
        target = ai._engine.target(f"{name}:{model}", operation)
        url = codec.build_request(replace(call, target=replace(call.target, model=target.model)), Secret(KEY)).url
    except (ConfigError, InvalidRequestError):
        return
    assert urlsplit(url).netloc == urlsplit(plain).netloc
    assert urlsplit(url).query == urlsplit(plain).query
    was, now = segments(plain), segments(url)
    assert not {".", ".."} & {unquote(segment) for segment in now}
    if name != "gemini":  # whose models may be named with their collection: tunedModels/x
        assert len(now) == len(was)
        changed = {unquote(new) for old, new in zip(was, now, strict=True) if old != new}
        assert changed <= {target.model} | {unquote(old).replace("plain", target.model) for old in was}


SENDABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12)


@given(SENDABLE, st.lists(st.text(max_size=8), min_size=1, max_size=5), st.data())
@example("sk-x.", ["sk-x", ""], None)
def test_a_redacted_error_has_no_key_in_it(key: str, around: list[str], data: st.DataObject | None) -> None:
    """However often it stood there, also where what is left would make it up again; a second time changes nothing."""
    text = key.join(around)
    if data is not None and len(key) > 1:
        cut = data.draw(st.integers(0, len(key)))
        text += key[:cut] + key + key[cut:]
    error = ServerError(text, code=text, provider_request_id=text)
    error.redact(key)
    once = (error.message, *error.args, error.code, error.provider_request_id)
    assert key not in str(error)
    assert all(key not in str(part) for part in once)
    error.redact(key)
    assert once == (error.message, *error.args, error.code, error.provider_request_id)


@given(st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), max_size=30))
def test_without_a_key_nothing_is_cut_out(text: str) -> None:
    """A token that could not be fetched is empty: its error stays readable."""
    error = AccelError(text)
    error.redact("")
    assert error.message == text
