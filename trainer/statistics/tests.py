"""Intervals and tests behind a verdict: numbers in, numbers out (numpy, scipy).

All proportions, gains and margins are shares: a gain of five points is 0.05.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy import special

from augbuild.core.ranges import Variance
from augbuild.errors import TrainerError

Array = NDArray[np.float64]

ROUNDING = 1e-24
"""A variance of differences that do not vary, computed in floating point, stays below this."""


class Components(Struct, frozen=True):
    """Where the variance of a difference comes from: seeds, images, and each single prediction."""

    seed: Variance
    image: Variance
    residual: Variance

    def at(self, seeds: int, images: int) -> float:
        """Return the variance of a mean difference over so many seeds and images."""
        return self.seed / seeds + self.image / images + self.residual / (seeds * images)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean difference with its t interval and two-sided p.

    `components` exist only where seeds and images are crossed. `resolution` is the least standard
    error that so many test images can support, whatever was observed on them.
    """

    delta: float
    low: float
    high: float
    p: float
    dof: float
    standard_error: float
    resolution: float
    components: Components | None


def quantile(level: float) -> float:
    """Return the normal quantile of a two-sided interval: 1.96 for 0.95."""
    return float(special.ndtri(0.5 + level / 2))


def wilson(successes: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion (Wilson 1927).

    `successes` may be a fraction, such as the mean number of correct images over seeds. Raises
    TrainerError for more successes than `n`.
    """
    if n < 1 or not 0 <= successes <= n:
        message = f"a proportion needs 0 to n successes out of n ≥ 1, got {successes} out of {n}"
        raise TrainerError(message)
    z = quantile(level)
    square = z * z
    share = successes / n
    shrink = 1 + square / n
    centre = (share + square / (2 * n)) / shrink
    variance = share * (1 - share) / n
    root = math.sqrt(variance + square / (4 * n * n))
    half = z / shrink * root
    # The formula's own ends there are 0 and 1, but for rounding.
    low = centre - half if successes else 0.0
    high = centre + half if successes < n else 1.0
    return low, high


def mcnemar_exact(b: int, c: int) -> float:
    """Return the two-sided exact p that two models err equally often (McNemar 1947; Edwards 1948).

    `b` and `c` count the test images that only the one and only the other got right. Raises
    TrainerError for negative counts.
    """
    if min(b, c) < 0:
        raise TrainerError(f"McNemar's test counts images, got {b} and {c}")
    # Exact, since the chi-square form needs some 25 disagreements, more than small test sets have.
    one_sided = float(special.bdtr(min(b, c), b + c, 0.5))
    # Where b = c, both tails count the middle.
    return min(1.0, 2 * one_sided)


def resolution(images: int) -> float:
    """Return the standard error of a difference when no image disagreed (Bonett and Price 2012).

    Laplace's rule: one more image is counted as right in the one arm only, and one more in the
    other only.
    """
    return math.sqrt(2) / (images + 2)


def at_level(estimate: Estimate, level: float, dof: float | None = None) -> Estimate:
    """Return an estimate with the interval of another level, or other degrees of freedom."""
    return t_estimate(
        estimate.delta,
        estimate.standard_error,
        estimate.dof if dof is None else dof,
        level,
        estimate.resolution,
        estimate.components,
    )


def t_estimate(
    delta: float,
    error: float,
    dof: float,
    level: float,
    least: float,
    components: Components | None = None,
) -> Estimate:
    """Return a t interval and its two-sided p; `least` is the resolution of the test images."""
    half = float(special.stdtrit(dof, 0.5 + level / 2)) * error
    p = 2 * float(special.stdtr(dof, -abs(delta) / error))
    return Estimate(delta, delta - half, delta + half, p, dof, error, least, components)


def tost(estimate: Estimate, margin: float) -> float:
    """Return the p of two one-sided tests that a difference lies outside ±margin (Schuirmann 1987).

    A few test images without a disagreement are no proof that there is none: the standard error
    counts for at least the estimate's `resolution`.
    """
    error = max(estimate.standard_error, estimate.resolution)
    to_the_nearer_end = margin - abs(estimate.delta)
    return float(special.stdtr(estimate.dof, -to_the_nearer_end / error))


def equivalence_interval(estimate: Estimate, alpha: float) -> tuple[float, float]:
    """Return the interval of level 1 − 2·alpha that lies within ±margin where `tost` is < alpha."""
    error = max(estimate.standard_error, estimate.resolution)
    half = float(special.stdtrit(estimate.dof, 1 - alpha)) * error
    return estimate.delta - half, estimate.delta + half


def fisher_exact(first: int, second: int, each: int) -> float:
    """Return the two-sided exact p that two groups of `each` have equal shares (Fisher 1922).

    `first` and `second` count the successes of the two groups.
    """
    total = first + second
    fewest = max(0, total - each)
    most = min(total, each)
    ways = [math.comb(each, one) * math.comb(each, total - one) for one in range(fewest, most + 1)]
    observed = math.comb(each, first) * math.comb(each, second)
    # Whole numbers, so that a table just as likely is never missed by rounding.
    as_extreme = sum(way for way in ways if way <= observed)
    return as_extreme / sum(ways)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for their number; the result is in their order (Holm 1979)."""
    number = len(p_values)
    adjusted = [0.0] * number
    by_p = sorted(range(number), key=lambda index: p_values[index])
    highest = 0.0
    for rank, index in enumerate(by_p):
        factor = number - rank
        raised = min(1.0, factor * p_values[index])
        # No p value is adjusted to less than a smaller one.
        highest = max(highest, raised)
        adjusted[index] = highest
    return adjusted


def holm_levels(p_values: Sequence[float], alpha: float) -> list[float]:
    """Return the level of each interval that excludes 0 exactly where Holm's p is below alpha.

    For three values the smallest has the level 1 − alpha/3, the next one 1 − alpha/2.
    """
    number = len(p_values)
    adjusted = holm(p_values)
    by_p = sorted(range(number), key=lambda index: p_values[index])
    levels = [0.0] * number
    for rank, index in enumerate(by_p):
        divisor = float(number - rank)
        # Where a smaller p was adjusted to more, this one was raised to that.
        if p_values[index] > 0 and adjusted[index] < 1:
            divisor = max(divisor, adjusted[index] / p_values[index])
        levels[index] = 1 - alpha / divisor
    return levels
