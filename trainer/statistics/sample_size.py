"""How many test images and seeds a gain needs, and what gain so many show: numbers in, numbers out.

All proportions, gains and margins are shares: a gain of five points is 0.05. Tests are two-sided at
`alpha`; `power` is the share of experiments that find the gain.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from augbuild.errors import TrainerError
from trainer.statistics.tests import Components, quantile

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

_DRAWS = 200
_MOST_SEEDS = 1000
_MOST_IMAGES = 10**7

# Degrees of freedom are (seeds − 1) times the square of a ratio of variances, which is infinite
# where the seeds add nothing. From this ratio on, t is normal to the last digit printed.
_LARGE = 1e6


@dataclass(frozen=True, slots=True)
class ComponentArrays:
    """Variance components, each an array (draws,)."""

    seed: Array
    image: Array
    residual: Array


def required_images(gain: float, disagree: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Return the number of test images that show a gain on one pair of runs (Connor 1987).

    `disagree` is the share of test images that only one of the two gets right; no gain can be
    larger. Raises TrainerError for a gain that cannot be.
    """
    if not 0 < gain <= disagree <= 1:
        raise TrainerError(
            "a gain is above 0 and at most the disagreement, at most 1; "
            f"got {gain:g} and {disagree:g}"
        )
    z = quantile(1 - alpha)
    z_power = float(special.ndtri(power))
    without_gain = z * math.sqrt(disagree)
    with_gain = z_power * math.sqrt(disagree - gain**2)
    root = without_gain + with_gain
    return math.ceil(root**2 / gain**2)


def detectable_gain(
    images: int, disagree: float = 0.3, power: float = 0.8, alpha: float = 0.05
) -> float | None:
    """Return the least gain that so many test images show, or None where they show none.

    Connor's formula (1987), solved for the gain. Where that gain is larger than `disagree`, the
    disagreement is taken to be the gain itself.
    """
    z = quantile(1 - alpha)
    z_power = float(special.ndtri(power))

    def excess(gain: float) -> float:
        # A gain is itself a disagreement, so no share below it is possible.
        share = max(disagree, gain)
        needed = z * math.sqrt(share)
        for_power = z_power * math.sqrt(share - gain**2)
        return gain * math.sqrt(images) - needed - for_power

    # Grows with the gain; where it is below zero at a gain of 1, no gain at all is enough.
    if excess(1.0) < 0:
        return None
    return float(optimize.brentq(excess, 0.0, 1.0, xtol=1e-12))


@dataclass(frozen=True, slots=True)
class Measured:
    """Variance components as a comparison measured them, and on how much.

    `independent` is the number of independent images that the test images are worth: all of them,
    or fewer where some are alike.
    """

    components: Components
    seeds: int
    images: int
    independent: float


@dataclass(frozen=True, slots=True)
class Range:
    """Where a number lies in 80 of 100 draws of the components; None: no number is enough."""

    low: float | None
    high: float | None


def visible_gain(measured: Measured, seeds: int | None = None, images: int | None = None) -> Range:
    """Return the least gain, as a share, that a comparison like the one measured finds.

    With other `seeds` or `images`, one of that size.
    """
    draws = _draw_components(measured)
    seeds = measured.seeds if seeds is None else seeds
    images = measured.images if images is None else images
    return _as_range(_reach(draws, seeds, images, 0.8, 0.05))


def seeds_needed(gain: float, measured: Measured) -> Range:
    """Return how many seeds find a gain on the same test images."""
    draws = _draw_components(measured)
    least = _least(
        lambda seeds: gain >= _reach(draws, seeds, measured.images, 0.8, 0.05), 3, _MOST_SEEDS
    )
    return _as_range(least)


def images_needed(gain: float, measured: Measured) -> Range:
    """Return how many test images like those measured find a gain with the same seeds."""
    draws = _draw_components(measured)
    least = _least(
        lambda images: gain >= _reach(draws, measured.seeds, images, 0.8, 0.05), 2, _MOST_IMAGES
    )
    return _as_range(least)


def _draw_components(measured: Measured) -> ComponentArrays:
    """Draw the components that the mean squares leave possible, `_DRAWS` times.

    A mean square E that was estimated with df degrees of freedom was E·χ²(df)/df; each draw turns
    that round. The draws are the same ones for the same input.
    """
    seeds, images = measured.seeds, measured.images
    components = measured.components
    of_seeds = seeds - 1
    of_images = max(measured.independent - 1, 1.0)
    random = np.random.Generator(np.random.PCG64(0))

    def draw(mean_square: float, dof: float) -> Array:
        return mean_square * dof / random.chisquare(dof, _DRAWS)

    residual = draw(components.residual, of_seeds * of_images)
    by_seed = draw(images * components.seed + components.residual, of_seeds)
    by_image = draw(seeds * components.image + components.residual, of_images)
    return ComponentArrays(
        seed=np.maximum(by_seed - residual, 0.0) / images,
        image=np.maximum(by_image - residual, 0.0) / seeds,
        residual=residual,
    )


def _as_range(numbers: Array) -> Range:
    """Return the 10th and the 90th percentile."""
    in_order = np.sort(numbers)
    last = len(in_order) - 1
    ends = in_order[round(0.1 * last)], in_order[round(0.9 * last)]
    low, high = (None if math.isinf(end) else float(end) for end in ends)
    return Range(low, high)


def required_seeds(
    gain: float,
    images: int,
    components: Components,
    power: float = 0.8,
    alpha: float = 0.05,
    most: int = _MOST_SEEDS,
) -> int | None:
    """Return the number of seeds that show a gain on these images with known variances.

    At least 3; None where even `most` seeds would not do, because the images are too few.
    """
    known = _as_arrays(components)
    # From 3 on, since a verdict takes as many; to 1,000, which is what a comparison takes at most.
    least = _least(lambda seeds: gain >= _reach(known, seeds, images, power, alpha), 3, most)
    return None if math.isinf(least[0]) else int(least[0])


def required_images_of(
    gain: float,
    seeds: int,
    components: Components,
    power: float = 0.8,
    alpha: float = 0.05,
    most: int = _MOST_IMAGES,
) -> int | None:
    """Return the number of test images that show a gain with these seeds and known variances.

    At least 2; None where even `most` images would not do, because the seeds are too few.
    """
    known = _as_arrays(components)
    # Two are what crossing takes.
    least = _least(lambda images: gain >= _reach(known, seeds, images, power, alpha), 2, most)
    return None if math.isinf(least[0]) else int(least[0])


def _as_arrays(components: Components) -> ComponentArrays:
    return ComponentArrays(
        seed=np.array([components.seed]),
        image=np.array([components.image]),
        residual=np.array([components.residual]),
    )


def _least(enough: Callable[[Array], Flags], fewest: int, most: int) -> Array:
    """Return the least whole numbers from `fewest` to `most` that are enough, inf where none is.

    More is never less, so a bisection finds each.
    """
    is_enough = enough(np.array(most, np.float64))
    high = np.full(is_enough.shape, float(most))
    low = np.full(is_enough.shape, float(fewest))
    while (low < high).any():
        middle = np.floor((low + high) / 2)
        there = enough(middle)
        high = np.where(there, middle, high)
        low = np.where(there, low, np.minimum(middle + 1, high))
    return np.where(is_enough, low, np.inf)


def _reach(
    components: ComponentArrays,
    seeds: Array | int,
    images: Array | int,
    power: float,
    alpha: float,
) -> Array:
    """Return the least gain that a crossed test shows; degrees of freedom are Satterthwaite's."""
    of_seeds = components.seed / seeds + components.residual / (seeds * images)
    variance = of_seeds + components.image / images
    ratio = np.full_like(variance, _LARGE)
    np.divide(variance, of_seeds, out=ratio, where=variance < _LARGE * of_seeds)
    dof = (seeds - 1) * ratio**2
    quantiles = special.stdtrit(dof, 1 - alpha / 2) + special.stdtrit(dof, power)
    # Where nothing varied, a gain still has to be larger than what so few images can tell: their
    # `resolution`, here of arrays.
    least = math.sqrt(2) / (images + 2)
    error = np.maximum(np.sqrt(variance), least)
    return np.asarray(quantiles * error)
