"""The handle of OpenVINO Model Server: inference, prediction, versions, configuration and health."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from ipfs_accel_async import inputs as checked
from ipfs_accel_async.errors import (
    APIError,
    CircuitOpenError,
    ConnectError,
    InvalidRequestError,
    NotFoundError,
    RequestTimeoutError,
)
from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.providers._ovms_predict import plain, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.results import Tensors

_NOT_READY = 503
_SLOWER = 1.5


class OVMSHandle(Native):
    """OVMS's own: what is loaded, in which versions, and inference on it.

    `version` is a number or a text of one and stands in the path; empty or ``latest`` is the server's choice.
    """

    async def infer(
        self,
        model: str,
        inputs: Mapping[str, ArrayLike],
        *,
        outputs: Iterable[str] = (),
        version: str | int = "",
        binary: bool | None = None,
        **params: Any,
    ) -> Tensors:
        """Run a model on named tensors, as ``client.infer("ovms:" + model, ...)``.

        `outputs` names those wanted, all if empty; `binary` says how tensors travel, by their size and type if None;
        `params` are further fields of the request (``id``, ``parameters``). Shapes and precisions are held against the
        model's metadata first: InvalidRequestError names what was expected.
        """
        more = {**params, **given(binary=binary)}
        payload = checked.infer_request(inputs, outputs, version, more)
        bound = self._bound
        target = bound.engine.provider(bound.provider).target(model, "infer", bound.endpoint)
        answer = await bound.engine.send("infer", target, payload, bound.priority, bound.timeout, tags=bound.tags)
        return cast("Tensors", answer)

    async def predict(
        self,
        model: str,
        instances: Any = None,
        *,
        inputs: Any = None,
        signature_name: str | None = None,
        version: str | int = "",
        label: str = "",
        **params: Any,
    ) -> NativeAnswer:
        """Predict on TensorFlow Serving's wire (releases up to 2026.2); many instances go in one request.

        `instances` is the row format: values of an only input, or mappings of names to values; the answer has
        ``predictions``. `inputs` is the column format: one value, or a mapping; the answer has ``outputs``. Values are
        arrays, lists, numbers, or an image's bytes. `version` or `label` say which of the model's versions.
        """
        if (instances is None) == (inputs is None):
            raise InvalidRequestError("predict takes instances= (row format) or inputs= (column format), one of them")
        body = given(signature_name=signature_name) | (
            {"inputs": plain(inputs)} if instances is None else {"instances": rows(instances)}
        )
        return await self._call("predict", model=model, json={**body, **params}, **_place(version, label))

    async def metadata(self, model: str, version: str | int = "") -> NativeAnswer:
        """A model's ``inputs`` and ``outputs`` (name, datatype, shape; -1 is any size), its ``versions``, platform."""
        return await self._call("metadata", model=model, **_place(version))

    async def signature(self, model: str, version: str | int = "", label: str = "") -> NativeAnswer:
        """The same as TensorFlow Serving tells it (releases up to 2026.2)."""
        return await self._call("signature", model=model, **_place(version, label))

    async def status(self, model: str, version: str | int = "", label: str = "") -> NativeAnswer:
        """The state of a model's versions: ``model_version_status`` (releases up to 2026.2; later: :meth:`config`)."""
        return await self._call("status", model=model, **_place(version, label))

    async def model_ready(self, model: str, version: str | int = "") -> bool:
        """Whether a model can be used now; one that the server does not know is a NotFoundError."""
        return await self._yes("model_ready", model, **_place(version))

    async def live(self) -> bool:
        """Whether the server runs."""
        return await self._yes("live")

    async def ready(self) -> bool:
        """Whether the server and all its models can be used now."""
        return await self._yes("ready")

    async def wait(self, model: str, version: str | int = "", *, poll: float = 0.5, timeout: float = 60.0) -> None:
        """Wait until a model can be used, as after :meth:`reload`: asks every `poll` seconds, and less often with time.

        Raises RequestTimeoutError when it cannot after `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while not await self._there(model, version):
                    await asyncio.sleep(poll)
                    poll *= _SLOWER
        except TimeoutError as error:
            if isinstance(error, RequestTimeoutError):
                raise
            message = f"the model {model!r} is not ready after {timeout} s"
            raise RequestTimeoutError(message, provider=self._bound.provider, phase="wait") from error

    async def server(self) -> NativeAnswer:
        """The server's ``name``, ``version`` and ``extensions``; the version tells which of the APIs it has."""
        return await self._call("server")

    async def config(self) -> NativeAnswer:
        """Every configured model with the state of its versions."""
        return await self._call("config")

    async def available(self) -> dict[str, tuple[str, ...]]:
        """The configured models, each with the versions that can be used now."""
        answer = await self.config()
        return {
            name: tuple(
                str(state.get("version", ""))
                for state in told.get("model_version_status") or ()
                if state.get("state") == "AVAILABLE"
            )
            for name, told in answer.raw.items()
        }

    async def reload(self) -> bool:
        """Read the configuration file and the models' versions again; False where nothing had changed."""
        return (await self._call("reload")).status == 201

    async def metrics(self) -> str:
        """Prometheus' text: requests, latencies, queues by model; the server must be started with metrics."""
        return (await self._call("metrics")).text

    async def _there(self, model: str, version: str | int) -> bool:
        try:
            return await self.model_ready(model, version)
        except (NotFoundError, ConnectError, CircuitOpenError):  # not loaded yet, or the server itself is starting
            return False

    async def _yes(self, operation: str, model: str = "", **args: Any) -> bool:
        try:
            await self._call(operation, model=model, **args)
        except APIError as error:
            if error.status != _NOT_READY:
                raise
            return False
        return True


def _place(version: str | int, label: str = "") -> dict[str, Any]:
    return {name: value for name, value in (("version", str(version)), ("label", label)) if value}


handle = OVMSHandle
