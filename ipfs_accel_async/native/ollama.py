"""Ollama's own: the models on a machine and how they get there; ``client.ollama`` (Ollama API documentation)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError, NotFoundError, ResponseValidationError
from ipfs_accel_async.inputs import text
from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import EventStream
    from ipfs_accel_async.uploads import File

_HEX = frozenset("0123456789abcdef")


class Blobs(Native):
    """Files on the machine that models are made of, named by their sha256."""

    __slots__ = ()

    async def head(self, digest: str) -> bool:
        """Whether a blob is there; its `digest` is ``sha256:`` and 64 hexadecimal digits."""
        try:
            await self._call("blobs.head", digest=_hex(digest))
        except NotFoundError:
            return False
        return True

    async def create(self, file: File) -> str:
        """Send a file unless it is there; gives its digest, for `files` and `adapters` of :meth:`OllamaHandle.create`.

        The file is read into memory.

        Raises:
            InvalidRequestError: It cannot be read.
        """
        upload = await as_upload(file)
        digest = f"sha256:{hashlib.sha256(upload.data).hexdigest()}"
        if not await self.head(digest):
            kind = "application/octet-stream"
            await self._call("blobs.create", digest=_hex(digest), content=upload.data, content_type=kind)
        return digest


class OllamaHandle(Native):
    """What only Ollama has. Pulling takes as long as the model is large: ``ai.ollama.with_options(timeout=3600)``."""

    __slots__ = ()

    @property
    def blobs(self) -> Blobs:
        """Files that models are made of."""
        return Blobs(self._bound)

    async def tags(self) -> NativeAnswer:
        """The models on the machine: ``answer["models"]``, each with size, digest and details."""
        return await self._call("tags")

    async def ps(self) -> NativeAnswer:
        """The models in memory: ``answer["models"]``, each with its size there and when it leaves."""
        return await self._call("ps")

    async def show(self, model: str, *, verbose: bool | None = None) -> NativeAnswer:
        """What a model is: its template, parameters, licence, capabilities and ``model_info``."""
        return await self._call("show", json=given(model=text("model", model), verbose=verbose))

    async def version(self) -> NativeAnswer:
        """The version of the server: ``answer["version"]``."""
        return await self._call("version")

    async def load(self, model: str, *, keep_alive: str | float | None = None, **params: Any) -> NativeAnswer:
        """Load a model into memory, so that the first call finds it there.

        `keep_alive` says for how long after a call: seconds, or such as ``"10m"``; below 0 is for ever.
        """
        body = given(model=text("model", model), stream=False, keep_alive=keep_alive)
        return await self._call("load", json={**body, **params})

    async def unload(self, model: str) -> NativeAnswer:
        """Take a model out of memory now."""
        return await self._call("unload", json={"model": text("model", model), "stream": False, "keep_alive": 0})

    async def pull(self, model: str, **params: Any) -> NativeAnswer:
        """Fetch a model from the registry, to the end; what was fetched before is not fetched again.

        Raises:
            NotFoundError: The registry has no such model.
            ServerError: It failed on the way; the message has the service's reason.
            StreamIncompleteError: The connection ended before the model was there.
        """
        return await _to_the_end(self.stream_pull(model, **params))

    def stream_pull(self, model: str, **params: Any) -> AbstractAsyncContextManager[EventStream]:
        """The same, with its progress: events whose `data` has ``status``, and ``completed`` of ``total`` bytes."""
        return self._events("pull", json={"model": text("model", model), **params, "stream": True})

    async def push(self, model: str, **params: Any) -> NativeAnswer:
        """Send a model to the registry, to the end; its name begins with your own, ``name/model``."""
        return await _to_the_end(self.stream_push(model, **params))

    def stream_push(self, model: str, **params: Any) -> AbstractAsyncContextManager[EventStream]:
        """The same, with its progress, as :meth:`stream_pull` tells it."""
        return self._events("push", json={"model": text("model", model), **params, "stream": True})

    async def create(
        self,
        model: str,
        *,
        from_: str | None = None,
        files: Mapping[str, str] | None = None,
        adapters: Mapping[str, str] | None = None,
        template: str | None = None,
        system: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        messages: Iterable[Mapping[str, Any]] | None = None,
        quantize: str | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Make a model `from_` another, or of `files`: digests of blobs by file name; to the end.

        `quantize` is such as ``q4_K_M``; `parameters` are defaults of its options. ``license`` goes with `params`.

        Raises:
            InvalidRequestError: Neither `from_` nor `files` is given.
        """
        made = self.stream_create(
            model,
            from_=from_,
            files=files,
            adapters=adapters,
            template=template,
            system=system,
            parameters=parameters,
            messages=messages,
            quantize=quantize,
            **params,
        )
        return await _to_the_end(made)

    def stream_create(
        self, model: str, *, from_: str | None = None, files: Mapping[str, str] | None = None, **params: Any
    ) -> AbstractAsyncContextManager[EventStream]:
        """The same, with its progress; takes what :meth:`create` does."""
        if not (from_ or files):
            raise InvalidRequestError("a model is made from_ another or of files: pass one of the two")
        body = {"model": text("model", model), "from": from_, "files": files, **params}
        return self._events("create", json={**_written(body), "stream": True})

    async def copy(self, source: str, destination: str) -> NativeAnswer:
        """Give a model another name too."""
        body = {"source": text("source", source), "destination": text("destination", destination)}
        return await self._call("copy", json=body)

    async def delete(self, model: str) -> NativeAnswer:
        """Delete a model and what no other is made of."""
        return await self._call("delete", json={"model": text("model", model)})


async def _to_the_end(progress: AbstractAsyncContextManager[EventStream]) -> NativeAnswer:
    """The answer with the last of its lines."""
    async with progress as stream:
        async for _ in stream:
            pass
        if stream.last is None:
            raise ResponseValidationError("the progress has no last line", target=stream.target)
        whole: NativeAnswer = stream.partial
        return replace(whole, raw=stream.last.data)


def _written(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body without the Nones, whose iterables are lists."""
    plain = (str, int, float, dict, list)
    found = {name: value for name, value in body.items() if value is not None}
    return {
        name: value if isinstance(value, plain) or hasattr(value, "items") else list(value)
        for name, value in found.items()
    }


def _hex(digest: str) -> str:
    """The digits of a digest.

    Raises:
        InvalidRequestError: It is none.
    """
    digits = digest.removeprefix("sha256:").lower() if isinstance(digest, str) else ""
    if len(digits) != 64 or not _HEX.issuperset(digits):
        raise InvalidRequestError(f"a digest is sha256: and 64 hexadecimal digits, not {digest!r:.40}")
    return digits


handle = OllamaHandle
