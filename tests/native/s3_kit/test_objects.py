"""Objects against the twin: written, read, listed, copied, deleted; and what the stack makes of S3's errors."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.errors import (
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseTooLargeError,
    ResponseValidationError,
    ServerError,
    StreamIncompleteError,
)
from ipfs_accel_async.native.s3_kit import PartialFailureError
from ipfs_accel_async.simulator import simulate
from tests.native.s3_kit.twin import BUCKET, KEY, s3_twin

pytestmark = pytest.mark.sockets
HELLO_CID = "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"


async def test_an_object_comes_back_as_it_was_put() -> None:
    """Bytes, size, metadata, type, ETag and time, by get, head and stream; keys may have any character."""
    key = "a b/ü+%25&=~(1)/k"
    async with s3_twin() as (s3, _, _):
        put = await s3.put(BUCKET, key, b"hello", metadata={"Owner": "me"}, content_type="text/x-test")
        got = await s3.get(BUCKET, key)
        head = await s3.head(BUCKET, key)
        async with s3.stream(BUCKET, key) as stream:
            assert await stream.collect() == b"hello"
            assert stream.answer.raw["Metadata"] == {"owner": "me"}
    assert got.data == b"hello"
    assert {(one.size, one.etag) for one in (put, got, head)} == {(5, hashlib.md5(b"hello").hexdigest())}
    assert {tuple(one.metadata.items()) for one in (put, got, head)} == {(("owner", "me"),)}
    assert {one.content_type for one in (put, got, head)} == {"text/x-test"}
    assert got.modified is not None
    assert abs((datetime.now(UTC) - got.modified).total_seconds()) < 60
    assert head.answer is not None
    assert head.answer.provider_request_id


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (3, 4, b"3456"),
        (0, 1, b"0"),
        (-3, None, b"789"),
        (8, 99, b"89"),
    ],
)
async def test_ranges(offset: int, length: int | None, expected: bytes) -> None:
    """A range is an offset and a length, or counted from the end; what is beyond the end is left out."""
    async with s3_twin() as (s3, _, _):
        await s3.put(BUCKET, "k", b"0123456789")
        assert (await s3.get(BUCKET, "k", offset=offset, length=length)).data == expected


async def test_a_range_beyond_the_end_is_an_error() -> None:
    """The service's InvalidRange is a BadRequestError."""
    async with s3_twin() as (s3, _, _):
        await s3.put(BUCKET, "k", b"0123456789")
        with pytest.raises(BadRequestError) as caught:
            await s3.get(BUCKET, "k", offset=10)
    assert (caught.value.status, caught.value.code) == (416, "InvalidRange")


async def test_a_missing_object_is_asked_for_once_and_blames_nobody() -> None:
    """NotFoundError, one request each, however often: the breaker stays closed and the next call goes through."""
    async with s3_twin(failure_threshold=2) as twin:
        s3 = twin.s3
        for ask in (s3.get, s3.head, s3.delete_many):
            for _ in range(3):
                bucket = BUCKET if ask != s3.delete_many else "nowhere"
                with pytest.raises(NotFoundError) as caught:
                    await ask(bucket, "k")
                assert (caught.value.status, caught.value.attempts) == (404, 1)
                assert bucket in str(caught.value)
        assert len(twin.sim.requests) == 9
        assert not await s3.exists(BUCKET, "k")
        await s3.put(BUCKET, "k", b"")
        assert await s3.exists(BUCKET, "k")
        report = twin.ai.report()
    assert report["providers"]["s3_kit"]["circuit_breaker"]["state"] == "closed"


async def test_retries_are_ours_alone() -> None:
    """With two retries a 500 is three requests, with none it is one: botocore's own do not multiply them."""
    for retries in (0, 2):
        async with s3_twin(max_retries=retries, failure_threshold=99) as twin:
            twin.sim.faults = ["500"] * 9
            with pytest.raises(ServerError) as caught:
                await twin.s3.head(BUCKET, "k")
            assert caught.value.attempts == len(twin.sim.requests) == retries + 1


async def test_what_passes_is_tried_again() -> None:
    """SlowDown, a 500 and too many requests are retried until the answer is there."""
    async with s3_twin() as twin:
        twin.sim.faults = ["503", "500", "429=0"]
        put = await twin.s3.put(BUCKET, "k", b"x")
        assert put.answer is not None
        assert put.answer.attempts == len(twin.sim.requests) == 4


async def test_slow_down_is_a_rate_limit_and_not_an_outage() -> None:
    """S3's 503 SlowDown asks for less: the breaker does not count it."""
    async with s3_twin(max_retries=0, failure_threshold=1) as twin:
        twin.sim.faults = ["503", "503"]
        for _ in range(2):
            with pytest.raises(RateLimitError) as caught:
                await twin.s3.get(BUCKET, "k")
            assert (caught.value.code, caught.value.status) == ("SlowDown", 503)


async def test_a_key_that_is_not_known() -> None:
    """InvalidAccessKeyId is an AuthenticationError, sent once; AccessDenied is a PermissionDeniedError."""
    async with (
        simulate("s3_kit", keys=KEY) as sim,
        Client(keys={"s3_kit": "OTHER:secret"}, base_urls={"s3_kit": sim.base_url}) as ai,
    ):
        with pytest.raises(AuthenticationError) as caught:
            await ai.s3_kit.buckets.list()
        assert (caught.value.code, caught.value.status) == ("InvalidAccessKeyId", 403)
        assert len(sim.requests) == 1
        health = await ai.s3_kit.health()
        assert (health.ok, type(health.error)) == (False, AuthenticationError)
        sim.faults = ["403"]
        with pytest.raises(PermissionDeniedError):
            await ai.s3_kit.buckets.list()


async def test_listing_page_by_page() -> None:
    """A page has what was asked for and the token of the next; iterate goes through all of them."""
    keys = [f"k{number:02}" for number in range(7)]
    async with s3_twin() as twin:
        for key in ["a", *keys, "z"]:
            await twin.s3.put(BUCKET, key, b"x")
        first = await twin.s3.list(BUCKET, "k", limit=3)
        assert [one.key for one in first.objects] == keys[:3]
        second = await twin.s3.list(BUCKET, "k", limit=3, token=first.token)
        assert [one.key for one in second.objects] == keys[3:6]
        assert (await twin.s3.list(BUCKET, "k", after="k04")).objects[0].key == "k05"
        assert first.objects[0].size == 1
        twin.sim.requests.clear()
        assert [one.key async for one in twin.s3.iterate(BUCKET, "k", limit=3)] == keys
        assert len(twin.sim.requests) == 3


async def test_listing_like_a_directory() -> None:
    """With a delimiter what lies deeper is summed up as prefixes, across pages too."""
    async with s3_twin() as (s3, _, _):
        for key in ("a", "b/1", "b/2", "c/d/1", "e"):
            await s3.put(BUCKET, key, b"")
        whole = await s3.list(BUCKET, delimiter="/")
        assert ([one.key for one in whole.objects], whole.prefixes) == (["a", "e"], ("b/", "c/"))
        found: list[str] = []
        token = ""
        while True:
            page = await s3.list(BUCKET, delimiter="/", limit=1, token=token)
            found += [one.key for one in page.objects] + list(page.prefixes)
            token = page.token
            if not token:
                break
        assert found == ["a", "b/", "c/", "e"]
        assert (await s3.list(BUCKET, "nothing")).objects == ()


async def test_deleting_more_than_a_request_takes() -> None:
    """Two thousand and one keys are three requests."""
    async with s3_twin() as twin:
        await twin.s3.put(BUCKET, "k0002", b"")
        keys = [f"k{number:04}" for number in range(2_001)]
        twin.sim.requests.clear()
        assert await twin.s3.delete_many(BUCKET, keys) == tuple(keys)
        assert len(twin.sim.requests) == 3
        assert (await twin.s3.list(BUCKET)).objects == ()
        assert await twin.s3.delete_many(BUCKET, []) == ()


async def test_objects_that_could_not_be_deleted() -> None:
    """A PartialFailureError has those that were deleted, and the error of each other."""
    from tests.native.s3_kit.twin import s3_mock

    answer = {"Errors": [{"Key": "b", "Code": "AccessDenied", "Message": "no"}]}
    async with s3_mock(answer) as (s3, _):
        with pytest.raises(PartialFailureError, match="1 of 2 objects") as caught:
            await s3.delete_many(BUCKET, ["a", "b"])
    assert list(caught.value.succeeded) == ["a"]
    assert caught.value.failures["b"].code == "AccessDenied"


async def test_copying_and_moving() -> None:
    """A copy has the original's bytes and metadata, or its own; a move leaves no original, unless it is the same."""
    async with s3_twin() as (s3, _, _):
        await s3.put(BUCKET, "ä b", b"hello", metadata={"m": "1"})
        await s3.copy(BUCKET, "ä b", BUCKET, "copy")
        assert (await s3.get(BUCKET, "copy")).metadata == {"m": "1"}
        await s3.copy(BUCKET, "ä b", BUCKET, "copy", metadata={"n": "2"})
        assert (await s3.get(BUCKET, "copy")).metadata == {"n": "2"}
        await s3.move(BUCKET, "copy", BUCKET, "moved")
        assert (await s3.exists(BUCKET, "copy"), (await s3.get(BUCKET, "moved")).data) == (False, b"hello")
        await s3.move(BUCKET, "moved", BUCKET, "moved", metadata={})
        assert await s3.exists(BUCKET, "moved")
        with pytest.raises(NotFoundError):
            await s3.move(BUCKET, "nothing", BUCKET, "moved")


async def test_content_addressing() -> None:
    """``cid=True`` names the object by its content, and reading it verifies that it is."""
    async with s3_twin() as twin:
        put = await twin.s3.put(BUCKET, "by-cid/", b"hello", cid=True)
        assert (put.key, put.cid) == (f"by-cid/{HELLO_CID}", HELLO_CID)
        assert (await twin.s3.get(BUCKET, put.key)).cid == HELLO_CID
        assert (await twin.s3.get(BUCKET, put.key, verify=True)).data == b"hello"
        assert (await twin.s3.get(BUCKET, put.key, offset=1)).cid == ""
        await twin.s3.put(BUCKET, put.key, b"hullo")
        with pytest.raises(ResponseValidationError, match=HELLO_CID):
            await twin.s3.get(BUCKET, put.key)
        assert (await twin.s3.get(BUCKET, put.key, verify=False)).data == b"hullo"


@pytest.mark.parametrize("name", ["bafkrei", "bafkreiaaaa", "bafkrei" + "1" * 52, "bafkreibm6jg3ux5"])
async def test_a_name_that_only_looks_like_a_cid(name: str) -> None:
    """It is a name like any other: nothing is verified."""
    async with s3_twin() as (s3, _, _):
        await s3.put(BUCKET, name, b"x")
        assert (await s3.get(BUCKET, name)).cid == ""


async def test_an_object_too_large_for_memory() -> None:
    """Reading whole stops at max_response_bytes; a stream of the same object does not."""
    async with s3_twin(max_response_bytes=10_000) as (s3, _, _):
        await s3.put(BUCKET, "k", bytes(20_000))
        with pytest.raises(ResponseTooLargeError):
            await s3.get(BUCKET, "k")
        async with s3.stream(BUCKET, "k") as stream:
            assert len(await stream.collect()) == 20_000


async def test_a_stream_that_is_cut_says_so() -> None:
    """A body that ends before its length is a StreamIncompleteError, at whatever byte."""
    async with s3_twin(max_retries=0) as twin:
        await twin.s3.put(BUCKET, "k", bytes(100_000))
        twin.sim.faults = ["cut"]
        with pytest.raises(StreamIncompleteError):
            async with twin.s3.stream(BUCKET, "k") as stream:
                await stream.collect()


async def test_buckets() -> None:
    """Made, listed, looked for and deleted; one that is there already is an error unless that is fine."""
    async with s3_twin(bucket="") as (s3, _, _):
        await s3.buckets.create("one")
        with pytest.raises(BadRequestError) as caught:
            await s3.buckets.create("one")
        assert caught.value.code == "BucketAlreadyOwnedByYou"
        await s3.buckets.create("one", exist_ok=True)
        (found,) = await s3.buckets.list()
        assert found.name == "one"
        assert found.created is not None
        assert (await s3.buckets.exists("one"), await s3.buckets.exists("two")) == (True, False)
        health = await s3.health()
        assert (health.ok, health.buckets) == (True, ("one",))
        await s3.buckets.delete("one")
        assert await s3.buckets.list() == ()


async def test_conditions() -> None:
    """Create-only, and read only what one knows or does not know yet: refusals have S3's codes."""
    async with s3_twin() as (s3, _, _):
        put = await s3.put(BUCKET, "k", b"1", IfNoneMatch="*")
        for ask, code in (
            (s3.put(BUCKET, "k", b"2", IfNoneMatch="*"), "PreconditionFailed"),
            (s3.get(BUCKET, "k", IfMatch='"other"'), "PreconditionFailed"),
            (s3.get(BUCKET, "k", IfNoneMatch=f'"{put.etag}"'), "NotModified"),
        ):
            with pytest.raises(BadRequestError) as caught:
                await ask
            assert (caught.value.code, caught.value.status) == (code, 412)
