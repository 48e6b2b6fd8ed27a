"""``"provider:model"`` to codec: own modules, entry points, and names that are neither."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import Client, ConfigError, InvalidRequestError, MockTransport, registry
from ipfs_accel_async.providers._codec import Codec
from ipfs_accel_async.providers.openai import OpenAI

OWN = sorted(path.stem for path in Path(registry.providers.__file__).parent.glob("[a-z]*.py"))


class Mine(OpenAI):
    """A provider that another package brings."""

    name = "my-models"
    base_url = "http://mine/v1"
    key_required = False


class Unlike(OpenAI):
    """A codec whose name is not that of its entry point."""

    name = "unlike"


mine, unlike, no_codec = Mine(), Unlike(), object()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entry points as an installed package declares them."""
    values = {
        "my-models": "mine",
        "openai": "mine",  # an own module's name: the module wins
        "broken": "no_codec",
        "other": "unlike",
        "Strange Name": "mine",
    }
    points = [EntryPoint(name, f"{__name__}:{value}", registry.ENTRY_POINTS) for name, value in values.items()]

    def entry_points(*, group: str, name: str | None = None) -> list[EntryPoint]:
        assert group == "ipfs_accel_async.providers"
        return [point for point in points if name in {None, point.name}]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    monkeypatch.setattr(EntryPoint, "load", lambda point: globals()[point.attr])


def test_the_providers_are_the_modules() -> None:
    """Names are sorted; files with a leading underscore are none."""
    assert registry.names() == OWN
    assert {"claude", "groq", "ollama", "openai", "vllm"} <= set(OWN)


@pytest.mark.parametrize("name", OWN)
def test_a_provider_is_found_by_its_module(name: str) -> None:
    """Each name gives a codec of that name, the same one each time."""
    codec = registry.codec(name)
    assert isinstance(codec, Codec)
    assert codec.name == name
    assert registry.codec(name) is codec


@pytest.mark.parametrize(
    ("name", "hint"),
    [("opnai", "openai"), ("OpenAI", "openai"), ("claud", "claude"), ("olama", "ollama"), ("openai ", "openai")],
)
def test_a_slip_gets_a_hint(name: str, hint: str) -> None:
    """One line with the likely name and all names."""
    with pytest.raises(ConfigError) as caught:
        registry.codec(name)
    message = str(caught.value)
    assert message == f"there is no provider {name!r}: did you mean {hint!r}? there are {', '.join(OWN)}"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "_codec",
        "__init__",
        "..os",
        ".os",
        "os",
        "openai.codec",
        "../openai",
        "openai/../claude",
        "openai\n",
        "openai\x00",
        "ope\u0578ai",
        "x" * 10_000,
        "-openai",
        None,
        5,
        b"openai",
        ["openai"],
    ],
)
def test_a_name_that_is_no_provider_imports_nothing(name: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dots, underscores, slashes and other types are refused in one short line, whatever they would resolve to."""
    asked: list[str] = []
    found = registry.import_module
    monkeypatch.setattr(registry, "import_module", lambda path: asked.append(path) or found(path))
    with pytest.raises(ConfigError, match="there is no provider") as caught:
        registry.codec(name)
    assert asked == ([f"ipfs_accel_async.providers.{name}"] if name == "os" else [])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_module_that_a_provider_itself_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider whose own import fails is not reported as unknown."""

    def missing(path: str) -> Any:
        raise ModuleNotFoundError("No module named 'aioboto3'", name="aioboto3")

    monkeypatch.setattr(registry, "import_module", missing)
    with pytest.raises(ModuleNotFoundError, match="aioboto3"):
        registry.codec("openai")


@pytest.mark.usefixtures("installed")
async def test_an_installed_package_may_bring_a_provider() -> None:
    """An entry point makes a provider like the own ones: listed, found, called."""
    assert registry.names() == sorted({*OWN, "my-models", "broken", "other"})
    assert registry.codec("my-models") is mine
    transport = MockTransport(lambda _: MockTransport.reply({"data": [{"id": "m"}]}))
    async with Client(transport=transport, providers={"my-models": {"max_retries": 0}}) as ai:
        assert [model.id for model in (await ai.models("my-models")).models] == ["m"]
    assert transport.requests[0].url == "http://mine/v1/models"


@pytest.mark.usefixtures("installed")
def test_an_entry_point_does_not_replace_an_own_provider() -> None:
    """No package can take the place of openai, and its keys with it."""
    assert registry.codec("openai") is not mine


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["broken", "other"])
def test_an_entry_point_that_is_no_codec_of_its_name_is_reported(name: str) -> None:
    """The error shows which package's entry point it is."""
    with pytest.raises(ConfigError, match=f"entry point '.*' of provider '{name}' is no Codec of that name"):
        registry.codec(name)


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        ("openai:gpt-4.1", ("openai", "gpt-4.1")),
        ("ollama:llama3.2:1b", ("ollama", "llama3.2:1b")),
        ("vllm:org/model:tag@sha256:ab", ("vllm", "org/model:tag@sha256:ab")),
        (" groq : m ", ("groq", "m")),
        ("openai:ft:gpt-4o:org::id", ("openai", "ft:gpt-4o:org::id")),
        ("openai:mod\u00e8le", ("openai", "mod\u00e8le")),
        ("openai:a b", ("openai", "a b")),
    ],
)
def test_the_first_colon_separates(model: str, parts: tuple[str, str]) -> None:
    """The model's name keeps its own colons; white space around both goes."""
    assert registry.split(model) == parts


@pytest.mark.parametrize("model", ["", "gpt-4.1", ":", ":m", "openai:", "openai: ", " :m", "x" * 1_000])
def test_a_model_without_a_provider_says_how_to_write_it(model: str) -> None:
    """The commonest slip of those who come from one service's SDK."""
    with pytest.raises(
        InvalidRequestError, match="names no provider: write 'provider:model', as 'openai:gpt"
    ) as caught:
        registry.split(model)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("model", [None, 5, b"openai:m", ["openai:m"], {"model": "openai:m"}])
def test_a_model_is_a_string(model: Any) -> None:
    """Other types are refused by type."""
    with pytest.raises(InvalidRequestError, match=f"model is a string 'provider:model', not {type(model).__name__}"):
        registry.split(model)


@pytest.mark.parametrize("char", [*map(chr, range(32)), "\x7f", "\x85", "\u2028", "\u200b", "\u202e", "\ud800"])
def test_a_control_character_in_a_model_name_is_refused(char: str) -> None:
    """Line breaks, NUL, direction marks: none of them reaches a URL, a header or a log."""
    with pytest.raises(InvalidRequestError, match="control character"):
        registry.split(f"openai:a{char}b")


@given(st.text(max_size=40))
def test_any_text_is_split_or_refused(text: str) -> None:
    """Two printable parts that make the text up again, or a typed error in one line."""
    try:
        provider, name = registry.split(text)
    except InvalidRequestError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is fine, each in its form
    else:
        assert provider == text.partition(":")[0].strip() != ""
        assert name == text.partition(":")[2].strip() != ""
        assert name.isprintable()


@pytest.mark.parametrize(
    ("model", "error"),
    [("gpt-4.1", InvalidRequestError), ("opnai:m", ConfigError), ("openai:a\nb", InvalidRequestError)],
)
async def test_a_bad_model_is_refused_before_anything_is_sent(model: str, error: type[Exception]) -> None:
    """As the model and as a fallback of a good one."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock, keys={"openai": "sk-x"}) as ai:
        with pytest.raises(error):
            await ai.chat(model, "hi")
        with pytest.raises(error):
            await ai.chat("openai:m", "hi", fallbacks=[model])
        with pytest.raises(error):
            await ai.embed(model, "hi")
    assert mock.requests == []
