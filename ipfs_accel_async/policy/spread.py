"""Whose fault a failure is: one model's, or that of the endpoint that serves them all."""

from __future__ import annotations

from typing import Literal

Outcome = Literal["ok", "ignored", "throttled", "failed"]
MODELS = 3


class Spread:
    """Turns outcomes of models into outcomes of their endpoint.

    A connection that cannot be made is the endpoint's fault, whichever model was called. Any other failure is, once
    `models` of them have failed without a success in between: one or two that are down say nothing about the others.

    Args:
        models: How many, at least 1.

    Raises:
        ValueError: `models` is below 1.
    """

    __slots__ = ("_failing", "_models")

    def __init__(self, models: int = MODELS) -> None:
        if models < 1:
            raise ValueError("models must be at least 1")
        self._models = models
        self._failing: set[str] = set()

    def judge(self, model: str, outcome: Outcome, *, unreachable: bool) -> Outcome:
        """The endpoint's outcome for one of a model's.

        Args:
            model: Its name.
            outcome: Of the call.
            unreachable: Whether no connection could be made.
        """
        if outcome != "failed":
            if outcome != "ignored":  # the endpoint answered
                self._failing.clear()
            return outcome
        if len(self._failing) < self._models:
            self._failing.add(model)
        return "failed" if unreachable or len(self._failing) >= self._models else "ignored"
