"""Fine-tuning jobs of the OpenAI twin: done at the third look, with events and a checkpoint.

Source: OpenAI API reference, fine-tuning.
"""

from typing import Any

import orjson

from .openai_resources_files import FileResources
from .openai_resources_lists import Routes, asked, everything, needed, paged, told
from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Twin

LEAST = 10
_NEXT = {"validating_files": "queued", "queued": "running", "running": "succeeded"}
_OVER = ("succeeded", "failed", "cancelled")


class TrainingResources:
    """Jobs over the files of a twin. Each look at one takes it a step further."""

    def __init__(self, twin: Twin, files: FileResources) -> None:
        self._twin, self._files = twin, files
        self._jobs = Shelf("fine-tuning job")
        self._events: dict[str, list[dict[str, Any]]] = {}

    def routes(self) -> Routes:
        """Return the table's rows."""
        path = f"{self._twin.base_path}/fine_tuning/jobs"
        return {
            ("POST", path): self.create,
            ("GET", path): lambda ask: paged(ask, everything(self._jobs)),
            ("GET", f"{path}/{{id}}"): self.get,
            ("POST", f"{path}/{{id}}/cancel"): lambda ask: self._turn(ask, "cancelled"),
            ("POST", f"{path}/{{id}}/pause"): lambda ask: self._turn(ask, "paused"),
            ("POST", f"{path}/{{id}}/resume"): lambda ask: self._turn(ask, "queued"),
            ("GET", f"{path}/{{id}}/events"): self.events,
            ("GET", f"{path}/{{id}}/checkpoints"): self.checkpoints,
        }

    def create(self, ask: Ask) -> Answer:
        """POST fine_tuning/jobs."""
        body = asked(ask)
        model = needed(body, "model")
        for name in ("training_file", "validation_file"):
            if name == "validation_file" and body.get(name) is None:
                continue
            if self._files.card(needed(body, name))["purpose"] != "fine-tune":
                raise RejectError(400, f"'{name}' must have the purpose 'fine-tune'.", param=name)
        key = self._twin.ident("ftjob-", ask)
        value = {
            "id": key,
            "object": "fine_tuning.job",
            "created_at": int(self._twin.clock()),
            "error": None,
            "fine_tuned_model": None,
            "finished_at": None,
            "hyperparameters": body.get("hyperparameters")
            or {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"},
            "metadata": body.get("metadata"),
            "method": body.get("method") or {"type": "supervised", "supervised": {"hyperparameters": {}}},
            "model": model,
            "organization_id": "org-simulator",
            "result_files": [],
            "seed": body.get("seed") or 0,
            "status": "validating_files",
            "trained_tokens": None,
            "training_file": body["training_file"],
            "validation_file": body.get("validation_file"),
            "user_provided_suffix": body.get("suffix"),
        }
        self._tell(value, "Created fine-tuning job")
        return told(self._jobs.put(key, value))

    def get(self, ask: Ask) -> Answer:
        """GET fine_tuning/jobs/{id}."""
        job = self._jobs.get(ask.args["id"])
        status = _NEXT.get(job["status"])
        if status is None:
            return told(job)
        count = self._count(job["training_file"])
        if job["status"] == "validating_files" and count < LEAST:
            status = "failed"
            message = f"Training file has {count} example(s), but must have at least {LEAST} examples."
            job["error"] = {"code": "invalid_n_examples", "message": message, "param": "training_file"}
        job["status"] = status
        if status in _OVER:
            job["finished_at"] = int(self._twin.clock())
        if status == "succeeded":
            suffix = job["user_provided_suffix"] or ""
            job["fine_tuned_model"] = f"ft:{job['model']}:simulator:{suffix}:{job['id'][-8:]}"
            job["trained_tokens"] = len(self._files.read(job["training_file"])) // 4
            result = self._files.put(ask, "step_metrics.csv", "fine-tune-results", b"step,train_loss\n1,0.5\n")
            job["result_files"] = [result["id"]]
        self._tell(job, f"The job is {status}")
        return told(job)

    def events(self, ask: Ask) -> Answer:
        """GET fine_tuning/jobs/{id}/events."""
        job = self._jobs.get(ask.args["id"])
        return paged(ask, self._events[job["id"]])

    def checkpoints(self, ask: Ask) -> Answer:
        """GET fine_tuning/jobs/{id}/checkpoints."""
        job = self._jobs.get(ask.args["id"])
        made = {
            "id": f"ftckpt_{job['id'][-8:]}",
            "object": "fine_tuning.job.checkpoint",
            "created_at": job["finished_at"],
            "fine_tuned_model_checkpoint": f"{job['fine_tuned_model']}:ckpt-step-1",
            "fine_tuning_job_id": job["id"],
            "metrics": {"step": 1, "train_loss": 0.5, "train_mean_token_accuracy": 0.9},
            "step_number": 1,
        }
        return paged(ask, [made] if job["status"] == "succeeded" else [], limit=10)

    def _turn(self, ask: Ask, status: str) -> Answer:
        job = self._jobs.get(ask.args["id"])
        if job["status"] in _OVER or (status == "queued" and job["status"] != "paused"):
            raise RejectError(400, f"Cannot change a job with status '{job['status']}'.")
        job["status"] = status
        self._tell(job, f"The job is {status}")
        return told(job)

    def _count(self, key: str) -> int:
        try:
            return sum(isinstance(orjson.loads(line), dict) for line in self._files.read(key).splitlines() if line)
        except orjson.JSONDecodeError:
            return 0

    def _tell(self, job: dict[str, Any], message: str) -> None:
        told_before = self._events.setdefault(job["id"], [])
        event = {
            "id": f"ftevent-{job['id'][-8:]}-{len(told_before)}",
            "object": "fine_tuning.job.event",
            "created_at": int(self._twin.clock()),
            "level": "info",
            "message": message,
            "type": "message",
            "data": None,
        }
        told_before.append(event)
