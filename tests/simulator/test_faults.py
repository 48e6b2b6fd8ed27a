"""Faults by name, and the schedules that deal them out."""

from __future__ import annotations

import pytest

from ipfs_accel_async.simulator import PRESETS, Every, Fault, Flapping, Script, Seeded
from ipfs_accel_async.simulator.faults import fault
from ipfs_accel_async.simulator.schedules import Schedule, schedule


def drawn(source: Schedule, n: int) -> list[str | None]:
    """Return the names of the next n draws."""
    draws = [source.draw() for _ in range(n)]
    return [each.name if each else None for each in draws]


def test_a_name_takes_arguments() -> None:
    """Amount, byte and repetition are read from the spelling, in any order."""
    assert fault("cut@120").at_byte == 120
    assert fault("delay=2.5").delay == 2.5
    assert fault("429=7*3").retry_after == 7
    assert fault("429*3=7").times == 3
    assert fault(Fault("mine", "cut", at_byte=3)).name == "mine"


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_read_by_its_name(name: str) -> None:
    """The table's names are what users write."""
    assert fault(name) is PRESETS[name]


@pytest.mark.parametrize("spec", ["teapot", "", "cut=3", "delay@3", "429@2", "cut@x", "reset=1", "delay=1.2.3"])
def test_what_cannot_be_meant_is_refused(spec: str) -> None:
    """An unknown name or an argument that does not fit is a ValueError."""
    with pytest.raises(ValueError, match="fault"):
        fault(spec)


def test_an_unknown_name_lists_the_known_ones() -> None:
    """The message helps to spell it."""
    with pytest.raises(ValueError, match=r"503-burst.*error-in-200"):
        fault("teapot")


@pytest.mark.parametrize(
    "arguments",
    [{"kind": "flood"}, {"kind": "status", "status": 200}, {"kind": "cut", "times": 0}, {"kind": "delay", "delay": -1}],
)
def test_a_fault_checks_itself(arguments: dict[str, object]) -> None:
    """Impossible numbers are refused when the fault is made."""
    with pytest.raises(ValueError, match="mine"):
        Fault("mine", **arguments)  # type: ignore[arg-type]


def test_a_list_is_a_script_then_clean() -> None:
    """Steps are dealt out one request each, repeated ones several, and then all is well."""
    source = schedule(["429", None, "500*2"])
    assert drawn(source, 6) == ["429", None, "500", "500", None, None]
    assert drawn(schedule("503-burst"), 4) == ["503-burst"] * 3 + [None]
    assert drawn(schedule(None), 2) == [None, None]


def test_flapping_goes_on_for_ever() -> None:
    """Down and up alternate, as a name and as a schedule."""
    assert drawn(schedule("flapping*2"), 7) == ["flapping"] * 2 + [None] * 2 + ["flapping"] * 2 + [None]
    assert drawn(Flapping(down=1, up=2, spec="500"), 5) == ["500", None, None, "500", None]


def test_every_counts() -> None:
    """Every n-th request meets the fault."""
    assert drawn(Every(3, "503"), 6) == [None, None, "503"] * 2


def test_seeded_repeats_and_keeps_its_rate() -> None:
    """The same seed deals the same faults, about as many as the rate says."""
    one, again = (drawn(Seeded(0.2, ["429", "cut"], seed=4), 1000) for _ in range(2))
    assert one == again
    assert 150 < sum(name is not None for name in one) < 250


@pytest.mark.parametrize(
    "make",
    [
        lambda: Every(0, "503"),
        lambda: Seeded(1.5, ["503"]),
        lambda: Seeded(0.5, []),
        lambda: Flapping(down=0),
        lambda: Script("teapot"),
        lambda: schedule(3),  # type: ignore[arg-type]
    ],
)
def test_impossible_schedules_are_refused(make: object) -> None:
    """A schedule checks its arguments when it is made."""
    with pytest.raises(ValueError):  # noqa: PT011 - six different messages
        make()  # type: ignore[operator]
