"""Batches of the OpenAI twin: run for real, by the twin's own routes, and done at the second look.

Source: OpenAI API reference, batch.
"""

from typing import Any

import orjson

from .openai_resources_files import FileResources
from .openai_resources_lists import Routes, asked, everything, needed, paged, told
from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Twin, Whole, dumps

DAY = 86_400
_NEXT = {"validating": "in_progress", "in_progress": "completed", "cancelling": "cancelled"}
_STAMP = {"in_progress": "in_progress_at", "completed": "completed_at", "cancelled": "cancelled_at"}
_STAMPS = (
    "in_progress_at", "expires_at", "finalizing_at", "completed_at", "failed_at", "expired_at",
    "cancelling_at", "cancelled_at",
)  # fmt: skip


class BatchResources:
    """Batches over the files of a twin. Each look at one takes it a step further."""

    def __init__(self, twin: Twin, files: FileResources) -> None:
        self._twin, self._files = twin, files
        self._batches = Shelf("batch")

    def routes(self) -> Routes:
        """Return the table's rows."""
        path = f"{self._twin.base_path}/batches"
        return {
            ("POST", path): self.create,
            ("GET", path): lambda ask: paged(ask, everything(self._batches)),
            ("GET", f"{path}/{{id}}"): self.get,
            ("POST", f"{path}/{{id}}/cancel"): self.cancel,
        }

    def create(self, ask: Ask) -> Answer:
        """POST batches."""
        body = asked(ask)
        endpoint, window = needed(body, "endpoint"), needed(body, "completion_window")
        if ("POST", self._path(endpoint)) not in self._twin.routes:
            raise RejectError(400, f"Invalid value: '{endpoint}'.", param="endpoint")
        file = self._files.card(needed(body, "input_file_id"))
        if file["purpose"] != "batch":
            raise RejectError(400, "The input file must have the purpose 'batch'.", param="input_file_id")
        now = int(self._twin.clock())
        key = self._twin.ident("batch_", ask)
        value = {
            "id": key,
            "object": "batch",
            "endpoint": endpoint,
            "errors": None,
            "input_file_id": file["id"],
            "completion_window": window,
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": now,
            **dict.fromkeys(_STAMPS),
            "expires_at": now + DAY,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            "metadata": body.get("metadata"),
        }
        return told(self._batches.put(key, value))

    def get(self, ask: Ask) -> Answer:
        """GET batches/{id}."""
        batch = self._batches.get(ask.args["id"])
        status = _NEXT.get(batch["status"])
        if status is None:
            return told(batch)
        if status == "in_progress" and (faults := self._faults(batch)):
            status, batch["errors"] = "failed", {"object": "list", "data": faults}
        batch["status"] = status
        batch[_STAMP.get(status, "failed_at")] = int(self._twin.clock())
        if status == "completed":
            self._run(ask, batch)
        return told(batch)

    def cancel(self, ask: Ask) -> Answer:
        """POST batches/{id}/cancel."""
        batch = self._batches.get(ask.args["id"])
        if batch["status"] not in ("validating", "in_progress", "cancelling"):
            raise RejectError(409, f"Cannot cancel a batch with status '{batch['status']}'.")
        batch |= {"status": "cancelling", "cancelling_at": int(self._twin.clock())}
        return told(batch)

    def _path(self, endpoint: str) -> str:
        """Return the path of an endpoint, which is told from ``/v1`` on whatever stands before."""
        return self._twin.base_path.removesuffix("/v1") + endpoint

    def _lines(self, batch: dict[str, Any]) -> list[bytes]:
        return [line for line in self._files.read(batch["input_file_id"]).split(b"\n") if line.strip()]

    def _faults(self, batch: dict[str, Any]) -> list[dict[str, Any]]:
        faults, seen = [], set()
        for number, line in enumerate(self._lines(batch), 1):
            try:
                match orjson.loads(line):
                    case {"custom_id": str(name), "method": "POST", "url": str(url), "body": {"model": str()}}:
                        code = "mismatched_endpoint" if url != batch["endpoint"] else ""
                        code = "duplicate_custom_id" if name in seen else code
                        seen.add(name)
                    case _:
                        code = "missing_required_parameter"
            except orjson.JSONDecodeError:
                code = "invalid_json_line"
            if code:
                message = f"Line {number} of the input file: {code.replace('_', ' ')}."
                faults.append({"code": code, "message": message, "param": None, "line": number})
        if not self._lines(batch):
            faults.append({"code": "empty_file", "message": "The input file is empty.", "param": None, "line": None})
        return faults

    def _run(self, ask: Ask, batch: dict[str, Any]) -> None:
        good: list[bytes] = []
        bad: list[bytes] = []
        for number, line in enumerate(self._lines(batch)):
            answer = self._one(ask, batch["endpoint"], orjson.loads(line), number)
            (good if answer["response"]["status_code"] < 400 else bad).append(dumps(answer) + b"\n")
        batch["request_counts"] = {"total": len(good) + len(bad), "completed": len(good), "failed": len(bad)}
        for field, mark, lines in (("output_file_id", "o", good), ("error_file_id", "e", bad)):
            if lines:
                name = f"{batch['id']}_{field.split('_')[0]}.jsonl"
                batch[field] = self._files.put(ask, name, "batch_output", b"".join(lines), mark)["id"]

    def _one(self, ask: Ask, endpoint: str, request: dict[str, Any], number: int) -> dict[str, Any]:
        body = request["body"]
        inner = Ask(ask.number * 1000 + number, "POST", self._path(endpoint), {}, ask.headers, body, dumps(body))
        try:
            answer = self._twin.routes["POST", inner.path](inner)
            if not isinstance(answer, Whole):
                raise RejectError(400, "Streaming is not supported in a batch.", param="stream")
        except RejectError as reject:
            answer = self._twin.failure(inner, reject)
        return {
            "id": self._twin.ident("batch_req_", inner),
            "custom_id": request["custom_id"],
            "response": {
                "status_code": answer.status,
                "request_id": self._twin.ident("req_", inner),
                "body": orjson.loads(answer.body),
            },
            "error": None,
        }
