"""aioboto3 as its users have it, against the S3 twin: what it parses is what the service would have sent."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aioboto3
import aiohttp
import pytest
from aiobotocore.config import AioConfig
from botocore.exceptions import ClientError

from ipfs_accel_async.simulator import Simulator, simulate

pytestmark = pytest.mark.sockets
BUCKET = "models"
PART = 5 * 2**20


@contextlib.asynccontextmanager
async def boto(*, access: str = "AK", bucket: str = BUCKET, **config: Any) -> AsyncIterator[tuple[Any, Simulator]]:
    """A client of aioboto3 that retries nothing, and the twin."""
    async with simulate("s3_kit", keys="AK:secret") as sim:
        made = AioConfig(retries={"total_max_attempts": 1}, **config)
        session = aioboto3.Session(aws_access_key_id=access, aws_secret_access_key="secret", region_name="us-east-1")
        async with session.client("s3", endpoint_url=sim.base_url, config=made) as client:
            if bucket and access == "AK":
                await client.create_bucket(Bucket=bucket)
            yield client, sim


def code(caught: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    """Status and code of an error."""
    told = caught.value.response
    return told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"]


@pytest.mark.parametrize("checksums", ["when_supported", "when_required"])
async def test_an_object_and_its_headers(checksums: str) -> None:
    """Put, head, get, range, copy and delete, with and without checksums."""
    async with boto(request_checksum_calculation=checksums, response_checksum_validation=checksums) as (s3, _):
        put = await s3.put_object(Bucket=BUCKET, Key="a b/ü", Body=b"hello", Metadata={"m": "1"}, ContentType="a/b")
        head = await s3.head_object(Bucket=BUCKET, Key="a b/ü")
        assert (head["ContentLength"], head["Metadata"], head["ContentType"]) == (5, {"m": "1"}, "a/b")
        assert head["ETag"] == put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
        got = await s3.get_object(Bucket=BUCKET, Key="a b/ü", Range="bytes=1-2")
        assert (await got["Body"].read(), got["ContentRange"]) == (b"el", "bytes 1-2/5")
        await s3.copy_object(Bucket=BUCKET, Key="c", CopySource={"Bucket": BUCKET, "Key": "a b/ü"})
        assert await (await s3.get_object(Bucket=BUCKET, Key="c"))["Body"].read() == b"hello"
        await s3.delete_object(Bucket=BUCKET, Key="c")
        assert [one["Key"] for one in (await s3.list_objects_v2(Bucket=BUCKET))["Contents"]] == ["a b/ü"]


async def test_paginators_of_boto() -> None:
    """Both versions of the listing, with a delimiter, and the parts of an upload."""
    keys = ["a", "b/1", "b/2", "c&<d>", "e f"]
    async with boto() as (s3, _):
        for key in keys:
            await s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
        for operation in ("list_objects_v2", "list_objects"):
            pages = s3.get_paginator(operation).paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 2})
            assert [one["Key"] async for page in pages for one in page["Contents"]] == keys
        page = await s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")
        assert [one["Prefix"] for one in page["CommonPrefixes"]] == ["b/"]
        assert page["KeyCount"] == 4
        upload = (await s3.create_multipart_upload(Bucket=BUCKET, Key="k"))["UploadId"]
        for number in (1, 2, 3):
            await s3.upload_part(Bucket=BUCKET, Key="k", UploadId=upload, PartNumber=number, Body=b"x")
        listed = s3.get_paginator("list_parts").paginate(
            Bucket=BUCKET, Key="k", UploadId=upload, PaginationConfig={"PageSize": 2}
        )
        assert [part["PartNumber"] async for page in listed for part in page["Parts"]] == [1, 2, 3]
        assert len((await s3.list_multipart_uploads(Bucket=BUCKET))["Uploads"]) == 1


async def test_multipart_uploads() -> None:
    """Parts make an object whose ETag counts them; parts too small, unknown or out of order are refused."""
    async with boto() as (s3, _):
        place = {"Bucket": BUCKET, "Key": "k"}
        upload = {**place, "UploadId": (await s3.create_multipart_upload(**place, Metadata={"m": "1"}))["UploadId"]}
        etags = {}
        for number, size in ((1, PART), (2, 10), (3, 10)):
            etags[number] = (await s3.upload_part(**upload, PartNumber=number, Body=bytes(size)))["ETag"]

        async def complete(*numbers: int, etag: str = "") -> dict[str, Any]:
            parts = [{"PartNumber": number, "ETag": etag or etags[number]} for number in numbers]
            done: dict[str, Any] = await s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
            return done

        for numbers, etag, expected in (
            ((2, 1), "", "InvalidPartOrder"),
            ((1,), '"other"', "InvalidPart"),
            ((1, 2, 3), "", "EntityTooSmall"),
        ):
            with pytest.raises(ClientError) as caught:
                await complete(*numbers, etag=etag)
            assert code(caught) == (400, expected)
        assert (await complete(1, 3))["ETag"].endswith('-2"')
        assert (await s3.head_object(**place))["ContentLength"] == PART + 10
        with pytest.raises(ClientError) as caught:
            await complete(1, 3)
        assert code(caught) == (404, "NoSuchUpload")


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("get_object", {"Key": "no"}, (404, "NoSuchKey")),
        ("head_object", {"Key": "no"}, (404, "404")),
        ("list_objects_v2", {"Bucket": "no-bucket"}, (404, "NoSuchBucket")),
        ("head_bucket", {"Bucket": "no-bucket"}, (404, "404")),
        ("create_bucket", {}, (409, "BucketAlreadyOwnedByYou")),
        ("delete_bucket", {}, (409, "BucketNotEmpty")),
        ("get_object", {"Key": "k", "Range": "bytes=9-"}, (416, "InvalidRange")),
        ("get_object", {"Key": "k", "IfMatch": '"x"'}, (412, "PreconditionFailed")),
        ("put_object", {"Key": "k", "IfNoneMatch": "*"}, (412, "PreconditionFailed")),
        ("abort_multipart_upload", {"Key": "k", "UploadId": "no"}, (404, "NoSuchUpload")),
        ("copy_object", {"Key": "k", "CopySource": f"{BUCKET}/no"}, (404, "NoSuchKey")),
        ("list_objects_v2", {"ContinuationToken": "%%%"}, (400, "InvalidArgument")),
    ],
)
async def test_refusals_have_the_codes_of_s3(operation: str, params: dict[str, Any], expected: tuple[int, str]) -> None:
    """What boto's users catch by code they can catch here."""
    async with boto() as (s3, _):
        await s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")
        with pytest.raises(ClientError) as caught:
            await getattr(s3, operation)(**{"Bucket": BUCKET, **params})
    assert code(caught) == expected


async def test_who_may_ask() -> None:
    """Another access key is InvalidAccessKeyId, no signature AccessDenied; faults and limits speak XML."""
    async with boto(access="OTHER") as (s3, sim), aiohttp.ClientSession() as plain:
        with pytest.raises(ClientError) as caught:
            await s3.list_buckets()
        assert code(caught) == (403, "InvalidAccessKeyId")
        async with plain.get(sim.base_url) as answer:
            assert (answer.status, "<Code>AccessDenied</Code>" in await answer.text()) == (403, True)
    async with boto() as (s3, sim):
        sim.faults = ["503", "500"]
        for expected in ((503, "SlowDown"), (500, "InternalError")):
            with pytest.raises(ClientError) as caught:
                await s3.list_buckets()
            assert code(caught) == expected
            assert caught.value.response["ResponseMetadata"]["RequestId"]


async def test_bytes_that_do_not_fit_their_checksum() -> None:
    """A CRC32 that is not that of the body is BadDigest."""
    async with boto() as (s3, _):
        with pytest.raises(ClientError) as caught:
            await s3.put_object(Bucket=BUCKET, Key="k", Body=b"x", ChecksumCRC32="AAAAAA==")
    assert code(caught) == (400, "BadDigest")


@pytest.mark.parametrize("body", [b"", b"<x/>", b"<Delete></Delete>", b"<Delete><Object><Key>k</Key></Object>"])
async def test_xml_that_is_none(body: bytes) -> None:
    """It is MalformedXML, not a crash."""
    headers = {"authorization": "AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/s3/aws4_request, Signature=0"}
    async with boto() as (_, sim), aiohttp.ClientSession(headers=headers) as plain:
        async with plain.post(f"{sim.base_url}/{BUCKET}?delete", data=body) as answer:
            assert (answer.status, "<Code>MalformedXML</Code>" in await answer.text()) == (400, True)
