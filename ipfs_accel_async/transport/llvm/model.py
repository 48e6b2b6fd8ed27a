"""What a model is: LLVM IR, and a manifest that types its entry point.

The entry follows one convention of the C ABI::

    void ENTRY(ptr INPUT..., ptr OUTPUT..., i64 ROWS, PARAMETER...)

Each tensor is a C-contiguous array of ROWS x its shape, aligned to 64 bytes; outputs come zeroed; parameters are
scalars.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

IR_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "float32": "float",
        "float64": "double",
        "int8": "i8",
        "int16": "i16",
        "int32": "i32",
        "int64": "i64",
        "uint8": "i8",
        "uint16": "i16",
        "uint32": "i32",
        "uint64": "i64",
    }
)
"""Scalar types of numpy, and what LLVM calls them."""

SIZES: Mapping[str, int] = MappingProxyType(
    {"bool": 1, "float16": 2, **{name: int(re.sub(r"\D", "", name)) // 8 for name in IR_TYPES}}
)
"""Bytes of an element; tensors may also be ``float16`` (``half``) and ``bool`` (``i8`` of 0 or 1)."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}")


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a model.

    Args:
        name: Its key in a call's inputs or outputs.
        dtype: numpy's name of the element type.
        shape: Of one row, without the batch axis; ``()`` is one number a row.

    Raises:
        ConfigError: The type is not one of `SIZES`, or a length is not positive.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.dtype not in SIZES:
            raise ConfigError(f"tensor {self.name!r} has the dtype {self.dtype!r}: use one of {', '.join(SIZES)}")
        if not all(type(length) is int and length > 0 for length in self.shape):
            raise ConfigError(f"tensor {self.name!r} has the shape {self.shape}: use positive whole lengths")

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return math.prod(self.shape) * SIZES[self.dtype]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A parameter of a model: one number for the whole call.

    Args:
        name: Its key in a call's parameters.
        dtype: numpy's name of its type.
        default: Used when a call does not give it; None makes it required.

    Raises:
        ConfigError: The type is not one of `IR_TYPES`.
    """

    name: str
    dtype: str
    default: float | None = None

    def __post_init__(self) -> None:
        if self.dtype not in IR_TYPES:
            raise ConfigError(f"parameter {self.name!r} has the dtype {self.dtype!r}: use one of {', '.join(IR_TYPES)}")


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its code and its typed entry point.

    Args:
        name: What callers ask for.
        ir: LLVM IR as text; weights are its constants.
        entry: Name of the function, which follows the convention of this module.
        inputs: At least one tensor.
        outputs: At least one tensor.
        parameters: Scalars after the number of rows.
        description: For people.

    Raises:
        ConfigError: A name is taken twice or cannot be part of a URL, or there is no input or output.
    """

    name: str
    ir: str = field(repr=False)
    entry: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    parameters: tuple[Scalar, ...] = ()
    description: str = ""

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs", "parameters"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not NAME.fullmatch(self.name):
            raise ConfigError(f"the model's name {self.name!r} cannot be used: letters, digits, dot, dash, underscore")
        if not self.inputs or not self.outputs:
            raise ConfigError(f"model {self.name!r} needs at least one input and one output")
        for kind, group in (("tensor", self.inputs + self.outputs), ("parameter", self.parameters)):
            names = [item.name for item in group]
            if twice := next((name for name in names if names.count(name) > 1), None):
                raise ConfigError(f"model {self.name!r} names the {kind} {twice!r} twice")

    @property
    def signature(self) -> list[str]:
        """The LLVM types that its entry must have: what it returns, then its arguments."""
        pointers = ["ptr"] * (len(self.inputs) + len(self.outputs))
        return ["void", *pointers, "i64", *(IR_TYPES[scalar.dtype] for scalar in self.parameters)]

    @property
    def digest(self) -> str:
        """Digest of its code."""
        return digest(self.ir)

    def manifest(self) -> dict[str, Any]:
        """Everything but the code, as JSON has it."""
        return {
            "name": self.name,
            "entry": self.entry,
            "inputs": [_described(tensor) for tensor in self.inputs],
            "outputs": [_described(tensor) for tensor in self.outputs],
            "parameters": [{"name": s.name, "dtype": s.dtype, "default": s.default} for s in self.parameters],
            "description": self.description,
        }

    @classmethod
    def from_manifest(cls, manifest: Any, ir: str) -> Model:
        """A model from its manifest (the value of :meth:`manifest`, parsed) and its code.

        Raises:
            ConfigError: The manifest is not of that form.
        """
        if not isinstance(manifest, dict):
            raise ConfigError("a model's manifest must be a JSON object with name, entry, inputs and outputs")
        try:
            tensors = {
                kind: [Tensor(str(t["name"]), str(t["dtype"]), tuple(t.get("shape", ()))) for t in manifest[kind]]
                for kind in ("inputs", "outputs")
            }
            scalars = [
                Scalar(str(s["name"]), str(s["dtype"]), s.get("default")) for s in manifest.get("parameters", ())
            ]
            return cls(
                str(manifest["name"]),
                ir,
                str(manifest["entry"]),
                tuple(tensors["inputs"]),
                tuple(tensors["outputs"]),
                tuple(scalars),
                str(manifest.get("description", "")),
            )
        except KeyError as missing:
            raise ConfigError(f"the manifest of model {manifest.get('name', '?')!r} lacks {missing}") from None
        except (TypeError, AttributeError):
            message = (
                f"the manifest of model {manifest.get('name', '?')!r} is malformed: inputs, outputs and parameters"
            )
            raise ConfigError(f"{message} are lists of objects with name, dtype and shape") from None


def digest(ir: str) -> str:
    """Digest of a text of IR: what compiled objects are kept by."""
    return sha256(ir.encode("utf-8", "surrogatepass")).hexdigest()


def _described(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "dtype": tensor.dtype, "shape": list(tensor.shape)}
