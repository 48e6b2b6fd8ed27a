"""What is mutated, and which tests have to notice: those that are about it, not those that only pass through it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ipfs_accel_async"
TESTS = ROOT / "tests"

BATCHER = ("test_batcher*.py", "properties/test_batching.py")
DISPATCHER = (
    "test_caps.py",
    "test_dispatcher*.py",
    "test_lanes*.py",
    "test_tickets*.py",
    "test_predicted_wait.py",
    "properties/test_dispatcher_machine.py",
)
JUDGES = {
    "batcher.py": BATCHER,
    "batching/bounds.py": ("test_batcher_bounds.py",),
    "batching/members.py": tuple(f"test_batcher_{part}.py" for part in ("members", "places*", "sharing", "trace")),
    "batching/gathering.py": tuple(f"test_batcher{part}.py" for part in ("", "_gathering*", "_places", "_sharing")),
    **dict.fromkeys(("admission.py", "caps.py", "dispatcher.py", "lines.py", "tickets.py", "waitlist.py"), DISPATCHER),
    "gates.py": ("test_gates.py",),
    "lanes.py": ("test_lanes*.py", *(f"test_dispatcher_{part}.py" for part in ("edges", "full", "models", "traces"))),
    "policy/allowance.py": ("policy/test_allowance.py", "policy/test_quota*.py"),
    "policy/ejection.py": ("policy/test_ejection*.py", "policy/test_replica.py"),
    "policy/failures.py": ("policy/test_failures*.py", "policy/test_breaker*.py"),
    "policy/permit.py": ("policy/test_breaker*.py",),
    "policy/shadow.py": ("policy/test_threshold*.py",),
    "policy/window.py": ("policy/test_window*.py", "metrics/test_total.py"),
}
"""Patterns below the folder of tests, for files whose tests are not named like them."""


def files() -> list[str]:
    """All that is mutated: paths below the package, of files that have functions."""
    policy = (path for path in PACKAGE.glob("policy/**/*.py") if "def " in path.read_text("utf-8"))
    return sorted({*JUDGES, *(str(path.relative_to(PACKAGE)) for path in policy)})


def chosen(names: list[str]) -> list[str]:
    """The files that are meant: by path, with or without its end, or by folder; all if none is named.

    Raises:
        ValueError: A name fits no file.
    """
    found = set()
    for name in names or [""]:
        start = name.removesuffix(".py").rstrip("/")
        fitting = {file for file in files() if not start or file == f"{start}.py" or file.startswith(f"{start}/")}
        if not fitting:
            raise ValueError(f"{name!r} is none of {', '.join(files())}")
        found |= fitting
    return sorted(found)


def judges(file: str) -> list[str]:
    """The tests of a file, as paths below the root: those that are named like it where nothing else is said."""
    path = Path(file)
    patterns = JUDGES.get(file, ())
    if not patterns:
        stem = path.parent.name if file.count("/") > 1 else path.stem  # a folder of files is tested as one
        patterns = tuple(f"{path.parts[0]}/test_{stem}{end}" for end in (".py", "_*.py"))
    return sorted({str(test.relative_to(ROOT)) for pattern in patterns for test in TESTS.glob(pattern)})
