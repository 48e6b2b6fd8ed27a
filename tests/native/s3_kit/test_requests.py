"""Every method of the handle: which operation it sends, with which parameters, under which headers."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.native.s3_kit import S3KitHandle
from tests.native.s3_kit.twin import KEY, s3_mock

ETAG = {"ETag": '"e"'}
PART = {"PartNumber": 1, "ETag": '"e"'}
Act = Callable[[S3KitHandle], Awaitable[Any]]
CALLS: list[tuple[Act, Any, str, dict[str, Any]]] = [
    (lambda s3: s3.put("b", "k", b"x"), ETAG, "PutObject", {"Bucket": "b", "Key": "k"}),
    (
        lambda s3: s3.put("b", "k", b"x", metadata={"m": "1"}, content_type="a/b", checksum="SHA256", IfNoneMatch="*"),
        ETAG,
        "PutObject",
        {
            "Bucket": "b",
            "Key": "k",
            "Metadata": {"m": "1"},
            "ContentType": "a/b",
            "ChecksumAlgorithm": "SHA256",
            "IfNoneMatch": "*",
        },
    ),
    (
        lambda s3: s3.mkdir("b", "a/b"),
        ETAG,
        "PutObject",
        {"Bucket": "b", "Key": "a/b/", "ContentType": "application/x-directory"},
    ),
    (lambda s3: s3.get("b", "k"), {}, "GetObject", {"Bucket": "b", "Key": "k"}),
    (lambda s3: s3.get("b", "k", offset=5), {}, "GetObject", {"Bucket": "b", "Key": "k", "Range": "bytes=5-"}),
    (
        lambda s3: s3.get("b", "k", offset=5, length=2),
        {},
        "GetObject",
        {"Bucket": "b", "Key": "k", "Range": "bytes=5-6"},
    ),
    (lambda s3: s3.get("b", "k", length=1), {}, "GetObject", {"Bucket": "b", "Key": "k", "Range": "bytes=0-0"}),
    (lambda s3: s3.get("b", "k", offset=-3), {}, "GetObject", {"Bucket": "b", "Key": "k", "Range": "bytes=-3"}),
    (lambda s3: s3.get("b", "k", VersionId="v"), {}, "GetObject", {"Bucket": "b", "Key": "k", "VersionId": "v"}),
    (lambda s3: s3.head("b", "k"), {}, "HeadObject", {"Bucket": "b", "Key": "k"}),
    (lambda s3: s3.exists("b", "k"), {}, "HeadObject", {"Bucket": "b", "Key": "k"}),
    (lambda s3: s3.list("b"), {}, "ListObjectsV2", {"Bucket": "b", "MaxKeys": 1000}),
    (
        lambda s3: s3.list("b", "p", delimiter="/", limit=5, token="t", after="a"),
        {},
        "ListObjectsV2",
        {"Bucket": "b", "Prefix": "p", "Delimiter": "/", "MaxKeys": 5, "ContinuationToken": "t", "StartAfter": "a"},
    ),
    (lambda s3: s3.delete("b", "k"), {}, "DeleteObject", {"Bucket": "b", "Key": "k"}),
    (
        lambda s3: s3.delete_many("b", ["k", "l"]),
        {},
        "DeleteObjects",
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}, {"Key": "l"}], "Quiet": True}},
    ),
    (
        lambda s3: s3.copy("b", "k", "c", "l"),
        {"CopyObjectResult": ETAG},
        "CopyObject",
        {"Bucket": "c", "Key": "l", "CopySource": {"Bucket": "b", "Key": "k"}},
    ),
    (
        lambda s3: s3.copy("b", "k", "c", "l", metadata={}),
        {"CopyObjectResult": ETAG},
        "CopyObject",
        {
            "Bucket": "c",
            "Key": "l",
            "CopySource": {"Bucket": "b", "Key": "k"},
            "Metadata": {},
            "MetadataDirective": "REPLACE",
        },
    ),
    (lambda s3: s3.call("GetBucketTagging", Bucket="b"), {}, "GetBucketTagging", {"Bucket": "b"}),
    (lambda s3: s3.buckets.list(), {"Buckets": []}, "ListBuckets", {}),
    (lambda s3: s3.buckets.create("b"), {}, "CreateBucket", {"Bucket": "b"}),
    (
        lambda s3: s3.buckets.create("b", region="eu-west-1"),
        {},
        "CreateBucket",
        {"Bucket": "b", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}},
    ),
    (lambda s3: s3.buckets.delete("b"), {}, "DeleteBucket", {"Bucket": "b"}),
    (lambda s3: s3.buckets.head("b"), {}, "HeadBucket", {"Bucket": "b"}),
    (lambda s3: s3.buckets.exists("b"), {}, "HeadBucket", {"Bucket": "b"}),
    (
        lambda s3: s3.multipart.create("b", "k", ContentType="a/b"),
        {"UploadId": "u"},
        "CreateMultipartUpload",
        {"Bucket": "b", "Key": "k", "ContentType": "a/b"},
    ),
    (
        lambda s3: s3.multipart.part("b", "k", "u", 1, b"x"),
        ETAG,
        "UploadPart",
        {"Bucket": "b", "Key": "k", "UploadId": "u", "PartNumber": 1},
    ),
    (
        lambda s3: s3.multipart.copy_part("b", "k", "u", 1, {"Bucket": "c", "Key": "l"}, "bytes=0-9"),
        {"CopyPartResult": ETAG},
        "UploadPartCopy",
        {
            "Bucket": "b",
            "Key": "k",
            "UploadId": "u",
            "PartNumber": 1,
            "CopySource": {"Bucket": "c", "Key": "l"},
            "CopySourceRange": "bytes=0-9",
        },
    ),
    (
        lambda s3: s3.multipart.complete("b", "k", "u", [PART]),
        ETAG,
        "CompleteMultipartUpload",
        {"Bucket": "b", "Key": "k", "UploadId": "u", "MultipartUpload": {"Parts": [PART]}},
    ),
    (
        lambda s3: s3.multipart.abort("b", "k", "u"),
        {},
        "AbortMultipartUpload",
        {"Bucket": "b", "Key": "k", "UploadId": "u"},
    ),
    (lambda s3: s3.multipart.list("b", "p"), {}, "ListMultipartUploads", {"Bucket": "b", "Prefix": "p"}),
    (lambda s3: s3.multipart.parts("b", "k", "u"), {}, "ListParts", {"Bucket": "b", "Key": "k", "UploadId": "u"}),
]


@pytest.mark.parametrize(("act", "answer", "operation", "params"), CALLS)
async def test_a_method_is_one_operation(act: Act, answer: Any, operation: str, params: dict[str, Any]) -> None:
    """One request with exactly these parameters; credentials in one header, options beside it, nothing in the URL."""
    async with s3_mock(answer) as (s3, requests):
        await act(s3)
    (request,) = requests
    assert (request.method, dict(request.params)) == (operation, params)
    assert request.url == "s3+http://s3.test:9000"
    assert request.body == (b"x" if operation in {"PutObject", "UploadPart"} and params["Key"] == "k" else b"")
    headers = dict(request.headers)
    assert headers[b"authorization"] == f"S3 {KEY}".encode()
    assert (headers[b"s3-addressing"], headers[b"s3-region"]) == (b"path", b"us-east-1")
    assert b"s3-limit" not in headers


async def test_a_stream_has_no_cap() -> None:
    """Streaming asks for the same operation, without the cap on answers that are read whole."""
    async with s3_mock() as (s3, requests), s3.stream("b", "k", offset=2, IfMatch="e") as stream:
        assert await stream.collect() == b"{}"
    assert dict(requests[0].params) == {"Bucket": "b", "Key": "k", "Range": "bytes=2-", "IfMatch": "e"}
    assert (b"s3-limit", b"none") in requests[0].headers


async def test_a_large_copy_goes_in_parts() -> None:
    """What is known to be over 5 GiB is copied part by part, in the service."""
    answer = {"UploadId": "u", "CopyPartResult": ETAG, **ETAG}
    async with s3_mock(answer) as (s3, requests):
        made = await s3.copy("b", "k", "c", "l", size=6 * 2**30)
    assert made.size == 6 * 2**30
    spans = sorted(dict(one.params)["CopySourceRange"] for one in requests if one.method == "UploadPartCopy")
    assert (len(spans), spans[0]) == (12, "bytes=0-536870911")
    assert f"bytes={11 * 2**29}-{6 * 2**30 - 1}" in spans
    last = requests[-1]
    assert last.method == "CompleteMultipartUpload"
    assert [part["PartNumber"] for part in last.params["MultipartUpload"]["Parts"]] == list(range(1, 13))


async def test_any_operation_through_the_client() -> None:
    """``client.request`` takes boto's names too."""
    async with s3_mock({"Status": "Enabled"}) as (s3, requests):
        answer = await s3.call("PutObjectTagging", body=b"x", Bucket="b", Key="k")
    assert (requests[0].method, requests[0].body, answer["Status"]) == ("PutObjectTagging", b"x", "Enabled")


BAD: list[tuple[Act, str]] = [
    (lambda s3: s3.put("", "k", b""), "bucket"),
    (lambda s3: s3.put("b", "", b""), "key"),
    (lambda s3: s3.put("b", "k" * 1025, b""), "1024"),
    (lambda s3: s3.put("b", "a\0b", b""), "NUL"),
    (lambda s3: s3.put("b", "k", 7), "bytes, a path or an open file, not int"),  # type: ignore[arg-type]
    (lambda s3: s3.put("b", "k", b"", part_size=1), "part_size"),
    (lambda s3: s3.put("b", "k", "/nowhere/at/all"), "cannot be read: No such file"),
    (lambda s3: s3.put("b", "k", "/"), "cannot be read: Is a directory"),
    (lambda s3: s3.get("b", "k", length=0), "range"),
    (lambda s3: s3.get("b", "k", offset=-5, length=2), "from the end"),
    (lambda s3: s3.get("b", "k", verify=True), "CID"),
    (lambda s3: s3.delete_many("b", ["a", ""]), "key"),
    (lambda s3: s3.presign("b", "k", "POST"), "GET, PUT"),
    (lambda s3: s3.presign("b", "k", expires=0), "expires"),
    (lambda s3: s3.presign("b", "k", expires=8 * 24 * 3600), "expires"),
    (lambda s3: s3.presign("", "k"), "bucket"),
    (lambda s3: s3.sync("/nowhere/at/all", "b"), "no directory"),
    (lambda s3: s3.sync(".", "b", "", "sideways"), "direction"),  # type: ignore[arg-type]
    (lambda s3: s3.save_model("/nowhere/at/all", "b", "m"), "no directory"),
    (lambda s3: s3.endpoints("http://other:1").put("b", "k", io.BytesIO()), "read once"),
]


@pytest.mark.parametrize(("act", "message"), BAD)
async def test_what_cannot_be_sent_is_refused_before(act: Act, message: str) -> None:
    """A wrong argument is an InvalidRequestError that names it; nothing is sent."""
    async with s3_mock() as (s3, requests):
        with pytest.raises(InvalidRequestError, match=message):
            await act(s3)
    assert requests == []
