"""What makes two calls the same: one canonical form of a request, its key, and its partition.

Answers are only ever shared between calls of one partition: tenant, key, provider, endpoint, model, operation and every
parameter. The form is JSON with sorted keys, so no text can be mistaken for a delimiter, and it says of each value what
it is: a :class:`Tool` and a mapping of the same fields differ, as do ``1``, ``1.0`` and ``True``. Bytes and arrays are
in it by their digests.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass, replace
from hashlib import sha256
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson

from ipfs_accel_async.types import ChatRequest, EmbedRequest, Text
from ipfs_accel_async.wire.cid import cid_of

if TYPE_CHECKING:
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.types import Message, Part, Payload

VERSION = 1
"""Of the form: another one has other keys, so answers kept under the old ones are not found again."""

_KIND = "/"
"""The field of a value's kind; a caller's mapping that has such a field is written as a list of pairs."""

_PLAIN = frozenset({str, int, bool, type(None)})
_FIELDS: dict[type, tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]] = {}
"""Names of a dataclass, and what gives their values: asked for on every call."""


class UnkeyableError(TypeError):
    """A request has something in it that JSON has no word for: it can be sent, perhaps, but not compared."""


def request_key(call: Call) -> str | None:
    """The key of a request: a CIDv1 of its canonical form; None for a request that has none.

    Args:
        call: Its request id, deadline, priority, fallbacks and tags but for the tenant are not in the key.
    """
    digest = _digest(call, call.payload)
    return None if digest is None else cid_of(digest)


def identity(call: Call) -> Hashable:
    """What a call shares with its equals and with no other: as :func:`request_key`, but cheaper, for this process only.

    Raises:
        UnkeyableError, RecursionError: It cannot be compared.
    """
    payload = call.payload
    if payload.__class__ is EmbedRequest and not payload.params:
        target = call.target
        whose = (call.tags.get("tenant", ""), call.options.key)
        texts: tuple[str, ...] = payload.texts
        return (target.provider, target.endpoint, target.model, call.operation, whose, texts)
    return canonical(call)


def partition(call: Call) -> bytes | None:
    """The digest of all that :func:`request_key` has, but for the :func:`question`; None where there is no key."""
    return _digest(call, _without_question(call.payload))


def question(call: Call) -> str:
    """The text that a call asks about: the user's last message, or the only prompt; empty if there is none."""
    payload: Any = call.payload
    if isinstance(payload, ChatRequest):
        place = _last_of_user(payload.messages)
        return "" if place is None else payload.messages[place].text
    prompts: tuple[str, ...] = getattr(payload, "prompts", ())
    return prompts[0] if len(prompts) == 1 else ""


def tenant(call: Call) -> str:
    """Whose call it is: its tag ``tenant``."""
    return str(call.tags.get("tenant", ""))


def canonical(call: Call, payload: Payload | None = None) -> bytes:
    """The canonical form.

    Args:
        call: The call.
        payload: Instead of its own.

    Raises:
        UnkeyableError: Something in it has no form.
    """
    target = call.target
    whole = {
        "version": VERSION,
        "tenant": tenant(call),
        "key": call.options.key,
        "provider": target.provider,
        "endpoint": target.endpoint,
        "model": target.model,
        "operation": call.operation,
        "payload": _node(call.payload if payload is None else payload),
    }
    try:
        return orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:  # half a surrogate pair, an integer of more than 64 bits
        raise UnkeyableError(str(error)) from None


def _digest(call: Call, payload: Payload) -> bytes | None:
    try:
        return sha256(canonical(call, payload)).digest()
    except (UnkeyableError, RecursionError):
        return None


def _node(value: Any) -> Any:
    kind = value.__class__
    if kind in _PLAIN:
        return value
    if kind is tuple or kind is list:
        return [one if one.__class__ in _PLAIN else _node(one) for one in value]
    known = _FIELDS.get(kind)
    if known is None and is_dataclass(value):
        names = tuple(field.name for field in fields(value))
        several = len(names) > 1
        known = _FIELDS[kind] = (names, attrgetter(*names) if several else lambda one: (getattr(one, names[0]),))
    if known is not None:
        names, values = known
        node = {
            name: one if one.__class__ in _PLAIN else _node(one) for name, one in zip(names, values(value), strict=True)
        }
        node[_KIND] = kind.__name__
        return node
    if isinstance(value, (dict, Mapping)):
        return _mapping(value) if value else {}
    if isinstance(value, (str, int)):  # members of enumerations
        return value
    if isinstance(value, float):
        if value - value != 0:
            raise UnkeyableError("a number that is not finite")
        return float(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {_KIND: "bytes", "sha256": sha256(value).hexdigest()}
    if isinstance(value, frozenset):
        return {_KIND: "set", "of": sorted(value)}
    return _array(value)


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    if not all(isinstance(name, str) for name in value):
        raise UnkeyableError("a mapping whose names are no strings")
    if _KIND in value:
        return {_KIND: "map", "pairs": [[name, _node(value[name])] for name in sorted(value)]}
    return {name: _node(one) for name, one in value.items()}


def _array(value: Any) -> dict[str, Any]:
    """Of numpy, told by what it has: importing that costs more than all the rest."""
    dtype, shape = getattr(value, "dtype", None), getattr(value, "shape", None)
    if dtype is None or shape is None or dtype.hasobject:
        raise UnkeyableError(f"a value of type {type(value).__name__}")
    return {_KIND: "array", "dtype": dtype.str, "shape": list(shape), "sha256": sha256(value.tobytes()).hexdigest()}


def _last_of_user(messages: tuple[Message, ...]) -> int | None:
    return next((place for place in range(len(messages) - 1, -1, -1) if messages[place].role == "user"), None)


def _without_question(payload: Any) -> Any:
    if isinstance(payload, ChatRequest):
        place = _last_of_user(payload.messages)
        if place is None:
            return payload
        messages = payload.messages
        asked = replace(messages[place], content=_without_text(messages[place].content))
        return replace(payload, messages=(*messages[:place], asked, *messages[place + 1 :]))
    if len(getattr(payload, "prompts", ())) == 1:
        return replace(payload, prompts=("",))
    return payload


def _without_text(content: str | tuple[Part, ...]) -> str | tuple[Part, ...]:
    if isinstance(content, str):
        return ""
    return tuple(Text("") if isinstance(part, Text) else part for part in content)
