"""Our requests on the wire against recordings of aiobotocore's, where a copy lies beside the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.transport.s3_peer import a_request, read_all, s3_peer, s3_transport

BESIDE = Path(__file__).resolve().parents[3]
COPIES = sorted(BESIDE.glob("*/reference/specs/captures/aiobotocore-s3.json"))
pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(not COPIES, reason="no recording of aiobotocore beside the repository"),
]
PLACE = {"Bucket": "b", "Key": "k"}
UPLOAD = {**PLACE, "UploadId": "U"}
CALLS: list[tuple[str, dict[str, Any], bytes]] = [
    ("ListBuckets", {}, b""),
    ("PutObject", {**PLACE, "Metadata": {"a": "1"}}, b"abc"),
    ("GetObject", {**PLACE, "Range": "bytes=0-2"}, b""),
    ("HeadObject", PLACE, b""),
    ("ListObjectsV2", {"Bucket": "b", "Prefix": "p/"}, b""),
    ("CreateMultipartUpload", PLACE, b""),
    ("UploadPart", {**UPLOAD, "PartNumber": 1}, b"x" * 10),
    ("CompleteMultipartUpload", {**UPLOAD, "MultipartUpload": {"Parts": [{"ETag": '"e"', "PartNumber": 1}]}}, b""),
    ("CopyObject", {"Bucket": "b", "Key": "k2", "CopySource": {"Bucket": "b", "Key": "k"}}, b""),
    ("DeleteObject", PLACE, b""),
    ("DeleteObjects", {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}]}}, b""),
]
UNEQUAL = {"host", "user-agent", "x-amz-date", "authorization", "amz-sdk-invocation-id", "amz-sdk-request"}
"""Of the machine, the moment and the version."""
LEFT_OUT = {"expect"}
OURS = {"x-request-id", "content-md5"}


@pytest.mark.parametrize("number", range(len(CALLS)))
async def test_a_request_is_aiobotocores(number: int) -> None:
    """Method, target, headers and body are those of the recording, but for what we add and the Expect we leave out."""
    recorded = json.loads(COPIES[0].read_text("utf-8"))["requests"][number]
    operation, params, body = CALLS[number]
    async with (
        s3_peer(lambda _: web.Response(text="<x/>", content_type="application/xml")) as peer,
        s3_transport() as s3,
    ):
        await read_all(await s3.send(a_request(peer.url, operation, body, **params)))
    (seen,) = peer.seen
    theirs = {name.lower(): value for name, value in recorded["headers"]}
    assert (seen.method, query_sorted(seen.target)) == (recorded["method"], query_sorted(recorded["target"]))
    assert seen.body.decode() == (recorded["body"] or "")
    ours = {name: value for name, value in seen.headers.items() if name not in UNEQUAL | OURS}
    assert ours == {name: value for name, value in theirs.items() if name not in UNEQUAL | LEFT_OUT}


def query_sorted(target: str) -> tuple[str, list[str]]:
    """A target without the order of its query."""
    path, _, query = target.partition("?")
    return path, sorted(query.split("&"))
