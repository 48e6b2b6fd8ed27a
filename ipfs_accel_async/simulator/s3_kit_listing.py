"""Listings of the S3 twin: buckets, objects page by page, uploads and their parts."""

import base64
import binascii
from typing import Any

from .s3_kit_store import Store, Stored
from .s3_kit_xml import coded, document, element, leaf, stamp
from .twin import Ask, RejectError, Whole


def list_buckets(store: Store) -> Whole:
    """Answer ListBuckets."""
    made = [element("Bucket", leaf("Name", name), leaf("CreationDate", stamp(at))) for name, at in store.made.items()]
    return document(
        "ListAllMyBucketsResult",
        element("Owner", leaf("ID", "owner"), leaf("DisplayName", "owner")),
        element("Buckets", *made),
    )


def list_objects(store: Store, bucket: str, ask: Ask) -> Whole:
    """Answer ListObjectsV2, or ListObjects where there is no ``list-type``."""
    query = ask.query
    second = query.get("list-type") == "2"
    token = query.get("continuation-token", "")
    after = _decoded(token) if token else query.get("start-after" if second else "marker", "")
    objects, prefixes, last = _page(store.bucket(bucket), query, after)
    encoding = query.get("encoding-type")
    parts = [
        leaf("Name", bucket),
        leaf("Prefix", coded(query.get("prefix", ""), encoding)),
        leaf("MaxKeys", query.get("max-keys", "1000")),
        leaf("KeyCount", len(objects) + len(prefixes)) if second else "",
        leaf("Delimiter", coded(query["delimiter"], encoding)) if query.get("delimiter") else "",
        leaf("EncodingType", encoding) if encoding else "",
        leaf("IsTruncated", bool(last)),
    ]
    if last:
        more = base64.urlsafe_b64encode(last.encode()).decode() if second else coded(last, encoding)
        parts.append(leaf("NextContinuationToken" if second else "NextMarker", more))
    parts += [
        element(
            "Contents",
            leaf("Key", coded(key, encoding)),
            leaf("LastModified", stamp(one.modified)),
            leaf("ETag", f'"{one.etag}"'),
            leaf("Size", len(one.data)),
            leaf("StorageClass", "STANDARD"),
        )
        for key, one in objects
    ]
    parts += [element("CommonPrefixes", leaf("Prefix", coded(prefix, encoding))) for prefix in prefixes]
    return document("ListBucketResult", *parts)


def _page(objects: dict[str, Stored], query: Any, after: str) -> tuple[list[tuple[str, Stored]], list[str], str]:
    """Return objects, common prefixes and, if more follow, what this page ends with."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    try:
        limit = min(int(query.get("max-keys", "1000")), 1000)
    except ValueError:
        raise RejectError(
            400, "Provided max-keys not an integer or within integer range", code="InvalidArgument"
        ) from None
    found: list[tuple[str, Stored]] = []
    prefixes: list[str] = []
    last = ""
    for key in sorted(objects, key=str.encode):
        if not key.startswith(prefix) or key.encode() <= after.encode():
            continue
        head, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        common = prefix + head + cut if cut else ""
        if common and (common in prefixes or after.startswith(common)):
            last = common
            continue
        if len(found) + len(prefixes) == limit:
            return found, prefixes, last if limit else ""
        if common:
            prefixes.append(common)
        else:
            found.append((key, objects[key]))
        last = common or key
    return found, prefixes, ""


def list_uploads(store: Store, bucket: str, ask: Ask) -> Whole:
    """Answer ListMultipartUploads."""
    store.bucket(bucket)
    under_way = [
        element("Upload", leaf("Key", one.key), leaf("UploadId", ident), leaf("Initiated", stamp(one.begun)))
        for ident, one in store.uploads.items()
        if one.bucket == bucket and one.key.startswith(ask.query.get("prefix", ""))
    ]
    return document("ListMultipartUploadsResult", leaf("Bucket", bucket), leaf("IsTruncated", False), *under_way)


def list_parts(store: Store, bucket: str, key: str, ask: Ask) -> Whole:
    """Answer ListParts, as many a page as asked for."""
    ident = ask.query["uploadId"]
    parts = store.upload(ident, bucket, key).parts
    marker, limit = int(ask.query.get("part-number-marker", "0")), int(ask.query.get("max-parts", "1000"))
    numbers = [number for number in sorted(parts) if number > marker]
    there = [
        element(
            "Part",
            leaf("PartNumber", number),
            leaf("ETag", f'"{parts[number].etag}"'),
            leaf("Size", len(parts[number].data)),
            leaf("LastModified", stamp(parts[number].modified)),
        )
        for number in numbers[:limit]
    ]
    more = leaf("NextPartNumberMarker", numbers[limit - 1]) if len(numbers) > limit else ""
    return document(
        "ListPartsResult",
        leaf("Bucket", bucket),
        leaf("Key", key),
        leaf("UploadId", ident),
        leaf("IsTruncated", bool(more)),
        more,
        *there,
    )


def _decoded(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise RejectError(400, "The continuation token provided is incorrect", code="InvalidArgument") from None
