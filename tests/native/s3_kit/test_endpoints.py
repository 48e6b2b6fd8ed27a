"""Several endpoints as one: reads go to the first that answers, writes to all, and half a write is told."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.errors import (
    AllTargetsFailedError,
    BadRequestError,
    ConfigError,
    ConnectError,
    InvalidRequestError,
    NotFoundError,
    ServerError,
)
from ipfs_accel_async.native.s3_kit import Endpoints, PartialFailureError
from ipfs_accel_async.simulator import Simulator, simulate
from tests.native.s3_kit.twin import BUCKET, KEY

pytestmark = pytest.mark.sockets


@contextlib.asynccontextmanager
async def two() -> AsyncIterator[tuple[Endpoints, Simulator, Simulator, Client]]:
    """Two twins with other keys, and the handle of both."""
    other = {"wire": "s3_kit", "keys": "OTHER:secret-of-the-other"}
    async with simulate("s3_kit", keys=KEY) as one, simulate("s3_kit", keys="OTHER:x") as second:
        providers = {"backup": {**other, "base_url": second.base_url}}
        async with Client(
            keys={"s3_kit": KEY}, base_urls={"s3_kit": one.base_url}, providers=providers, max_retries=0
        ) as ai:
            await ai.s3_kit.buckets.create(BUCKET)
            await ai.native("backup").buckets.create(BUCKET)
            yield ai.s3_kit.endpoints(ai.native("backup")), one, second, ai


async def test_a_write_goes_everywhere() -> None:
    """The result is by endpoint; each was asked with its own key."""
    async with two() as (both, one, second, _):
        done = await both.put(BUCKET, "k", b"x", metadata={"m": "1"})
        assert list(done) == list(both.addresses) == [one.base_url, second.base_url]
        assert {info.etag for info in done.values()} == {"9dd4e461268c8034f5c8564e155c67a6"}
        await both.copy(BUCKET, "k", BUCKET, "l")
        await both.delete(BUCKET, "k")
        assert (await both.exists(BUCKET, "k"), await both.exists(BUCKET, "l")) == (False, True)
        assert [health.ok for health in (await both.health()).values()] == [True, True]


async def test_a_read_goes_to_the_first_that_answers() -> None:
    """An endpoint that fails, and one that has not got the object yet, are passed over."""
    async with two() as (both, one, second, ai):
        await ai.native("backup").put(BUCKET, "k", b"x")
        assert (await both.get(BUCKET, "k")).data == b"x"
        one.faults = "500*99"
        assert (await both.get(BUCKET, "k")).data == b"x"
        assert (await both.head(BUCKET, "k")).size == 1
        async with both.stream(BUCKET, "k") as stream:
            assert await stream.collect() == b"x"
        await one.stop()
        assert (await both.get(BUCKET, "k")).data == b"x"
        assert len(second.requests) == 7


async def test_a_read_that_nobody_answers(tmp_path: object) -> None:
    """NotFoundError where all say so; else AllTargetsFailedError with each one's reason."""
    async with two() as (both, one, _, _):
        with pytest.raises(NotFoundError):
            await both.get(BUCKET, "k")
        one.faults = "500*99"
        with pytest.raises(AllTargetsFailedError) as caught:
            await both.download_file(BUCKET, "k", f"{tmp_path}/k")
        assert [type(error) for error in caught.value.causes] == [ServerError, NotFoundError]


async def test_what_one_refuses_all_would() -> None:
    """A range that is not there is not asked of the next."""
    async with two() as (both, _, second, _):
        await both.put(BUCKET, "k", b"x")
        second.requests.clear()
        with pytest.raises(BadRequestError):
            await both.get(BUCKET, "k", offset=5)
        assert second.requests == []


async def test_half_a_write_is_told() -> None:
    """A PartialFailureError says where it is and where it is not."""
    async with two() as (both, one, second, _):
        await second.stop()
        with pytest.raises(PartialFailureError, match="but not at") as caught:
            await both.put(BUCKET, "k", b"x")
        assert list(caught.value.succeeded) == [one.base_url]
        assert [type(error) for error in caught.value.failures.values()] == [ConnectError]
        await one.stop()
        with pytest.raises(AllTargetsFailedError):
            await both.put(BUCKET, "k", b"x")


async def test_an_object_is_brought_to_all() -> None:
    """Replicate reads it where it is and writes it everywhere, with its metadata."""
    async with two() as (both, _, _, ai):
        await ai.native("backup").put(BUCKET, "k", b"x", metadata={"m": "1"}, content_type="a/b")
        await both.replicate(BUCKET, "k")
        found = await ai.s3_kit.get(BUCKET, "k")
        assert (found.data, found.metadata, found.content_type) == (b"x", {"m": "1"}, "a/b")


async def test_what_cannot_be_several_endpoints() -> None:
    """The same address twice, a wrong one, and data that can be read only once."""
    async with two() as (both, one, _, ai):
        with pytest.raises(ConfigError, match="address of its own"):
            ai.s3_kit.endpoints(one.base_url)
        with pytest.raises(ConfigError):
            ai.s3_kit.endpoints("ftp://x")
        with pytest.raises(InvalidRequestError, match="read once"):
            await both.put(BUCKET, "k", io.BytesIO(b"x"))
