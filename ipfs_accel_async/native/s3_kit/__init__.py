"""S3 Kit's handle, ``client.s3_kit``: objects, files, directories, models, several endpoints."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import AccelError, ConfigError, InvalidRequestError
from ipfs_accel_async.keys import Token
from ipfs_accel_async.native.s3_kit._buckets import Buckets
from ipfs_accel_async.native.s3_kit._copies import Copies
from ipfs_accel_async.native.s3_kit._endpoints import Endpoints
from ipfs_accel_async.native.s3_kit._models import Manifest, ModelFile, Models
from ipfs_accel_async.native.s3_kit._multipart import Multipart
from ipfs_accel_async.native.s3_kit._paths import checked_bucket, checked_key
from ipfs_accel_async.native.s3_kit._values import (
    Bucket,
    Health,
    ObjectInfo,
    Page,
    PartialFailureError,
    StoredObject,
    SyncReport,
)
from ipfs_accel_async.providers._s3_presign import presigned
from ipfs_accel_async.types import NOTHING
from ipfs_accel_async.wire import s3

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Bucket",
    "Endpoints",
    "Health",
    "Manifest",
    "ModelFile",
    "ObjectInfo",
    "Page",
    "PartialFailureError",
    "S3KitHandle",
    "StoredObject",
    "SyncReport",
    "handle",
]


class S3KitHandle(Models, Copies):
    """Objects, files, directories and models at one endpoint.

    Every request goes through the whole stack: queue, limits, breaker, retries. What boto has and this has not:
    ``call("PutBucketTagging", ...)``.
    """

    __slots__ = ()

    @property
    def buckets(self) -> Buckets:
        """Buckets: list, create, delete, head, exists."""
        return Buckets(self._bound)

    @property
    def multipart(self) -> Multipart:
        """The operations of a multipart upload, one by one."""
        return Multipart(self._bound)

    def endpoints(self, *others: str | S3KitHandle) -> Endpoints:
        """This endpoint and others as one: reads go to the first that answers, writes to all.

        Args:
            others: Addresses, with the keys of this one; or handles, which have keys of their own:
                ``client.native("backup")`` of ``providers={"backup": {"wire": "s3_kit", ...}}``.
        """
        return Endpoints([self, *(self.with_options(base_url=one) if isinstance(one, str) else one for one in others)])

    async def presign(
        self,
        bucket: str,
        key: str,
        method: str = "GET",
        *,
        expires: int = 3600,
        query: Mapping[str, str] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
    ) -> str:
        """A URL that lets whoever has it read or write one object, without a key. No request is sent.

        Args:
            bucket: Where the object is.
            key: Its name.
            method: ``GET``, ``PUT``, ``HEAD`` or ``DELETE``.
            expires: Seconds, at most a week.
            query: Further query parameters: ``{"response-content-disposition": "attachment"}``.
            headers: Headers that the request must then carry exactly so: ``{"content-type": "image/png"}``.

        Raises:
            ConfigError: There is no key to sign with.
            InvalidRequestError: The method or `expires` is out of range.
        """
        if method not in {"GET", "PUT", "HEAD", "DELETE"}:
            raise InvalidRequestError(f"method is GET, PUT, HEAD or DELETE, not {method!r}")
        bound, codec = self._bound, self._s3
        seats = bound.engine.provider(bound.provider).pool.ring.seats
        signer = next((seat.secret for seat in seats if seat.secret is not None), None)
        if signer is None:
            raise ConfigError(
                "presign needs a key to sign with: the option 'profile' does not do", provider=bound.provider
            )
        key_now = await signer.current() if isinstance(signer, Token) else signer
        endpoint = self.endpoint
        return presigned(
            method,
            endpoint,
            checked_bucket(bucket),
            checked_key(key),
            credentials=s3.split(key_now.reveal()),
            region=codec.region,
            virtual=codec.addressing(endpoint) != "path" and "." not in bucket,
            now=datetime.now(UTC),
            expires=expires,
            query=query,
            headers=headers,
        )

    async def health(self, **params: Any) -> Health:
        """Whether the endpoint answers; never raises for what the endpoint does."""
        endpoint = self.endpoint
        try:
            found = await self.buckets.list(**params)
        except AccelError as error:
            return Health(False, endpoint, error=error)
        return Health(True, endpoint, tuple(bucket.name for bucket in found))


handle = S3KitHandle
