"""Containers of the code interpreter and the files in them (OpenAI API reference, containers)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import given
from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.uploads import File


class Containers(Listed):
    """``client.openai.containers``: pass an id in the tool ``{"type": "code_interpreter", "container": id}``."""

    __slots__ = ()

    async def create(
        self,
        name: str,
        *,
        file_ids: Iterable[str] | None = None,
        expires_after: Mapping[str, Any] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Make a container, with files that are uploaded already."""
        value = given(
            name=name, file_ids=None if file_ids is None else [*file_ids], expires_after=expires_after, **params
        )
        return await self._call("containers.create", json=value)

    async def list(self, **query: Any) -> NativeAnswer:
        """One page; `query` takes ``name``, ``after``, ``limit`` and ``order``."""
        return await self._call("containers.list", query=query)

    def iterate(self, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All containers, page after page."""
        return self._each("containers.list", query)

    async def get(self, container_id: str) -> NativeAnswer:
        """How a container stands."""
        return await self._call("containers.get", id=container_id)

    async def delete(self, container_id: str) -> NativeAnswer:
        """Delete a container with its files."""
        return await self._call("containers.delete", id=container_id)

    @property
    def files(self) -> ContainerFiles:
        """The files in a container."""
        return ContainerFiles(self._bound)


class ContainerFiles(Listed):
    """``client.openai.containers.files``."""

    __slots__ = ()

    async def create(self, container_id: str, file: File, *, name: str = "file") -> NativeAnswer:
        """Put a file into a container.

        Raises:
            InvalidRequestError: The file cannot be read.
        """
        form = [("file", await as_upload(file, name=name))]
        return await self._call("containers.files.create", form=form, id=container_id)

    async def list(self, container_id: str, **query: Any) -> NativeAnswer:
        """One page; `query` takes ``after``, ``limit`` and ``order``."""
        return await self._call("containers.files.list", query=query, id=container_id)

    def iterate(self, container_id: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All files of a container, page after page."""
        return self._each("containers.files.list", query, id=container_id)

    async def get(self, container_id: str, file_id: str) -> NativeAnswer:
        """What is known of a file, with its ``path``."""
        return await self._call("containers.files.get", id=container_id, file=file_id)

    async def delete(self, container_id: str, file_id: str) -> NativeAnswer:
        """Delete a file in a container."""
        return await self._call("containers.files.delete", id=container_id, file=file_id)

    async def content(self, container_id: str, file_id: str) -> bytes:
        """All bytes of a file in a container."""
        return (await self._call("containers.files.content", id=container_id, file=file_id)).body
