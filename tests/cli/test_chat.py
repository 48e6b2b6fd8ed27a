"""chat, embed and models, against a simulator on loopback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from ipfs_accel_async.simulator import Simulator

pytestmark = pytest.mark.sockets


def test_an_answer_is_streamed_to_standard_output(run: Any, served: Simulator, key: str) -> None:
    """The text and a line break, nothing else; the key goes to the server and nowhere else."""
    result = run("chat", "openai:gpt-4.1", "Name three primes.", "--base-url", served.base_urls["openai"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Synthetic answer")
    assert result.stdout.endswith(".\n")
    seen = served.requests[0]
    assert seen.body["stream"] is True
    assert seen.headers["authorization"] == f"Bearer {key}"


def test_a_prompt_is_read_from_standard_input(run: Any, served: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address comes from the environment like a real one; options become fields of the request."""
    monkeypatch.setenv("OLLAMA_HOST", served.base_urls["ollama"])
    options = ("--system", "Be brief.", "--max-tokens", "5", "--temperature", "0.5", "--no-stream")
    result = run("chat", "ollama:llama3.2:1b", *options, piped="Name three primes.\n")
    assert result.exit_code == 0, result.output
    assert result.stderr == "note: the model stopped with 'length'\n"
    body = served.requests[0].body
    assert [message["content"] for message in body["messages"]] == ["Be brief.", "Name three primes."]
    assert body["options"] == {"num_predict": 5, "temperature": 0.5}
    assert body["stream"] is False


def test_json_is_one_object_with_usage_and_ids(run: Any, served: Simulator, key: str) -> None:
    """For scripts: the text, its tokens, and both request ids."""
    result = run("chat", "openai:gpt-4.1", "Hello", "--json", "--base-url", served.base_urls["openai"])
    answer = json.loads(result.stdout)
    assert answer["target"] == "openai:gpt-4.1"
    assert answer["text"].startswith("Synthetic")
    assert answer["usage"]["total_tokens"] > 0
    assert answer["attempts"] == 1
    assert answer["request_id"] == served.requests[0].headers["x-request-id"]


def test_usage_goes_to_standard_error_when_asked_for(run: Any, served: Simulator, key: str) -> None:
    """So that a pipe gets the answer alone."""
    result = run("chat", "openai:gpt-4.1", "Hello", "-v", "--base-url", served.base_urls["openai"])
    assert "tokens in" in result.stderr
    assert "tokens in" not in result.stdout
    assert key not in result.output


def test_an_error_of_the_service_is_one_line_and_exit_code_1(run: Any, served: Simulator, key: str) -> None:
    """Bad input is 2; what a service does is 1."""
    result = run("chat", "openai:missing-model", "Hello", "--base-url", served.base_urls["openai"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: openai:missing-model: ")
    assert result.stderr.count("\n") == 1


def test_a_cut_stream_shows_what_came_and_then_the_error(run: Any, served: Simulator, key: str) -> None:
    """The error stands on a line of its own, and the call was not sent again."""
    served.faults = {"openai": "cut"}
    result = run("chat", "openai:gpt-4.1", "Hello", "--base-url", served.base_urls["openai"])
    assert result.exit_code == 1
    assert result.stdout.startswith("Synthetic")
    assert result.stdout.endswith("\n")
    assert result.stderr == "error: openai:gpt-4.1: the connection broke before the stream's end mark\n"
    assert len(served.requests) == 1


def test_embeddings_are_shown_by_shape_and_first_numbers(run: Any, served: Simulator) -> None:
    """A line for each text."""
    url = served.base_urls["ollama"]
    result = run("embed", "ollama:nomic-embed-text", "a red apple", "a green pear", "--base-url", url)
    assert result.exit_code == 0, result.output
    head, first, second = result.stdout.splitlines()
    assert head.startswith("2 x ")
    assert "float32 from ollama:nomic-embed-text" in head
    assert first.endswith("a red apple")
    assert second.endswith("a green pear")


def test_lines_of_standard_input_are_embedded_into_a_file(run: Any, served: Simulator, tmp_path: Path) -> None:
    """As a NumPy array, one row a line; many rows are not all shown."""
    out, url = tmp_path / "vectors.npy", served.base_urls["ollama"]
    lines = "".join(f"text {number}\n\n" for number in range(12))
    result = run("embed", "ollama:nomic-embed-text", "--out", str(out), "--base-url", url, piped=lines)
    assert result.exit_code == 0, result.output
    assert "and 2 more" in result.stdout
    array = np.load(out)
    assert array.shape[0] == 12
    assert array.dtype == np.float32


def test_embeddings_as_json(run: Any, served: Simulator) -> None:
    """The vectors themselves, unless they go to a file."""
    url = served.base_urls["ollama"]
    made = json.loads(run("embed", "ollama:nomic-embed-text", "x", "--json", "--base-url", url).stdout)
    assert len(made["vectors"][0]) == made["dimensions"]


def test_models_are_listed_ready_to_be_passed_on(run: Any, served: Simulator, key: str) -> None:
    """One a line as provider:model; as JSON with their owners."""
    url = served.base_urls["openai"]
    lines = run("models", "openai", "--base-url", url).stdout.splitlines()
    assert "openai:gpt-4.1" in lines
    listed = json.loads(run("models", "openai", "--json", "--base-url", url).stdout)
    assert [f"openai:{model['id']}" for model in listed["models"]] == lines
