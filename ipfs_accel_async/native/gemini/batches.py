"""Gemini's batches: many requests as one job (Gemini API reference, batchGenerateContent and batches)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import APIError, InvalidRequestError
from ipfs_accel_async.native._handle import given
from ipfs_accel_async.native.gemini._requests import Part, plain_model, plain_name
from ipfs_accel_async.native.gemini._waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.conversation import Messages

_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED")


class Batches(Part):
    """Jobs of many requests, done within a day. The Developer API alone has them so."""

    __slots__ = ()

    async def create(
        self,
        model: str,
        requests: Mapping[str, Messages | Mapping[str, Any]] | Iterable[Messages] = (),
        *,
        file: str | None = None,
        display_name: str | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Have many conversations answered; ``answer["name"]`` is the job.

        `requests` are conversations, or conversations by key: each answer comes with its key. Instead of a
        conversation, a whole body in the service's words (``{"contents": [...]}``) is sent as it is. With many more
        than a few megabytes, upload a file of lines instead and name it as `file`. `params` such as ``temperature``
        hold for every request.
        """
        if isinstance(requests, str):
            raise InvalidRequestError("requests are several conversations: pass a list of them")
        keyed = requests if hasattr(requests, "items") else dict(enumerate(requests))
        inlined = [
            {
                "request": {"model": f"models/{plain_model(model)}", **self._body(model, one, params)},
                "metadata": {"key": str(key)},
            }
            for key, one in keyed.items()
        ]
        batch = _batch(inlined, file, display_name)
        return await self._call("batches.create", model=plain_model(model), json={"batch": batch})

    def _body(self, model: str, one: Messages | Mapping[str, Any], params: Mapping[str, Any]) -> Mapping[str, Any]:
        if isinstance(one, Mapping) and "contents" in one:
            return {**one, **params}
        return self._request(model, one, (), params)

    async def create_embeddings(
        self,
        model: str,
        texts: Iterable[str] = (),
        *,
        file: str | None = None,
        display_name: str | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Have many texts embedded; `params` such as ``taskType`` hold for every text."""
        name = f"models/{plain_model(model)}"
        inlined = [{"request": {"model": name, "content": self._content(text), **params}} for text in texts]
        batch = _batch(inlined, file, display_name)
        return await self._call("batches.create_embeddings", model=plain_model(model), json={"batch": batch})

    async def get(self, name: str) -> NativeAnswer:
        """A job: ``answer["metadata"]["state"]``, and with ``answer.get("done")`` its ``response``."""
        return await self._call("batches.get", batch=plain_name("batches", name))

    async def list(self, *, page_size: int | None = None, page_token: str | None = None) -> NativeAnswer:
        """One page of the jobs; ``answer.get("nextPageToken")`` is for the next."""
        return await self._call("batches.list", query={"pageSize": page_size, "pageToken": page_token})

    def iterate(self, *, page_size: int | None = None) -> AsyncIterator[dict[str, Any]]:
        """All jobs, page by page."""
        return self._pages("batches.list", "operations", page_size)

    async def cancel(self, name: str) -> NativeAnswer:
        """Stop a job; what is answered by then can be had."""
        return await self._call("batches.cancel", batch=plain_name("batches", name))

    async def delete(self, name: str) -> NativeAnswer:
        """Delete a job."""
        return await self._call("batches.delete", batch=plain_name("batches", name))

    async def wait(self, name: str, *, poll: float = 5.0, timeout: float = 90_000.0) -> NativeAnswer:
        """Wait until a job is done; :meth:`replies` reads its answers.

        Raises:
            APIError: It failed, expired or was cancelled; the message has the service's reason.
            RequestTimeoutError: It took longer than `timeout` seconds.
        """

        def ready(job: NativeAnswer) -> bool:
            state = _state(job)
            if state in _ENDED[1:] or (job.get("done") and job.get("error")):
                reason = (job.get("error") or {}).get("message") or "the service does not say why"
                message = f"{name} is {state.lower() or 'failed'}: {reason}"
                raise APIError(message, target=job.target, code=state or None, request_id=job.request_id)
            return bool(job.get("done")) or state == _ENDED[0]

        return await until(lambda: self.get(name), ready, f"the batch {name}", poll=poll, timeout=timeout)

    @staticmethod
    def replies(job: NativeAnswer) -> dict[str, Mapping[str, Any]]:
        """The answers in a finished job by their keys, each with a ``response`` or an ``error``.

        Raises:
            InvalidRequestError: They are in a file: ``files.download`` has it.
        """
        output = job.get("response") or (job.get("metadata") or {}).get("output") or {}
        if "responsesFile" in output:
            raise InvalidRequestError(f"the answers are in a file: files.download({output['responsesFile']!r})")
        found = output.get("inlinedResponses") or output.get("inlinedEmbedContentResponses") or {}
        inlined = found.get("inlinedResponses") or []
        return {str((one.get("metadata") or {}).get("key", place)): one for place, one in enumerate(inlined)}


def _batch(inlined: list[dict[str, Any]], file: str | None, display_name: str | None) -> dict[str, Any]:
    if bool(inlined) == bool(file):
        raise InvalidRequestError("a batch has requests or a file of them: pass one of the two")
    config = {"fileName": f"files/{plain_name('files', file)}"} if file else {"requests": {"requests": inlined}}
    return given(displayName=display_name, inputConfig=config)


def _state(job: NativeAnswer) -> str:
    """Its state without the prefix, of which the service has two."""
    return str((job.get("metadata") or {}).get("state") or "").rpartition("STATE_")[2]
