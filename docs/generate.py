"""The parts of the pages that are made from the code, so that they cannot drift from it.

``python -m docs.generate`` writes them; with ``--check`` it only compares, and exits 1 when a page is out of date.
A part stands between ``<!-- made: NAME -->`` and ``<!-- end -->``; the pages of the providers are made whole.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ipfs_accel_async import errors, registry
from ipfs_accel_async.config import ProviderSettings
from ipfs_accel_async.handles import Handles
from ipfs_accel_async.providers._errors import api_error
from ipfs_accel_async.settings import Settings
from ipfs_accel_async.simulator import PRESETS, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ipfs_accel_async.providers._codec import Codec

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PART = re.compile(r"(<!-- made: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
CAPABILITIES = {name: name for name in ("stream", "tools", "images", "seed")} | {"schema": "structured output"}
MEANINGS = {
    "queue_overflow_policy": "what a full queue does: `reject`, `drop-lowest` or `wait`",
    "initial_retry_delay": "delay before the first retry",
    "backoff_factor": "growth of the delay from one retry to the next",
    "connect_timeout": "time for TCP and TLS, under the default transport",
    "base_url": "address, instead of the provider's own",
    "keys": "one key, several, or none to look them up",
    "headers": "extra headers of every request: a mapping",
    "options": "the provider's own options: a mapping",
    "key_header": "header that carries the key, instead of the provider's own; see [authentication](authentication.md)",
    "key_scheme": "word before the key in it, such as `Token`; empty: none",
    "endpoints": "several addresses instead of `base_url`: URLs, or mappings; see [endpoints](endpoints.md)",
    "balance": "which of them is asked: `p2c`, `weighted`, `least-loaded`, `latency`, `cheapest` or `prefix`",
    "context_tokens": "most tokens of models, by name: a fallback that is shorter than a call is not asked",
    "wire": "for a name of your own: the provider whose wire it speaks",
    "key_env": "for a name of your own: variables of the key",
}
"""Of settings whose field says nothing, or less than a page should."""
BASES = (errors.AccelError, errors.CallError, errors.APIError, errors.RejectedError)
"""Raised only as one of their subclasses."""
BREAKER = {
    "failed": "yes",
    "ok": "no; the endpoint is alive, the count starts anew",
    "throttled": "no",
    "ignored": "no",
}
STATUSES: dict[int, tuple[str, ...]] = {
    400: ("", "context_length_exceeded", "content_filter", "API_KEY_INVALID"),
    **dict.fromkeys((409, 413, 415, 422, 401, 402, 403, 404, 410, 408, 425), ()),
    429: ("", "slow_down", "insufficient_quota", "overloaded_error"),
    **dict.fromkeys((498, 424, 500, 502, 504, 520, 524, 503, 529, 501, 505, 511), ()),
}
"""Statuses of the table, with codes that change what they mean."""
KINDS = {
    "delay": "a pause before the answer, {delay:g} s",
    "slow-first-token": "a pause between headers and body, {delay:g} s",
    "cut": "the connection is closed inside the body",
    "reset": "the connection is aborted before the answer",
    "stall": "silence inside the body until the client leaves",
    "malformed": "one broken JSON frame",
    "error-in-200": "the service's error under status 200",
    "truncate": "the body ends early, but cleanly",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def code(*names: str) -> str:
    """Names as code, joined by commas; a dash for none."""
    return ", ".join(f"`{name}`" for name in names) or "-"


def paragraph(thing: object) -> str:
    """The first paragraph of a docstring, on one line, in Markdown."""
    first = (inspect.getdoc(thing) or "").split("\n\n", maxsplit=1)[0]
    return re.sub(r"``?([^`]+)``?", r"`\1`", " ".join(first.split()))


def codecs() -> list[Codec]:
    """Every codec of this package, in the order of the registry."""
    found = (registry.codec(name) for name in registry.names())
    return [codec for codec in found if type(codec).__module__.startswith("ipfs_accel_async.")]


def settings(names: Iterable[str] = Settings.model_fields) -> str:
    """Names, defaults, ranges and meanings of the settings."""
    rows = []
    for name in names:
        field = ProviderSettings.model_fields[name]
        default = field.get_default(call_default_factory=True)
        shown = (
            f"{default:_}"
            if isinstance(default, (int, float)) and not isinstance(default, bool)
            else repr(default).replace("()", "{}")
        )
        limits = [f"{word} {limit:,}" for word, limit in bounds(field.metadata)]
        rows.append((f"`{name}`", f"`{shown}`", " ".join(limits), MEANINGS.get(name) or field.description or ""))
    return table(("Setting", "Default", "Range", "Meaning"), rows)


def bounds(metadata: Iterable[object]) -> Iterator[tuple[str, float]]:
    """The limits of a field, with the words for them."""
    for bound in metadata:
        for name, word in {"ge": "from", "gt": "above", "le": "to"}.items():
            if hasattr(bound, name):
                yield word, getattr(bound, name)


def provider_settings() -> str:
    """The settings that only a provider has."""
    return settings(name for name in ProviderSettings.model_fields if name not in Settings.model_fields)


def error_tree() -> str:
    """The tree as errors.py draws it."""
    drawn = (errors.__doc__ or "").split("::\n", 1)[1]
    return f"```text\n{dedent(drawn).strip()}\n```\n"


def error_fields() -> str:
    """What every error carries."""
    fields = re.findall(r"^    (\w+): (.+)$", inspect.getdoc(errors.AccelError) or "", re.MULTILINE)
    return table(("Field", "Meaning"), ((f"`{name}`", re.sub("``", "`", said)) for name, said in fields))


def error_table() -> str:
    """Class, when, whether it is sent again, whether the breaker counts it."""
    rows = []
    for kind in vars(errors).values():
        if not (inspect.isclass(kind) and issubclass(kind, errors.AccelError)) or kind in BASES:
            continue
        retried, counted = "yes" if kind.retryable else "no", BREAKER[kind.outcome]
        if kind is errors.StreamIncompleteError:
            retried = "before the first token"
        if kind is errors.AllTargetsFailedError:
            retried, counted = "each target by itself", "each cause by itself"
        rows.append((f"`{kind.__name__}`", paragraph(kind), retried, counted))
    return table(("Class", "When", "Sent again", "Failure for the breaker"), rows)


def status_table() -> str:
    """Status and code, class, whether it is sent again and after what delay, whether the breaker counts it."""
    call: Any = SimpleNamespace(key=None, target=None, request_id="", attempts=1)
    rows: dict[tuple[str, ...], list[str]] = {}
    for status, codes in STATUSES.items():
        for which in codes or ("",):
            error = api_error(call, status, None, message="x", codes=(which or None,))
            delay = "what the service asks, or the backoff" if error.retryable else "-"
            verdict = "yes" if error.retryable else "no"
            row = (f"`{type(error).__name__}`", verdict, delay, BREAKER[error.outcome].partition(";")[0])
            rows.setdefault(row, []).append(f"{status} `{which}`" if which else str(status))
    lines = ((", ".join(which), *row) for row, which in rows.items())
    return table(("Status", "Class", "Sent again", "Delay", "Failure for the breaker"), lines)


def providers() -> str:
    """What works with which provider."""
    yes = {True: "yes", False: "-"}
    rows = [
        (
            f"[{codec.name}](docs/providers/{codec.name}.md)",
            yes["chat" in codec.operations],
            *(yes[name in codec.capabilities] for name in CAPABILITIES),
            yes["embed" in codec.operations],
            ", ".join(name for name in codec.operations if name not in {"chat", "embed", "models"}) or "-",
            "needed" if codec.key_required else "optional",
        )
        for codec in codecs()
    ]
    return table(("Provider", "chat", *CAPABILITIES.values(), "embed", "further", "key"), rows)


def variables() -> str:
    """Where keys and addresses are looked for, provider by provider."""
    rows = [
        (
            f"`{codec.name}`",
            code(*codec.key_env),
            code(*codec.url_env),
            code(codec.name, *codec.file_keys),
            code(*codec.file_urls),
            "needed" if codec.key_required else "optional",
        )
        for codec in codecs()
    ]
    head = ("Provider", "Variables of the key", "Variables of the URL", "Names in the file, key", "URL", "Key")
    return table(head, rows)


def faults() -> str:
    """The faults of the simulator, by name; those that are nothing but their status stand in one row."""
    plain = [name for name, fault in PRESETS.items() if _happens(fault) == f"status {name}"]
    rows = [(f"`{name}`", _happens(fault)) for name, fault in PRESETS.items() if name not in plain]
    return table(("Name", "What happens"), [(code(*plain), "that status"), *rows])


def _happens(fault: Fault) -> str:
    if fault.kind != "status":
        return KINDS[fault.kind].format(delay=fault.delay)
    said = f"status {fault.status}"
    if fault.quota:
        said += ", an exhausted quota"
    if fault.retry_after is not None:
        forms = {
            "date": "`Retry-After` as a date",
            "ms": "`retry-after-ms`",
            "garbage": "a `Retry-After` nobody can read",
        }
        said += f", {forms.get(fault.retry_after_form, '`Retry-After`')}, {fault.retry_after:g} s"
    if fault.flapping:
        return f"{said}, {fault.times} requests down and {fault.times} up, for ever"
    return said + (f", {fault.times} requests in a row" if fault.times > 1 else "")


PARTS: dict[str, Callable[[], str]] = {
    made.__name__.replace("_", "-"): made
    for made in (
        settings,
        provider_settings,
        error_tree,
        error_fields,
        error_table,
        status_table,
        providers,
        variables,
        faults,
    )
}


def provider_page(codec: Codec) -> str:
    """The page of one provider: its codec's table, and its notes."""
    doc = inspect.getdoc(type(codec)) or ""
    meanings = dict(re.findall(r"- ``([\w<>]+)``: ((?:.|\n  )+)", doc))
    families = {re.sub("<.*>", "", name): name for name in meanings if "<" in name}  # as <service>_url: one row for all
    options = [
        (f"`{name}`", re.sub("``", "`", " ".join(meanings[name].split())), code(*variables) or "-")
        for name, variables in codec.option_env.items()
        if not name.endswith(tuple(families))
    ]
    options += [
        (f"`{name}`", re.sub("``", "`", " ".join(meanings[name].split())), code(f"{codec.name}_{name}".upper()))
        for name in families.values()
    ]
    operations = [(f"`{name}`", f"`{row.method} {row.path}`") for name, row in codec.operations.items()]
    handle = f"client.{codec.name}" if hasattr(Handles, codec.name) else f'client.native("{codec.name}")'
    native = [(f"`{codec.name}.{name}`", f"`{row.method} {row.path}`", row.note) for name, row in codec.native.items()]
    noted = any(note for *_, note in native)
    facts = [
        ("Base URL", f"yours, as `{codec.base_url}`" if codec.url_required else f"`{codec.base_url}`"),
        ("Key", "needed" if codec.key_required else "optional"),
        ("Variables of the key", code(*codec.key_env)),
        ("Variables of the URL", code(*codec.url_env)),
        ("Names of the key in the credentials file", code(codec.name, *codec.file_keys)),
        ("Names of the URL in the credentials file", code(*codec.file_urls)),
        ("Chat can do", ", ".join(said for name, said in CAPABILITIES.items() if name in codec.capabilities)),
    ]
    chosen = f'`providers={{"{codec.name}": {{"options": {{...}}}}}}`'
    parts = [
        f"# {codec.name}\n\n<!-- Made by docs/generate.py from the codec and notes/{codec.name}.md. -->\n",
        f"{paragraph(sys.modules[type(codec).__module__])}\n",
        table(("", ""), facts),
        "## Operations\n\nPaths are below the base URL. Any other path: `Client.request`.\n",
        table(("Operation", "Request"), operations) if operations else "None: this provider has only its own.\n",
        f"## Its own operations\n\nMethods of `{handle}`.\n" if native else "",
        table(
            ("Method", "Request", "Note") if noted else ("Method", "Request"),
            (row if noted else row[:2] for row in native),
        )
        if native
        else "",
        f"## Options\n\nGiven as {chosen}.\n\n{table(('Option', 'Meaning', 'Variables'), options)}" if options else "",
        (DOCS / "providers" / "notes" / f"{codec.name}.md").read_text("utf-8"),
    ]
    return "\n".join(part for part in parts if part)


def pages() -> dict[Path, str]:
    """Every page that has something made in it, as it should be."""
    made = {}
    for page in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]:
        text = page.read_text("utf-8")
        if PART.search(text):
            made[page] = PART.sub(lambda part: f"{part[1]}{PARTS[part['name']]()}{part[3]}", text)
    return made | {DOCS / "providers" / f"{codec.name}.md": provider_page(codec) for codec in codecs()}


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with ``--check`` tell which are out of date."""
    check = "--check" in arguments
    stale = {page: text for page, text in pages().items() if not page.exists() or page.read_text("utf-8") != text}
    for page, text in stale.items():
        if not check:
            page.write_text(text, "utf-8")
        sys.stdout.write(f"{page.relative_to(ROOT)}: {'out of date' if check else 'written'}\n")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
