"""How many groups of each size make up a number of images, exactly where that is possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor

NumberBySize = Mapping[int, int]
"""A number of groups, by how many images they have."""

Check = Callable[[int], bool]


def round_half_up(number: Fraction) -> int:
    """Round to the nearest integer, a half upwards."""
    return floor(number + Fraction(1, 2))


def count_groups(
    available: NumberBySize,
    share: Fraction,
    quota: int,
    most: int,
) -> NumberBySize:
    """Count how many groups of each size to pick for `quota` images in all.

    `available` counts the groups of each size. The images come as near to `quota` as groups allow,
    and are at most `most`. Of each size about `share` is picked, the largest first; the smallest
    make up the number.
    """
    sizes = sorted(available)
    # Bit n of possible[i] is set where groups of the i smallest sizes can have n images in all.
    possible = [1]
    for size in sizes:
        sums = _add_groups(possible[-1], size, available[size], most)
        possible.append(sums)
    all_sums = possible.pop()
    total = _nearest(quota, most, lambda images: _has_bit(all_sums, images))
    counts = {}
    for size in reversed(sizes):
        smaller_sums = possible.pop()
        number = available[size]
        wanted = min(round_half_up(number * share), number)
        count = _nearest(wanted, number, _completes(total, size, smaller_sums))
        counts[size] = count
        total -= count * size
    return counts


def _add_groups(sums: int, size: int, count: int, most: int) -> int:
    """Add up to `count` times `size` to every sum that is a bit of `sums`; none is over `most`.

    Doubling the number that is added at a time takes log(count) steps.
    """
    up_to_most = (1 << (most + 1)) - 1
    step = 1
    while count:
        step = min(step, count)
        sums |= sums << (size * step)
        sums &= up_to_most
        count -= step
        step *= 2
    return sums


def _completes(total: int, size: int, smaller_sums: int) -> Check:
    """Return a check: can smaller groups complete so many groups of `size` to `total` images?"""

    def check(count: int) -> bool:
        rest = total - count * size
        return rest >= 0 and _has_bit(smaller_sums, rest)

    return check


def _has_bit(sums: int, number: int) -> bool:
    shifted = sums >> number
    return bool(shifted & 1)


def _nearest(wanted: int, most: int, fits: Check) -> int:
    """Find the number from 0 to `most` that fits and is nearest to `wanted`, the smaller of two."""
    for distance in range(wanted + most + 1):
        for number in (wanted - distance, wanted + distance):
            is_allowed = 0 <= number <= most
            if is_allowed and fits(number):
                return number
    raise AssertionError("0 images are always possible")
