"""Intervals and tests behind a verdict: numbers in, numbers out (numpy, scipy).

All proportions, gains and margins are shares: a gain of five points is 0.05.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import ArrayLike, NDArray
from scipy import special

from augbuild.errors import TrainerError

Array = NDArray[np.float64]

# What a document may hold. No statistic or count of ours is larger, and a float holds such whole
# numbers exactly; figures are drawn from files of strangers, too, and 1e300 would overflow there.
Number = Annotated[float, Meta(ge=-1e15, le=1e15)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=10**15)]
Variance = Annotated[float, Meta(ge=0, le=1e15)]


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
    """A mean difference with its t interval and two-sided p; `components` only where seeds and images are crossed.

    `resolution` is the least standard error that so many test images can support, whatever was observed on them.
    """

    delta: float
    low: float
    high: float
    p: float
    dof: float
    standard_error: float
    resolution: float = 0.0
    components: Components | None = None


def wilson(successes: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Give the Wilson score interval of a proportion (Wilson 1927).

    `successes` may be a fraction, such as the mean number of correct images over seeds.
    """
    if n < 1 or not 0 <= successes <= n:
        raise TrainerError(
            f"a proportion needs 0 to n successes out of n ≥ 1, got {successes} out of {n}"
        )
    z = quantile(level)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half if successes else 0.0, centre + half if successes < n else 1.0


def mcnemar_exact(b: int, c: int) -> float:
    """Give the two-sided exact p that two models err equally often (McNemar 1947; Edwards 1948).

    `b` and `c` count the test images that only the one and only the other got right.
    """
    if min(b, c) < 0:
        raise TrainerError(f"McNemar's test counts images, got {b} and {c}")
    return min(1.0, 2 * float(special.bdtr(min(b, c), b + c, 0.5)))


@dataclass(frozen=True, slots=True)
class Crossed:
    """A mean, its variance, degrees of freedom and variance components; each an array over the leading axes."""

    delta: Array
    variance: Array
    dof: Array
    seed: Array
    image: Array
    residual: Array


def crossed_variance(differences: ArrayLike) -> Crossed:
    """Give the variance of a mean over crossed seeds and images (Cameron, Gelbach and Miller 2011; Satterthwaite 1946).

    `differences` is [..., K seeds, n images]. V = s²_seed/K + s²_image/n − s²_residual/(nK), where s²_seed is the
    variance of the means per seed and s²_image of those per image: both hold the residual, so it is taken off once.
    V never falls below the larger of its first two terms. Where no difference varies at all, V is what Laplace's rule
    leaves open (Bonett and Price 2012).
    """
    d = np.asarray(differences, np.float64)
    seeds, images = d.shape[-2:]
    if seeds < 2 or images < 2:
        raise TrainerError(
            f"seeds and images are crossed from 2 seeds and 2 images on, got {seeds} and {images}"
        )
    by_seed, by_image = d.mean(axis=-1), d.mean(axis=-2)
    delta = by_seed.mean(axis=-1)
    s_seed, s_image = by_seed.var(axis=-1, ddof=1), by_image.var(axis=-1, ddof=1)
    # Of squared deviations from the mean: all, without those between seeds and those between images.
    squares = np.square(d).sum(axis=(-1, -2)) - seeds * images * delta**2
    squares -= images * (seeds - 1) * s_seed + seeds * (images - 1) * s_image
    s_residual = np.maximum(squares, 0.0) / ((seeds - 1) * (images - 1))

    a, b, c = s_seed / seeds, s_image / images, s_residual / (seeds * images)
    variance = np.maximum(a + b - c, np.maximum(a, b))
    spread = a**2 / (seeds - 1) + b**2 / (images - 1) + c**2 / ((seeds - 1) * (images - 1))
    fewest = min(seeds, images) - 1
    dof = np.divide(variance**2, spread, out=np.full_like(spread, fewest), where=spread > 0)
    return Crossed(
        delta,
        np.where(variance > _ROUNDING, variance, resolution(images) ** 2),
        np.clip(dof, fewest, seeds + images - 2),
        seed=np.maximum(s_seed - s_residual / images, 0.0),
        image=np.maximum(s_image - s_residual / seeds, 0.0),
        residual=s_residual,
    )


_ROUNDING = 1e-24
"""A variance of differences that do not vary, computed in floating point, stays below this."""


def crossed(differences: ArrayLike, level: float = 0.95) -> Estimate:
    """Estimate a mean difference that should hold for other seeds and other images (Cameron, Gelbach and Miller 2011).

    `differences` is [K seeds, n images]: correct in one arm minus correct in the other, each −1, 0 or 1. Below 3 seeds
    the test does not hold its level.
    """
    result = crossed_variance(differences)
    return _t_estimate(
        float(result.delta),
        math.sqrt(result.variance),
        float(result.dof),
        level,
        resolution(np.shape(differences)[-1]),
        Components(float(result.seed), float(result.image), float(result.residual)),
    )


def nadeau_bengio(differences: ArrayLike, train: int, test: int, level: float = 0.95) -> Estimate:
    """Estimate a mean difference over resampled folds with the corrected t (Nadeau and Bengio 2003).

    `differences` holds one difference per fold and seed, in any shape; `train` and `test` are the images of one fold.
    Training sets overlap, so the variance is that of J folds times 1/J + test/train (Bouckaert and Frank 2004).
    """
    d = np.ravel(np.asarray(differences, np.float64))
    if d.size < 2 or train < 1 or test < 1:
        raise TrainerError(
            f"the corrected t needs 2 differences and images to train and test on, got {d.size}, {train} and {test}"
        )
    # Over its folds a seed tests every image once.
    least = resolution(train + test)
    error = math.sqrt(float(d.var(ddof=1)) * (1 / d.size + test / train))
    return _t_estimate(
        float(d.mean()), error if error**2 > _ROUNDING else least, d.size - 1, level, least
    )


def resolution(images: int) -> float:
    """Give the standard error of a difference when no image disagreed, by Laplace's rule (Bonett and Price 2012).

    One more image is counted as right in the one arm only, and one more in the other only.
    """
    return math.sqrt(2) / (images + 2)


def tost(estimate: Estimate, margin: float) -> float:
    """Give the p of two one-sided tests that a difference lies outside ±margin (Schuirmann 1987).

    A few test images without a disagreement are no proof that there is none: the standard error counts for at least
    the estimate's `resolution`.
    """
    error = max(estimate.standard_error, estimate.resolution)
    return float(special.stdtr(estimate.dof, -(margin - abs(estimate.delta)) / error))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for their number, in their order (Holm 1979)."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def _t_estimate(
    delta: float,
    error: float,
    dof: float,
    level: float,
    least: float,
    components: Components | None = None,
) -> Estimate:
    half = float(special.stdtrit(dof, 0.5 + level / 2)) * error
    p = 2 * float(special.stdtr(dof, -abs(delta) / error))
    return Estimate(delta, delta - half, delta + half, p, dof, error, least, components)


def quantile(level: float) -> float:
    """Give the normal quantile of a two-sided interval: 1.96 for 0.95."""
    return float(special.ndtri(0.5 + level / 2))
