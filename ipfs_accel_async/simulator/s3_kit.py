"""The S3 twin: path-style REST and XML over HTTP.

Source: Amazon S3 API reference. Signatures are looked at, not verified: an access key that it knows is let in.
"""

import re
from collections.abc import Callable, Collection
from email.utils import formatdate
from urllib.parse import unquote

from .limits import Verdict
from .s3_kit_listing import list_buckets, list_objects, list_parts, list_uploads
from .s3_kit_requests import checked, kept_headers, span_of
from .s3_kit_store import Store, Stored, Upload, md5
from .s3_kit_xml import MEDIA, document, element, leaf, listed_keys, listed_parts, stamp
from .twin import Answer, Ask, RejectError, Twin, Whole

_CODES = {
    400: "InvalidRequest",
    401: "InvalidAccessKeyId",
    403: "AccessDenied",
    404: "NoSuchKey",
    405: "MethodNotAllowed",
    429: "TooManyRequestsException",
    503: "SlowDown",
}
_WORDS = {
    "InvalidAccessKeyId": "The AWS Access Key Id you provided does not exist in our records.",
    "AccessDenied": "Access Denied",
    "SlowDown": "Please reduce your request rate.",
    "InternalError": "We encountered an internal error. Please try again.",
}
_CREDENTIAL = re.compile(r"Credential=([^/,]+)/")


class S3Kit(Twin):
    """Buckets and objects in memory."""

    name = "s3_kit"

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self.store = Store()
        self._accepted = None if keys is None else {_access(key) for key in keys}
        self.routes = {
            ("GET", "/"): lambda ask: list_buckets(self.store),
            ("PUT", "/{bucket}"): self.create_bucket,
            ("HEAD", "/{bucket}"): self.read_bucket,
            ("GET", "/{bucket}"): self.read_bucket,
            ("DELETE", "/{bucket}"): self.delete_bucket,
            ("POST", "/{bucket}"): self.delete_many,
            ("GET", "/{bucket}/{key:path}"): self.get,
            ("HEAD", "/{bucket}/{key:path}"): self.get,
            ("PUT", "/{bucket}/{key:path}"): self.put,
            ("DELETE", "/{bucket}/{key:path}"): self.delete,
            ("POST", "/{bucket}/{key:path}"): self.post,
        }

    # who asks ----------------------------------------------------------------------------------------------------

    def authorise(self, ask: Ask) -> None:
        """Want a signature of version 4, in the header or the query, with an access key that is known."""
        access = self.credential(ask)
        signed = "Signature=" in ask.headers.get("authorization", "") or "X-Amz-Signature" in ask.query
        if not access or not signed:
            raise RejectError(403, code="AccessDenied")
        if self._accepted is not None and access not in self._accepted:
            raise RejectError(403, code="InvalidAccessKeyId")

    def credential(self, ask: Ask) -> str:
        """Return the access key."""
        found = _CREDENTIAL.search(ask.headers.get("authorization", ""))
        return found[1] if found else ask.query.get("X-Amz-Credential", "").partition("/")[0]

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """Tell an error in XML."""
        code = reject.code or _CODES.get(reject.status, "InternalError")
        words = reject.message or _WORDS.get(code) or _WORDS["InternalError"]
        said = (
            leaf("Code", code),
            leaf("Message", words),
            leaf("Resource", ask.path),
            leaf("RequestId", self._id(ask)),
        )
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n{element("Error", *said)}'
        return Whole(text.encode(), reject.status, MEDIA)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """Tell it inside a stream, which S3 has none of."""
        return [self.failure(ask, reject).body]

    def overloaded(self, verdict: Verdict) -> RejectError:
        """Say what S3 says at 5,500 requests a second."""
        return RejectError(503, code="SlowDown")

    def headers(self, ask: Ask, verdict: Verdict) -> dict[str, str]:
        """Give the request an id."""
        return {"x-amz-request-id": self._id(ask), "server": "AmazonS3"}

    def _id(self, ask: Ask) -> str:
        return self.ident("", ask)[-16:].upper()

    # buckets -----------------------------------------------------------------------------------------------------

    def create_bucket(self, ask: Ask) -> Answer:
        """Make a bucket."""
        self.store.make(ask.args["bucket"], self.clock())
        return Whole(b"", media=MEDIA, headers={"location": f"/{ask.args['bucket']}"})

    def read_bucket(self, ask: Ask) -> Answer:
        """List its objects or uploads, or say where it is."""
        bucket = ask.args["bucket"]
        if ask.method == "HEAD":
            self.store.bucket(bucket)
            return Whole(b"", media=MEDIA, headers={"x-amz-bucket-region": "us-east-1"})
        if "location" in ask.query:
            self.store.bucket(bucket)
            return document("LocationConstraint")
        if "uploads" in ask.query:
            return list_uploads(self.store, bucket, ask)
        return list_objects(self.store, bucket, ask)

    def delete_bucket(self, ask: Ask) -> Answer:
        """Delete an empty bucket."""
        self.store.drop(ask.args["bucket"])
        return Whole(b"", 204, MEDIA)

    def delete_many(self, ask: Ask) -> Answer:
        """Delete up to 1,000 objects."""
        objects = self.store.bucket(ask.args["bucket"])
        keys, quiet = listed_keys(ask.raw)
        for key in keys:
            objects.pop(key, None)
        return document("DeleteResult", *(element("Deleted", leaf("Key", key)) for key in keys if not quiet))

    # objects -----------------------------------------------------------------------------------------------------

    def get(self, ask: Ask) -> Answer:
        """Read an object, whole or a range; or list the parts of an upload."""
        bucket, key = ask.args["bucket"], ask.args["key"]
        if "uploadId" in ask.query:
            return list_parts(self.store, bucket, key, ask)
        found = self.store.stored(bucket, key)
        etag = f'"{found.etag}"'
        if ask.headers.get("if-match", etag) not in {etag, found.etag, "*"}:
            raise RejectError(
                412, "At least one of the pre-conditions you specified did not hold", code="PreconditionFailed"
            )
        headers = {"etag": etag, "last-modified": formatdate(found.modified, usegmt=True), "accept-ranges": "bytes"}
        headers |= {name: value for name, value in found.headers.items() if name != "content-type"}
        if ask.headers.get("if-none-match") in {etag, "*"}:
            return Whole(b"", 304, MEDIA, {"etag": etag})
        media = found.headers.get("content-type", "binary/octet-stream")
        span = span_of(ask.headers.get("range", ""), len(found.data))
        if span is None:
            return Whole(found.data, 200, media, headers)
        headers = {name: value for name, value in headers.items() if not name.startswith("x-amz-checksum")}
        headers["content-range"] = f"bytes {span.start}-{span.stop - 1}/{len(found.data)}"
        return Whole(found.data[span.start : span.stop], 206, media, headers)

    def put(self, ask: Ask) -> Answer:
        """Put or copy an object, or a part of one."""
        bucket, key = ask.args["bucket"], ask.args["key"]
        objects = self.store.bucket(bucket)
        source = ask.headers.get("x-amz-copy-source")
        original = None if source is None else self._source(source)
        data = checked(ask) if original is None else original.data
        now = self.clock()
        if "uploadId" in ask.query:
            span = span_of(ask.headers.get("x-amz-copy-source-range", ""), len(data))
            part = Stored(data if span is None else data[span.start : span.stop], now, "")
            part.etag = md5(part.data)
            self.store.upload(ask.query["uploadId"], bucket, key).parts[int(ask.query["partNumber"])] = part
            return self._written(part, "CopyPartResult" if original else "")
        if ask.headers.get("if-none-match") == "*" and key in objects:
            raise RejectError(
                412, "At least one of the pre-conditions you specified did not hold", code="PreconditionFailed"
            )
        kept = kept_headers(ask)
        if original is not None and ask.headers.get("x-amz-metadata-directive") != "REPLACE":
            kept = original.headers
        objects[key] = Stored(data, now, md5(data), kept)
        return self._written(objects[key], "CopyObjectResult" if original else "")

    def delete(self, ask: Ask) -> Answer:
        """Delete an object, or give an upload up."""
        bucket, key = ask.args["bucket"], ask.args["key"]
        if "uploadId" in ask.query:
            self.store.upload(ask.query["uploadId"], bucket, key)
            del self.store.uploads[ask.query["uploadId"]]
        else:
            self.store.bucket(bucket).pop(key, None)
        return Whole(b"", 204, MEDIA)

    def post(self, ask: Ask) -> Answer:
        """Begin or complete a multipart upload."""
        bucket, key = ask.args["bucket"], ask.args["key"]
        self.store.bucket(bucket)
        if "uploads" in ask.query:
            ident = self.ident("upload", ask)
            self.store.uploads[ident] = Upload(bucket, key, self.clock(), kept_headers(ask))
            said = (leaf("Bucket", bucket), leaf("Key", key), leaf("UploadId", ident))
            return document("InitiateMultipartUploadResult", *said)
        ident = ask.query.get("uploadId", "")
        upload = self.store.upload(ident, bucket, key)
        made = self.store.complete(ident, upload, listed_parts(ask.raw), self.clock())
        said = (leaf("Bucket", bucket), leaf("Key", key), leaf("ETag", f'"{made.etag}"'))
        return document("CompleteMultipartUploadResult", *said)

    def _source(self, header: str) -> Stored:
        bucket, _, key = unquote(header).lstrip("/").partition("/")
        return self.store.stored(bucket, key)

    def _written(self, made: Stored, copied: str) -> Whole:
        if copied:
            return document(copied, leaf("LastModified", stamp(made.modified)), leaf("ETag", f'"{made.etag}"'))
        return Whole(b"", media=MEDIA, headers={"etag": f'"{made.etag}"'})


def _access(key: str) -> str:
    """Return the access key of a key as users write it; quoted where it begins with a colon."""
    return unquote(key[1:].partition(":")[0]) if key.startswith(":") else key.partition(":")[0]
