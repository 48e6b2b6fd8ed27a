"""The page on a provider of one's own keeps its word: one file, one entry point, nothing else."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import AuthenticationError, Client, MockTransport, registry
from ipfs_accel_async.simulator import simulate
from tests.providers import codecs, recorded, test_contract, test_contract_answers, test_contract_native
from tests.providers import test_contract_streams as streams

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "providers" / "adding.md"
FIXTURES = Path(__file__).parent / "fixtures"
NAME = "xai"


def block(language: str) -> str:
    """The first block of a language on the page."""
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page's package, as an installer leaves it."""
    section, entry = block("toml").splitlines()
    group = section.split('"')[1]
    name, value = re.fullmatch(r'(\w+) = "(.+)"', entry).groups()  # type: ignore[union-attr]
    information = tmp_path / "xai_accel-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: xai-accel\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    (tmp_path / "xai_accel.py").write_text(block("python"))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield
    sys.modules.pop("xai_accel", None)


@pytest.fixture
def held(installed: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its codec, where the contract tests look for codecs and recordings."""
    codec = registry.codec(NAME)
    monkeypatch.setitem(codecs.CODECS, NAME, codec)
    monkeypatch.setattr(recorded, "FIXTURES", FIXTURES)
    monkeypatch.setattr(test_contract, "FIXTURES", FIXTURES)
    return codec


@pytest.mark.sockets
async def test_a_provider_of_one_file_works(installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider of the page is found, configured by its own variables, and chats, streams and draws."""
    async with simulate("openai") as sim:
        monkeypatch.setenv("XAI_API_BASE", sim.base_url)
        monkeypatch.setenv("XAI_API_KEY", "xai-key")
        assert NAME in registry.names()
        async with Client() as ai:
            reply = await ai.chat("xai:m", "Name three primes.")
            async with ai.stream("xai:m", "Name three primes.") as stream:
                assert (await stream.collect()).text == reply.text != ""
            assert (await ai.image("xai:m", "A cube")).pictures
            assert (await ai.native(NAME).responses.create("m", "Name three primes.")).output_text
        assert str(reply.target) == "xai:m"
        assert {seen.headers["authorization"] for seen in sim.requests} == {"Bearer xai-key"}


async def test_a_refused_key_is_sent_once(installed: None) -> None:
    """The service's 400 is the error of a refused key, with the status that came."""
    body = recorded_error()
    mock = MockTransport(lambda _: MockTransport.reply(body, status=400))
    async with Client(transport=mock, keys={NAME: "wrong"}) as ai:
        with pytest.raises(AuthenticationError, match="Incorrect API key") as caught:
            await ai.chat("xai:m", "Hello")
    assert (caught.value.status, len(mock.requests)) == (400, 1)


def recorded_error() -> Any:
    """What the service says of a wrong key."""
    return {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: wr***ng."}


def test_it_has_the_recordings_that_the_page_names(held: Any) -> None:
    """Those that the contract demands."""
    test_contract.test_every_codec_has_its_fixtures(NAME)
    test_contract.test_a_codec_says_what_the_registry_and_the_look_up_need(NAME)


def test_its_requests_keep_the_contract(held: Any) -> None:
    """Stable, with the key in headers only, and open to parameters."""
    for operation in held.operations:
        test_contract.test_a_request_is_stable_and_carries_the_key_in_headers_only(NAME, operation)
    test_contract.test_unknown_parameters_pass_through_untouched(NAME)
    for row in held.native:
        test_contract_native.test_a_row_builds_a_request_that_stays_below_its_path(NAME, row)


def test_its_errors_keep_the_contract(held: Any) -> None:
    """Typed, whatever their shape, and without the key."""
    test_contract.test_a_refused_key_is_typed_and_not_shown(NAME)
    test_contract.test_too_fast_says_how_long_to_wait(NAME)
    for body in (b"", b"<html>Bad Gateway</html>", b"null", b"[]", b'{"error":null}'):
        test_contract.test_an_error_in_any_shape_is_typed(NAME, body)


def test_its_answers_keep_the_contract(held: Any) -> None:
    """Read as recorded; refused where a field is lost."""
    for kind in codecs.recordings(NAME):
        test_contract_answers.test_a_recorded_answer_is_read(NAME, kind)
    test_contract_answers.test_unknown_fields_are_kept(NAME)
    test_contract_answers.test_a_lost_or_changed_field_never_crashes_the_parser(NAME)
    test_contract_answers.test_models_have_ids(NAME)
    for operation in held.operations:
        for body in ({}, [], None, 7, "text"):
            test_contract_answers.test_an_answer_without_its_fields_is_refused(NAME, operation, body)


@pytest.mark.parametrize("kind", ["chat", "tools", "complete"])
def test_its_streams_keep_the_contract(held: Any, kind: str) -> None:
    """Every split gives the same reply, and no cut ends well."""
    streams.test_a_stream_folds_to_the_unary_reply(NAME, kind)
    streams.test_every_split_gives_the_same_deltas(NAME, kind)
    streams.test_a_truncated_stream_never_ends_well(NAME, kind)
    streams.test_a_malformed_frame_is_a_typed_error(NAME, kind)


async def test_its_rows_are_methods_of_its_wires_handle(held: Any) -> None:
    """Without a handle of its own."""
    for row in held.native:
        await test_contract_native.test_every_row_is_a_method_of_the_handle(NAME, row)


def test_it_is_short() -> None:
    """One screen, most of it data."""
    lines = [line for line in block("python").splitlines() if line.strip()]
    assert len(lines) <= 20
