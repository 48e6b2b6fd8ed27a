"""The stores of OPEA: documents to search in, conversations, prompts, feedback (GenAIComps). All are POSTs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.uploads import File
    from ipfs_accel_async.wire.multipart import Upload


class Dataprep(Native):
    """What the retriever searches in."""

    async def ingest(
        self,
        *files: File,
        links: Iterable[str] = (),
        chunk_size: int | None = None,
        chunk_overlap: int | None = None,
        process_table: bool | None = None,
        table_strategy: str | None = None,
        index_name: str | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Read documents (paths, bytes, open files) or web pages (`links`), cut and index them; it waits until done.

        `chunk_size` and `chunk_overlap` are in characters (1,500 and 100 if not said). Some releases read one file a
        request: they take several in several calls.
        """
        from orjson import dumps

        addresses = [links] if isinstance(links, str) else list(links)
        if not files and not addresses:
            raise InvalidRequestError("ingest takes files, or links=, or both: there are none")
        form: list[tuple[str, str | Upload]] = [("files", await as_upload(file, name="file.txt")) for file in files]
        if addresses:
            form.append(("link_list", dumps(addresses).decode()))
        more = given(
            chunk_size=chunk_size,
            chunk_overlap=chunk_overlap,
            process_table=process_table,
            table_strategy=table_strategy,
            index_name=index_name,
        )
        form += [(name, _word(value)) for name, value in {**more, **params}.items()]
        return await self._call("dataprep.ingest", form=form)

    async def get(self, *, index_name: str | None = None, **params: Any) -> list[dict[str, Any]]:
        """What was ingested: each with ``name``, ``id``, ``type`` and ``parent``."""
        return list((await self._call("dataprep.get", json={**given(index_name=index_name), **params})).raw)

    async def delete(self, file_path: str, *, index_name: str | None = None, **params: Any) -> NativeAnswer:
        """Forget a document by its name; ``all`` forgets every one."""
        body = {"file_path": file_path, **given(index_name=index_name), **params}
        return await self._call("dataprep.delete", json=body)

    async def indices(self) -> list[Any]:
        """The names of the indices; with Redis."""
        return list((await self._call("dataprep.indices", json={})).raw)


class _Store(Native):
    """What is kept for a user under an id."""

    async def _make(self, name: str, body: dict[str, Any]) -> str:
        raw = (await self._call(name, json=body)).raw
        return raw if isinstance(raw, str) else str(raw)


class ChatHistory(_Store):
    """Conversations that the service keeps."""

    async def create(
        self, user: str, messages: str | list[dict[str, Any]], *, chat_id: str | None = None, **params: Any
    ) -> str:
        """Keep a conversation; the answer is its id. With `chat_id`, it takes the place of that one."""
        data = {"user": user, "messages": messages, **params}
        return await self._make("chathistory.create", {"data": data, **given(id=chat_id)})

    async def get(self, user: str, chat_id: str | None = None) -> Any:
        """A conversation, or without `chat_id` a list of all that a user has."""
        return (await self._call("chathistory.get", json={"user": user, **given(id=chat_id)})).raw

    async def delete(self, user: str, chat_id: str) -> bool:
        """Forget a conversation; False where there was none."""
        return bool((await self._call("chathistory.delete", json={"user": user, "id": chat_id})).raw)


class PromptRegistry(_Store):
    """Prompts that the service keeps."""

    async def create(self, user: str, prompt_text: str) -> str:
        """Keep a prompt; the answer is its id."""
        return await self._make("prompt.create", {"user": user, "prompt_text": prompt_text})

    async def get(self, user: str, *, prompt_id: str | None = None, prompt_text: str | None = None) -> Any:
        """A prompt by its id, those that hold a text, or all that a user has."""
        body = {"user": user, **given(prompt_id=prompt_id, prompt_text=prompt_text)}
        return (await self._call("prompt.get", json=body)).raw

    async def delete(self, user: str, prompt_id: str) -> bool:
        """Forget a prompt; False where there was none."""
        return bool((await self._call("prompt.delete", json={"user": user, "prompt_id": prompt_id})).raw)


class Feedback(_Store):
    """What users thought of answers."""

    async def create(self, chat_data: dict[str, Any], feedback_data: dict[str, Any], **params: Any) -> str:
        """Keep what a user thought of an answer: `feedback_data` has ``is_thumbs_up``, ``rating``, ``comment``."""
        body = {"chat_data": chat_data, "feedback_data": feedback_data, **params}
        return await self._make("feedback.create", body)

    async def get(self, user: str, feedback_id: str | None = None) -> Any:
        """One feedback, or without an id all that a user gave."""
        return (await self._call("feedback.get", json={"user": user, **given(feedback_id=feedback_id)})).raw

    async def delete(self, user: str, feedback_id: str) -> bool:
        """Forget a feedback; False where there was none."""
        return bool((await self._call("feedback.delete", json={"user": user, "feedback_id": feedback_id})).raw)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
