"""What the S3 twin keeps: buckets, objects, and uploads under way."""

import hashlib
from dataclasses import dataclass, field

from .twin import RejectError

SMALLEST_PART = 5 * 2**20


def md5(data: bytes) -> str:
    """Return the digest that S3 gives as an ETag."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Stored:
    """An object: its bytes, the stamp of its writing, and the headers that come back with it."""

    data: bytes
    modified: float
    etag: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Upload:
    """A multipart upload under way: `parts` by number."""

    bucket: str
    key: str
    begun: float
    headers: dict[str, str]
    parts: dict[int, Stored] = field(default_factory=dict)


class Store:
    """Buckets by name, with the time of their making; objects in them by key."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, Stored]] = {}
        self.made: dict[str, float] = {}
        self.uploads: dict[str, Upload] = {}

    def bucket(self, name: str) -> dict[str, Stored]:
        """Return the objects of a bucket.

        Raises:
            RejectError: 404 NoSuchBucket.
        """
        found = self.buckets.get(name)
        if found is None:
            raise RejectError(404, "The specified bucket does not exist", code="NoSuchBucket")
        return found

    def stored(self, bucket: str, key: str) -> Stored:
        """Return an object.

        Raises:
            RejectError: 404 NoSuchBucket or NoSuchKey.
        """
        found = self.bucket(bucket).get(key)
        if found is None:
            raise RejectError(404, "The specified key does not exist.", code="NoSuchKey")
        return found

    def make(self, name: str, now: float) -> None:
        """Make a bucket.

        Raises:
            RejectError: 409, it is there.
        """
        if name in self.buckets:
            message = "Your previous request to create the named bucket succeeded and you already own it."
            raise RejectError(409, message, code="BucketAlreadyOwnedByYou")
        self.buckets[name], self.made[name] = {}, now

    def drop(self, name: str) -> None:
        """Delete a bucket.

        Raises:
            RejectError: 404, there is none; 409, it has objects.
        """
        if self.bucket(name):
            raise RejectError(409, "The bucket you tried to delete is not empty", code="BucketNotEmpty")
        del self.buckets[name], self.made[name]

    def upload(self, ident: str, bucket: str, key: str) -> Upload:
        """Return an upload under way.

        Raises:
            RejectError: 404 NoSuchUpload.
        """
        found = self.uploads.get(ident)
        if found is None or (found.bucket, found.key) != (bucket, key):
            raise RejectError(404, "The specified multipart upload does not exist.", code="NoSuchUpload")
        return found

    def complete(self, ident: str, upload: Upload, listed: list[tuple[int, str]], now: float) -> Stored:
        """Make the object of an upload's parts, as they are listed by number and ETag.

        Raises:
            RejectError: 400, a part is missing, out of order, another one, or too small.
        """
        numbers = [number for number, _ in listed]
        if not listed or numbers != sorted(set(numbers)):
            raise RejectError(400, "The list of parts was not in ascending order.", code="InvalidPartOrder")
        parts = []
        for number, etag in listed:
            part = upload.parts.get(number)
            if part is None or part.etag != etag:
                raise RejectError(400, "One or more of the specified parts could not be found.", code="InvalidPart")
            if number != numbers[-1] and len(part.data) < SMALLEST_PART:
                message = "Your proposed upload is smaller than the minimum allowed size"
                raise RejectError(400, message, code="EntityTooSmall")
            parts.append(part)
        etag = md5(b"".join(bytes.fromhex(part.etag) for part in parts))
        whole = Stored(b"".join(part.data for part in parts), now, f"{etag}-{len(parts)}", upload.headers)
        self.buckets[upload.bucket][upload.key] = whole
        del self.uploads[ident]
        return whole
