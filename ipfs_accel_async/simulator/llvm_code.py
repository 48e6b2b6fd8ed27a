"""A few lines of LLVM IR understood: straight-line arithmetic of one block, evaluated and freed of what is unused."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .twin import RejectError

_DEFINE = re.compile(r"define\s+(?:[\w]+\s+)*?(\w+)\s+@([\w.]+)\((.*?)\)[^{]*\{(.*?)\}", re.DOTALL)
_STEP = re.compile(r"%([\w.]+)\s*=\s*(\w+)\s+(?:[a-z]+\s+)*(\w+)\s+([^,\s]+),\s*(\S+)")
_RETURN = re.compile(r"ret\s+(?:void|(\w+)\s+(\S+))")
_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "fadd": operator.add,
    "fsub": operator.sub,
    "fmul": operator.mul,
}
_TYPES = {"void", "i1", "i8", "i16", "i32", "i64", "float", "double"}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of straight-line code: its steps are (name, operation, type, left, right)."""

    name: str
    returns: str
    parameters: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, str, str, str, str], ...]
    result: str
    body: tuple[str, ...]


def functions(code: Any) -> dict[str, Function]:
    """Return the functions of a text of IR, by name.

    Raises:
        RejectError: It is none, or more than the simulator understands.
    """
    if not isinstance(code, str) or not code.strip():
        raise RejectError(400, "the code must be LLVM IR, as text", code="bad_request")
    found = {hit[2]: _function(hit) for hit in _DEFINE.finditer(re.sub(r";.*", "", code))}
    if not found:
        raise RejectError(400, "LLVM IR parsing error <string>:1:1: error: expected top-level entity", code="bad_ir")
    return found


def _function(hit: re.Match[str]) -> Function:
    parameters = []
    for at, parameter in enumerate(part.split() for part in hit[3].split(",") if part.strip()):
        parameters.append((parameter[0], parameter[-1].removeprefix("%") if len(parameter) > 1 else str(at)))
    lines = tuple(line.strip() for line in hit[4].splitlines() if line.strip() and not line.strip().endswith(":"))
    steps, result = [], ""
    for line in lines:
        if step := _STEP.fullmatch(line):
            steps.append((step[1], step[2], step[3], step[4], step[5]))
        elif end := _RETURN.fullmatch(line):
            result = end[2] or ""
        else:
            raise RejectError(400, f"the simulator runs straight-line arithmetic only, not: {line}", code="bad_ir")
    types = {hit[1], *(kind for kind, _ in parameters), *(step[2] for step in steps)}
    if not types <= _TYPES or any(step[1] not in _OPERATIONS for step in steps):
        raise RejectError(400, f"the simulator knows {', '.join(_OPERATIONS)} of numbers only", code="bad_ir")
    return Function(hit[2], hit[1], tuple(parameters), tuple(steps), result, lines)


def run(found: dict[str, Function], entry: Any, arguments: Any) -> Any:
    """Return what a function returns.

    Raises:
        RejectError: There is no such function, or it takes other arguments.
    """
    name = entry or ("main" if "main" in found or len(found) != 1 else next(iter(found)))
    if name not in found:
        raise RejectError(
            400, f"the code exports no function {name!r} (it exports: {', '.join(found)})", code="bad_entry"
        )
    function = found[name]
    if not isinstance(arguments, list) or len(arguments) != len(function.parameters):
        message = f"the function takes {len(function.parameters)} arguments, not {len(arguments or ())}"
        raise RejectError(400, message, code="bad_arguments")
    values: dict[str, Any] = {}
    for at, ((kind, parameter), value) in enumerate(zip(function.parameters, arguments, strict=True)):
        whole = kind.startswith("i")
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            message = f"argument {at} must be a {'whole ' if whole else ''}number, as the function takes {kind} there"
            raise RejectError(400, message, code="bad_arguments")
        values[parameter] = value
    for name, operation, kind, left, right in function.steps:
        made = _OPERATIONS[operation](_value(left, values), _value(right, values))
        values[name] = _wrapped(made, kind)
    return _value(function.result, values) if function.result else None


def optimised(code: str) -> tuple[str, bool]:
    """Return the code without steps whose values nobody uses, and whether there were any."""
    found = functions(code)
    lines, changed = [], False
    for function in found.values():
        used, kept = {function.result}, []
        for line, step in zip(reversed(function.body[:-1]), reversed(function.steps), strict=True):
            if f"%{step[0]}" in used:
                used |= {step[3], step[4]}
                kept.append(f"  {line}")
        changed |= len(kept) < len(function.steps)
        arguments = ", ".join(f"{kind} %{name}" for kind, name in function.parameters)
        lines += [f"define {function.returns} @{function.name}({arguments}) {{", *reversed(kept)]
        lines += [f"  {function.body[-1]}", "}", ""]
    return "\n".join(lines), changed


def _value(text: str, values: dict[str, Any]) -> Any:
    if text.startswith("%"):
        if text[1:] not in values:
            raise RejectError(400, f"use of undefined value '{text}'", code="bad_ir")
        return values[text[1:]]
    try:
        return float(text) if "." in text or "e" in text else int(text)
    except ValueError:
        raise RejectError(400, f"expected a number, not {text!r}", code="bad_ir") from None


def _wrapped(value: Any, kind: str) -> Any:
    """Return a whole number as so many bits hold it."""
    if not kind.startswith("i"):
        return float(value)
    bits = int(kind[1:])
    return (int(value) + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))
