"""``client.batches``: the vendors' batch APIs as one interface, many chats answered within a day at a lower price."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.arguments import chat_request
from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.jobs.job import VERSION, BatchJob
from ipfs_accel_async.jobs.results import BatchStatus, JobResult

if TYPE_CHECKING:
    import os

    from ipfs_accel_async.conversation import Messages
    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.jobs.vendors import Vendor
    from ipfs_accel_async.types import Target

__all__ = ["BatchJob", "BatchStatus", "Batches", "JobResult"]


class Batches:
    """Begins batches and takes them up again.

    Args:
        engine: The client's.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def submit(
        self, model: str, requests: Mapping[str, Messages | Mapping[str, Any]] | Iterable[Messages], **arguments: Any
    ) -> BatchJob:
        """Begin a batch of chats.

        Args:
            model: ``"provider:model"`` of OpenAI, Claude, Groq or Gemini, or of a name of your own on their wires.
            requests: Conversations by an id of your own, under which the results come back; or a list of them, whose
                ids are their places. Instead of a conversation, a mapping of arguments: ``{"messages": ...,
                "max_tokens": 5}``.
            arguments: Of all of them, as :meth:`Client.chat` takes them: ``max_tokens``, ``tools``, ``temperature``...

        Raises:
            InvalidRequestError: The provider has no batches, or a request cannot be one of a batch; nothing was sent.
            CallError, RejectedError: As :meth:`Client.chat`. A batch that may have begun is not begun a second time.
        """
        target = self._engine.target(model, "chat")
        vendor = self._vendor(target)
        if isinstance(requests, (str, bytes)):
            raise InvalidRequestError("requests are several conversations: pass a mapping or a list of them")
        keyed = requests if isinstance(requests, Mapping) else {str(at): one for at, one in enumerate(requests)}
        if not keyed:
            raise InvalidRequestError("a batch needs at least one request")
        codec = self._engine.provider(target.provider).codec
        bodies = {}
        for custom_id, one in keyed.items():
            own = dict(one) if isinstance(one, Mapping) and "messages" in one else {"messages": one}
            try:
                payload = _payload(**{**arguments, **own})
            except InvalidRequestError as error:
                raise InvalidRequestError(f"request {custom_id!r}: {error.message}", target=target) from None
            bodies[custom_id] = codec.build_body(Call("chat", target, payload)) or {}
        batch_id = await vendor.submit(target.model, bodies)
        return BatchJob(vendor, target, batch_id, tuple(bodies))

    def resume(self, saved: Mapping[str, Any] | str | os.PathLike[str]) -> BatchJob:
        """A batch that was begun before, by another process perhaps.

        Args:
            saved: What :meth:`BatchJob.save` gave, or the file it wrote.

        Raises:
            InvalidRequestError: It is not that.
        """
        found = saved if isinstance(saved, Mapping) else _read(saved)
        ids = found.get("custom_ids")
        texts = [found.get(name) for name in ("provider", "model", "id")]
        if found.get("version") != VERSION or not isinstance(ids, list) or not all(isinstance(t, str) for t in texts):
            raise InvalidRequestError("this is no saved batch: pass what BatchJob.save() gave, or the file it wrote")
        provider, model, batch_id = texts
        target = self._engine.target(f"{provider}:{model}", "chat")
        return BatchJob(self._vendor(target), target, str(batch_id), tuple(str(one) for one in ids))

    def _vendor(self, target: Target) -> Vendor:
        from ipfs_accel_async import registry
        from ipfs_accel_async.jobs.vendors import ClaudeVendor, GeminiVendor, OpenAIVendor
        from ipfs_accel_async.native._handle import Bound
        from ipfs_accel_async.native.claude.batches import Batches as ClaudeBatches
        from ipfs_accel_async.native.gemini.batches import Batches as GeminiBatches
        from ipfs_accel_async.native.openai.batches import Batches as OpenAIBatches

        codec = self._engine.provider(target.provider).codec
        if "batches.create" in codec.native:
            found = registry.handle(codec)(Bound(self._engine, target.provider)).batches
            if isinstance(found, OpenAIBatches):
                return OpenAIVendor(found)
            if isinstance(found, ClaudeBatches):
                return ClaudeVendor(found)
            if isinstance(found, GeminiBatches):
                return GeminiVendor(found, codec, target)
        message = f"{target.provider} has no batch API: openai, claude, groq and gemini have one; or await many chats"
        raise InvalidRequestError(message, target=target)


def _payload(messages: Messages, *, stream: bool = False, **arguments: Any) -> Any:
    named = ("tools", "tool_choice", "response_format", "max_tokens", "temperature", "stop", "seed")
    known = {name: arguments.pop(name) for name in named if name in arguments}
    if stream:
        raise InvalidRequestError("a batch does not stream")
    return chat_request(messages, **known, params=arguments)


def _read(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidRequestError(f"the saved batch cannot be read: {type(error).__name__}") from None
    return found if isinstance(found, dict) else {}
