"""Python functions as tools: the schema from signature and docstring, the arguments checked before the call."""

from __future__ import annotations

import inspect
import re
import typing
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ConfigError, ResponseValidationError
from ipfs_accel_async.types import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import BaseModel

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECTION = re.compile(r"^(Args|Arguments|Parameters|Returns|Raises|Yields|Examples?|Notes?):\s*$")
_ARGUMENT = re.compile(r"^\s+\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)$")


class Function:
    """A function that a model may call.

    Its parameters' annotations become the JSON schema, and what the model sends is checked against them by pydantic.
    The docstring's first part tells the model what it does; an ``Args:`` section, what each parameter is.

    Args:
        call: The function, plain or async. A plain one runs in the event loop: one that waits should be async.
        name: Instead of its own.
        description: Instead of its docstring's.

    Raises:
        ConfigError: Its name or a parameter cannot be described to a model.
    """

    def __init__(self, call: Callable[..., Any], *, name: str = "", description: str = "") -> None:
        self.call = call
        self.name = name or getattr(call, "__name__", "")
        if not callable(call) or not _NAME.fullmatch(self.name):
            raise ConfigError(f"a function for a model needs a name of letters, digits, _ and -, not {self.name!r}")
        told, self._arguments = _docstring(inspect.getdoc(call) or "")
        self.description = description or told

    @cached_property
    def model(self) -> type[BaseModel]:
        """The pydantic model of its arguments.

        Raises:
            ConfigError: A parameter cannot be given by name, or its annotation cannot be resolved.
        """
        from pydantic import ConfigDict, Field, create_model

        fields: dict[str, Any] = {}
        try:
            hints = typing.get_type_hints(self.call, include_extras=True)
            for parameter in inspect.signature(self.call).parameters.values():
                if parameter.kind not in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}:
                    raise ConfigError(f"{self.name}: the parameter {parameter.name} cannot be given by name")
                default = ... if parameter.default is parameter.empty else parameter.default
                told = self._arguments.get(parameter.name)
                fields[parameter.name] = (hints.get(parameter.name, Any), Field(default, description=told))
            return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)
        except ConfigError:
            raise
        except Exception as error:
            raise ConfigError(f"{self.name}: its signature makes no schema: {error}") from error

    @property
    def tool(self) -> Tool:
        """What the model is told of it."""
        schema = self.model.model_json_schema()
        schema.pop("title", None)
        for field in schema.get("properties", {}).values():
            field.pop("title", None)
        schema.setdefault("properties", {})
        return Tool(self.name, self.description, schema)

    def arguments(self, text: str) -> dict[str, Any]:
        """The arguments in a tool call.

        Args:
            text: JSON as the model wrote it.

        Raises:
            ResponseValidationError: It is no JSON, or does not fit the signature; the message says what was expected.
        """
        from pydantic import ValidationError

        try:
            made = self.model.model_validate_json(text or "{}")
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = ".".join(str(step) for step in first["loc"]) or "they"
            raise ResponseValidationError(
                f"the arguments of {self.name} do not fit: {where}: {first['msg']}; the model wrote {text[:200]!r}"
            ) from error
        return {name: getattr(made, name) for name in type(made).model_fields}

    async def __call__(self, text: str) -> Any:
        """Call it with the arguments in a tool call.

        Raises:
            ResponseValidationError: As :meth:`arguments`.
        """
        answer = self.call(**self.arguments(text))
        return await answer if inspect.isawaitable(answer) else answer

    def __repr__(self) -> str:
        return f"Function({self.name})"


def functions_of(given: Iterable[Callable[..., Any] | Function]) -> dict[str, Function]:
    """Functions by name.

    Raises:
        ConfigError: Two have one name, or there is none.
    """
    found: dict[str, Function] = {}
    for one in given:
        made = one if isinstance(one, Function) else Function(one)
        if made.name in found:
            raise ConfigError(
                f"two functions are called {made.name!r}: give one another name with Function(f, name=...)"
            )
        found[made.name] = made
    if not found:
        raise ConfigError("functions is empty: pass at least one function")
    return found


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """What a docstring says of the whole, and of each parameter."""
    whole: list[str] = []
    arguments: dict[str, str] = {}
    section, last = "", ""
    for line in text.splitlines():
        head = _SECTION.match(line)
        if head:
            section = head[1]
        elif not section:
            whole.append(line.strip())
        elif section in {"Args", "Arguments", "Parameters"}:
            hit = _ARGUMENT.match(line)
            if hit:
                last = hit[1]
                arguments[last] = hit[2].strip()
            elif last and line.strip():
                arguments[last] += " " + line.strip()
    return " ".join(" ".join(whole).split()), arguments
