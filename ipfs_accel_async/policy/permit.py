"""What a breaker gives to a call that may pass."""

from __future__ import annotations

from typing import Literal

State = Literal["closed", "open", "half-open"]
Outcome = Literal["ok", "ignored", "throttled", "failed"]


class Permit:
    """The right to make one call; its result must be recorded exactly once.

    Attributes:
        generation: Which period of the breaker it belongs to. Results of other periods change nothing.
        probe: Whether the call tests a half-open circuit.
        serial: Tells permits apart, so that recording one twice counts once.
    """

    __slots__ = ("generation", "probe", "serial")  # no dataclass: two of them are made on every call

    def __init__(self, generation: int, probe: bool, serial: int) -> None:
        self.generation = generation
        self.probe = probe
        self.serial = serial
