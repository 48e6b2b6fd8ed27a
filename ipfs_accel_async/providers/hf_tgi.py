"""Hugging Face TGI: chat on the OpenAI wire, texts on its own (Text Generation Inference, OpenAPI description)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.payloads import CompleteRequest, TokenizeRequest
from ipfs_accel_async.providers._hf_errors import hf_error, kind_in
from ipfs_accel_async.providers._hf_tgi_generate import (
    check_suffix,
    finish,
    generate_body,
    generated_delta,
    generated_reply,
    generated_usage,
)
from ipfs_accel_async.providers._hf_tgi_table import NATIVE, OPERATIONS, ROUTED, count_of, tokens_of
from ipfs_accel_async.providers._openai_body import chat_body
from ipfs_accel_async.providers._openai_complete import complete_body
from ipfs_accel_async.providers._openai_parse import deltas_of
from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.results import Completions
from ipfs_accel_async.types import NOTHING, ChatRequest, ResponseFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Answer, Delta, Event
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.providers._codec import CallFacts, Operation
    from ipfs_accel_async.wire.http import Headers, Request, Response

ROUTER = "router.huggingface.co"
KEY_ENV = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_API_KEY", "HF_API_TOKEN", "HUGGINGFACE_API_KEY")
FILE_KEYS = ("huggingface", "hf_token", "hf_api_token", "hf_api_key", "huggingface_api_key")


class HfTgi(OpenAI):
    """A TGI server, or Hugging Face's router (``https://router.huggingface.co/v1``), which hands on to many services.

    A key is sent if there is one; a server of one's own asks for it only when started with one, the router always. The
    router has chat and models only, and names models ``org/name:service``.
    """

    name = "hf_tgi"
    base_url = "http://localhost:8080"
    default_path = ""
    key_env = KEY_ENV
    url_env = ("TGI_BASE_URL", "TGI_ENDPOINT")
    file_keys = FILE_KEYS
    login_host = ROUTER
    file_urls = ("tgi_endpoint", "tgi_base_url")
    key_required = False
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = NOTHING
    operations: ClassVar[Mapping[str, Operation]] = OPERATIONS
    native: ClassVar[Mapping[str, Operation]] = NATIVE

    def normalize_url(self, url: str) -> str:
        """The root of the server, from what an OpenAI client or Hugging Face's own is given."""
        return url.removesuffix("/chat/completions").removesuffix("/v1")

    def build_request(self, call: CallFacts, key: Secret | None) -> Request:
        """The HTTP request of a call.

        Raises:
            InvalidRequestError: Something that the server, or the router, has no word for.
        """
        if _routed(call) and call.operation not in ROUTED and call.operation in {*self.operations, *self.native}:
            raise refused(call, f"{ROUTER} has no {call.operation}, only chat and models: ask a TGI server itself")
        return super().build_request(call, key)

    def path(self, call: CallFacts, row: Operation) -> str:
        """As in the table; a streamed generation has a path of its own."""
        path = super().path(call, row)
        return f"{path}_stream" if call.operation == "complete" and call.payload.stream else path

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The body of a request; the list of models has none.

        Raises:
            InvalidRequestError: Something that the server has no word for.
        """
        request = call.payload
        if isinstance(request, CompleteRequest):
            if call.operation == "complete":
                return generate_body(call, request)
            check_suffix(call, request)
            return complete_body(call, request)
        if isinstance(request, TokenizeRequest):
            return {"inputs": request.text, **request.params}
        if not isinstance(request, ChatRequest):
            return None
        own: dict[str, Any] = {"stream": request.stream}  # the official client always says which
        if request.max_tokens is not None:
            own["max_tokens"] = request.max_tokens
        request = replace(request, max_tokens=None, params={**own, **request.params})
        return chat_body(call, request if _routed(call) else _for_server(call, request))

    def parse_response(self, call: CallFacts, response: Response) -> Answer:
        """As for all; how many tokens the prompt of the native generation had is told in a header only."""
        answer = super().parse_response(call, response)
        if call.operation == "generate" and answer.usage.output_tokens and not answer.usage.input_tokens:
            return replace(answer, usage=generated_usage(answer.raw["details"], response.headers))
        return answer

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """As on the OpenAI wire, with the server's own words for why the model stopped; its own routes' answers."""
        meta = self.meta(call, response.headers)
        if call.operation == "tokenize" and not isinstance(data, dict):
            return tokens_of(data, meta)
        if isinstance(data, dict) and not data.get("error"):
            if call.operation == "complete":
                return generated_reply(data, response.headers, meta)
            if call.operation == "count_tokens":
                return count_of(data, meta)
        answer = super().parse_answer(call, data, response)
        if isinstance(answer, Completions):
            return replace(answer, replies=tuple(_in_our_words(reply) for reply in answer.replies))
        return _in_our_words(answer) if isinstance(answer, Reply) else answer

    def deltas(self, call: CallFacts, chunk: Mapping[str, Any]) -> Iterable[Delta]:
        """As on the OpenAI wire; a stream of tool calls has no finish reason at all, so each piece brings it."""
        if call.operation == "complete":
            return (generated_delta(chunk),)
        deltas = deltas_of(chunk)
        if deltas and (deltas[0].finish_reason or deltas[0].tool_calls):
            (delta,) = deltas
            return (delta._replace(finish_reason=finish(delta.finish_reason, called=bool(delta.tool_calls))),)
        return deltas

    def is_last(self, call: CallFacts, event: Event) -> bool:
        """The event with the whole text ends a generation; there is no ``[DONE]``."""
        return isinstance(event.data, dict) and event.data.get("generated_text") is not None

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


def _in_our_words(reply: Reply) -> Reply:
    reason = finish(reply.finish_reason, called=bool(reply.tool_calls))
    return reply if reason == reply.finish_reason else replace(reply, finish_reason=reason)


def _routed(call: CallFacts) -> bool:
    return urlsplit(call.target.endpoint).hostname == ROUTER


codec = HfTgi()
