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

_ROUNDING = 1e-24
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
    resolution: float = 0.0
    components: Components | None = None


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
    share = successes / n
    shrink = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / shrink
    variance = share * (1 - share) / n
    half = z / shrink * math.sqrt(variance + z * z / (4 * n * n))
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
    one_sided = float(special.bdtr(min(b, c), b + c, 0.5))
    return min(1.0, 2 * one_sided)


def resolution(images: int) -> float:
    """Return the standard error of a difference when no image disagreed (Bonett and Price 2012).

    Laplace's rule: one more image is counted as right in the one arm only, and one more in the
    other only.
    """
    return math.sqrt(2) / (images + 2)


@dataclass(frozen=True, slots=True)
class Crossed:
    """A mean, its variance, degrees of freedom and variance components, over the leading axes."""

    delta: Array
    variance: Array
    dof: Array
    seed: Array
    image: Array
    residual: Array


def crossed_variance(differences: ArrayLike) -> Crossed:
    """Return the variance of a mean over crossed seeds and images.

    `differences` is [..., K seeds, n images]. V = s²_seed/K + s²_image/n − s²_residual/(nK), where
    s²_seed is the variance of the means per seed and s²_image of those per image: both hold the
    residual, so it is taken off once (Cameron, Gelbach and Miller 2011). V never falls below the
    larger of its first two terms. Where no difference varies at all, V is what Laplace's rule
    leaves open. Degrees of freedom are Satterthwaite's (1946). Raises TrainerError for one seed or
    one image.
    """
    d = np.asarray(differences, np.float64)
    seeds, images = d.shape[-2:]
    if seeds < 2 or images < 2:
        message = f"crossing takes 2 seeds and 2 images or more, got {seeds} and {images}"
        raise TrainerError(message)
    by_seed = d.mean(axis=-1)
    by_image = d.mean(axis=-2)
    delta = by_seed.mean(axis=-1)
    s_seed = by_seed.var(axis=-1, ddof=1)
    s_image = by_image.var(axis=-1, ddof=1)
    s_residual = _residual_variance(d, delta, s_seed, s_image)

    a = s_seed / seeds
    b = s_image / images
    c = s_residual / (seeds * images)
    variance = np.maximum(a + b - c, np.maximum(a, b))
    residual_dof = (seeds - 1) * (images - 1)
    spread = a**2 / (seeds - 1) + b**2 / (images - 1) + c**2 / residual_dof
    fewest, most = min(seeds, images) - 1, seeds + images - 2
    dof = np.divide(variance**2, spread, out=np.full_like(spread, fewest), where=spread > 0)
    return Crossed(
        delta,
        np.where(variance > _ROUNDING, variance, resolution(images) ** 2),
        # With V at its floor, Satterthwaite's formula can leave the range of its own terms.
        np.clip(dof, fewest, most),
        seed=np.maximum(s_seed - s_residual / images, 0.0),
        image=np.maximum(s_image - s_residual / seeds, 0.0),
        residual=s_residual,
    )


def _residual_variance(d: Array, delta: Array, s_seed: Array, s_image: Array) -> Array:
    """Return the mean square that is left after seeds and images, as in a two-way ANOVA."""
    seeds, images = d.shape[-2:]
    total = np.square(d).sum(axis=(-1, -2)) - seeds * images * delta**2
    between_seeds = images * (seeds - 1) * s_seed
    between_images = seeds * (images - 1) * s_image
    left = total - (between_seeds + between_images)
    # Rounding may leave it just below 0.
    return np.asarray(np.maximum(left, 0.0) / ((seeds - 1) * (images - 1)))


def crossed(differences: ArrayLike, level: float = 0.95) -> Estimate:
    """Estimate a mean difference that should hold for other seeds and other images.

    `differences` is [K seeds, n images]: correct in one arm minus correct in the other, each −1, 0
    or 1. Below 3 seeds the test does not hold its level (`benchmarks/type_one_error.py`).
    """
    result = crossed_variance(differences)
    images = np.shape(differences)[-1]
    components = Components(float(result.seed), float(result.image), float(result.residual))
    return _t_estimate(
        float(result.delta),
        math.sqrt(result.variance),
        float(result.dof),
        level,
        resolution(images),
        components,
    )


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
    error = math.sqrt(variance * (1 / d.size + test / train))
    # Over its folds a seed tests every image once.
    least = resolution(train + test)
    if error**2 <= _ROUNDING:
        error = least
    return _t_estimate(float(d.mean()), error, d.size - 1, level, least)


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
    adjusted = [0.0] * len(p_values)
    by_p = sorted(range(len(p_values)), key=lambda index: p_values[index])
    highest = 0.0
    for rank, index in enumerate(by_p):
        factor = len(p_values) - rank
        highest = max(highest, min(1.0, factor * p_values[index]))
        adjusted[index] = highest
    return adjusted
