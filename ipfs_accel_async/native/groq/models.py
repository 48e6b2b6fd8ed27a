"""What the service says of its models: one model's card, and the live list (Groq API reference, models).

There is no table of models here: it would be out of date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.native._handle import Native
from ipfs_accel_async.types import NativeRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.answers import ModelList, NativeAnswer
    from ipfs_accel_async.native._handle import Bound

Kind: TypeAlias = Literal["chat", "vision", "audio"]


class Models(Native):
    """One model; ``client.models("groq")`` lists them."""

    __slots__ = ()

    async def get(self, model: str) -> NativeAnswer:
        """What the service says of a model: ``active``, ``context_window``, ``max_completion_tokens``.

        Raises:
            NotFoundError: There is none of that name.
        """
        return await self._call("models.get", model=model)


async def fits(bound: Bound, model: str, kind: Kind) -> bool:
    """Whether the list has a model, active, and does not say that it is of another kind."""
    if kind not in get_args(Kind):
        raise InvalidRequestError(f"kind is one of {', '.join(get_args(Kind))}, not {kind!r}")
    target = bound.engine.provider(bound.provider).target("", "models", bound.endpoint)
    answer = await bound.engine.send("models", target, NativeRequest(), bound.priority, bound.timeout, tags=bound.tags)
    listed = cast("ModelList", answer)
    return any(found.id == model and _says(found.raw, kind) for found in listed.models)


def _says(card: Mapping[str, Any], kind: Kind) -> bool:
    """Whether a model's card speaks against nothing; what it takes and gives stands in it for some models only."""
    taken, given = _words(card, "input_modalities"), _words(card, "output_modalities")
    if card.get("active") is False:
        return False
    if kind == "chat":
        return (not taken or "text" in taken) and (not given or "text" in given)
    if kind == "vision":
        return not taken or "image" in taken
    return not taken | given or bool((taken | given) & {"audio", "speech"})


def _words(card: Mapping[str, Any], name: str) -> set[str]:
    value = card.get(name)
    return {str(word).lower() for word in value} if isinstance(value, list) else set()
