"""The guards of OPEA: microservices that judge texts (GenAIComps, guardrails)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.providers._opea_micro import verdict_of
from ipfs_accel_async.results import Moderation

if TYPE_CHECKING:
    from ipfs_accel_async.answers import NativeAnswer


class Guards(Native):
    """Each guard is a service of its own. ``client.moderate("opea:guardrails", text)`` checks what a user writes."""

    async def answer(self, prompt: str, text: str, **params: Any) -> Moderation:
        """Check what a model answered to a prompt: the verdict's `text` is the answer, or why it is held back."""
        return _judged(await self._call("guards.answer", json={"prompt": prompt, "text": text, **params}))

    async def pii(
        self, prompt: str, *, replace: bool | None = None, replace_method: str | None = None, **params: Any
    ) -> NativeAnswer:
        """Find personal data: ``answer["detected_pii"]``; with `replace`, ``answer["new_prompt"]`` is without it."""
        more = given(replace=replace, replace_method=replace_method)
        return await self._call("guards.pii", json={"prompt": prompt, **more, **params})

    async def toxicity(self, text: str, **params: Any) -> NativeAnswer:
        """Check for toxic words: the text as it may pass, or ``score``, by kind of service."""
        return await self._call("guards.toxicity", json={"text": text, **params})

    async def bias(self, text: str, **params: Any) -> NativeAnswer:
        """Check for bias: the text as it may pass."""
        return await self._call("guards.bias", json={"text": text, **params})

    async def injection(self, text: str, **params: Any) -> NativeAnswer:
        """Check a prompt for instructions smuggled in: the text as it may pass, or ``score``, by kind of service."""
        return await self._call("guards.injection", json={"text": text, **params})

    async def factuality(self, reference: str, text: str, **params: Any) -> float:
        """How much of a text its reference supports, from 0 to 1."""
        answer = await self._call("guards.factuality", json={"reference": reference, "text": text, **params})
        return float(answer["score"])

    async def hallucination(self, messages: str | list[dict[str, Any]], **params: Any) -> NativeAnswer:
        """Have a model say whether an answer keeps to its document; `messages` hold question, document and answer."""
        return await self._call("guards.hallucination", json={"messages": messages, "stream": False, **params})


def _judged(answer: NativeAnswer) -> Moderation:
    return Moderation(
        target=answer.target,
        request_id=answer.request_id,
        provider_request_id=answer.provider_request_id,
        attempts=answer.attempts,
        limits=answer.limits,
        raw=answer.raw,
        verdicts=(verdict_of(answer.raw),),
    )
