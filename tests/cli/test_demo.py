"""The demo, over real loopback sockets."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from ipfs_accel_async import registry
from ipfs_accel_async.cli import prompts
from ipfs_accel_async.cli.app import app
from ipfs_accel_async.simulator import PROVIDERS

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

pytestmark = pytest.mark.sockets

BACKENDS = [name for name in registry.names() if name in PROVIDERS]
CHATTING = [name for name in BACKENDS if "chat" in registry.codec(name).operations]
EMBEDDING = [name for name in BACKENDS if "embed" in registry.codec(name).operations]


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of results."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, list[dict[str, Any]]]:
    """One run with the sample: what it printed and its rows."""
    out = tmp_path_factory.mktemp("demo") / "results.jsonl"
    result = CliRunner().invoke(app, ["demo", "--out", str(out)], env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    return result, rows_of(out)


def test_every_prompt_went_to_every_backend_in_order(done: tuple[Result, list[dict[str, Any]]]) -> None:
    """A row for each, backend by backend, in the order of the file."""
    ids = [prompt.id for prompt in prompts.sample()]
    for backend in CHATTING:
        mine = [row for row in done[1] if row["provider"] == backend]
        assert [row["id"] for row in mine if row["kind"] != "embed"] == ids
        assert all(row["target"].startswith(f"{backend}:") for row in mine)
    assert list(dict.fromkeys(row["provider"] for row in done[1])) == BACKENDS


def test_texts_are_embedded_where_the_backend_can(done: tuple[Result, list[dict[str, Any]]]) -> None:
    """Every text once; a row has the number of texts and the width of their vectors."""
    embedded = [row for row in done[1] if row["kind"] == "embed"]
    assert {row["provider"] for row in embedded} == set(EMBEDDING)
    assert sum(row["texts"] for row in embedded) == 60 * len(EMBEDDING)
    assert all(row["ok"] and row["dimensions"] > 100 for row in embedded)


def test_only_streams_that_were_cut_failed(done: tuple[Result, list[dict[str, Any]]]) -> None:
    """Each with what had come of it; everything else got its answer, however often it was sent."""
    failed = [row for row in done[1] if not row["ok"]]
    assert {row["provider"] for row in failed} == set(CHATTING)
    assert {row["error"] for row in failed} == {"StreamIncompleteError"}
    assert {row["kind"] for row in failed} == {"stream"}
    assert all(row["partial"] and row["message"] and row["attempts"] == 1 for row in failed)
    assert all(row["text"] for row in done[1] if row["ok"] and row["kind"] != "embed")


def test_numbers_and_objects_come_back_right(done: tuple[Result, list[dict[str, Any]]]) -> None:
    """A model ran on a row for each prompt; each prompt was stored as an object, and what came back is the prompt."""
    by_kind = {kind: [row for row in done[1] if row["kind"] == kind] for kind in ("infer", "object")}
    assert {row["provider"] for row in by_kind["infer"]} == {"llvm"}
    assert {row["provider"] for row in by_kind["object"]} == {"s3_kit"}
    sample = prompts.sample()
    assert [row["text"] for row in by_kind["object"]] == [prompt.text for prompt in sample]
    assert len({row["text"] for row in by_kind["infer"]}) > 20
    assert all(row["text"].startswith("y=[[") for row in by_kind["infer"])


def test_the_books_balance(done: tuple[Result, list[dict[str, Any]]]) -> None:
    """Every backend had calls that were sent again; tokens, latency and attempts are in every row."""
    retried = Counter(row["provider"] for row in done[1] if row["attempts"] > 1)
    assert all(retried[backend] >= 5 for backend in [*CHATTING, "llvm", "s3_kit"])
    for row in done[1]:
        assert row["latency_ms"] > 0
        assert row["attempts"] >= 1
        # some services count only at the end of a stream, gemini counts no embeddings and opea nothing but those
        uncounted = (row["provider"], row["kind"]) in {("gemini", "embed"), ("opea", "unary"), ("opea", "stream")}
        uncounted |= row["kind"] in {"infer", "object"}
        assert row["usage"]["total_tokens"] > 0 or not row["ok"] or uncounted
        assert row["priority"] in {"HIGH", "NORMAL", "LOW"}
    assert any(row["held"] for row in done[1])


def test_the_tables_tell_what_happened(done: tuple[Result, list[dict[str, Any]]]) -> None:
    """A line a backend that agrees with the rows, the breaker's changes, the faults, and that nothing was real."""
    shown, rows = done[0].stdout, done[1]
    for backend in BACKENDS:
        mine = [row for row in rows if row["provider"] == backend]
        line = next(line.split() for line in shown.splitlines() if line.startswith(f"{backend} "))
        retried = sum(row["attempts"] > 1 for row in mine)
        assert line[1:4] == [str(len(mine)), str(sum(row["ok"] for row in mine)), str(retried)]
        assert ("StreamIncompleteError" in line) == (backend in CHATTING)
        assert line[-1] == f"{sum(row['usage']['total_tokens'] for row in mine):,}"
    assert "half-open" in shown
    assert "closed" in shown
    assert all(f"{name} x" in shown for name in ("429", "503", "cut"))
    assert "is not sent again" in shown
    assert "All answers came from the built-in simulator on this machine; no real model was called." in shown
    assert f"({len(rows)} rows)" in shown
    assert "\x1b" not in shown


def test_a_text_file_and_a_limit(run: Any, tmp_path: Path) -> None:
    """A prompt a line; ids are line numbers."""
    (tmp_path / "mine.txt").write_text("Name three primes.\n\nName a river.\nName a tree.\n")
    out = tmp_path / "rows.jsonl"
    result = run("demo", str(tmp_path / "mine.txt"), "--limit", "2", "--out", str(out), "--seed", "3")
    assert result.exit_code == 0, result.output
    assert f"2 prompts, {len(BACKENDS)} backends" in result.stdout
    for backend in CHATTING:
        mine = [row["id"] for row in rows_of(out) if row["provider"] == backend and row["kind"] != "embed"]
        assert mine == ["1", "3"]


def test_a_jsonl_file_of_conversations(run: Any, tmp_path: Path) -> None:
    """One's own ids and messages; a single prompt is enough."""
    row = {"id": "m1", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]}
    (tmp_path / "mine.jsonl").write_text(json.dumps(row))
    out = tmp_path / "rows.jsonl"
    result = run("demo", str(tmp_path / "mine.jsonl"), "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "1 prompt," in result.stdout
    assert {row["id"] for row in rows_of(out)} == {"m1", "embed-1"}
    assert all(row["ok"] for row in rows_of(out))


def test_a_seed_repeats_the_run(run: Any, tmp_path: Path) -> None:
    """The same answers, failures and tokens; only times differ."""
    runs = []
    for name in ("one", "two"):
        run("demo", "--limit", "8", "--seed", "5", "--out", str(tmp_path / name))
        times = ("latency_ms", "held")
        runs.append([{key: row[key] for key in row if key not in times} for row in rows_of(tmp_path / name)])
    assert runs[0] == runs[1]


def test_no_environment_is_read(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and addresses of real services are neither needed nor used."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-must-not-be-used-here")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://real-service.invalid/v1")
    monkeypatch.setenv("IPFS_ACCEL_CREDENTIALS", "no-such-file.json")
    result = run("demo", "--limit", "1")
    assert result.exit_code == 0, result.output
