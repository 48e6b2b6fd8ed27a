"""Manifests, models on disk, levels: checked when loaded."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ipfs_accel_async
from ipfs_accel_async.errors import ConfigError, InvalidRequestError
from ipfs_accel_async.transport.llvm import Model, Scalar, Tensor, load_directory, load_model
from ipfs_accel_async.transport.llvm.objects import checked_level
from tests.transport.llvm.kernels import ADD, add, linear


def write(directory: Path, name: str, manifest: Any, code: str | None = ADD) -> None:
    """A model's two files."""
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    (directory / f"{name}.json").write_text(text)
    if code is not None:
        (directory / f"{name}.ll").write_text(code)


@pytest.mark.parametrize("model", [add(), linear()], ids=lambda model: model.name)
def test_a_manifest_gives_its_model_again(model: Model) -> None:
    """Through JSON, too."""
    assert Model.from_manifest(json.loads(json.dumps(model.manifest())), model.ir) == model


def test_the_signature_is_the_convention() -> None:
    """Pointers to inputs and outputs, the rows, then the parameters."""
    assert add().signature == ["void", "ptr", "ptr", "ptr", "i64"]
    assert linear().signature == ["void", "ptr", "ptr", "i64", "double"]


def test_a_directory_holds_models(tmp_path: Path) -> None:
    """One of each pair of files; the manifest need not repeat the name."""
    manifest = add().manifest()
    del manifest["name"]
    write(tmp_path, "add", manifest)
    write(tmp_path, "linear", linear().manifest(), linear().ir)
    (tmp_path / "notes.txt").write_text("no model")
    assert load_directory(tmp_path) == {"add": add(), "linear": linear()}


@pytest.mark.parametrize(
    ("manifest", "code", "told"),
    [
        ("{", ADD, "broken.json is no JSON"),
        ("[]", ADD, "must be a JSON object"),
        ({"entry": "f"}, ADD, "lacks 'inputs'"),
        ({"inputs": [], "outputs": []}, ADD, "lacks 'entry'"),
        ({"entry": "f", "inputs": [], "outputs": []}, ADD, "at least one input"),
        ({"entry": "f", "inputs": 1, "outputs": 2}, ADD, "malformed"),
        ({"name": "other"}, ADD, "names its model 'other'"),
        ({"entry": "f"}, None, "cannot read broken.ll"),
    ],
)
def test_malformed_models_are_named(tmp_path: Path, manifest: Any, code: str | None, told: str) -> None:
    """The error says which file and what is wrong with it."""
    write(tmp_path, "broken", manifest, code)
    with pytest.raises(ConfigError, match=told):
        load_directory(tmp_path)


def test_what_is_not_there(tmp_path: Path) -> None:
    """A directory that is missing is an error; a model that is, is told apart from a broken one."""
    with pytest.raises(ConfigError, match="is not there"):
        load_directory(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path, "none")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Tensor("x", "complex64"),
        lambda: Tensor("x", "float32", (0,)),
        lambda: Tensor("x", "float32", (-1, 3)),
        lambda: Scalar("x", "bool"),
        lambda: Model("a/b", ADD, "add", (Tensor("x", "int8"),), (Tensor("y", "int8"),)),
        lambda: Model("..", ADD, "add", (Tensor("x", "int8"),), (Tensor("y", "int8"),)),
        lambda: Model("m", ADD, "add", (Tensor("x", "int8"),), ()),
        lambda: Model("m", ADD, "add", (Tensor("x", "int8"),), (Tensor("x", "int8"),)),
        lambda: Model("m", ADD, "add", (Tensor("x", "int8"),), (Tensor("y", "int8"),), (Scalar("s", "int8"),) * 2),
    ],
)
def test_models_that_cannot_be(make: Any) -> None:
    """Types, shapes and names are checked when a model is made."""
    with pytest.raises(ConfigError):
        make()


def test_llvmlite_is_imported_in_workers_only() -> None:
    """Whatever aborts or leaks in LLVM does so in a process that can be replaced."""
    package = Path(ipfs_accel_async.__file__).parent
    imported = re.compile(r"^\s*(import|from) llvmlite", re.MULTILINE)
    users = {path.name for path in package.rglob("*.py") if imported.search(path.read_text())}
    assert users == {"compiler.py", "jit.py", "worker.py"}
    code = "import sys, ipfs_accel_async.transport.llvm.engine, ipfs_accel_async.transport.llvm.serve\n"
    code += "sys.exit('llvmlite' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("given", ["O2", "-O2", "o2", "2", 2])
def test_levels_have_spellings(given: Any) -> None:
    """All that compilers and users write for one."""
    assert checked_level(given) == "O2"
    assert checked_level("-Os") == "Os"


@pytest.mark.parametrize("given", ["O4", "", "fast", -1, True, None, 2.0])
def test_levels_that_are_none(given: Any) -> None:
    """The error names those that are."""
    with pytest.raises(InvalidRequestError, match="O0, O1, O2, O3, Os"):
        checked_level(given)
