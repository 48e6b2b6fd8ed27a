"""The operations of S3 that the handle has a method for, by boto's names (Amazon S3 API reference)."""

from __future__ import annotations

from ipfs_accel_async.providers._batchable import S3_KEYS
from ipfs_accel_async.providers._operation import Operation

ANY = "*"
"""The method of the row whose caller names the operation."""
STREAMED = {"get"}
"""Rows whose answer is an object's bytes."""


def _row(operation: str, fields: tuple[str, ...] = (), *, idempotent: bool = True, note: str = "") -> Operation:
    return Operation(operation, "/", idempotent=idempotent, fields=fields, note=note)


NATIVE = {
    "put": _row("PutObject", ("ETag",), note="bytes, a path or an open file; large ones go in parts"),
    "get": Operation(
        "GetObject",
        "/",
        idempotent=True,
        answer="bytes",
        note="whole or a range; verified where the key ends with a CID",
    ),
    "head": _row("HeadObject"),
    "list": _row("ListObjectsV2", note="one page; `iterate` gives all"),
    "delete": Operation("DeleteObject", "/", idempotent=True, batchable=S3_KEYS),
    "delete_many": _row("DeleteObjects", note="any number, 1,000 a request"),
    "copy": _row("CopyObject", ("CopyObjectResult",)),
    "call": _row(ANY, idempotent=False, note="any other operation of boto, by its name"),
    "buckets.list": _row("ListBuckets", ("Buckets",)),
    "buckets.create": _row("CreateBucket"),
    "buckets.delete": _row("DeleteBucket"),
    "buckets.head": _row("HeadBucket"),
    "multipart.create": _row("CreateMultipartUpload", ("UploadId",)),
    "multipart.part": _row("UploadPart", ("ETag",)),
    "multipart.copy_part": _row("UploadPartCopy", ("CopyPartResult",)),
    "multipart.complete": _row("CompleteMultipartUpload", ("ETag",)),
    "multipart.abort": _row("AbortMultipartUpload"),
    "multipart.list": _row("ListMultipartUploads"),
    "multipart.parts": _row("ListParts"),
}
