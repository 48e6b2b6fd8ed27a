"""IR to optimised IR and object code by LLVM's own pipelines. Runs in a worker: LLVM aborts on some bad input."""

from __future__ import annotations

import ctypes
import re
from time import perf_counter
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Mapping

LEVELS: Mapping[str, int] = {"O0": 0, "O1": 1, "O2": 2, "O3": 3, "Os": 2}
"""Speed level of the pipeline and the code generator; ``Os`` is O2 over functions marked ``optsize``, as in clang."""

_TIMED_PASS = re.compile(r"%\)\s+([A-Za-z]\S*(?: \S+)*)$")
_EXTERNAL = 0


class RefusedError(Exception):
    """Work that cannot be done, to be told with a code.

    Args:
        code: For programs.
        message: For people, one line.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def target_machine(level: str) -> Any:
    """This machine's code generator at a level, for the very processor that it runs on."""
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=LEVELS[level],
        jit=True,
    )


def parse(ir: str) -> Any:
    """A verified module.

    Raises:
        RefusedError: ``bad_ir``, in LLVM's words.
    """
    try:
        module = llvm.parse_assembly(ir, context=llvm.create_context())
        module.verify()
    except RuntimeError as error:
        raise RefusedError("bad_ir", _one_line(str(error))) from None
    return module


def optimise(module: Any, machine: Any, level: str, *, timed: bool = False) -> list[str]:
    """Run the level's pipeline over a module.

    Args:
        module: Changed in place.
        machine: From :func:`target_machine`.
        level: One of `LEVELS`.
        timed: Whether to have LLVM time its passes; that is how it tells which ran.

    Returns:
        The passes that ran, the one that took longest first; empty if not timed.

    Raises:
        RefusedError: ``bad_ir``, when it was made for another kind of machine.
    """
    ours, theirs = machine.triple.partition("-")[0], module.triple.partition("-")[0]
    if theirs and theirs != ours:
        raise RefusedError("bad_ir", f"the IR is made for {theirs}, this machine is {ours}: leave out 'target triple'")
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    if level == "Os":
        for function in module.functions:
            if not function.is_declaration:
                function.add_function_attribute("optsize")
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(LEVELS[level]))
    if timed:
        builder.start_pass_timing()
    builder.getModulePassManager().run(module, builder)
    return _passes(builder.finish_pass_timing()) if timed else []


def compiled(ir: str, level: str) -> tuple[dict[str, Any], bytes]:
    """Object code, with the signature of every function that it exports.

    Returns:
        ``seconds``, ``functions`` (each a list: what it returns, then its arguments), ``missing`` (functions declared
        that are not to be found in a process); and the object.

    Raises:
        RefusedError: ``bad_ir``.
    """
    started = perf_counter()
    module, machine = parse(ir), target_machine(level)
    functions = {
        function.name: _signature(function.global_value_type)
        for function in module.functions
        if not function.is_declaration and int(function.linkage) == _EXTERNAL
    }
    optimise(module, machine, level)
    process = ctypes.CDLL(None)
    missing = [f.name for f in module.functions if f.is_declaration and _is_missing(f.name, process)]
    data = machine.emit_object(module)
    return {"seconds": perf_counter() - started, "functions": functions, "missing": missing}, data


def optimised(ir: str, level: str) -> tuple[dict[str, Any], bytes, bytes]:
    """Optimised IR and assembly as UTF-8, with the ``passes`` that ran, the ``triple``, the ``cpu`` and ``seconds``."""
    started = perf_counter()
    module, machine = parse(ir), target_machine(level)
    passes = optimise(module, machine, level, timed=True)
    text = str(module)
    assembly = machine.emit_assembly(module)
    facts = {"passes": passes, "triple": machine.triple, "cpu": llvm.get_host_cpu_name()}
    return {**facts, "seconds": perf_counter() - started}, text.encode(), assembly.encode()


def _signature(kind: Any) -> list[str]:
    types = [str(kind.get_function_return()), *(str(argument) for argument in kind.get_function_parameters())]
    return [*types, "..."] if kind.is_function_vararg else types


def _is_missing(name: str, process: Any) -> bool:
    return not name.startswith("llvm.") and not hasattr(process, name)


def _passes(report: str) -> list[str]:
    """The names in the first of the two tables of LLVM's report: passes; the second has analyses."""
    table = report.partition("Analysis execution timing report")[0]
    names = [match[1] for line in table.splitlines() if (match := _TIMED_PASS.search(line.rstrip()))]
    return list(dict.fromkeys(name for name in names if name != "Total"))


def _one_line(message: str) -> str:
    return " ".join(message.split())
