"""Gemini: what goes out, and what is refused before it does."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async.errors import ConfigError, InvalidRequestError
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.gemini import codec
from ipfs_accel_async.types import (
    ChatRequest,
    EmbedRequest,
    Message,
    NativeRequest,
    ResponseFormat,
    Tool,
)
from tests.providers.recorded import call_of

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
HELLO = Message("user", "hello")
CHAT = ChatRequest((HELLO,))
JSON = "application/json"


def body_of(*messages: Message, **fields: Any) -> dict[str, Any]:
    """The body that the codec builds."""
    body = codec.build_body(call_of(codec, ChatRequest(messages or (HELLO,), **fields)))
    assert body is not None
    return body


def url_of(payload: Any, operation: str = "chat", *, model: str = "m", endpoint: str = "", **options: str) -> str:
    """The URL that the codec builds."""
    return (
        codec.configured(options=options)
        .build_request(call_of(codec, payload, operation, model=model, endpoint=endpoint), None)
        .url.removeprefix(codec.base_url)
    )


def test_a_plain_call_is_its_contents() -> None:
    """Nothing that the caller did not set is sent; whether it streams is a matter of the path."""
    plain = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
    assert body_of() == plain
    assert body_of(stream=True) == plain


@pytest.mark.parametrize(
    ("model", "resource"),
    [
        ("gemini-x", "models/gemini-x"),
        ("models/gemini-x", "models/gemini-x"),
        ("tunedModels/tide-1", "tunedModels/tide-1"),
        ("a/../b?c#d", "models/a%2F..%2Fb%3Fc%23d"),
        ("models/../files", "models/..%2Ffiles"),
    ],
)
def test_the_path_names_the_model_and_the_method(model: str, resource: str) -> None:
    """A model may be written with its collection, and cannot leave it; a stream is a method of its own."""
    assert url_of(CHAT, model=model) == f"/v1/{resource}:generateContent"
    assert url_of(ChatRequest((HELLO,), stream=True), model=model) == f"/v1/{resource}:streamGenerateContent?alt=sse"
    assert url_of(EmbedRequest(("a",)), "embed", model=model) == f"/v1/{resource}:batchEmbedContents"


@pytest.mark.parametrize(
    ("given", "endpoint"),
    [
        ("https://g.test", "https://g.test/v1/models"),
        ("https://g.test/v1beta", "https://g.test/v1beta/models"),
        ("https://g.test/v1beta/openai", "https://g.test/v1beta/models"),
        ("https://g.test/proxy", "https://g.test/proxy/v1/models"),
    ],
)
def test_the_base_url_may_have_a_version(given: str, endpoint: str) -> None:
    """Then that holds, else the option, else v1."""
    base = codec.normalize_url(given)
    assert url_of(NativeRequest(), "models", endpoint=base) == f"{endpoint}?pageSize=1000"
    if "v1beta" not in given:
        assert "/v1alpha/" in url_of(NativeRequest(), "models", endpoint=base, api_version="v1alpha")
        assert "/v1beta/" in url_of(NativeRequest(), "models", endpoint=base, api_version="beta")


@pytest.mark.parametrize(
    "options", [{"api_version": "1"}, {"api_version": "v1/x"}, {"api_version": ""}, {"region": "eu"}]
)
def test_options_are_checked_when_built(options: dict[str, str]) -> None:
    """A value that cannot be meant is a ConfigError at once."""
    with pytest.raises(ConfigError):
        codec.configured(options=options)


def test_the_key_is_in_its_header_only() -> None:
    """No URL, repr, body or other header shows it."""
    request = codec.build_request(call_of(codec, CHAT), Secret("AIza-very-secret"))
    assert "very-secret" not in repr(request) + request.url
    assert b"very-secret" not in request.body
    assert [name for name, value in request.headers if b"very-secret" in value] == [b"x-goog-api-key"]


def test_the_callers_own_fields_go_under_generation_config() -> None:
    """max_tokens and its kin have the service's names there."""
    body = body_of(max_tokens=9, temperature=0.0, stop=("END",), seed=4, response_format=ResponseFormat(SCHEMA))
    assert body["generationConfig"] == {
        "maxOutputTokens": 9,
        "temperature": 0.0,
        "stopSequences": ["END"],
        "seed": 4,
        "responseMimeType": JSON,
        "responseJsonSchema": SCHEMA,
    }


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        (ResponseFormat(), {"responseMimeType": JSON}),
        ({"responseMimeType": "text/x.enum"}, {"responseMimeType": "text/x.enum"}),
    ],
)
def test_a_format_without_a_schema(wanted: Any, sent: Any) -> None:
    """Any JSON is a media type, a mapping goes as it is."""
    assert body_of(response_format=wanted)["generationConfig"] == sent


def test_params_go_where_the_service_reads_them() -> None:
    """Names of generationConfig go there, any other name to the top level, in either spelling, and all override."""
    params = {
        "generation_config": {"top_k": 5, "novelKnob": 1, "temperature": 0.1},
        "temperature": 0.9,
        "max_output_tokens": 7,
        "thinkingConfig": {"thinkingBudget": 0},
        "safety_settings": [],
        "labels": {"team": "blue"},
        "x_new_knob": 3,
    }
    body = body_of(temperature=0.5, max_tokens=9, params=params)
    assert body.pop("contents")
    assert body == {
        "generationConfig": {
            "temperature": 0.9,
            "maxOutputTokens": 7,
            "topK": 5,
            "novelKnob": 1,
            "thinkingConfig": {"thinkingBudget": 0},
        },
        "safetySettings": [],
        "labels": {"team": "blue"},
        "x_new_knob": 3,
    }


def test_tools_take_the_services_shape() -> None:
    """All functions are one tool; the service's own go before it as they are."""
    native = {"googleSearch": {}}
    assert body_of(tools=(Tool("f", "does it", SCHEMA), native, Tool("clock")))["tools"] == [
        native,
        {
            "functionDeclarations": [
                {"name": "f", "description": "does it", "parametersJsonSchema": SCHEMA},
                {"name": "clock"},
            ]
        },
    ]


@pytest.mark.parametrize(
    ("choice", "strict", "sent"),
    [
        ("auto", None, {"mode": "AUTO"}),
        ("auto", True, {"mode": "VALIDATED"}),
        (None, True, {"mode": "VALIDATED"}),
        ("none", True, {"mode": "NONE"}),
        ("required", None, {"mode": "ANY"}),
        ("f", None, {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        ({"functionCallingConfig": {"mode": "NEW"}}, True, {"mode": "NEW"}),
    ],
)
def test_tool_choice_is_a_mode(choice: Any, strict: bool | None, sent: Any) -> None:
    """Our words become the service's; strict tools ask for calls that fit; what params say joins."""
    tools = (Tool("f", strict=strict),)
    assert body_of(tools=tools, tool_choice=choice)["toolConfig"] == {"functionCallingConfig": sent}
    params = {"tool_config": {"retrievalConfig": {"languageCode": "nb"}}}
    joined = body_of(tools=tools, tool_choice=choice, params=params)["toolConfig"]
    assert joined == {"functionCallingConfig": sent, "retrievalConfig": {"languageCode": "nb"}}


def test_a_batch_of_texts_has_a_limit() -> None:
    """A hundred go out, each with the model's resource name and the parameters; one more is refused."""
    call = call_of(codec, EmbedRequest(("a",) * 100, {"task_type": "CLUSTERING"}), "embed", model="models/e")
    requests = codec.build_body(call)["requests"]
    content = {"parts": [{"text": "a"}], "role": "user"}
    assert requests == [{"model": "models/e", "content": content, "taskType": "CLUSTERING"}] * 100
    with pytest.raises(InvalidRequestError, match="100 texts"):
        codec.build_body(call_of(codec, EmbedRequest(("a",) * 101), "embed"))
