"""OpenVINO Model Server: the OpenAI wire of its generative API under ``/v3`` (OVMS documentation, REST API: chat)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.types import NOTHING
from ipfs_accel_async.wire.bare_json import BareJSONDecoder
from ipfs_accel_async.wire.http import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers

_ROOTED = re.compile(r"/(?:v[123]|metrics)(?:[/?]|$)")
_BASE = re.compile(r"(?:/v3)?(?:/v1)?$")
_KEY_REFUSED = "invalid or missing api-key"
_TOO_LONG = "exceeds model max length"
_LOADING = "not loaded yet"


class OVMS(OpenAI):
    """OpenVINO Model Server.

    A key is sent if there is one; the server asks for it only when started with one. Its own parameters (``top_k``,
    ``repetition_penalty``, ``chat_template_kwargs``, ...) are given as `params`. The APIs beside this one (KServe's
    under ``/v2``, TensorFlow Serving's under ``/v1`` of older servers) are reached by :meth:`Client.request` with their
    whole paths, as ``/v2/models/NAME/infer``.
    """

    name = "ovms"
    base_url = "http://localhost:8000/v3"
    default_path = "/v3"
    key_env = ("OVMS_API_KEY",)
    url_env = ("OVMS_API_URL", "OVMS_BASE_URL")
    file_keys = ("ovms_api_key",)
    file_urls = ("ovms_api_url", "ovms_endpoint")
    key_required = False
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = NOTHING
    decoder = BareJSONDecoder
    max_inputs = None  # the server's own setting: 500 or 1,024 by default, by version

    def build_request(self, call: CallFacts, key: Secret | None) -> Request:
        """As on the OpenAI wire; a native path that names its API goes to the root of the server."""
        request = super().build_request(call, key)
        endpoint = call.target.endpoint
        if call.operation == "request" and _ROOTED.match(request.url, len(endpoint)):
            url = _BASE.sub("", endpoint, count=1) + request.url[len(endpoint) :]
            return Request(request.method, url, request.headers, request.body)
        return request

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
        return error


codec = OVMS()
