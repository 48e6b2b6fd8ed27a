"""One key of a pool: its seat, its secret, and what it was used for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ipfs_accel_async.answers import NO_USAGE, Answer, Usage
from ipfs_accel_async.errors import AccelError, ConfigError
from ipfs_accel_async.metrics.prices import cost_of
from ipfs_accel_async.policy.keyring import Seat
from ipfs_accel_async.policy.window import Samples
from ipfs_accel_async.types import Target

if TYPE_CHECKING:
    from ipfs_accel_async.keys import Key, Secret

MAX_MODELS = 200
OTHER = "(other)"
LATEST = 128


class Tally:
    """Tokens of one model that have a list price. Sums, as a look-up a call would take longer than the call in here."""

    __slots__ = ("cached", "calls", "input", "output", "written")

    def __init__(self) -> None:
        self.calls = 0
        self.input = 0
        self.output = 0
        self.cached = 0
        self.written = 0


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """What a key was used for since the client was made.

    Args:
        requests: Requests that were sent with it and have ended.
        in_flight: Calls that have it now.
        input_tokens: As the service counted them.
        output_tokens: The same.
        total_tokens: The same.
        cost: US dollars, by list prices or as the service said; None where neither is known.
        errors: How many, by class.
        latency_mean: Seconds from the grant to the end, on average; of a stream, to its close.
        latency_p95: The time that 95 of the latest 100 stayed within.
    """

    requests: int = 0
    in_flight: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cost: float | None = None
    errors: dict[str, int] = field(default_factory=dict)
    latency_mean: float = 0.0
    latency_p95: float = 0.0


class Member(Seat):
    """A key among others. Its secret may be replaced while it is lent: whoever has the old one keeps it.

    Args:
        key: The key, its name and bounds; None for a service without keys whose use is limited all the same.

    Attributes:
        secret: What is lent from now on.
        rpm: Requests a minute of its group and a model.
        tpm: Tokens, the same.
        refusals: 401s in a row.
        rounds: 401s that counted: what was lent before one of them has the token that it was about.
    """

    __slots__ = (
        "cost",
        "errors",
        "input",
        "latency",
        "output",
        "refusals",
        "requests",
        "rounds",
        "rpm",
        "secret",
        "tallies",
        "total",
        "tpm",
    )

    def __init__(self, key: Key | None) -> None:
        if key is None:
            super().__init__("")
        else:
            most = float("inf") if key.max_concurrent is None else key.max_concurrent
            super().__init__(key.name, group=key.quota_group, weight=key.weight, tier=key.tier, most=most)
        self.secret: Secret | None = None if key is None else key.secret
        self.rpm = None if key is None else key.rpm
        self.tpm = None if key is None else key.tpm
        self.refusals = 0
        self.rounds = 0
        self.requests = 0
        self.input = self.output = self.total = 0
        self.cost: float | None = None
        self.errors: dict[str, int] = {}
        self.latency = Samples(LATEST)
        self.tallies: dict[str, Tally] = {}

    def count(self, model: str, answer: Answer | None, error: BaseException | None, seconds: float) -> None:
        """Count an attempt that was sent.

        Args:
            model: Whom it asked.
            answer: What came; of a stream, as far as it came.
            error: How it failed.
            seconds: What it took.
        """
        self.requests += 1
        self.latency.add(seconds)
        if error is not None and isinstance(error, AccelError):
            name = type(error).__name__
            self.errors[name] = self.errors.get(name, 0) + 1
        if answer is None or answer.usage is NO_USAGE:
            return
        usage = answer.usage
        self.input += usage.input_tokens
        self.output += usage.output_tokens
        self.total += usage.total_tokens
        if usage.cost is not None:
            self.cost = (self.cost or 0.0) + usage.cost
            return
        tally = self.tallies.get(model) or self._tally(model)
        tally.calls += 1
        tally.input += usage.input_tokens
        tally.output += usage.output_tokens
        tally.cached += usage.cached_tokens
        tally.written += usage.cache_write_tokens

    def usage(self, provider: str) -> KeyUsage:
        """What it was used for.

        Args:
            provider: Whose key it is, for the prices.
        """
        costs = [_cost(provider, model, tally) for model, tally in self.tallies.items()]
        known = [cost for cost in (self.cost, *costs) if cost is not None]
        return KeyUsage(
            requests=self.requests,
            in_flight=self.load,
            input_tokens=self.input,
            output_tokens=self.output,
            total_tokens=self.total,
            cost=sum(known) if known and None not in costs else None,
            errors=dict(self.errors),
            latency_mean=self.latency.avg,
            latency_p95=self.latency.quantile(0.95),
        )

    def _tally(self, model: str) -> Tally:
        name = model if len(self.tallies) < MAX_MODELS else OTHER  # callers may send any name
        return self.tallies.setdefault(name, Tally())


def _cost(provider: str, model: str, tally: Tally) -> float | None:
    """What a model's calls cost: list prices are asked once for the average call, which keeps their tiers right."""
    sums = (tally.input, tally.output, tally.cached, tally.written)
    each = _price(provider, model, [part // tally.calls for part in sums])
    rest = _price(provider, model, [part % tally.calls for part in sums])
    return None if each is None or rest is None else each * tally.calls + rest


def _price(provider: str, model: str, counts: list[int]) -> float | None:
    used, given, cached, written = counts
    usage = Usage(input_tokens=used, output_tokens=given, cached_tokens=cached, cache_write_tokens=written)
    try:
        found = cost_of(Answer(target=Target(provider, model), model=model, usage=usage))
    except ConfigError:  # the prices are an extra
        return None
    return None if found is None else found.total
