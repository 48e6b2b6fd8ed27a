"""The least of many numbers where there are several blocks of them, and several leasts."""

from __future__ import annotations

from ipfs_accel_async.policy.ranks import Ranks


def of(each: list[int]) -> Ranks:
    """These numbers."""
    ranks = Ranks()
    ranks.renew(each)
    return ranks


def test_it_begins_without_a_place() -> None:
    """There is nothing to read."""
    assert Ranks().each == []


def test_of_equals_in_several_blocks_the_first_is_the_best() -> None:
    """Also when it has just come to be one of them."""
    ranks = of([5] * 40)
    assert ranks.best() == 0
    for place in (30, 20, 10):
        ranks.put(place, 1)
        assert ranks.best() == place
    ranks.put(10, 9)
    assert ranks.best() == 20


def test_what_was_the_least_and_grows_leaves_it_to_the_next_of_its_block() -> None:
    """Not to one of another block, and to none that comes before it."""
    ranks = of([7, *range(10, 49)])
    for place in range(39):
        assert ranks.best() == place
        ranks.put(place, 100 + place)
    assert ranks.best() == 39
    ranks.put(39, 1_000)
    assert ranks.best() == 0


def test_a_block_does_not_answer_for_its_neighbour() -> None:
    """The next block's least is lower: who grows in the one before it is not taken for that."""
    ranks = of([3, 4, 5, 6, 7, 8, 9, 10, 1, 2])
    ranks.put(0, 20)
    assert ranks.best() == 8
    ranks.put(8, 30)
    ranks.put(9, 30)
    assert ranks.best() == 1


def test_the_same_number_again_changes_nothing() -> None:
    """The least of a block stays known."""
    ranks = of([3] * 9)
    ranks.put(0, 3)
    ranks.put(8, 3)
    assert ranks.best() == 0
