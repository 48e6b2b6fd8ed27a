"""Keys that are several values: two variables, or an object of the credentials file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ipfs_accel_async import ConfigError, registry
from ipfs_accel_async.config import settings
from ipfs_accel_async.credentials import CredentialsFile, Found, look_up, missing_key
from tests.credentials import written

CODEC = registry.codec("s3_kit")


def find(env: dict[str, str] | None = None, file: CredentialsFile | None = None) -> Found:
    """What the look-up finds for S3."""
    return look_up(CODEC, None, None, settings({}, {}, "s3_kit"), file or CredentialsFile(), env or {})


def revealed(found: Found) -> list[str]:
    """The keys that were found."""
    return [key.reveal() for key in found.keys or ()]


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "s"}, ["a:s"]),
        ({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": " s "}, ["a:s"]),
        ({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}, ["a:s:t"]),
        ({"S3_ACCESS_KEY": "test:tester", "S3_SECRET_KEY": "s"}, [":test%3Atester:s"]),
        (
            {"S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "s", "AWS_ACCESS_KEY_ID": "b", "AWS_SECRET_ACCESS_KEY": "t"},
            ["a:s"],
        ),
        (
            {"S3_ACCESS_KEY_1": "a", "S3_SECRET_KEY_1": "s", "S3_ACCESS_KEY_2": "b", "S3_SECRET_KEY_2": "t"},
            ["a:s", "b:t"],
        ),
        ({"S3_SECRET_KEY": "s"}, []),
    ],
)
def test_two_variables_are_one_key(env: dict[str, str], expected: list[str]) -> None:
    """Access key and secret, with a session token where there is one; S3's own names come before Amazon's."""
    found = find(env)
    assert revealed(found) == expected
    assert not expected or found.keys_from.startswith(("S3_ACCESS_KEY", "AWS_ACCESS_KEY_ID"))


def test_half_a_key_is_an_error_that_names_the_other_half() -> None:
    """An access key without its secret is no key."""
    with pytest.raises(ConfigError, match="AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not"):
        find({"AWS_ACCESS_KEY_ID": "CANARY"})
    assert "S3_ACCESS_KEY and S3_SECRET_KEY" in str(missing_key(CODEC))


@pytest.mark.parametrize("name", ["S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
def test_addresses_in_the_environment(name: str) -> None:
    """Each name of an endpoint is looked at."""
    assert find({name: "http://h:9000/"}).base_url == "http://h:9000"


@pytest.mark.parametrize(
    "content",
    [
        {"s3_kit": {"accessKey": "a", "secretKey": "s", "endpoint": "http://h:9"}},
        {"s3cfg": {"accessKey": "a", "secretKey": "s", "endpoint": "http://h:9"}},
        {"s3_kit": {"aws_access_key_id": "a", "aws_secret_access_key": "s", "endpoint_url": "http://h:9"}},
        {"s3_kit": {"keys": ["a:s"], "base_url": "http://h:9"}},
        {"s3_kit": "a:s", "s3_endpoint": "http://h:9"},
        {"s3_access_key": "a", "s3_secret_key": "s", "s3_endpoint": "http://h:9"},
    ],
)
def test_the_credentials_file_in_every_naming(content: Any, tmp_path: Path) -> None:
    """Nested under several names, flat, and as all other providers have it."""
    found = find(file=written(tmp_path, content))
    assert (revealed(found), found.base_url) == (["a:s"], "http://h:9")


def test_half_a_key_in_the_file(tmp_path: Path) -> None:
    """It is refused without being shown."""
    with pytest.raises(ConfigError) as caught:
        find(file=written(tmp_path, {"s3_kit": {"accessKey": "CANARY"}}))
    assert "CANARY" not in str(caught.value)
