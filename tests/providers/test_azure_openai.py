"""The Azure OpenAI codec: addresses, versions, keys and tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async import Client, ConfigError, ContentFilteredError, MockTransport
from ipfs_accel_async.answers import Delta
from ipfs_accel_async.errors import AuthenticationError, NotFoundError, RateLimitError
from ipfs_accel_async.keys import Bearer, Secret, Token
from ipfs_accel_async.payloads import ImageRequest
from ipfs_accel_async.providers.azure_openai import AzureOpenAI, codec
from ipfs_accel_async.types import ChatRequest, Message, NativeRequest, Payload
from tests.providers.openai_media_calls import PICTURE
from tests.providers.recorded import call_of, deltas_of, response

HOST = "https://res.openai.azure.com"
JWT = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ4In0.c2lnbmF0dXJl"
CHAT = ChatRequest((Message("user", "Hello"),))


def of(version: str = "") -> AzureOpenAI:
    """The codec with an API version, or none."""
    return AzureOpenAI(options={"api_version": version} if version else {})


def url_of(made: AzureOpenAI, base: str, payload: Payload = CHAT, operation: str = "chat", model: str = "gpt") -> str:
    """Where a call goes."""
    call = call_of(made, payload, operation, model=model, endpoint=made.normalize_url(base))
    return made.build_request(call, None).url


@pytest.mark.parametrize(
    ("base", "version", "made"),
    [
        (HOST, "", f"{HOST}/openai/v1"),
        (HOST, "preview", f"{HOST}/openai/v1"),
        (HOST, "2024-10-21", f"{HOST}/openai"),
        (f"{HOST}/openai", "", f"{HOST}/openai/v1"),
        (f"{HOST}/openai", "2024-10-21", f"{HOST}/openai"),
        (f"{HOST}/openai/v1", "2024-10-21", f"{HOST}/openai/v1"),
        (f"{HOST}/openai/deployments/gpt", "2024-10-21", f"{HOST}/openai"),
        (f"{HOST}/openai/deployments/gpt/chat/completions", "", f"{HOST}/openai/v1"),
        ("https://gateway.example/azure/openai", "2024-10-21", "https://gateway.example/azure/openai"),
        ("https://res.services.ai.azure.com/openai/v1", "", "https://res.services.ai.azure.com/openai/v1"),
    ],
)
def test_an_address_is_made_whole(base: str, version: str, made: str) -> None:
    """Of a resource, of a surface, of a deployment; a dated version chooses the older surface."""
    assert of(version).normalize_url(base) == made
    assert of(version).normalize_url(made) == made


@pytest.mark.parametrize(
    ("version", "url"),
    [
        ("", f"{HOST}/openai/v1/chat/completions"),
        ("preview", f"{HOST}/openai/v1/chat/completions?api-version=preview"),
        ("2024-10-21", f"{HOST}/openai/deployments/gpt/chat/completions?api-version=2024-10-21"),
    ],
)
def test_the_older_surface_has_the_deployment_in_its_path(version: str, url: str) -> None:
    """And its version always; the newer one has neither, unless it is told to preview."""
    assert url_of(of(version), HOST) == url


def test_a_dated_version_is_not_sent_where_there_is_none() -> None:
    """An address that ends in /openai/v1 has no dated versions: one from the environment is meant for another."""
    assert url_of(of("2024-10-21"), f"{HOST}/openai/v1") == f"{HOST}/openai/v1/chat/completions"


def test_a_deployment_is_quoted() -> None:
    """No name reaches another path."""
    url = url_of(of("2024-10-21"), HOST, model="a/../b?c")
    assert url == f"{HOST}/openai/deployments/a%2F..%2Fb%3Fc/chat/completions?api-version=2024-10-21"


def test_what_has_no_deployment_goes_to_the_resource() -> None:
    """Lists, files and jobs; a query of their own stays."""
    made = of("2024-10-21")
    assert url_of(made, HOST, NativeRequest(), "models", "") == f"{HOST}/openai/models?api-version=2024-10-21"
    page = NativeRequest(query={"limit": "5"})
    assert url_of(made, HOST, page, "files.list", "") == f"{HOST}/openai/files?limit=5&api-version=2024-10-21"
    other = NativeRequest("GET", "/x", query={"api-version": "2023-05-15"})
    assert url_of(made, HOST, other, "request", "") == f"{HOST}/openai/x?api-version=2023-05-15"


def test_an_edit_has_its_deployment_too() -> None:
    """It is another path than that of a new image."""
    url = url_of(of("2025-04-01-preview"), HOST, ImageRequest("A hat", (PICTURE,)), "image")
    assert url == f"{HOST}/openai/deployments/gpt/images/edits?api-version=2025-04-01-preview"


@pytest.mark.parametrize("version", ["2024 10 21", "v1&x=1", "é", "a" * 60, "/../x"])
def test_a_version_that_cannot_be_one_is_refused(version: str) -> None:
    """When the client is made, not by the service."""
    with pytest.raises(ConfigError, match="api_version"):
        of(version)


async def test_a_key_and_a_token_have_headers_of_their_own() -> None:
    """A key, a callable's token, a token as a string, a Bearer."""
    token = await Token(lambda: "entra-token").current()
    for key, header in [
        (Secret("0123456789abcdef"), (b"api-key", b"0123456789abcdef")),
        (token, (b"authorization", b"Bearer entra-token")),
        (Secret(JWT), (b"authorization", f"Bearer {JWT}".encode())),
        (Bearer("opaque"), (b"authorization", b"Bearer opaque")),
    ]:
        assert list(codec.auth_headers(key)) == [header]


def mocked(**options: Any) -> tuple[MockTransport, Client]:
    """A client of a resource, with what it sends."""
    body = {"choices": [{"index": 0, "message": {"content": "Hi."}, "finish_reason": "stop"}], "data": []}
    mock = MockTransport(lambda _: MockTransport.reply(body))
    return mock, Client(transport=mock, **options)


async def test_it_is_configured_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variables that the SDK reads."""
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-key")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", HOST)
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    mock, client = mocked()
    async with client as ai:
        assert (await ai.chat("azure_openai:gpt", "Hello")).text == "Hi."
    (request,) = mock.requests
    assert request.url == f"{HOST}/openai/deployments/gpt/chat/completions?api-version=2024-10-21"
    assert (b"api-key", b"azure-key") in request.headers
    assert b"authorization" not in dict(request.headers)
    assert json.loads(request.body)["model"] == "gpt"


async def test_a_static_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """``AZURE_OPENAI_AD_TOKEN`` goes out as Bearer."""
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", JWT)
    mock, client = mocked(base_urls={"azure_openai": HOST})
    async with client as ai:
        await ai.chat("azure_openai:gpt", "Hello")
    assert (b"authorization", f"Bearer {JWT}".encode()) in mock.requests[0].headers


async def test_a_callable_gives_each_attempt_its_token() -> None:
    """Awaited, as the identity library's is."""
    tokens = iter(["first", "second"])

    async def provide() -> str:
        return next(tokens)

    mock, client = mocked(keys={"azure_openai": provide}, base_urls={"azure_openai": HOST})
    async with client as ai:
        await ai.chat("azure_openai:gpt", "Hello")
        await ai.native("azure_openai").files.list()
    assert [dict(request.headers)[b"authorization"] for request in mock.requests] == [b"Bearer first", b"Bearer second"]


async def test_without_an_address_nothing_is_sent() -> None:
    """One line says what to do."""
    mock, client = mocked(keys={"azure_openai": "k"})
    async with client as ai:
        with pytest.raises(ConfigError, match=r"no address: set AZURE_OPENAI_ENDPOINT or pass base_urls="):
            await ai.chat("azure_openai:gpt", "Hello")
        with pytest.raises(ConfigError, match="no address"):
            await ai.native("azure_openai").files.list()
        await ai.native("azure_openai").with_options(base_url=HOST).files.list()
    assert len(mock.requests) == 1


def test_pieces_that_only_report_are_no_pieces() -> None:
    """Those of the asynchronous filter have no delta; one without either is still an error."""
    report = {"choices": [{"index": 0, "finish_reason": None, "content_filter_offsets": {"check_offset": 44}}]}
    raw = f"data: {json.dumps(report)}\n\ndata: [DONE]\n\n".encode()
    assert deltas_of(codec, call_of(codec, ChatRequest(CHAT.messages, stream=True)), [raw]) == [Delta(end=True)]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            400,
            {
                "error": {
                    "message": "The response was filtered due to the prompt triggering the content policy.",
                    "type": None,
                    "param": "prompt",
                    "code": "content_filter",
                    "status": 400,
                    "innererror": {"code": "ResponsibleAIPolicyViolation"},
                }
            },
            ContentFilteredError,
        ),
        (401, {"statusCode": 401, "message": "Unauthorized. Access token is missing."}, AuthenticationError),
        (404, {"error": {"code": "DeploymentNotFound", "message": "The deployment does not exist."}}, NotFoundError),
        (429, {"error": {"code": "429", "message": "Please retry after 7 seconds."}}, RateLimitError),
    ],
)
def test_errors_are_typed(status: int, body: Any, kind: type[Exception]) -> None:
    """In the service's own shapes, with its words."""
    error = codec.parse_error(call_of(codec, CHAT), response(status, body))
    assert type(error) is kind
    assert error.message in json.dumps(body)


def test_only_what_the_service_has_is_offered() -> None:
    """No moderations, no variations and no count of its own: a count is estimated and says so."""
    assert not {"moderate", "count_tokens"} & codec.operations.keys()
    assert not {"moderations.create", "images.variation"} & codec.native.keys()
