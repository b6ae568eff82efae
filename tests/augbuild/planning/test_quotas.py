"""Numbers of groups: as near to a quota as groups allow, never over what may be taken."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.planning.quotas import count_groups, round_half_up

AVAILABLE = st.dictionaries(st.integers(1, 6), st.integers(1, 4), max_size=4)


@pytest.mark.parametrize(
    ("number", "rounded"),
    [("0", 0), ("0.49", 0), ("0.5", 1), ("1.4", 1), ("1.5", 2), ("2.5", 3), ("14.5", 15)],
)
def test_a_half_is_rounded_up(number: str, rounded: int) -> None:
    assert round_half_up(Fraction(number)) == rounded


def all_counts(available: dict[int, int]) -> list[dict[int, int]]:
    """List every way to take groups."""
    ranges = [range(number + 1) for number in available.values()]
    return [dict(zip(available, counts, strict=True)) for counts in product(*ranges)]


def images(counts: dict[int, int]) -> int:
    return sum(size * count for size, count in counts.items())


@given(AVAILABLE, st.sampled_from(["0", "0.1", "1/3", "0.5", "1"]), st.data())
def test_no_other_way_comes_nearer(
    available: dict[int, int], share: str, data: st.DataObject
) -> None:
    total = images(available)
    quota = data.draw(st.integers(0, total + 2))
    most = data.draw(st.integers(0, total))
    counts = dict(count_groups(available, Fraction(share), quota, most))
    assert counts.keys() == available.keys()
    assert all(0 <= counts[size] <= available[size] for size in available)
    assert images(counts) <= most
    possible = {images(way) for way in all_counts(available) if images(way) <= most}
    nearest = min(possible, key=lambda number: (abs(number - quota), number))
    assert images(counts) == nearest


@given(AVAILABLE, st.data())
def test_the_largest_have_their_share_where_that_can_be(
    available: dict[int, int], data: st.DataObject
) -> None:
    quota = data.draw(st.integers(0, images(available)))
    share = Fraction(data.draw(st.integers(0, 4)), 4)
    counts = dict(count_groups(available, share, quota, quota))
    ways = [way for way in all_counts(available) if images(way) == images(counts)]
    for size in sorted(available, reverse=True):
        wanted = round_half_up(available[size] * share)
        best = min(ways, key=lambda way: (abs(way[size] - wanted), way[size]))[size]
        assert counts[size] == best
        ways = [way for way in ways if way[size] == best]


@pytest.mark.parametrize(
    ("available", "quota", "most", "expected"),
    [
        ({}, 5, 5, {}),
        ({1: 10}, 0, 9, {1: 0}),
        ({1: 10}, 4, 3, {1: 3}),
        ({1: 10}, 10, 10, {1: 10}),
        ({3: 2}, 4, 6, {3: 1}),  # 3 is nearer than 6
        ({3: 2}, 5, 6, {3: 2}),
        ({2: 2}, 3, 4, {2: 1}),  # the smaller of two that are equally near
        ({2: 2}, 3, 3, {2: 1}),
        ({5: 1}, 4, 4, {5: 0}),  # would be nearest, but is too many
        ({5: 1, 1: 3}, 4, 9, {5: 0, 1: 3}),  # 3 before 5
        ({5: 1, 1: 3}, 5, 9, {5: 1, 1: 0}),
    ],
)
def test_examples(
    available: dict[int, int], quota: int, most: int, expected: dict[int, int]
) -> None:
    assert count_groups(available, Fraction(1, 2), quota, most) == expected


def test_many_groups_take_no_time() -> None:
    available = dict.fromkeys(range(1, 30), 2000)
    counts = count_groups(available, Fraction(1, 5), 174_000, 800_000)
    assert images(dict(counts)) == 174_000
