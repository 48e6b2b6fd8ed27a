"""Our further bodies, forms and recordings against OpenAI's published OpenAPI description, where a copy is."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ipfs_accel_async.providers.openai import codec
from tests.forms import fields, sent
from tests.providers.described import as_json_schema
from tests.providers.openai_media_calls import CASES
from tests.providers.recorded import call_of, fixture, recorded_stream

BESIDE = Path(__file__).resolve().parents[3]
COPIES = sorted(BESIDE.glob("*/reference/specs/openai/openapi*.json"))
pytestmark = pytest.mark.skipif(not COPIES, reason="no copy of OpenAI's OpenAPI description beside the repository")
FORMS = {"transcribe": "CreateTranscriptionRequest", "translate": "CreateTranslationRequest"}


def overlapping(value: Any) -> Any:
    """The same schema where alternatives may overlap: a message is two kinds of input item in this description."""
    if isinstance(value, dict):
        return {"anyOf" if key == "oneOf" else key: overlapping(item) for key, item in value.items()}
    return [overlapping(item) for item in value] if isinstance(value, list) else value


@functools.cache
def validator(schema: str) -> Draft202012Validator:
    """A validator for one schema of the description."""
    components = overlapping(as_json_schema(json.loads(COPIES[0].read_text("utf-8"))["components"]))
    return Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": components})


def faults(schema: str, value: Any) -> list[str]:
    """What the schema finds wrong."""
    return [f"{error.json_path}: {error.message[:200]}" for error in validator(schema).iter_errors(value)]


@pytest.mark.parametrize("case", [case for case in CASES if case.schema], ids=lambda case: case.name)
def test_bodies_are_valid(case: Any) -> None:
    """What we send is what the description allows."""
    request = codec.build_request(call_of(codec, case.ours, case.operation), None)
    assert faults(case.schema, json.loads(request.body)) == []


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.operation in FORMS or case.name.startswith("edit")],
    ids=lambda case: case.name,
)
def test_forms_have_the_fields_of_the_description(case: Any) -> None:
    """Every part is a property that the description names, lists with brackets; those required are there."""
    schema = validator(FORMS.get(case.operation, "CreateImageEditRequest")).schema
    described = schema["components"]["schemas"][FORMS.get(case.operation, "CreateImageEditRequest")]
    form = sent(codec.build_request(call_of(codec, case.ours, case.operation), None))
    names = {name.partition("[")[0] for name in form}
    assert names <= set(described["properties"])
    assert set(described["required"]) <= names


def test_a_form_has_the_values_that_are_allowed() -> None:
    """The words that a form chooses from are those of the description."""
    case = next(case for case in CASES if case.name == "transcription with words")
    values = fields(sent(codec.build_request(call_of(codec, case.ours, case.operation), None)))
    assert faults("AudioResponseFormat", values["response_format"]) == []
    allowed = {"timestamp_granularities": values["timestamp_granularities[]"], "model": "m", "file": "bytes"}
    assert faults("CreateTranscriptionRequest", allowed) == []


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("complete", "CreateCompletionResponse"),
        ("complete_batch", "CreateCompletionResponse"),
        ("moderate", "CreateModerationResponse"),
        ("image", "ImagesResponse"),
        ("transcribe", "CreateTranscriptionResponseVerboseJson"),
        ("translate", "CreateTranslationResponseJson"),
        ("count_tokens", "TokenCountsResource"),
    ],
)
def test_recorded_answers_are_valid(name: str, schema: str) -> None:
    """The recordings that our parsers are held to are answers as described."""
    assert faults(schema, fixture("openai", name)["body"]) == []


def test_recorded_pieces_are_valid() -> None:
    """So are the pieces of a streamed completion, but for the finish reason that is null until the end."""
    for line in recorded_stream("openai", "complete").split(b"\n\n")[:-2]:
        piece = {key: value for key, value in json.loads(line.removeprefix(b"data: ")).items() if value is not None}
        piece["choices"] = [{**one, "finish_reason": one["finish_reason"] or "stop"} for one in piece["choices"]]
        assert faults("CreateCompletionResponse", piece) == []
