"""Whatever is wrong is told in one line, with exit code 2 and without a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["frob"], "No such command 'frob'"),
        (["chat"], "Missing argument"),
        (["chat", "openai:m", "hi", "--bogus"], "No such option: --bogus"),
        (["chat", "openai:m", "hi", "--max-tokens", "many"], "--max-tokens"),
        (["chat", "openai:m", "hi", "--max-tokens", "-1"], "max_tokens must be"),
        (["chat", "openai:m", "hi"], "set OPENAI_API_KEY"),
        (["chat", "opennai:m", "hi"], "did you mean 'openai'?"),
        (["chat", "gpt-4.1", "hi"], "names no provider"),
        (["chat", "ollama:m", ""], "every message is empty"),
        (["chat", "ollama:m", "hi", "--timeout", "-1"], "timeout must be"),
        (["chat", "ollama:m", "hi", "--base-url", "http://me:word@host"], "has credentials in it"),
        (["chat", "ollama:m", "hi", "--base-url", "ftp://host"], "must start with http"),
        (["chat", "ollama:m"], "standard input is empty"),
        (["embed", "ollama:m"], "standard input is empty"),
        (["embed", "ollama:m", ""], "texts[0] is empty"),
        (["embed", "ollama:m", "text", "--out", "no/such/folder.npy"], "there is no directory no/such"),
        (["models", "nobody"], "there is no provider 'nobody'"),
        (["models", "openai"], "set OPENAI_API_KEY"),
        (["simulate", "nobody"], "unknown provider 'nobody'"),
        (["simulate", "--fault", "nothing"], "unknown fault 'nothing'"),
        (["simulate", "--fault-rate", "0.5"], "needs at least one --fault"),
        (["simulate", "--port", "70000"], "--port"),
        (["bench", "--provider", "nobody"], "there is no provider 'nobody'"),
        (["bench", "--requests", "0"], "--requests"),
        (["demo", "no-such-file.txt"], "cannot read no-such-file.txt"),
        (["demo", "--limit", "0"], "--limit"),
        (["demo", "--out", "no/such/rows.jsonl"], "there is no directory no/such"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run: Any, args: list[str], told: str) -> None:
    """The line begins with 'error:' and names what is wrong; nothing goes to standard output."""
    result = run(*args)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert told in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "has no prompts in it"),
        (b"\n  \n", "has no prompts in it"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b'{"prompt": "one"}\n{"prompt": ', "line 2: not valid JSON"),
        (b'{"prompt": "one"}\n[1]', "line 2: not a JSON object"),
        (b'{"question": "one"}', "line 1: there is no text under"),
        (b'{"prompt": 7}', "line 1: there is no text under"),
        (b'{"prompt": "one", "system": 7}', "line 1: 'system' is not a text"),
        (b'{"messages": []}', "line 1: messages is empty"),
        (b'{"messages": [{"role": "king", "content": "x"}]}', "line 1: messages[0] has the role 'king'"),
    ],
)
def test_a_malformed_file_of_prompts_is_told_with_its_line(run: Any, tmp_path: Path, content: bytes, told: str) -> None:
    """The demo does not start on a file that it cannot use."""
    path = tmp_path / "prompts.txt"
    path.write_bytes(content)
    result = run("demo", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_directory_is_no_file_of_prompts(run: Any, tmp_path: Path) -> None:
    """Nor is it a place for results."""
    assert "cannot read" in run("demo", str(tmp_path)).stderr
    assert "is a directory" in run("demo", "--out", str(tmp_path)).stderr


def test_bytes_that_are_no_text_on_standard_input_are_refused(run: Any) -> None:
    """A prompt is UTF-8."""
    result = run("chat", "ollama:m", piped=b"\xff\xfe")
    assert result.exit_code == 2
    assert "standard input is not UTF-8 text" in result.stderr


def test_a_refused_address_does_not_show_its_password(run: Any) -> None:
    """What stands before the @ is left out of the error."""
    result = run("chat", "ollama:m", "hi", "--base-url", "http://me:open-sesame@host")
    assert "open-sesame" not in result.output


def test_a_name_cannot_write_control_characters_or_markup(run: Any) -> None:
    """An error quotes bad input without its escape sequences, and does not read it as markup."""
    result = run("demo", "[red]\x1b[2Jno\nsuch[/red] file")
    assert "\x1b" not in result.stderr
    assert "[red]" in result.stderr
    assert result.stderr.count("\n") == 1
