"""vLLM: the OpenAI wire, mostly on one's own machine and without a key (vLLM documentation, online serving)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.providers._vllm_body import count_body, further_body
from ipfs_accel_async.providers._vllm_parse import count_of, further_answer
from ipfs_accel_async.providers._vllm_table import NATIVE, OPERATIONS
from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.types import NOTHING, ChatRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts, Operation
    from ipfs_accel_async.wire.http import Headers, Response


class VLLM(OpenAI):
    """vLLM's server.

    A key is sent if there is one; the server asks for it only when started with one, and below ``/v1`` only. Its own
    sampling parameters (``top_k``, ``structured_outputs``, ...) are given as `params`. What the model that is served
    is not made for is refused by the server (404 or 400).
    """

    name = "vllm"
    base_url = "http://localhost:8000/v1"
    default_path = "/v1"
    key_env = ("VLLM_API_KEY",)
    url_env = ("VLLM_API_URL", "VLLM_BASE_URL")
    file_keys = ("vllm_api_key",)
    file_urls = ("vllm_api_url", "vllm_endpoint")
    key_required = False
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = NOTHING
    operations: ClassVar[Mapping[str, Operation]] = OPERATIONS
    native: ClassVar[Mapping[str, Operation]] = NATIVE
    reasoning_field = "reasoning"
    max_inputs = None

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """As on the OpenAI wire, and of the server's own: ranks, scores, labels, its tokenizer."""
        if call.operation == "count_tokens" and isinstance(call.payload, ChatRequest):
            return count_body(call, call.payload, reasoning_field=self.reasoning_field)
        body = further_body(call)
        return super().build_body(call) if body is None else body

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """As on the OpenAI wire, and of the server's own; a 200 whose body is an error raises it."""
        if isinstance(data, dict) and not data.get("error"):
            meta = self.meta(call, response.headers)
            if call.operation == "count_tokens":
                return count_of(data, meta)
            answer = further_answer(call.payload, data, meta)
            if answer is not None:
                return answer
        return super().parse_answer(call, data, response)

    def error(self, call: CallFacts, body: Any, status: int = 200, headers: Headers | None = None) -> APIError:
        """As on the OpenAI wire, but `code` is the status again, and a prompt too long shows only in `param`."""
        error = body.get("error") if isinstance(body, dict) else None
        if isinstance(error, dict) and error.get("param") == "input_tokens":
            status = error["code"] if status < 400 and isinstance(error.get("code"), int) else status
            body = {"error": {**error, "code": "context_length_exceeded"}}
        return super().error(call, body, status, headers)


codec = VLLM()
