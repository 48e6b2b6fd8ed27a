"""vLLM: the OpenAI wire, mostly on one's own machine and without a key (vLLM documentation, online serving)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers


class VLLM(OpenAI):
    """vLLM's server.

    A key is sent if there is one; the server asks for it only when started with one. Its own sampling parameters
    (``top_k``, ``structured_outputs``, ...) are given as `params`.
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
    reasoning_field = "reasoning"
    max_inputs = None

    def error(self, call: CallFacts, body: Any, status: int = 200, headers: Headers | None = None) -> APIError:
        """As on the OpenAI wire, but `code` is the status again, and a prompt too long shows only in `param`."""
        error = body.get("error") if isinstance(body, dict) else None
        if isinstance(error, dict) and error.get("param") == "input_tokens":
            status = error["code"] if status < 400 and isinstance(error.get("code"), int) else status
            body = {"error": {**error, "code": "context_length_exceeded"}}
        return super().error(call, body, status, headers)


codec = VLLM()
