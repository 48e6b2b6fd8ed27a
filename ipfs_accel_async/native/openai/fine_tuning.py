"""Fine-tuning (OpenAI API reference, fine-tuning): jobs that make a model of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.native.openai._waiting import until
from ipfs_accel_async.native.openai.files import Files
from ipfs_accel_async.native.openai.training import check_training_file, jsonl_from_messages
from ipfs_accel_async.providers._openai_form import form_of
from ipfs_accel_async.wire.multipart import Upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.native.openai.training import Conversation
    from ipfs_accel_async.types import Tool


class FineTuning(Native):
    """``client.openai.fine_tuning``."""

    __slots__ = ()

    @property
    def jobs(self) -> FineTuningJobs:
        """Jobs: each makes one model."""
        return FineTuningJobs(self._bound)

    async def submit(
        self,
        model: str,
        conversations: Iterable[Conversation],
        *,
        validation: Iterable[Conversation] | None = None,
        tools: Iterable[Tool | Mapping[str, Any]] = (),
        **params: Any,
    ) -> NativeAnswer:
        """Write conversations into a training file, check and upload it, and begin its job: the answer.

        Args:
            model: The model to start from, a plain name.
            conversations: Each ended by the answer that is to be learnt; at least ten.
            validation: Further ones to measure by.
            tools: Those that the conversations use.
            params: Whatever else ``jobs.create`` takes.

        Raises:
            InvalidRequestError: A conversation cannot be trained on; nothing was sent.
        """
        tools = tuple(tools)
        data = {"train.jsonl": jsonl_from_messages(conversations, tools=tools)}
        check_training_file(data["train.jsonl"])
        if validation is not None:
            data["validation.jsonl"] = jsonl_from_messages(validation, tools=tools)
            check_training_file(data["validation.jsonl"], least=1)
        files = Files(self._bound)
        ids = [
            (await files.create(Upload(name, lines, "application/jsonl"), "fine-tune"))["id"]
            for name, lines in data.items()
        ]
        return await self.jobs.create(model, *ids, **params)


class FineTuningJobs(Listed):
    """``client.openai.fine_tuning.jobs``."""

    __slots__ = ()

    async def create(
        self,
        model: str,
        training_file: str,
        validation_file: str | None = None,
        *,
        method: Mapping[str, Any] | None = None,
        suffix: str | None = None,
        seed: int | None = None,
        metadata: Mapping[str, str] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Begin a job.

        Args:
            model: The model to start from, a plain name.
            training_file: Id of a file with the purpose ``fine-tune``.
            validation_file: Likewise.
            method: ``{"type": "supervised" | "dpo" | "reinforcement", ...}`` with its hyperparameters.
            suffix: Of the new model's name.
            seed: For the same result again.
            metadata: Your own.
            params: Whatever else the service takes.
        """
        value = given(
            model=model,
            training_file=training_file,
            validation_file=validation_file,
            method=method,
            suffix=suffix,
            seed=seed,
            metadata=metadata,
            **params,
        )
        return await self._call("fine_tuning.jobs.create", model=model, json=value)

    async def list(self, *, metadata: Mapping[str, str] | None = None, **query: Any) -> NativeAnswer:
        """One page of jobs; `query` takes ``after`` and ``limit``."""
        return await self._call("fine_tuning.jobs.list", query={**query, **dict(form_of({"metadata": metadata}))})

    def iterate(self, *, metadata: Mapping[str, str] | None = None, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All jobs, page after page; ``fine_tuned_model`` of each is the model that it made."""
        return self._each("fine_tuning.jobs.list", {**query, **dict(form_of({"metadata": metadata}))})

    async def get(self, job_id: str) -> NativeAnswer:
        """How a job stands."""
        return await self._call("fine_tuning.jobs.get", id=job_id)

    async def cancel(self, job_id: str) -> NativeAnswer:
        """Give a job up."""
        return await self._call("fine_tuning.jobs.cancel", id=job_id)

    async def pause(self, job_id: str) -> NativeAnswer:
        """Hold a job."""
        return await self._call("fine_tuning.jobs.pause", id=job_id)

    async def resume(self, job_id: str) -> NativeAnswer:
        """Let a paused job go on."""
        return await self._call("fine_tuning.jobs.resume", id=job_id)

    async def events(self, job_id: str, **query: Any) -> NativeAnswer:
        """One page of what happened, newest first; `query` takes ``after`` and ``limit``."""
        return await self._call("fine_tuning.jobs.events", query=query, id=job_id)

    async def checkpoints(self, job_id: str, **query: Any) -> NativeAnswer:
        """One page of the models on the way, with their measures; `query` takes ``after`` and ``limit``."""
        return await self._call("fine_tuning.jobs.checkpoints", query=query, id=job_id)

    async def wait(self, job_id: str, *, poll: float = 10.0, timeout: float = 86_400.0) -> NativeAnswer:
        """A job once it has succeeded; ``answer["fine_tuned_model"]`` is the model.

        Raises:
            APIError: It failed or was cancelled.
            RequestTimeoutError: It took longer than `timeout` seconds.
        """
        return await until(
            lambda: self.get(job_id),
            f"fine-tuning job {job_id}",
            done={"succeeded"},
            failed={"failed", "cancelled"},
            poll=poll,
            timeout=timeout,
        )
