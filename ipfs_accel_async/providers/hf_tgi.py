"""Hugging Face TGI: the OpenAI wire of its Messages API (Text Generation Inference, OpenAPI description)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.providers._codec import Operation
from ipfs_accel_async.providers._hf_errors import hf_error, kind_in
from ipfs_accel_async.providers._openai_body import chat_body
from ipfs_accel_async.providers._openai_parse import deltas_of
from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.types import NOTHING, ChatRequest, ResponseFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers, Response

ROUTER = "router.huggingface.co"
KEY_ENV = ("HF_TOKEN", "HF_API_KEY", "HF_API_TOKEN", "HUGGINGFACE_API_KEY")
FILE_KEYS = ("huggingface", "hf_token", "hf_api_token", "hf_api_key", "huggingface_api_key")


class HfTgi(OpenAI):
    """A TGI server, or Hugging Face's router (``https://router.huggingface.co/v1``), which hands on to many services.

    A key is sent if there is one; a server of one's own asks for it only when started with one, the router always. The
    server's other routes (``/generate``, ``/tokenize``, ``/info``...) are reached by :meth:`Client.request`.
    """

    name = "hf_tgi"
    base_url = "http://localhost:8080"
    default_path = ""
    key_env = KEY_ENV
    url_env = ("TGI_BASE_URL", "TGI_ENDPOINT")
    file_keys = FILE_KEYS
    file_urls = ("tgi_endpoint", "tgi_base_url")
    key_required = False
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = NOTHING
    operations: ClassVar[Mapping[str, Operation]] = {
        "chat": Operation("POST", "/v1/chat/completions"),
        "models": Operation("GET", "/v1/models"),
    }

    def normalize_url(self, url: str) -> str:
        """The root of the server, from what an OpenAI client or Hugging Face's own is given."""
        return url.removesuffix("/chat/completions").removesuffix("/v1")

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The body of a chat request; the list of models has none.

        Raises:
            InvalidRequestError: Something that the server has no word for.
        """
        request = call.payload
        if not isinstance(request, ChatRequest):
            return None
        own: dict[str, Any] = {"stream": request.stream}  # the official client always says which
        if request.max_tokens is not None:
            own["max_tokens"] = request.max_tokens
        request = replace(request, max_tokens=None, params={**own, **request.params})
        if urlsplit(call.target.endpoint).hostname != ROUTER:
            request = _for_server(call, request)
        return chat_body(call, request)

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """As on the OpenAI wire, with the server's own words for why the model stopped."""
        answer = super().parse_answer(call, data, response)
        if isinstance(answer, Reply):
            reason = _finish(answer.finish_reason, called=bool(answer.tool_calls))
            return answer if reason == answer.finish_reason else replace(answer, finish_reason=reason)
        return answer

    def deltas(self, call: CallFacts, chunk: Mapping[str, Any]) -> Iterable[Delta]:
        """As on the OpenAI wire; a stream of tool calls has no finish reason at all, so each piece brings it."""
        deltas = deltas_of(chunk)
        if deltas and (deltas[0].finish_reason or deltas[0].tool_calls):
            (delta,) = deltas
            return (delta._replace(finish_reason=_finish(delta.finish_reason, called=bool(delta.tool_calls))),)
        return deltas

    def error(self, call: CallFacts, body: Any, status: int = 200, headers: Headers | None = None) -> APIError:
        """``{"error": text, "error_type"}``; in a stream ``{"error": {message, http_status_code}}``; the router's own.

        Streams begin with status 200 whatever happens, so what fails at once is told there, too.
        """
        told = body.get("error") if isinstance(body, dict) else None
        if isinstance(told, str):
            kind = body.get("error_type")
            return hf_error(call, status, headers, message=told, kind=kind if isinstance(kind, str) else None)
        if isinstance(told, dict) and "http_status_code" in told:
            message = str(told.get("message") or "")
            return hf_error(call, status, headers, message=message, kind=kind_in(message))
        return super().error(call, body, status, headers)


def _for_server(call: CallFacts, request: ChatRequest) -> ChatRequest:
    """The request as the server itself takes it: the router's services take more of what OpenAI does."""
    messages = tuple(
        replace(message, role="system") if message.role == "developer" else message for message in request.messages
    )
    wanted = request.response_format
    if isinstance(wanted, ResponseFormat):
        if wanted.schema is None:
            raise refused(call, "hf_tgi has no response_format without a schema: give a JSON schema")
        wanted = {"type": "json_object", "value": wanted.schema}  # the type's old name, which every version knows
    if wanted is not None and request.tools:
        raise refused(call, "hf_tgi takes either response_format or tools, not both")
    return replace(request, messages=messages, response_format=wanted)


def _finish(reason: str, *, called: bool) -> str:
    """Our word for it: the server says how the text ended, not that it was a tool call."""
    if reason in {"eos_token", "stop_sequence"}:
        reason = "stop"
    return "tool_calls" if called and reason in {"", "stop"} else reason


codec = HfTgi()
