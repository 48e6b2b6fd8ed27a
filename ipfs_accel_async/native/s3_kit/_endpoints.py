"""Several endpoints as one: reads go to the first that answers, writes to all."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ipfs_accel_async.errors import (
    AccelError,
    AllTargetsFailedError,
    APIError,
    BadRequestError,
    ConfigError,
    InvalidRequestError,
    NotFoundError,
)
from ipfs_accel_async.native.s3_kit._parallel import each
from ipfs_accel_async.native.s3_kit._values import Health, PartialFailureError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from ipfs_accel_async.native.s3_kit import S3KitHandle
    from ipfs_accel_async.native.s3_kit._sources import Data
    from ipfs_accel_async.native.s3_kit._values import ObjectInfo, StoredObject
    from ipfs_accel_async.stream import ByteStream


T = TypeVar("T")


class Endpoints:
    """Handles of several endpoints; ``client.s3_kit.endpoints(...)`` makes one.

    Args:
        handles: In the order in which reads try them.

    Raises:
        ConfigError: There is none, or two have the same address.
    """

    def __init__(self, handles: Sequence[S3KitHandle]) -> None:
        self._handles = {handle.endpoint: handle for handle in handles}
        if not handles or len(self._handles) != len(handles):
            raise ConfigError("endpoints are one or more, each with an address of its own", provider="s3_kit")

    @property
    def addresses(self) -> tuple[str, ...]:
        """Base URLs, in the order in which reads try them."""
        return tuple(self._handles)

    # reads ------------------------------------------------------------------------------------------------------

    async def get(self, bucket: str, key: str, **options: Any) -> StoredObject:
        """As of the handle, from the first endpoint that has it."""
        return await self._first(lambda handle: handle.get(bucket, key, **options))

    async def head(self, bucket: str, key: str, **options: Any) -> ObjectInfo:
        """As of the handle, from the first endpoint that has it."""
        return await self._first(lambda handle: handle.head(bucket, key, **options))

    async def exists(self, bucket: str, key: str, **options: Any) -> bool:
        """Whether any endpoint has it."""
        try:
            await self.head(bucket, key, **options)
        except NotFoundError:
            return False
        return True

    async def download_file(self, bucket: str, key: str, path: Any, **options: Any) -> ObjectInfo:
        """As of the handle, from the first endpoint that has it."""
        return await self._first(lambda handle: handle.download_file(bucket, key, path, **options))

    @asynccontextmanager
    async def stream(self, bucket: str, key: str, **options: Any) -> AsyncIterator[ByteStream]:
        """As of the handle; which endpoint it is has been decided when the first bytes are there."""

        async def opened(handle: S3KitHandle) -> Any:
            context = handle.stream(bucket, key, **options)
            return context, await context.__aenter__()

        context, stream = await self._first(opened)
        try:
            yield stream
        finally:
            await context.__aexit__(None, None, None)

    # writes -----------------------------------------------------------------------------------------------------

    async def put(self, bucket: str, key: str, data: Data, **options: Any) -> dict[str, ObjectInfo]:
        """Put an object everywhere: results by endpoint. An open file is refused, as it can be read only once.

        Raises:
            PartialFailureError: Some endpoints have it and some do not; it says which.
            AllTargetsFailedError: None has it.
        """
        if hasattr(data, "read"):
            raise InvalidRequestError("an open file is read once: pass bytes or a path to put it at several endpoints")
        return await self._all(lambda handle: handle.put(bucket, key, data, **options))

    async def delete(self, bucket: str, key: str, **options: Any) -> dict[str, Any]:
        """Delete an object everywhere; errors as of :meth:`put`."""
        return await self._all(lambda handle: handle.delete(bucket, key, **options))

    async def copy(self, bucket: str, key: str, to_bucket: str, to_key: str, **options: Any) -> dict[str, ObjectInfo]:
        """Copy an object at every endpoint; errors as of :meth:`put`."""
        return await self._all(lambda handle: handle.copy(bucket, key, to_bucket, to_key, **options))

    async def replicate(self, bucket: str, key: str, **options: Any) -> dict[str, ObjectInfo]:
        """Read an object from the first endpoint that has it and put it everywhere, metadata included."""
        found = await self.get(bucket, key)
        about = {"metadata": dict(found.metadata), "content_type": found.content_type, **options}
        return await self.put(bucket, key, found.data, **about)

    async def health(self) -> dict[str, Health]:
        """Whether each endpoint answers."""
        found = await asyncio.gather(*(handle.health() for handle in self._handles.values()))
        return dict(zip(self._handles, found, strict=True))

    async def _first(self, ask: Callable[[S3KitHandle], Awaitable[T]]) -> T:
        """What the first endpoint gives that can; a replica that lags may miss the object, so the next is asked."""
        failures: list[AccelError] = []
        for handle in self._handles.values():
            try:
                return await ask(handle)
            except (InvalidRequestError, ConfigError, BadRequestError):
                raise  # the others would refuse it as well
            except AccelError as error:
                failures.append(error)
        if len(failures) == 1 or all(isinstance(error, NotFoundError) for error in failures):
            raise failures[0]
        raise _none_of(failures)

    async def _all(self, ask: Callable[[S3KitHandle], Awaitable[Any]]) -> dict[str, Any]:
        done: dict[str, Any] = {}
        failures: dict[str, AccelError] = {}

        async def one(address: str) -> None:
            try:
                done[address] = await ask(self._handles[address])
            except (InvalidRequestError, ConfigError):
                raise
            except AccelError as error:
                failures[address] = error

        await each(self._handles, len(self._handles), one)
        if failures and done:
            message = f"done at {', '.join(sorted(done))}, but not at {', '.join(sorted(failures))}"
            raise PartialFailureError(message, done, failures)
        if failures:
            raise _none_of(list(failures.values()))
        return {address: done[address] for address in self._handles}


def _none_of(failures: list[AccelError]) -> AccelError:
    if all(isinstance(error, APIError) for error in failures) and len({error.code for error in failures}) == 1:
        return failures[0]
    error = AllTargetsFailedError("every endpoint failed: " + "; ".join(str(one) for one in failures)[:400])
    error.causes = tuple(failures)
    return error
