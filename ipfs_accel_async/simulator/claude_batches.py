"""Claude's batches: they end at the second look (Claude API reference, Message Batches)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .claude_lists import page
from .shelf import Shelf
from .twin import Answer, Ask, Frames, RejectError, Twin, Whole, dumps, fields

LOOKS = 2
_COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")


class Batches:
    """The batches of one service.

    Args:
        twin: Whose routes they join.
        answer: Makes the message that answers the parameters of a request.
        error: Tells an error as the service does.
    """

    def __init__(
        self,
        twin: Twin,
        answer: Callable[[Ask, dict[str, Any]], dict[str, Any]],
        error: Callable[[RejectError], dict[str, Any]],
    ) -> None:
        self._twin, self._answer, self._error = twin, answer, error
        self._known = Shelf("message batch")
        self._requests: dict[str, list[dict[str, Any]]] = {}
        self._results: dict[str, list[bytes]] = {}
        self._looks: dict[str, int] = {}
        base = "/v1/messages/batches"
        for method, path, route in (
            ("POST", base, self.create),
            ("GET", base, self.list),
            ("GET", f"{base}/{{id}}", self.get),
            ("DELETE", f"{base}/{{id}}", self.delete),
            ("POST", f"{base}/{{id}}/cancel", self.cancel),
            ("GET", f"{base}/{{id}}/results", self.results),
        ):
            twin.routes[method, path] = route

    def create(self, ask: Ask) -> Answer:
        """POST messages/batches."""
        requests = fields(ask, "The request body is not valid JSON").get("requests")
        if not isinstance(requests, list) or not requests:
            raise RejectError(400, "requests: Field required")
        names = [one.get("custom_id") if isinstance(one, dict) else None for one in requests]
        if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
            raise RejectError(400, "requests: custom_id must be given and unique")
        for place, one in enumerate(requests):
            if not isinstance(one.get("params"), dict) or one["params"].get("stream"):
                raise RejectError(400, f"requests.{place}.params: Input should be a message request without stream")
        key = self._twin.ident("msgbatch_", ask)
        self._requests[key], self._looks[key] = requests, 0
        value = {
            "id": key,
            "type": "message_batch",
            "processing_status": "in_progress",
            "request_counts": dict.fromkeys(_COUNTS, 0) | {"processing": len(requests)},
            "created_at": self._time(0),
            "expires_at": self._time(86_400),
            "ended_at": None,
            "cancel_initiated_at": None,
            "archived_at": None,
            "results_url": None,
        }
        return Whole(dumps(self._known.put(key, value)))

    def list(self, ask: Ask) -> Answer:
        """GET messages/batches, the newest first."""
        return Whole(dumps(page(ask, self._known.page(None, len(self._known))[0][::-1])))

    def get(self, ask: Ask) -> Answer:
        """GET messages/batches/{id}."""
        batch = self._known.get(ask.args["id"])
        self._looks[batch["id"]] += 1
        if batch["processing_status"] != "ended" and self._looks[batch["id"]] >= LOOKS:
            self._end(ask, batch)
        return Whole(dumps(batch))

    def cancel(self, ask: Ask) -> Answer:
        """POST messages/batches/{id}/cancel."""
        batch = self._known.get(ask.args["id"])
        if batch["processing_status"] == "ended":
            raise RejectError(400, "The batch has already ended.")
        batch |= {"processing_status": "canceling", "cancel_initiated_at": self._time(0)}
        return Whole(dumps(batch))

    def delete(self, ask: Ask) -> Answer:
        """DELETE messages/batches/{id}."""
        batch = self._known.get(ask.args["id"])
        if batch["processing_status"] != "ended":
            raise RejectError(400, "Only a batch that has ended can be deleted: cancel it first.")
        self._known.pop(batch["id"])
        return Whole(dumps({"id": batch["id"], "type": "message_batch_deleted"}))

    def results(self, ask: Ask) -> Answer:
        """GET messages/batches/{id}/results: lines, the last request's first."""
        batch = self._known.get(ask.args["id"])
        if batch["processing_status"] != "ended":
            raise RejectError(404, "The batch has no results yet.")
        return Frames(self._results[batch["id"]], "application/x-jsonl")

    def _end(self, ask: Ask, batch: dict[str, Any]) -> None:
        key = batch["id"]
        canceled = batch["processing_status"] == "canceling"
        counts = dict.fromkeys(_COUNTS, 0)
        lines = []
        for one in reversed(self._requests[key]):
            result = {"type": "canceled"} if canceled else self._result(ask, one["params"])
            counts[result["type"]] += 1
            lines.append(dumps({"custom_id": one["custom_id"], "result": result}) + b"\n")
        self._results[key] = lines
        root = f"http://{ask.headers.get('host', '127.0.0.1')}"
        batch |= {
            "processing_status": "ended",
            "request_counts": counts,
            "ended_at": self._time(0),
            "results_url": f"{root}/v1/messages/batches/{key}/results",
        }

    def _result(self, ask: Ask, params: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"type": "succeeded", "message": self._answer(ask, params)}
        except RejectError as reject:
            return {"type": "errored", "error": self._error(reject) | {"request_id": None}}

    def _time(self, later: int) -> str:
        return f"{datetime.fromtimestamp(self._twin.clock() + later, UTC):%Y-%m-%dT%H:%M:%SZ}"
