"""Azure OpenAI: the OpenAI wire by deployment, or on the surface without versions (Azure OpenAI REST reference)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlencode

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.keys import Bearer
from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.types import NOTHING
from ipfs_accel_async.wire.http import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Delta
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.providers._codec import CallFacts, Operation

_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,40}")
_DEPLOYMENT = re.compile(r"(/openai)/deployments(?:/.*)?$")
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_BY_DEPLOYMENT = frozenset(
    {
        "/chat/completions",
        "/completions",
        "/embeddings",
        "/audio/speech",
        "/audio/transcriptions",
        "/audio/translations",
        "/images/generations",
        "/images/edits",
    }
)
_LACKING = frozenset({"moderate", "count_tokens", "moderations.create", "images.variation"})


class AzureOpenAI(OpenAI):
    """OpenAI's models in one's own Azure resource; a model is the name of a deployment.

    The address is the resource's, as ``https://NAME.openai.azure.com``. Without a dated `api_version` the surface under
    ``/openai/v1`` is used, which needs none; with one, the older surface, where the deployment is part of the path.

    A key goes out as ``api-key``; a token of Entra ID (of a callable, or a string in the form of one) as ``Bearer``.

    Options:

    - ``api_version``: Such as ``2024-10-21``; or ``preview`` for what ``/openai/v1`` has in preview.

    Raises:
        ConfigError: An option that is unknown, or an `api_version` that cannot be one.
    """

    name = "azure_openai"
    base_url = "https://resource.openai.azure.com/openai/v1"
    default_path = "/openai/v1"
    key_env: ClassVar[tuple[str, ...]] = ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN")
    url_env: ClassVar[tuple[str, ...]] = ("AZURE_OPENAI_ENDPOINT",)
    url_required = True
    file_keys: ClassVar[tuple[str, ...]] = ("azure_openai_api_key",)
    file_urls: ClassVar[tuple[str, ...]] = ("azure_openai_endpoint",)
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "api_version": ("OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION")
    }
    operations: ClassVar[Mapping[str, Operation]] = {
        name: row for name, row in OpenAI.operations.items() if name not in _LACKING
    }
    native: ClassVar[Mapping[str, Operation]] = {
        name: row for name, row in OpenAI.native.items() if name not in _LACKING
    }

    def __init__(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> None:
        super().__init__(headers=headers, options=options)
        self._version = self.options.get("api_version", "").strip()
        if self._version and not _VERSION.fullmatch(self._version):
            message = f"the option api_version is a date such as 2024-10-21, or preview, not {self._version!r:.40}"
            raise ConfigError(message, provider=self.name)
        self._dated = self._version[:1].isdigit()

    def fixed_headers(self) -> Iterable[tuple[bytes, bytes]]:
        """None: the version is a parameter, not a header."""
        return ()

    def auth_headers(self, key: Secret) -> Iterable[tuple[bytes, bytes]]:
        """A key in its own header, a token as Bearer."""
        if isinstance(key, Bearer) or _TOKEN.fullmatch(key.reveal()):
            return ((b"authorization", key.header("Bearer")),)
        return ((b"api-key", key.header()),)

    def normalize_url(self, url: str) -> str:
        """The base of the paths, from the resource's address or from that of one of its deployments."""
        url = _DEPLOYMENT.sub(r"\1", url)
        if url.count("/") == 2:
            url += "/openai"
        return f"{url}/v1" if url.endswith("/openai") and not self._dated else url

    def build_request(self, call: CallFacts, key: Secret | None) -> Request:
        """As on the OpenAI wire; the older surface has the deployment in the path, and the version always.

        Raises:
            InvalidRequestError: The payload cannot be sent.
        """
        request = super().build_request(call, key)
        endpoint = call.target.endpoint
        path, _, query = request.url[len(endpoint) :].partition("?")
        older = not endpoint.endswith("/v1")
        if older and path in _BY_DEPLOYMENT and call.target.model:
            path = f"/deployments/{quote(call.target.model, safe='')}{path}"
        if self._version and older == self._dated and "api-version=" not in query:
            query = "&".join(filter(None, (query, urlencode({"api-version": self._version}))))
        return Request(request.method, endpoint + path + (query and f"?{query}"), request.headers, request.body)

    def deltas(self, call: CallFacts, chunk: Mapping[str, Any]) -> Iterable[Delta]:
        """As on the OpenAI wire; with its asynchronous filter, pieces that only report on earlier text are none."""
        choices = chunk.get("choices")
        if choices and "delta" not in choices[0] and "content_filter_offsets" in choices[0]:
            return ()
        return super().deltas(call, chunk)


codec = AzureOpenAI()
