"""What every S3 server must do for the handle, whoever wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

from ipfs_accel_async import Client, NotFoundError
from ipfs_accel_async.native.s3_kit import S3KitHandle

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "models"
PART = 5 * 2**20


async def everything(url: str, key: str, folder: Path, data: bytes) -> None:
    """Go through the handle against a server; `data` is worth three parts of 5 MiB."""
    async with Client(keys={"s3_kit": key}, base_urls={"s3_kit": url}) as ai:
        s3 = ai.s3_kit
        await s3.buckets.create(BUCKET, exist_ok=True)
        assert BUCKET in (await s3.health()).buckets
        await objects(s3)
        await listings(s3)
        await large(s3, folder, data)
        await presigned(s3)
        await directories(s3, folder)


async def objects(s3: S3KitHandle) -> None:
    """Put, get, head, range, copy, move, delete; one that is missing is asked for once."""
    name = "a b/ü+%25"
    put = await s3.put(BUCKET, name, b"hello", metadata={"m": "1"}, content_type="text/x-test")
    found = await s3.get(BUCKET, name)
    assert (found.data, found.metadata, found.content_type, found.etag) == (
        b"hello",
        {"m": "1"},
        "text/x-test",
        put.etag,
    )
    assert (await s3.get(BUCKET, name, offset=1, length=3)).data == b"ell"
    assert (await s3.get(BUCKET, name, offset=-2)).data == b"lo"
    assert (await s3.head(BUCKET, name)).size == 5
    await s3.copy(BUCKET, name, BUCKET, "copy")
    await s3.move(BUCKET, "copy", BUCKET, "moved")
    assert (await s3.exists(BUCKET, "copy"), await s3.exists(BUCKET, "moved")) == (False, True)
    by_cid = await s3.put(BUCKET, "cid/", b"hello", cid=True)
    assert (await s3.get(BUCKET, by_cid.key)).cid == by_cid.cid
    for ask in (s3.get, s3.head):
        try:
            await ask(BUCKET, "nothing")
        except NotFoundError as error:
            assert error.attempts == 1
        else:
            raise AssertionError("a missing object was found")
    await s3.delete_many(BUCKET, [name, "moved", by_cid.key, "nothing"])
    assert not await s3.exists(BUCKET, name)


async def listings(s3: S3KitHandle) -> None:
    """Pages, prefixes and all of them."""
    keys = [f"l/{number}" for number in range(5)]
    for key in keys:
        await s3.put(BUCKET, key, b"x")
    page = await s3.list(BUCKET, "l/", limit=2)
    assert ([one.key for one in page.objects], bool(page.token)) == (keys[:2], True)
    assert [one.key async for one in s3.iterate(BUCKET, "l/", limit=2)] == keys
    assert "l/" in (await s3.list(BUCKET, delimiter="/")).prefixes
    assert await s3.delete_many(BUCKET, keys) == tuple(keys)


async def large(s3: S3KitHandle, folder: Path, data: bytes) -> None:
    """Parts up, streams down, an upload that was cut gone on with."""
    path = folder / "big"
    path.write_bytes(data)
    put = await s3.put(BUCKET, "big", path, part_size=PART)
    assert put.etag.endswith("-3")
    async with s3.stream(BUCKET, "big") as stream:
        assert await stream.collect() == data
    await s3.download_file(BUCKET, "big", folder / "copy")
    assert (folder / "copy").read_bytes() == data
    assert (await s3.sync(folder, BUCKET, part_size=PART)).unchanged == ("big",)
    upload = await s3.multipart.create(BUCKET, "cut")
    await s3.multipart.part(BUCKET, "cut", upload, 1, data[:PART])
    assert (await s3.put(BUCKET, "cut", data, part_size=PART, resume=True)).etag == put.etag
    assert not (await s3.multipart.list(BUCKET)).get("Uploads")
    await s3.delete_many(BUCKET, ["big", "copy", "cut"])


async def presigned(s3: S3KitHandle) -> None:
    """Whoever has the URL may put and get."""
    kind = {"content-type": "text/x-test"}
    put = await s3.presign(BUCKET, "by url/ü", "PUT", headers=kind)
    got = await s3.presign(BUCKET, "by url/ü")
    async with aiohttp.ClientSession() as plain:
        async with plain.put(put, data=b"hello", headers=kind) as answer:
            assert answer.status == 200
        async with plain.get(got) as answer:
            assert (answer.status, await answer.read()) == (200, b"hello")
    await s3.delete(BUCKET, "by url/ü")


async def directories(s3: S3KitHandle, folder: Path) -> None:
    """A directory up, down and in sync; a model with its manifest."""
    here = folder / "here"
    for name, content in {"a": b"1", "sub/b": b"22"}.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_bytes(content)
    assert (await s3.upload_dir(here, BUCKET, "d")).transferred == ("d/a", "d/sub/b")
    assert (await s3.sync(here, BUCKET, "d")).transferred == ()
    (here / "a").unlink()
    assert (await s3.sync(here, BUCKET, "d", delete=True)).deleted == ("d/a",)
    assert (await s3.download_dir(BUCKET, "d", folder / "there")).transferred == ("d/sub/b",)
    saved = await s3.save_model(here, BUCKET, "m")
    assert await s3.load_model(BUCKET, "m", folder / "model") == saved
    assert (folder / "model" / "sub" / "b").read_bytes() == b"22"
    await s3.delete_many(BUCKET, [one.key async for one in s3.iterate(BUCKET)])
