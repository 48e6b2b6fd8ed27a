"""Presigned URLs: equal to botocore's, accepted by the twin, and made without a request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import aiohttp
import botocore.auth
import botocore.session
import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import Client
from ipfs_accel_async.errors import ConfigError, InvalidRequestError
from ipfs_accel_async.providers._s3_presign import presigned
from ipfs_accel_async.providers.s3_kit import S3Key
from ipfs_accel_async.wire.s3 import Credentials
from tests.native.s3_kit.twin import BUCKET, s3_mock, s3_twin

NOW = datetime(2026, 11, 21, 12, 34, 56, tzinfo=UTC)
SESSION = botocore.session.Session()


def by_botocore(
    method: str, endpoint: str, key: str, credentials: Credentials, *, style: str, expires: int, params: dict[str, Any]
) -> str:
    """The URL that botocore makes at the same moment."""
    client = SESSION.create_client(
        "s3",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id=credentials.access,
        aws_secret_access_key=credentials.secret,
        aws_session_token=credentials.session or None,
        config=Config(signature_version="s3v4", s3={"addressing_style": style}),
    )
    operation = {"GET": "get_object", "PUT": "put_object", "HEAD": "head_object", "DELETE": "delete_object"}[method]
    with patch.object(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: NOW.replace(tzinfo=None)):
        url: str = client.generate_presigned_url(
            operation, Params={"Bucket": BUCKET, "Key": key, **params}, ExpiresIn=expires, HttpMethod=method
        )
    return url


def parts(url: str) -> tuple[str, list[str]]:
    """A URL without the order of its query, which counts for nothing."""
    head, _, query = url.partition("?")
    return head, sorted(query.split("&"))


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE"])
@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize("session", ["", "token/+=="])
@pytest.mark.parametrize("key", ["k", "a/b c", "ü+%&=~(1)*!'", "a//b/", "é/日本"])
def test_a_url_is_botocores(method: str, style: str, session: str, key: str) -> None:
    """The same signature, whatever the key's characters, with and without a session token."""
    credentials = Credentials("AKID", "secret/+", session)
    for endpoint in ("https://s3.eu-west-1.amazonaws.com", "http://files.test:9000"):
        url = presigned(
            method,
            endpoint,
            BUCKET,
            key,
            credentials=credentials,
            region="eu-west-1",
            virtual=style == "virtual",
            now=NOW,
            expires=90,
            query={},
            headers={},
        )
        theirs = by_botocore(method, endpoint, key, credentials, style=style, expires=90, params={})
        assert parts(url) == parts(theirs)


def test_headers_and_parameters_are_signed_too() -> None:
    """A content type that must be sent, and headers that the answer shall have."""
    credentials = Credentials("AKID", "secret")
    common: dict[str, Any] = {"credentials": credentials, "region": "eu-west-1", "virtual": False, "now": NOW}
    put = presigned(
        "PUT", "http://h", BUCKET, "k", expires=9, query={}, headers={"Content-Type": "image/png"}, **common
    )
    theirs = by_botocore(
        "PUT", "http://h", "k", credentials, style="path", expires=9, params={"ContentType": "image/png"}
    )
    assert parts(put) == parts(theirs)
    shown = {"response-content-disposition": 'attachment; filename="a b"'}
    got = presigned("GET", "http://h", BUCKET, "k", expires=9, query=shown, headers={}, **common)
    asked = {"ResponseContentDisposition": shown["response-content-disposition"]}
    assert parts(got) == parts(by_botocore("GET", "http://h", "k", credentials, style="path", expires=9, params=asked))


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20))
def test_any_key_is_botocores(key: str) -> None:
    """Quoting is that of the signature's specification for every character."""
    credentials = Credentials("AKID", "secret")
    common: dict[str, Any] = {"credentials": credentials, "region": "eu-west-1", "virtual": False, "now": NOW}
    ours = presigned("GET", "http://h", BUCKET, key, expires=9, query={}, headers={}, **common)
    assert parts(ours) == parts(by_botocore("GET", "http://h", key, credentials, style="path", expires=9, params={}))


@pytest.mark.sockets
async def test_whoever_has_the_url_may_read_and_write() -> None:
    """A plain HTTP client puts and gets with it; signing asked the service for nothing."""
    async with s3_twin() as twin, aiohttp.ClientSession() as plain:
        put = await twin.s3.presign(BUCKET, "a b/ü", "PUT", expires=60)
        got = await twin.s3.presign(BUCKET, "a b/ü")
        assert twin.paths() == []
        assert (await plain.put(put, data=b"hello")).status == 200
        async with plain.get(got) as answer:
            assert await answer.read() == b"hello"
        async with plain.get(got.replace("X-Amz-Signature", "X-Other")) as answer:
            assert answer.status == 403


async def test_without_a_key_there_is_nothing_to_sign_with() -> None:
    """A ConfigError says so; a callable that gives the key anew is asked."""
    mock = Client(providers={"s3_kit": {"options": {"profile": "work"}}})
    with pytest.raises(ConfigError, match="needs a key to sign with"):
        await mock.s3_kit.presign(BUCKET, "k")

    async def fresh() -> str:
        return "FRESH:secret:session"

    async with Client(keys={"s3_kit": fresh}) as ai:
        url = await ai.s3_kit.presign(BUCKET, "k")
        dotted = await ai.s3_kit.presign("my.bucket", "k")
    assert url.startswith(f"https://{BUCKET}.s3.amazonaws.com/k?")
    assert dotted.startswith("https://s3.amazonaws.com/my.bucket/k?")
    assert "FRESH" in url
    assert "X-Amz-Security-Token=session" in url


async def test_the_secret_is_not_in_the_url() -> None:
    """Only the access key is, as it must be."""
    async with Client(keys={"s3_kit": S3Key("test:tester", "canary-secret")}) as ai:
        url = await ai.s3_kit.presign(BUCKET, "k")
    assert "test%3Atester" in url
    assert "canary" not in url


@pytest.mark.parametrize("expires", [0, -1, 7 * 24 * 3600 + 1, True, 1.5, "60"])
async def test_how_long_a_url_may_live(expires: Any) -> None:
    """From a second to a week."""
    async with s3_mock() as (s3, _):
        with pytest.raises(InvalidRequestError, match="seconds from 1 to 604800"):
            await s3.presign(BUCKET, "k", expires=expires)
