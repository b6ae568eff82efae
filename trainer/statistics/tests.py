"""Intervals and tests behind a verdict: numbers in, numbers out (numpy, scipy).

All proportions, gains and margins are shares: a gain of five points is 0.05.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray
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


def nadeau_bengio(differences: ArrayLike, train: int, test: int, level: float = 0.95) -> Estimate:
    """Estimate a mean difference over resampled folds with the corrected t.

    `differences` holds one difference per fold and seed, in any shape; `train` and `test` are the
    images of one fold. Training sets overlap, so the variance is that of J folds times
    1/J + test/train (Nadeau and Bengio 2003; Bouckaert and Frank 2004). Raises TrainerError for one
    difference, and for a fold without images.
    """
    d = np.ravel(np.asarray(differences, np.float64))
    if d.size < 2 or train < 1 or test < 1:
        raise TrainerError(
            "the corrected t needs 2 differences and images to train and test on, "
            f"got {d.size}, {train} and {test}"
        )
    variance = float(d.var(ddof=1))
    overlap = test / train
    error = math.sqrt(variance * (1 / d.size + overlap))
    # Over its folds a seed tests every image once.
    least = resolution(train + test)
    if error**2 <= ROUNDING:
        error = least
    # J − 1 degrees of freedom, as for repeated cross-validation (Bouckaert and Frank 2004).
    return t_estimate(float(d.mean()), error, d.size - 1, level, least)


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
