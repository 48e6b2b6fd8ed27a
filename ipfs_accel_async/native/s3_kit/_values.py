"""What the S3 handle gives back: frozen, slotted values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import AccelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.answers import NativeAnswer

Progress = "Callable[[int, int | None], None]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """An object, without its bytes.

    Args:
        bucket: Where it is.
        key: Its name there.
        size: Bytes.
        etag: Without quotes; an MD5 only where it was sent in one piece.
        modified: When it was written; None where the answer does not say.
        content_type: Media type.
        metadata: Its writer's own, names in lower case.
        version: Version id, in buckets that keep versions.
        checksums: By name, such as ``ChecksumSHA256``, base64.
        cid: Its CID, where it was put or verified by one.
        answer: The answer itself: ids, attempts, all fields.
    """

    bucket: str
    key: str
    size: int = 0
    etag: str = ""
    modified: datetime | None = None
    content_type: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    checksums: Mapping[str, str] = field(default_factory=dict)
    cid: str = ""
    answer: NativeAnswer | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject(ObjectInfo):
    """An object with its bytes, or a range of them."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing.

    Args:
        objects: In the order of their keys.
        prefixes: What keys have in common up to the delimiter, where one was given.
        token: Asks for the next page; empty on the last.
    """

    objects: tuple[ObjectInfo, ...]
    prefixes: tuple[str, ...] = ()
    token: str = ""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and when it was made."""

    name: str
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Whether an endpoint answers.

    Args:
        ok: It lists its buckets.
        endpoint: Its base URL.
        buckets: Their names.
        error: Why it is not ok.
    """

    ok: bool
    endpoint: str
    buckets: tuple[str, ...] = ()
    error: AccelError | None = None


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a transfer of a directory did: keys in order, and the bytes that were sent."""

    transferred: tuple[str, ...]
    unchanged: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    size: int = 0


class PartialFailureError(AccelError):
    """Some of several operations failed.

    Attributes:
        succeeded: What was done: results by key or endpoint.
        failures: The error of each of the others.
    """

    def __init__(self, message: str, succeeded: Mapping[str, Any], failures: Mapping[str, AccelError]) -> None:
        super().__init__(message, provider="s3_kit")
        self.succeeded = dict(succeeded)
        self.failures = dict(failures)


def info_of(bucket: str, key: str, fields: Mapping[str, Any], answer: NativeAnswer | None = None) -> ObjectInfo:
    """An object of the fields that S3 gives, by boto's names."""
    return ObjectInfo(**facts(bucket, key, fields, answer))


def facts(bucket: str, key: str, fields: Mapping[str, Any], answer: NativeAnswer | None) -> dict[str, Any]:
    """What :class:`ObjectInfo` is made of."""
    return {
        "bucket": bucket,
        "key": key,
        "size": int(fields.get("ContentLength", fields.get("Size", 0))),
        "etag": str(fields.get("ETag", "")).strip('"'),
        "modified": moment(fields.get("LastModified")),
        "content_type": fields.get("ContentType", ""),
        "metadata": {name.lower(): value for name, value in (fields.get("Metadata") or {}).items()},
        "version": fields.get("VersionId", ""),
        "checksums": {
            name: value for name, value in fields.items() if name.startswith("Checksum") and name != "ChecksumType"
        },
        "answer": answer,
    }


def moment(value: Any) -> datetime | None:
    """A time as S3 writes it: ISO in XML, RFC 1123 in headers; None if it is neither."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(value)
        except (TypeError, ValueError):
            continue
    return None
