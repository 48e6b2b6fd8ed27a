"""Mutants of the policies that change nothing anyone could notice, each with the reason."""

from __future__ import annotations

from tests.mutation.equivalent_agreement import AGREEMENT
from tests.mutation.equivalent_keys import FALSE, KEYS

NO_STEP = "the loop over what has passed has no step then"

BEST = "return self.each.index(rank, least.index(rank) << BLOCK)"
FROM_START = "no place before it has that number: it takes longer"

NUMBERED = "self._serial = serial = self._serial + 1"
CLOSED = 'if self._state != "{}":'
NO_STATES = ("XXclosedXX", "CLOSED")

NOT_LONGER = ("strict=None", "strict=False", "")

ORDER = """\
def order(self, replicas: Sequence[Replica], now: float, avoid: str = "{}", home: str = "{}") -> list[Replica]:"""
OUT = "ranked.sort(key=lambda replica: (replica.ejected_until > now) * {} + (replica.name == avoid))  # stable"

FIRST_ALONE = "the first answer has all the weight"

ENOUGH = "found = min(found, max({}-(-aloft // (requests - 1)), requests * least - aloft))"
ABOVE_1 = "one of the two others is larger always"
BREAK = "if requests * least > 2 * aloft:"
MORE_NEED_MORE = "more requests only need more who wait: to look at them costs time and finds nothing"

ZIPPED = (
    "yield from zip(*block.all_near(vector, floor), {})",
    "yield from zip(*block.near(vector, asked, most, floor), {})",
)

POLICIES: dict[str, list[tuple[str, str, str]]] = {
    **AGREEMENT,
    **KEYS,
    "policy/breaker.py": [
        ("self._generation = 0", "self._generation = 1", "only tells periods apart"),
        ("self._serial = 0", "self._serial = 1", "only tells calls apart"),
        *((NUMBERED, NUMBERED.replace("+ 1", other), "only tells calls apart") for other in ("- 1", "+ 2")),
        *((CLOSED.format("closed"), CLOSED.format(other), "one that is closed stays so") for other in NO_STATES),
        ("self._generation += 1", "self._generation -= 1", "only tells periods apart"),
        ("self._generation += 1", "self._generation += 2", "only tells periods apart"),
        (
            "whole = min(self._reset_timeout * 2.0 ** min(self._reopened, 60), self._longest)",
            "whole = min(self._reset_timeout * 2.0 ** min(self._reopened, 61), self._longest)",
            "the longest wait is reached long before; this keeps the power from overflowing",
        ),
    ],
    "policy/allowance.py": [
        (
            "self._bucket = TokenBucket(limit / window, self._burst(limit), depth=limit, now=now)",
            "self._bucket = TokenBucket(limit / window, self._burst(limit), depth=limit, )",
            "one that has been full since 0 is as full",
        ),
        ("if change > 0:", "if change >= 0:", "to put nothing back is to take nothing"),
    ],
    "policy/balance.py": [
        (ORDER.format("", ""), ORDER.format("XXXX", ""), "no endpoint is called so"),
        (ORDER.format("", ""), ORDER.format("", "XXXX"), "no endpoint is called so"),
        (OUT.format(2), OUT.format(3), "as much larger than 1"),
        ("if len(ranked) > 2:", "if len(ranked) >= 2:", "a pair of two is those two, in their order"),
    ],
    "policy/bucket.py": [
        ("if cost > self.burst:", "if cost >= self.burst:", "both ways of reckoning are the same for the whole burst"),
        (
            "self._empty = after if after <= deepest else max(before, deepest)",
            "self._empty = after if after < deepest else max(before, deepest)",
            "it is the deepest then, one way or the other",
        ),
    ],
    "policy/batch.py": [
        ("if free <= 0 or not parts:", "if free < 0 or not parts:", "none of what is ready goes into no place"),
        ("weights = [1] * len(weights)", "weights = [2] * len(weights)", "they are all the same"),
    ],
    "policy/budget.py": [("if behind <= 0:", "if behind < 0:", NO_STEP)],
    "policy/expectation.py": [
        *((f"self._{name} = 0.0", f"self._{name} = 1.0", FIRST_ALONE) for name in ("estimated", "input", "output")),
        (
            "if self._count > 1 and estimated > 0 and self._estimated > 0:",
            "if self._count >= 1 and estimated > 0 and self._estimated > 0:",
            "before the first answer the mean of the estimates is 0",
        ),
    ],
    "policy/directions.py": [
        (
            "length = float(np.sqrt(np.dot(made.astype(np.float64), made)))",
            "length = float(np.sqrt(np.dot(made.astype(None), made)))",
            "the default",
        ),
    ],
    "policy/failures.py": [("if epoch <= self._epoch:", "if epoch < self._epoch:", NO_STEP)],
    "policy/limit.py": [
        (
            'self._fast_below = float("inf") if tolerance is None else 0.0  # first tokens tell late',
            'self._fast_below = float("inf") if tolerance is None else 1.0  # first tokens tell late',
            "no limit is below 1",
        ),
        *(("self._recent = 0.0", f"self._recent = {other}", "it is set with the first token") for other in (None, 1.0)),
    ],
    "policy/nearest.py": [
        *(
            (
                "self.numbers = np.full(rows, FREE, np.int64)",
                f"self.numbers = np.full(rows, FREE, {other})",
                "the default",
            )
            for other in ("", "None")
        ),
        *(
            (line.format("strict=True"), line.format(other), "they are equally long")
            for line in ZIPPED
            for other in NOT_LONGER
        ),
    ],
    "policy/prefixes.py": [
        (
            'state.update(open_[:BLOCK].encode("utf-8", "surrogatepass"))',
            'state.update(open_[:BLOCK].encode("UTF-8", "surrogatepass"))',
            "the same encoding",
        ),
        ("self._known.popitem(last=False)", "self._known.popitem(last=None)", FALSE),
    ],
    "policy/ranks.py": [
        ("if rank <= least[block]:", "if rank < least[block]:", "the next branch finds the same number then"),
        (BEST, "return self.each.index(rank, )", FROM_START),
        (BEST, "return self.each.index(rank, least.index(rank) >> BLOCK)", FROM_START),
    ],
    "policy/replica.py": [
        ("self._at = 0.0", "self._at = None", "it is set with the first latency, and not read before"),
        ("self._at = 0.0", "self._at = 1.0", "it is set with the first latency, and not read before"),
        (
            "if known is None or seconds >= known:",
            "if known is None or seconds > known:",
            "the mean of two equal values is that value",
        ),
    ],
    "policy/sliding.py": [
        (
            "return self._entries[-1][0] if self._entries else now  # rounding of fractional amounts",
            "return self._entries[-1][0] if (self._entries) or True else now  # rounding of fractional amounts",
            "without an entry nothing counts, so nothing is in the way",
        ),
        ("if now > self._now:", "if now >= self._now:", "in the same instant nothing more leaves"),
        ("if now <= self._now:", "if now < self._now:", "in the same instant nothing more leaves"),
        (
            "if over <= 0 or until <= self._now:",
            "if over < 0 or until <= self._now:",
            "an entry of nothing counts for nothing",
        ),
    ],
    "policy/spread.py": [
        (
            "if len(self._failing) < self._models:",
            "if len(self._failing) <= self._models:",
            "one more name is kept, of a set whose size is enough already",
        )
    ],
    "policy/spreading.py": [
        *((ENOUGH.format("1, "), ENOUGH.format(other), ABOVE_1) for other in ("", "2, ")),
        *(
            (BREAK, other, MORE_NEED_MORE)
            for other in (BREAK.replace("requests *", "requests /"), BREAK.replace(">", ">="), BREAK.replace("2", "3"))
        ),
    ],
    "policy/threshold.py": [
        (
            "return Estimate(rate, low, min(1.0, middle + half) if wrong < judged else 1.0, judged, wrong)",
            "return Estimate(rate, low, min(2.0, middle + half) if wrong < judged else 1.0, judged, wrong)",
            "the interval ends below 1 while one of them is right",
        ),
    ],
    "policy/window.py": [
        (
            "self.latest = deque((*self.latest, *other.latest), (self.latest.maxlen or 0) + len(other.latest))",
            "self.latest = deque((*self.latest, *other.latest), (self.latest.maxlen or 1) + len(other.latest))",
            "it has a length always",
        ),
        ("if value < self._min:", "if value <= self._min:", "puts an equal value in its place"),
        ("if value > self._max:", "if value >= self._max:", "puts an equal value in its place"),
        ("self._second = 0", "self._second = 1", "it is set with the first amount, and not read before"),
        (
            "if second > self._second or self._first is None:",
            "if second >= self._second or self._first is None:",
            NO_STEP,
        ),
        ("if second > self._second:", "if second >= self._second:", NO_STEP),
        (
            "elif second - self._second >= self._seconds:",
            "elif second - self._second > self._seconds:",
            "the loop of the other branch empties all buckets then, one by one",
        ),
    ],
}
"""By file: what stands there, what it became, and why that changes nothing."""
