"""The dependency rule, the bans and the size of files: read from the source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "ipfs_accel_async"
FILES = sorted(PACKAGE.rglob("*.py"))
VALUES = {
    "types",
    "answers",
    "deltas",
    "counts",
    "fold",
    "error_base",
    "errors",
    "keys",
    "quick",
    "secret",
    "tls",
    "tokens",
    "trace",
    "explain",
} | {"_version"}
IO = {"asyncio", "httpx", "httpx2", "aiohttp", "aioboto3", "time", "random", "os", "logging", "anyio", "socket"}

# what a part of the package may import of the package, beyond itself
MAY = {
    "values": VALUES | {"wire"},  # answers name the rate limits of the wire, for types only
    "wire": VALUES,
    "providers": VALUES | {"wire", "payloads", "results"},
    "policy": set(),
    "core": VALUES | {"core"},
    "middleware": VALUES | {"cache", "core", "estimates", "metrics", "policy", "requirements", "semantic", "settings"},
    "metrics": VALUES | {"core", "policy", "middleware"},  # the report reads lanes and breakers, for types only
    "transport": VALUES | {"wire"},
    "dispatch": VALUES | {"core", "config", "policy"},
    "exchange": VALUES | {"core", "wire", "providers", "transport"},
    "cache": VALUES | {"core", "policy", "results", "wire"},
    "semantic": VALUES | {"core", "policy", "cache"},
    "batching": VALUES | {"core", "middleware", "payloads", "policy", "providers", "results", "settings", "wire"},
    "config": VALUES | {"config", "options", "policy", "providers"},
    "client": None,  # composes everything but what stands on it
    "simulator": set(),
    "cli": None,
}
PARTS = {
    **dict.fromkeys(VALUES, "values"),
    **dict.fromkeys(
        (
            "payloads",
            "requirements",
            "results",
            "uploads",
            "inputs",
            "estimates",
            "functions",
            "parsing",
            "tokenizer",
            "vectors",
        ),
        "values",
    ),
    **dict.fromkeys(("call", "flow", "gates", "options", "stream", "core"), "core"),
    **dict.fromkeys(("admission", "caps", "dispatcher", "lanes", "lines", "tickets", "waitlist"), "dispatch"),
    **dict.fromkeys(("auth", "config", "credentials", "registry", "settings"), "config"),
    **dict.fromkeys(("arguments", "conversation"), "values"),
    **dict.fromkeys(("client", "completing", "conversing", "draining", "engine", "handler", "handles"), "client"),
    **dict.fromkeys(
        (
            "capacity",
            "circuits",
            "configuration",
            "endpoints",
            "groups",
            "home",
            "jobs",
            "keyring",
            "lifecycle",
            "media",
            "members",
            "native",
            "operations",
            "profiles",
            "provider",
            "references",
            "reloading",
            "rounds",
            "runtime",
            "scopes",
            "shared",
            "spreading",
            "wishes",
        ),
        "client",
    ),
    "__init__": "client",
    **{
        name: name for name in ("wire", "providers", "policy", "middleware", "metrics", "transport", "simulator", "cli")
    },
    **dict.fromkeys(("exchange", "pieces"), "exchange"),
    **dict.fromkeys(("cache", "partition"), "cache"),
    **dict.fromkeys(("batcher", "batching"), "batching"),
    "caching": "client",
    "semantic": "semantic",
    "__main__": "cli",
}
ONE_TREE = {"errors.py": 325}  # thirty classes of three lines: a tree is read in one piece
ABOVE_CLIENT = {"cli", "simulator", "gateway", "bulk"}


def imports(path: Path, *, runtime_only: bool = False) -> set[str]:
    """Dotted names that a file imports; without those under TYPE_CHECKING if asked."""
    tree = ast.parse(path.read_text())
    typing_only: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            typing_only.update(ast.walk(node))
    found: set[str] = set()
    for node in ast.walk(tree):
        if runtime_only and node in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(f"{node.module}.{node.names[0].name}" if node.module == "ipfs_accel_async" else str(node.module))
    return found


def part_of(module: str) -> str:
    """The part of the package that a module belongs to."""
    return module.removeprefix("ipfs_accel_async").lstrip(".").split(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_dependency_rule(path: Path) -> None:
    """A file imports only what stands below it."""
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    allowed = MAY[PARTS[own]]
    typing_free = PARTS[own] in {"values", "metrics", "dispatch"}
    for module in imports(path, runtime_only=typing_free):
        if not module.startswith("ipfs_accel_async"):
            continue
        other = part_of(module)
        if other == own or not other:
            continue
        if allowed is None:
            assert PARTS[own] == "cli" or other not in ABOVE_CLIENT, f"{path.name} imports {module}"
        else:
            assert other in allowed or PARTS.get(other) in allowed or PARTS.get(other) == PARTS[own], (
                f"{path.name} imports {module}"
            )


@pytest.mark.parametrize("folder", ["wire", "providers", "policy"])
def test_pure_folders_do_no_io(folder: str) -> None:
    """wire, providers and policy import no event loop, no HTTP library, no clock, no randomness, no logging."""
    for path in (PACKAGE / folder).rglob("*.py"):
        roots = {module.split(".")[0] for module in imports(path, runtime_only=True)}
        assert not roots & IO, f"{path} imports {roots & IO}"


@pytest.mark.parametrize("library", ["httpx", "aiohttp", "aioboto3", "yarl"])
def test_only_transports_import_http_libraries(library: str) -> None:
    """HTTP libraries are imported in transport/ (and by the simulator, which is a server)."""
    users = {
        path.relative_to(PACKAGE).parts[0] for path in FILES if library in {m.split(".")[0] for m in imports(path)}
    }
    assert users <= {"transport", "simulator"}


BANNED = {
    "asyncio.wait_for": set(),
    "time.sleep": set(),
    "time.monotonic": set(),
    "asyncio.get_event_loop": set(),
    # wall-clock stamps of the metrics and the simulator, times of a file that outlives the process, ends of tokens
    "time.time": {"disk.py", "kept.py", "runtime.py", "server.py", "similar.py", "twin.py"},
    "asyncio.create_task": {"server.py", "shadow.py"},  # which end them when they are closed
    "asyncio.ensure_future": set(),
    "random.random": set(),
    "random.uniform": set(),
    "random.choice": set(),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_banned_is_called(path: Path) -> None:
    """No wait_for, no wall clock or module-level randomness where it decides, no tasks without an owner."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if name in BANNED and path.relative_to(PACKAGE).parts[0] != "cli":
                assert path.name in BANNED[name], f"{path.name}:{node.lineno} uses {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_cancellation_is_never_swallowed(path: Path) -> None:
    """Whoever catches BaseException or CancelledError raises it again."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            caught = "BaseException" if node.type is None else ast.unparse(node.type)
            if "BaseException" in caught or "CancelledError" in caught:
                raises = [inner for inner in ast.walk(node) if isinstance(inner, ast.Raise)]
                assert raises, f"{path.name}:{node.lineno} swallows cancellation"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_are_small_and_say_why_they_are(path: Path) -> None:
    """No file is longer than 250 lines, and each begins with a docstring."""
    text = path.read_text()
    assert len(text.splitlines()) <= ONE_TREE.get(path.name, 250)
    assert ast.get_docstring(ast.parse(text))
