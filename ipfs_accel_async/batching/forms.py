"""How calls of one kind become one request, and its answer the answers of each: what all forms share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from ipfs_accel_async.answers import NO_USAGE, Answer, Usage
from ipfs_accel_async.errors import ResponseValidationError
from ipfs_accel_async.policy.batch import shared_out

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from ipfs_accel_async.batching.members import Member
    from ipfs_accel_async.types import Payload

Share = dict[str, Any] | Exception
"""What one member gets: the fields that are its own, or its error."""

_OF_ALL = ("target", "model", "provider_request_id", "attempts", "limits")
"""What each member's answer takes over from that to all of them, if it is not told otherwise."""


class Form(ABC):
    """One kind of items. What it is told of are payloads of one key, in the order of their items."""

    operation = ""
    """The operation that carries several; empty: the members' own."""

    @abstractmethod
    def key(self, payload: Any) -> Hashable | None:
        """All of a payload but its items: equal ones may share a request. None: this one stays apart."""

    @abstractmethod
    def items(self, payload: Any) -> Sequence[Any]:
        """The items."""

    @abstractmethod
    def merged(self, payloads: Sequence[Any]) -> Payload:
        """One payload with the items of all."""

    @abstractmethod
    def shares(self, answer: Any, members: Sequence[Member]) -> Sequence[Share]:
        """What of an answer is whose.

        Raises:
            ValueError: The answer is not of so many items.
        """

    def same(self, payload: Any) -> Hashable | None:
        """What equal calls of one key have in common, so that they may share a place; None: they may not."""
        return None

    def cut(self, payload: Any, start: int, stop: int) -> Payload:
        """The payload of some of the items."""
        raise TypeError(f"{type(payload).__name__} is one item")

    def joined(self, payload: Any, answers: Sequence[Any]) -> Answer:
        """The answer to a payload that was cut."""
        raise TypeError(f"{type(payload).__name__} is one item")

    def weigh(self, payload: Any) -> tuple[int, int, int]:
        """Items, and their tokens and bytes, estimated and rather too many."""
        tokens = size = 0
        items = self.items(payload)
        for item in items:
            text = item if item.__class__ is str else str(item)
            if text.isascii():
                tokens += len(text) // 3 + 1
                size += len(text) + 4
            else:
                tokens += len(text) + 1
                size += 3 * len(text) + 4
        return len(items), tokens, size

    def weights(self, payload: Any) -> Sequence[tuple[int, int]]:
        """Tokens and bytes of each item."""
        places = range(len(self.items(payload)))
        return [self.weigh(self.cut(payload, place, place + 1))[1:] for place in places]

    def spared(self, error: Exception, members: Sequence[Member]) -> list[Answer | Exception] | None:
        """What members get where an answer is spoilt for some only; None where it is for all."""
        return None

    def answers(self, answer: Answer, members: Sequence[Member]) -> list[Answer | Exception]:
        """Each member's own answer, or its own error.

        Raises:
            ResponseValidationError: The answer is not of so many items: it is nobody's.
        """
        try:
            shares = self.shares(answer, members)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            message = f"the answer does not fit the {len(members)} calls that were sent together: {error}"
            raise ResponseValidationError(message, target=answer.target, request_id=answer.request_id) from error
        usages = split_usage(answer.usage, [member.tokens for member in members])
        of_all = {name: getattr(answer, name) for name in _OF_ALL}
        made: list[Answer | Exception] = []
        for member, share, usage in zip(members, shares, usages, strict=True):
            if isinstance(share, Exception):
                made.append(share)
                continue
            kind = share.pop("kind", answer.__class__)
            made.append(kind(usage=usage, request_id=member.call.request_id, **{**of_all, **share}))
        return made


def params_key(params: Mapping[str, Any]) -> bytes | None:
    """Parameters to compare: as their JSON, in which 1, 1.0 and True differ. None: they have none."""
    if not params:
        return b""
    try:
        return orjson.dumps(params, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:
        return None


def split_usage(usage: Usage, weights: Sequence[int]) -> list[Usage]:
    """Usage shared out by estimated tokens; the shares add up to it."""
    if len(weights) == 1:
        return [usage]
    if usage == NO_USAGE:
        return [NO_USAGE] * len(weights)
    totals = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
        usage.total_tokens - usage.input_tokens - usage.output_tokens,
    )
    nothing = [0] * len(weights)
    columns = [shared_out(total, weights) if total else nothing for total in totals]
    whole = sum(weights) or 1
    rows = list(zip(nothing if usage.cost is None else weights, *columns, strict=True))
    made: dict[tuple[int, ...], Usage] = {}  # many are alike, and a value is made more slowly than found
    for row in set(rows):
        weight, given, written, cached, kept, reasoned, more = row
        cost = None if usage.cost is None else usage.cost * weight / whole
        total = given + written + more
        made[row] = Usage(given, written, total, cached, kept, reasoned, cost, usage.estimated)
    return [made[row] for row in rows]


def summed(answers: Sequence[Answer]) -> Usage:
    """The usage of several answers together."""
    usages = [answer.usage for answer in answers]
    costs = [usage.cost for usage in usages if usage.cost is not None]
    return Usage(
        input_tokens=sum(usage.input_tokens for usage in usages),
        output_tokens=sum(usage.output_tokens for usage in usages),
        total_tokens=sum(usage.total_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in usages),
        cache_write_tokens=sum(usage.cache_write_tokens for usage in usages),
        reasoning_tokens=sum(usage.reasoning_tokens for usage in usages),
        cost=sum(costs) if costs else None,
        estimated=any(usage.estimated for usage in usages),
    )


def whole(answers: Sequence[Any], **own: Any) -> Any:
    """One answer of the parts of a call, with what they have in sum; it has no `raw`."""
    return replace(answers[0], **own, usage=summed(answers), attempts=sum(one.attempts for one in answers), raw=None)
