"""``ipfs-accel providers``: what there is, from the codecs' own tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async import registry

TWELVE = ("openai", "claude", "groq", "gemini", "ollama", "hf_tgi", "hf_tei", "vllm", "llvm", "ovms", "opea", "s3_kit")


def test_all_twelve_are_listed_with_their_operations(run: Any) -> None:
    """And what each has of its own."""
    found = json.loads(run("providers", "--json").stdout)["providers"]
    by_name = {one["name"]: one for one in found}
    assert set(TWELVE) <= set(by_name)
    for name in TWELVE:
        codec = registry.codec(name)
        assert set(by_name[name]["operations"]) == set(codec.operations)
        assert set(by_name[name]["native"]) == set(codec.native)
        assert by_name[name]["operations"] or by_name[name]["native"]
    shown = run("providers").stdout
    assert all(name in shown for name in TWELVE)


@pytest.mark.parametrize("name", TWELVE)
def test_one_is_shown_with_its_requests(run: Any, name: str) -> None:
    """Each call with its method and path, where the key is looked for, and notes."""
    result = run("providers", name)
    assert result.exit_code == 0
    codec = registry.codec(name)
    assert all(f"client.{row}" in result.stdout for row in codec.operations)
    assert codec.base_url in result.stdout
    assert json.loads(run("providers", name, "--json").stdout)["key_env"] == list(codec.key_env)


def test_an_unknown_one_is_told_with_the_nearest(run: Any) -> None:
    """Exit code 2 and one line."""
    result = run("providers", "opnai")
    assert result.exit_code == 2
    assert "did you mean 'openai'" in result.stderr
