"""What the headers of an object say of it, under boto's names: the same for GET and HEAD."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Headers

_NAMES = {
    "etag": "ETag",
    "content-type": "ContentType",
    "content-range": "ContentRange",
    "content-encoding": "ContentEncoding",
    "cache-control": "CacheControl",
    "last-modified": "LastModified",
    "x-amz-version-id": "VersionId",
    "x-amz-storage-class": "StorageClass",
    "x-amz-checksum-crc32": "ChecksumCRC32",
    "x-amz-checksum-crc32c": "ChecksumCRC32C",
    "x-amz-checksum-crc64nvme": "ChecksumCRC64NVME",
    "x-amz-checksum-sha1": "ChecksumSHA1",
    "x-amz-checksum-sha256": "ChecksumSHA256",
}
_METADATA = "x-amz-meta-"


def described(headers: Headers) -> dict[str, Any]:
    """Fields of an object by boto's names, times as they came."""
    found: dict[str, Any] = {"Metadata": {}}
    for name, value in headers:
        if name in _NAMES:
            found[_NAMES[name]] = value
        elif name.startswith(_METADATA):
            found["Metadata"][name.removeprefix(_METADATA)] = value
        elif name == "content-length" and value.isdigit():
            found["ContentLength"] = int(value)
    return found
