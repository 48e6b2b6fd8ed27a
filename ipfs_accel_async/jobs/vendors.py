"""The vendors' batch APIs behind one protocol: bodies in, states and results out (their API references, batches)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import AccelError, ResponseValidationError
from ipfs_accel_async.jobs.results import BatchStatus, JobResult
from ipfs_accel_async.providers._json import dumps
from ipfs_accel_async.types import ChatRequest
from ipfs_accel_async.wire.http import Headers, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from ipfs_accel_async.jobs.results import State
    from ipfs_accel_async.native.claude.batches import Batches as ClaudeBatches
    from ipfs_accel_async.native.gemini.batches import Batches as GeminiBatches
    from ipfs_accel_async.native.openai.batches import Batches as OpenAIBatches
    from ipfs_accel_async.providers._codec import Codec
    from ipfs_accel_async.types import Target

_HTTP_OF_RPC = {1: 499, 3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 13: 500, 14: 503, 16: 401}
"""HTTP statuses of Google's RPC codes (google.rpc.Code)."""


class Vendor(Protocol):
    """One vendor's batches."""

    async def submit(self, model: str, bodies: Mapping[str, Mapping[str, Any]]) -> str:
        """Begin a batch of chat bodies by custom id, and give the service's id of it."""

    async def status(self, batch_id: str) -> BatchStatus:
        """How it stands."""

    def results(self, batch_id: str) -> AsyncIterator[JobResult]:
        """What there is of results, in any order."""

    async def cancel(self, batch_id: str) -> None:
        """Stop it."""


class OpenAIVendor:
    """OpenAI and Groq: a file of lines in, files of lines out."""

    def __init__(self, batches: OpenAIBatches) -> None:
        self._batches = batches

    async def submit(self, model: str, bodies: Mapping[str, Mapping[str, Any]]) -> str:
        """As :class:`Vendor`."""
        return str((await self._batches.submit(bodies, model=model))["id"])

    async def status(self, batch_id: str) -> BatchStatus:
        """As :class:`Vendor`."""
        found = await self._batches.get(batch_id)
        counts = found.get("request_counts") or {}
        states: dict[str, State] = {
            "completed": "ended",
            "failed": "failed",
            "expired": "expired",
            "cancelled": "cancelled",
        }
        return BatchStatus(
            state=states.get(found["status"], "running"),
            total=_count(counts, "total"),
            succeeded=_count(counts, "completed"),
            failed=_count(counts, "failed"),
            raw=found.raw,
        )

    async def results(self, batch_id: str) -> AsyncIterator[JobResult]:
        """As :class:`Vendor`."""
        async for one in self._batches.results(batch_id):
            error = one.error
            if error is None and one.reply is None:
                error = ResponseValidationError("the result has no chat completion", code="unexpected")
            yield JobResult(custom_id=one.custom_id, reply=one.reply, error=error)

    async def cancel(self, batch_id: str) -> None:
        """As :class:`Vendor`."""
        await self._batches.cancel(batch_id)


class ClaudeVendor:
    """Claude: requests inline, results as lines."""

    def __init__(self, batches: ClaudeBatches) -> None:
        self._batches = batches

    async def submit(self, model: str, bodies: Mapping[str, Mapping[str, Any]]) -> str:
        """As :class:`Vendor`."""
        return str((await self._batches.create(bodies))["id"])

    async def status(self, batch_id: str) -> BatchStatus:
        """As :class:`Vendor`."""
        found = await self._batches.get(batch_id)
        counts = found.get("request_counts") or {}
        failed = sum(_count(counts, name) for name in ("errored", "canceled", "expired"))
        succeeded = _count(counts, "succeeded")
        return BatchStatus(
            state="ended" if found["processing_status"] == "ended" else "running",
            total=failed + succeeded + _count(counts, "processing"),
            succeeded=succeeded,
            failed=failed,
            raw=found.raw,
        )

    async def results(self, batch_id: str) -> AsyncIterator[JobResult]:
        """As :class:`Vendor`."""
        async for one in self._batches.results(batch_id):
            yield JobResult(custom_id=one.custom_id, reply=one.reply, error=one.error)

    async def cancel(self, batch_id: str) -> None:
        """As :class:`Vendor`."""
        await self._batches.cancel(batch_id)


class GeminiVendor:
    """Gemini: a long-running operation with its answers inside."""

    def __init__(self, batches: GeminiBatches, codec: Codec, target: Target) -> None:
        self._batches = batches
        self._codec = codec
        self._target = target

    async def submit(self, model: str, bodies: Mapping[str, Mapping[str, Any]]) -> str:
        """As :class:`Vendor`."""
        return str((await self._batches.create(model, bodies))["name"])

    async def status(self, batch_id: str) -> BatchStatus:
        """As :class:`Vendor`."""
        job = await self._batches.get(batch_id)
        about = job.get("metadata") or {}
        states: dict[str, State] = {
            "SUCCEEDED": "ended",
            "FAILED": "failed",
            "EXPIRED": "expired",
            "CANCELLED": "cancelled",
        }
        state = states.get(str(about.get("state") or "").rpartition("STATE_")[2], "running")
        if state == "running" and job.get("done"):
            state = "failed" if job.get("error") else "ended"
        counts = about.get("batchStats") or {}
        return BatchStatus(
            state=state,
            total=_count(counts, "requestCount"),
            succeeded=_count(counts, "successfulRequestCount"),
            failed=_count(counts, "failedRequestCount"),
            raw=job.raw,
        )

    async def results(self, batch_id: str) -> AsyncIterator[JobResult]:
        """As :class:`Vendor`."""
        job = await self._batches.get(batch_id)
        for custom_id, one in self._batches.replies(job).items():
            yield self._result(custom_id, one)

    async def cancel(self, batch_id: str) -> None:
        """As :class:`Vendor`."""
        await self._batches.cancel(batch_id)

    def _result(self, custom_id: str, one: Mapping[str, Any]) -> JobResult:
        call = Call("chat", self._target, ChatRequest(()), request_id=custom_id)
        fault = one.get("error")
        if isinstance(fault, dict):
            code = fault.get("code")
            status = _HTTP_OF_RPC.get(code, code) if isinstance(code, int) else 500
            answer = Response(status if 400 <= status < 600 else 500, Headers(), dumps({"error": fault}))
            return JobResult(custom_id=custom_id, error=self._codec.parse_error(call, answer))
        try:
            parsed = self._codec.parse_response(call, Response(200, Headers(), dumps(one.get("response"))))
        except AccelError as error:
            return JobResult(custom_id=custom_id, error=error)
        assert isinstance(parsed, Reply)  # noqa: S101 - what a codec makes of a chat; narrows the type
        return JobResult(custom_id=custom_id, reply=parsed)


def _count(counts: Any, name: str) -> int:
    """A count, which some services write as a string."""
    value = counts.get(name) if isinstance(counts, dict) else None
    return int(value) if isinstance(value, (int, str)) and str(value).isdecimal() else 0
