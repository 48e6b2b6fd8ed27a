"""OpenVINO Model Server: generation under ``/v3``, KServe's API under ``/v2``, TensorFlow Serving's under ``/v1``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.payloads import InferRequest, RerankRequest, TokenizeRequest
from ipfs_accel_async.providers import _ovms_predict as predict
from ipfs_accel_async.providers._ovms_body import ranking_of, rerank_body, tokenize_body, tokens_of
from ipfs_accel_async.providers._ovms_fit import fit, ports_of, signature_ports
from ipfs_accel_async.providers._ovms_infer import MODES, infer_content, tensors_of
from ipfs_accel_async.providers._ovms_table import ASKING, NATIVE, OPERATIONS, VERSIONED
from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.types import NOTHING, NativeRequest
from ipfs_accel_async.wire.bare_json import BareJSONDecoder
from ipfs_accel_async.wire.http import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.providers._codec import CallFacts, Content, Operation
    from ipfs_accel_async.types import Payload
    from ipfs_accel_async.wire.http import Headers, Response

_ROOTED = re.compile(r"/(?:v[123]|metrics)(?:[/?]|$)")
_BASE = re.compile(r"(?:/v3)?(?:/v1)?$")
_KEY_REFUSED = "invalid or missing api-key"
_TOO_LONG = "exceeds model max length"
_LOADING = "not loaded yet"
_ANY_VERSION = {"", "latest"}


class OVMS(OpenAI):
    """OpenVINO Model Server.

    A key is sent if there is one; the server asks for it only when started with one. Its own parameters (``top_k``,
    ``repetition_penalty``, ``chat_template_kwargs``, ...) are given as `params`. `infer` speaks KServe's protocol; the
    operations of the handle that do not generate lie at the root of the server, whatever the base URL's path.

    Options:

    - ``tensors``: how tensors travel where a call does not say it with ``binary=``: ``auto`` (as their size and type
      ask for), ``binary`` or ``json``.
    - ``check``: ``on`` holds tensors against the model's metadata, which is fetched once; ``off`` sends them as they
      are, to servers that have none, or reshape models on request.

    Raises:
        ConfigError: An option that is unknown or has another value than these.
    """

    name = "ovms"
    base_url = "http://localhost:8000/v3"
    default_path = "/v3"
    key_env = ("OVMS_API_KEY",)
    url_env = ("OVMS_API_URL", "OVMS_BASE_URL")
    file_keys = ("ovms_api_key",)
    file_urls = ("ovms_api_url", "ovms_endpoint")
    key_required = False
    voice_required = False
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = {"tensors": ("OVMS_TENSORS",), "check": ("OVMS_CHECK",)}
    operations: ClassVar[Mapping[str, Operation]] = OPERATIONS
    native: ClassVar[Mapping[str, Operation]] = NATIVE
    decoder = BareJSONDecoder
    max_inputs = None  # the server's own setting: 500 or 1,024 by default, by version

    def __init__(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> None:
        super().__init__(headers=headers, options=options)
        self._binary = MODES[self._option("tensors", ("auto", "binary", "json"))]
        self._check = self._option("check", ("on", "off")) == "on"

    def _option(self, name: str, values: tuple[str, ...]) -> str:
        value = self.options.get(name, values[0]).strip().lower()
        if value not in values:
            raise ConfigError(f"the option {name} is one of {', '.join(values)}, not {value!r}", provider=self.name)
        return value

    def fixed_headers(self) -> Iterable[tuple[bytes, bytes]]:
        """None: the options are no headers."""
        return ()

    def build_request(self, call: CallFacts, key: Secret | None) -> Request:
        """As on the OpenAI wire; what does not generate goes to the root of the server, with version or label in it."""
        request = super().build_request(call, key)
        row = self.operations.get(call.operation) or self.native.get(call.operation)
        if row is None and call.operation != "request":
            return request
        root = _BASE.sub("", call.target.endpoint, count=1)
        if row is None:
            path = request.url[len(call.target.endpoint) :]
            if not _ROOTED.match(path):
                return request
        elif row.root:
            path = request.url[len(call.target.endpoint.removesuffix(self.default_path)) :]
            if call.operation in VERSIONED:
                model = f"/models/{quote(call.target.model, safe='')}"
                path = path.replace(model, model + _version_path(call), 1)
        else:
            return request
        return Request(request.method, root + path, request.headers, request.body)

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """As on the OpenAI wire, and what it lacks."""
        request = call.payload
        if isinstance(request, RerankRequest):
            return rerank_body(call, request)
        return tokenize_body(call, request) if isinstance(request, TokenizeRequest) else super().build_body(call)

    def build_content(self, call: CallFacts) -> Content | None:
        """The same as bytes; tensors may go along as they are."""
        request = call.payload
        if isinstance(request, InferRequest):
            return infer_content(call, request, self._binary)
        return super().build_content(call)

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """The answer of any of the operations."""
        request = call.payload
        if isinstance(request, InferRequest):
            return tensors_of(call, request, response, self.meta(call, response.headers))
        if isinstance(request, RerankRequest):
            return ranking_of(data, self.meta(call, response.headers), request)
        if isinstance(request, TokenizeRequest):
            return tokens_of(data, self.meta(call, response.headers))
        return super().parse_answer(call, data, response)

    def describe(self, call: CallFacts) -> tuple[str, NativeRequest] | None:
        """The model's metadata for an inference, its signatures for a prediction."""
        if not self._check or call.operation not in {"infer", "predict"}:
            return None
        payload = call.payload
        if isinstance(payload, InferRequest):
            return "metadata", NativeRequest(args={"version": payload.version} if payload.version else NOTHING)
        return ("signature", NativeRequest(args=payload.args)) if isinstance(payload, NativeRequest) else None

    def stacks(self, call: CallFacts, description: Answer) -> bool:
        """Whether the first dimension of every input is any size."""
        ports = ports_of(description.raw)
        return bool(ports) and all(port.shape[:1] == (-1,) for port in ports)

    def fitted(self, call: CallFacts, description: Answer) -> Payload:
        """The payload, in the precision of the model where it had none.

        Raises:
            InvalidRequestError: An input is missing, unknown, or of another shape or precision.
        """
        payload = call.payload
        if isinstance(payload, InferRequest):
            return fit(call, payload, ports_of(description.raw))
        if isinstance(payload, NativeRequest) and isinstance(payload.json, dict):
            ports = signature_ports(description.raw, payload.json.get("signature_name") or "")
            if predict.ROW in payload.json:
                predict.check_rows(call, payload.json[predict.ROW], ports)
            elif predict.COLUMN in payload.json:
                predict.check_columns(call, payload.json[predict.COLUMN], ports)
        return payload

    def error(self, call: CallFacts, body: Any, status: int = 200, headers: Headers | None = None) -> APIError:
        """``{"error": text}``; the words tell a refused key (a 500), a prompt too long and a model that still loads."""
        told = body.get("error") if isinstance(body, dict) else None
        if not isinstance(told, str):
            return super().error(call, body, status, headers)
        if _KEY_REFUSED in told:
            error = super().error(call, body, 401, headers)
            error.status = status
            return error
        if _TOO_LONG in told:
            body = {"error": {"message": told, "code": "context_length_exceeded"}}
        error = super().error(call, body, status, headers)
        if status == 404 and _LOADING in told:
            error.retryable = True  # it is there in a moment: the server has just been started, or told to reload
        if status == 503 and call.operation in ASKING:
            error.outcome = "ok"  # "not yet" is what was asked for, and no failure to the breaker
        return error


def _version_path(call: CallFacts) -> str:
    """``/versions/N`` or ``/labels/NAME``; nothing for the server's own choice.

    Raises:
        InvalidRequestError: Both are given, or one that would be another path.
    """
    payload = call.payload
    given: Mapping[str, str] = payload.args if isinstance(payload, NativeRequest) else NOTHING
    version = payload.version if isinstance(payload, InferRequest) else given.get("version", "")
    label = given.get("label", "")
    if version in _ANY_VERSION and not label:
        return ""
    if version not in _ANY_VERSION and label:
        raise refused(call, "give a version or a label, not both")
    word, value = ("labels", label) if label else ("versions", version)
    if value.strip() in {"", ".", ".."}:
        raise refused(call, f"a version is a number such as '1', a label a word such as 'stable', not {value!r}")
    return f"/{word}/{quote(value, safe='')}"


codec = OVMS()
