"""Values as fields of a form, in the bracket notation of the OpenAI wire (OpenAI API reference, audio and images)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.wire.multipart import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator

Field = tuple[str, str | Upload]


def form_of(values: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of a form: lists repeat ``name[]``, mappings are ``name[key]``, None is left out.

    Raises:
        InvalidRequestError: A value that a form has no word for.
    """
    return tuple(field for name, value in values.items() for field in _fields(name, value))


def _fields(name: str, value: Any) -> Iterator[Field]:
    if value is None:
        return
    if isinstance(value, (str, Upload)):
        yield name, value
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif isinstance(value, (int, float)):
        yield name, str(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _fields(f"{name}[{key}]", item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _fields(f"{name}[]", item)
    else:
        raise InvalidRequestError(f"{name} cannot be sent in a form: {type(value).__name__} is no text, number or list")
