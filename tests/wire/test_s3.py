"""Credentials of S3 as the text of one key, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.wire.s3 import OPTIONS, Credentials, joined, split

PART = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)


@given(PART, PART, PART | st.just(""))
def test_credentials_survive_being_one_key(access: str, secret: str, session: str) -> None:
    """Whatever characters the three have, colons and percent signs included, they come back as they were."""
    assert split(joined(Credentials(access, secret, session))) == (access, secret, session)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("AK:SK", ("AK", "SK", "")),
        ("AK:S/K+=%41", ("AK", "S/K+=%41", "")),
        ("AK:SK:a:b", ("AK", "SK", "a:b")),
        (":test%3Atester:testing", ("test:tester", "testing", "")),
    ],
)
def test_a_key_is_read_as_users_write_it(key: str, expected: tuple[str, str, str]) -> None:
    """Colons separate, nothing is unquoted, unless a leading colon says that the parts are quoted."""
    assert split(key) == expected


@pytest.mark.parametrize("key", ["", ":", "::", "only-one", "AK:", ":SK", "AK::session", "AK:SECRET-CANARY:"])
def test_what_is_no_key_is_refused_without_showing_it(key: str) -> None:
    """A key of another form is a ConfigError that names the form and has nothing of the key."""
    with pytest.raises(ConfigError, match="ACCESS:SECRET") as caught:
        split(key)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("parts", [("", "s"), ("a", "")])
def test_empty_credentials_make_no_key(parts: tuple[str, str]) -> None:
    """Neither the access key nor the secret may be empty."""
    with pytest.raises(ConfigError, match="ACCESS:SECRET"):
        joined(Credentials(*parts))


def test_credentials_do_not_show_themselves() -> None:
    """Neither repr nor str of credentials has a part of them."""
    shown = repr(Credentials("AK", "CANARY", "TOKEN"))
    assert shown == str(Credentials("AK", "CANARY", "TOKEN")) == "Credentials(...)"


def test_options_cannot_be_mistaken_for_headers_of_s3() -> None:
    """Every option has a prefix that no header of S3 has."""
    assert all(name.startswith("s3-") for name in OPTIONS)
