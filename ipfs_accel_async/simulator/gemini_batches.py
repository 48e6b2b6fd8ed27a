"""Batches of the Gemini twin.

Source: Gemini API reference: batchGenerateContent, asyncBatchEmbedContent, batches.
"""

from collections.abc import Callable
from typing import Any

from .gemini_answers import page
from .gemini_files import Files, stamp
from .gemini_requests import get
from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Whole, dumps, fields

_NO_JSON = "Invalid JSON payload received."
_ALL = 1_000_000
_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main."


class Batches:
    """Jobs of many requests: pending when made, running when first asked for, then done.

    Args:
        clock: Wall clock.
        ident: Makes ids.
        files: Where requests and answers may be.
        answer: Answers one request for a model.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        ident: Callable[[str, Ask], str],
        files: Files,
        answer: Callable[[Ask, str, dict[str, Any]], dict[str, Any]],
    ) -> None:
        self._clock, self._ident, self._files, self._answer = clock, ident, files, answer
        self._jobs = Shelf("batch")

    def routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """What it serves."""
        return {
            ("GET", "/{version}/batches"): lambda ask: page(ask, "operations", self._shown()),
            ("GET", "/{version}/batches/{batch}"): self.get,
            ("POST", "/{version}/batches/{batch}:cancel"): self.cancel,
            ("DELETE", "/{version}/batches/{batch}"): self.delete,
        }

    def create(self, ask: Ask, model: str) -> Answer:
        """POST models/{model}:batchGenerateContent, :asyncBatchEmbedContent."""
        batch = fields(ask, _NO_JSON)["batch"]
        config, now = batch["inputConfig"], self._clock()
        name = get(config, "fileName")
        requests = self._files.lines(name) if name else config["requests"]["requests"]
        if not isinstance(requests, list) or not requests:
            raise RejectError(400, "* BatchGenerateContentRequest.batch.input_config: no requests")
        kind = "EmbedContentBatch" if ask.path.endswith("EmbedContent") else "GenerateContentBatch"
        answered = [self._answered(ask, model, one) for one in requests]
        embeds = kind == "EmbedContentBatch"
        field = "inlinedEmbedContentResponses" if embeds else "inlinedResponses"
        output: dict[str, Any] = {field: {"inlinedResponses": answered}}
        if name:
            lines = b"".join(dumps(one) + b"\n" for one in answered)
            meta = {"name": f"files/batch-{self._ident('', ask)}", "mimeType": "application/jsonl"}
            output = {"responsesFile": self._files.keep(ask, lines, meta, source="GENERATED")["name"]}
        metadata = {
            "@type": f"{_TYPE}{kind}",
            "model": f"models/{model}",
            **({"displayName": batch["displayName"]} if "displayName" in batch else {}),
            "createTime": stamp(now),
            "updateTime": stamp(now),
            "batchStats": {"requestCount": str(len(requests)), "pendingRequestCount": str(len(requests))},
            "state": "BATCH_STATE_PENDING",
        }
        job = {"name": f"batches/{self._ident('', ask)}", "metadata": metadata}
        self._jobs.put(job["name"], {"job": job, "output": output})  # type: ignore[arg-type]
        return Whole(dumps(job))

    def get(self, ask: Ask) -> Answer:
        """GET batches/{batch}: it goes on by being asked for."""
        held = self._find(ask)
        job, state = held["job"], held["job"]["metadata"]["state"]
        if state == "BATCH_STATE_PENDING":
            job["metadata"]["state"] = "BATCH_STATE_RUNNING"
        elif state == "BATCH_STATE_RUNNING":
            count = job["metadata"]["batchStats"]["requestCount"]
            ended = {"state": "BATCH_STATE_SUCCEEDED", "endTime": stamp(self._clock()), "output": held["output"]}
            job["metadata"] |= ended | {"batchStats": {"requestCount": count, "successfulRequestCount": count}}
            job |= {"done": True, "response": {"@type": job["metadata"]["@type"], **held["output"]}}
        return Whole(dumps(job))

    def cancel(self, ask: Ask) -> Answer:
        """POST batches/{batch}:cancel."""
        job = self._find(ask)["job"]
        if not job.get("done"):
            error = {"code": 1, "message": "The batch was cancelled."}
            job |= {"done": True, "error": error}
            job["metadata"]["state"] = "BATCH_STATE_CANCELLED"
        return Whole(b"{}")

    def delete(self, ask: Ask) -> Answer:
        """DELETE batches/{batch}."""
        self._find(ask)
        self._jobs.pop(f"batches/{ask.args['batch']}")
        return Whole(b"{}")

    def _answered(self, ask: Ask, model: str, one: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {name: one[name] for name in ("metadata", "key") if name in one}
        try:
            return {"response": self._answer(ask, model, one["request"]), **kept}
        except RejectError as reject:
            return {"error": {"code": 3, "message": reject.message}, **kept}

    def _shown(self) -> list[dict[str, Any]]:
        return [held["job"] for held in self._jobs.page(None, _ALL)[0]]

    def _find(self, ask: Ask) -> dict[str, Any]:
        return self._jobs.get(f"batches/{ask.args['batch']}")
