"""What a call will probably use, learnt from what calls like it did use."""

from __future__ import annotations

SAMPLES = 8
WEIGHT = 0.1
DEVIATIONS = 2
FIRST_OUTPUT = 500.0
"""Output tokens that a call is expected to have while nothing is known and it names no bound."""


class Expectation:
    """Corrects estimates of input tokens and expects output tokens, each by moving averages.

    A tokenizer of one vocabulary estimates another one's counts wrongly by a factor that stays much the same, and calls
    seldom use the output that they are allowed. Both are reserved too high or too low until a few answers have told.
    What is expected is the mean and two mean deviations: what is reserved in vain comes back when the call ends, and
    what is not reserved may be refused.

    Args:
        samples: Fewest answers that say anything, at least 1.
        weight: Share of the latest answer in the averages, above 0 up to 1.

    Raises:
        ValueError: A setting is out of its range.
    """

    __slots__ = ("_count", "_deviation", "_error", "_estimated", "_input", "_output", "_samples", "_weight")

    def __init__(self, *, samples: int = SAMPLES, weight: float = WEIGHT) -> None:
        if samples < 1 or not 0 < weight <= 1:
            raise ValueError("an expectation needs samples from 1 and a weight above 0, up to 1")
        self._samples = samples
        self._weight = weight
        self._count = 0
        self._estimated = 0.0
        self._input = 0.0
        self._error = 0.0
        self._output = 0.0
        self._deviation = 0.0

    def add(self, estimated: float, used: float, output: float) -> None:
        """Learn from an answer.

        Args:
            estimated: Input tokens as estimated before it was sent.
            used: Input tokens as the service counted them.
            output: Output tokens.
        """
        self._count += 1
        share = max(self._weight, 1 / self._count)  # the plain mean at first
        if self._count > 1 and estimated > 0 and self._estimated > 0:
            corrected = estimated * self._input / self._estimated
            self._error += (abs(used - corrected) / estimated - self._error) * share
        self._estimated += (estimated - self._estimated) * share
        self._input += (used - self._input) * share
        self._deviation += (abs(output - self._output) - self._deviation) * share if self._count > 1 else 0.0
        self._output += (output - self._output) * share

    def input(self, estimated: float) -> int:
        """Input tokens to expect, of an estimate."""
        if self._count < self._samples or self._estimated <= 0:
            return round(estimated)
        return round(estimated * (self._input / self._estimated + DEVIATIONS * self._error))

    def output(self, most: float | None) -> int:
        """Output tokens to expect, never more than the call allows.

        Args:
            most: The call's own bound; None without one.
        """
        if self._count < self._samples:
            return round(FIRST_OUTPUT if most is None else most)
        expected = self._output + DEVIATIONS * self._deviation
        return round(expected if most is None else min(expected, most))
