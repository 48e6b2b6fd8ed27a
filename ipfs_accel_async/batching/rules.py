"""What the settings and a codec's table together say of gathering one operation of one model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.batching.keys import Keys
from ipfs_accel_async.batching.pairs import Pairs
from ipfs_accel_async.batching.tensors import Inferences, Rows
from ipfs_accel_async.batching.texts import Inputs, Prompts, Texts
from ipfs_accel_async.policy.batch import Bounds
from ipfs_accel_async.policy.spreading import Spreading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ipfs_accel_async.batching.forms import Form
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.providers._codec import Codec
    from ipfs_accel_async.providers._operation import Batchable
    from ipfs_accel_async.settings import Settings

FORMS: Mapping[str, Form] = {
    "texts": Texts(),
    "inputs": Inputs(),
    "pairs": Pairs(),
    "prompts": Prompts(),
    "tensors": Rows(),
    "inferences": Inferences(),
    "keys": Keys(),
}
NO_BOUND = 10**12
MOST = 1_024
"""Rules that are remembered."""


@dataclass(slots=True, eq=False)
class Rules:
    """How calls of one operation of one model are gathered.

    Args:
        form: What a request of them looks like.
        bounds: The most of a request.
        timeout: Seconds that the oldest waits for more, while something is under way.
        places: Requests under way at once.
        aging: Seconds of waiting that are worth one priority level.
        most_waiting: Items that may wait.
        described: Whether only a model's description tells if rows can be stacked.
        told_by: Operation that tells the server's own bounds; empty once it has.
        table: The bounds by the codec's table.
        limited: Whether the settings name the items of a request.
        single_flight: Whether equal calls share a place.
        spreading: What is known of how the service takes several requests at once.
    """

    form: Form
    bounds: Bounds
    timeout: float
    places: int
    aging: float
    most_waiting: int
    described: bool
    told_by: str
    table: Batchable
    limited: bool
    single_flight: bool
    spreading: Spreading = field(default_factory=Spreading)

    def learn(self, told: Mapping[str, Any]) -> None:
        """Take over what a server tells of its own bounds; the settings may only lower them."""
        self.told_by = ""
        items, tokens = (_whole(told.get(name)) for name in self.table.fields)
        if items:
            self.bounds = replace(self.bounds, items=min(items, self.bounds.items) if self.limited else items)
        if tokens:
            self.bounds = replace(self.bounds, tokens=min(tokens, self.bounds.tokens or tokens))


Place = tuple[str, str, str, str]
Found = tuple[Rules, bool] | None
"""Rules, and whether calls are gathered without being asked to; None where they never are."""


class Rulebook:
    """The rules of all operations and models, made on first use.

    Args:
        codecs: By provider name.
        settings: Of a provider.
    """

    def __init__(self, codecs: Mapping[str, Codec], settings: Callable[[str], Settings]) -> None:
        self._codecs = codecs
        self._settings = settings
        self._found: dict[Place, Found] = {}
        self._made: dict[Place, Found] = {}

    def of(self, call: Call) -> Rules | None:
        """The rules for a call; None where it goes alone."""
        target, wish = call.target, call.options.batch
        if wish is False:
            return None
        key = (target.provider, call.operation, target.model, target.endpoint)
        try:
            found = self._found[key]
        except KeyError:
            found = self._found[key] = self._shared(call)
        if found is None:
            return None
        rules, on = found
        return rules if on or wish else None

    def _shared(self, call: Call) -> Found:
        """The rules of a model, which are those of all of its provider at its address but for settings of its own."""
        target, own = call.target, self._settings(call.target.provider)
        key = (target.provider, call.operation, target.model if target.model in own.models else "", target.endpoint)
        for known in (self._found, self._made):
            if len(known) >= MOST:  # models and addresses are the caller's own, so there may be any number of them
                known.clear()
        if key not in self._made:
            self._made[key] = self._make(call, own)
        return self._made[key]

    def codec(self, call: Call) -> Codec:
        """The codec of a call's provider."""
        return self._codecs[call.target.provider]

    def _make(self, call: Call, settings: Settings) -> Found:
        codec = self._codecs[call.target.provider]
        row = codec.operations.get(call.operation) or codec.native.get(call.operation)
        if row is None or row.batchable is None:
            return None
        table, own = row.batchable, settings.of_model(call.target.model)
        items = own.max_batch_size or table.items
        if table.firm:
            items = min(items, table.items)
        bounds = Bounds(
            items,
            min(own.max_batch_tokens or NO_BOUND, table.tokens or NO_BOUND) % NO_BOUND,
            min(own.max_batch_bytes or NO_BOUND, table.bytes or NO_BOUND) % NO_BOUND,
        )
        waits = settings.queue_overflow_policy == "wait"
        rules = Rules(
            form=FORMS[table.form],
            bounds=bounds,
            timeout=own.batch_timeout,
            places=min(settings.max_concurrent_requests, settings.max_concurrent_per_endpoint or NO_BOUND),
            aging=settings.priority_aging,
            most_waiting=NO_BOUND if waits else items * max(settings.queue_size, 1),
            described=table.form == "tensors",
            told_by=table.told_by,
            table=table,
            limited=own.max_batch_size is not None,
            single_flight=settings.single_flight,
        )
        return rules, call.operation in own.batching


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
