"""A mean difference over crossed seeds and images: its variance, interval and test (numpy)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augbuild.errors import TrainerError
from trainer.statistics.tests import ROUNDING, Components, Estimate, resolution, t_estimate

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Crossed:
    """A mean, its variance, degrees of freedom and variance components, over the leading axes.

    `units` is the number of groups of test images, which is that of the images without groups.
    """

    delta: Array
    variance: Array
    dof: Array
    seed: Array
    image: Array
    residual: Array
    units: int


def crossed_variance(differences: ArrayLike, groups: ArrayLike | None = None) -> Crossed:
    """Return the variance of a mean over crossed seeds and groups of images.

    `differences` is [..., K seeds, n images]; `groups` (n images,) has a number for each group of
    images that are no independent evidence, such as copies of one picture; without it each image
    is a group. With w the groups' shares of the images and W = Σ w²,

        V = a + b − c,   a = s²_seed/K,   b = Σ_g (Σ_{i in g} (mean_i − Δ))² / n² / (1 − W),
        c = Σ_s Σ_g (Σ_{i in g} residual_si)² / n² / (1 − W) / (K(K − 1)),

    where a and b both hold the residual, so it is taken off once (Cameron, Gelbach and Miller
    2011; Miller 2024 for groups). V never falls below the larger of a and b. Where no difference
    varies at all, V is what Laplace's rule leaves open. Degrees of freedom are Satterthwaite's
    (1946), with 1/W − 1 for groups. The design is radiology's of readers and cases (Obuchowski and
    Rockette 1995), with seeds for readers. Raises TrainerError for one seed or one group.
    """
    d = np.asarray(differences, np.float64)
    seeds, images = d.shape[-2:]
    sizes, starts, in_order = _sort_groups(groups, images)
    units = len(sizes)
    if seeds < 2 or units < 2:
        message = f"crossing takes 2 seeds and 2 images or more, got {seeds} and {units}"
        raise TrainerError(message)
    overlap = float(np.square(sizes / images).sum())
    a, b, c = _mean_squares(d[..., in_order], sizes, starts, overlap)
    variance, dof = _combine(a, b, c, seeds - 1, 1 / overlap - 1)
    floor = resolution(units) ** 2
    return Crossed(
        delta=d.mean(axis=(-1, -2)),
        variance=np.where(variance > ROUNDING, variance, floor),
        dof=dof,
        # Components are differences of mean squares, which chance makes negative; variances are
        # not. Those of images and residuals are what one image adds, copies of it counted in.
        seed=np.maximum(seeds * (a - c), 0.0),
        image=np.maximum(images * (b - c), 0.0),
        residual=seeds * images * c,
        units=units,
    )


def _mean_squares(
    d: Array, sizes: NDArray[np.int64], starts: NDArray[np.int64], overlap: float
) -> tuple[Array, Array, Array]:
    """Return a, b and c of `crossed_variance`; images of a group lie beside each other in `d`."""
    seeds, images = d.shape[-2:]
    by_seed = d.mean(axis=-1)
    by_image = d.mean(axis=-2)
    delta = by_seed.mean(axis=-1)
    a = by_seed.var(axis=-1, ddof=1) / seeds
    scale = images**2 * (1 - overlap)
    sums = np.add.reduceat(by_image - delta[..., None], starts, axis=-1)
    b = np.square(sums).sum(axis=-1) / scale
    # What is left of a group's sum, as in a two-way ANOVA: less what its images explain, and what
    # its seed does, with the group's size.
    by_group = np.add.reduceat(d, starts, axis=-1)
    of_seed = by_seed - delta[..., None]
    explained = by_group.mean(axis=-2)[..., None, :] + sizes * of_seed[..., None]
    left = np.square(by_group - explained).sum(axis=(-1, -2))
    c = left / scale / (seeds * (seeds - 1))
    return a, b, c


def _sort_groups(
    groups: ArrayLike | None, images: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the sizes of the groups, where each starts, and the order of images that sorts them.

    All are int arrays: (groups,), (groups,) and (images,).
    """
    if groups is None:
        every = np.arange(images)
        return np.ones(images, np.int64), every, every
    numbers = np.asarray(groups)
    in_order = np.argsort(numbers, kind="stable")
    _, starts, sizes = np.unique(numbers[in_order], return_index=True, return_counts=True)
    return sizes.astype(np.int64), starts.astype(np.int64), in_order


def _combine(
    a: Array, b: Array, c: Array, dof_of_seeds: int, dof_of_groups: float
) -> tuple[Array, Array]:
    """Return the variance of the mean, and its degrees of freedom."""
    # By chance c may exceed a or b: a mean over both would then vary less than over one of them.
    larger = np.maximum(a, b)
    variance = np.maximum(a + b - c, larger)
    spread = a**2 / dof_of_seeds
    spread += b**2 / dof_of_groups
    spread += c**2 / (dof_of_seeds * dof_of_groups)
    fewest = min(dof_of_seeds, dof_of_groups)
    dof = np.full_like(spread, fewest)
    np.divide(variance**2, spread, out=dof, where=spread > 0)
    # With V at its floor, Satterthwaite's formula may give less than the smaller side has.
    dof = np.clip(dof, fewest, dof_of_seeds + dof_of_groups)
    return variance, dof


def crossed(
    differences: ArrayLike, level: float = 0.95, groups: ArrayLike | None = None
) -> Estimate:
    """Estimate a mean difference that should hold for other seeds and other images.

    `differences` is [K seeds, n images]: correct in one arm minus correct in the other, each −1, 0
    or 1; `groups` as in `crossed_variance`. Below 3 seeds the test does not hold its level
    (`benchmarks/type_one_error.py`).
    """
    result = crossed_variance(differences, groups)
    components = Components(float(result.seed), float(result.image), float(result.residual))
    return t_estimate(
        float(result.delta),
        math.sqrt(result.variance),
        float(result.dof),
        level,
        resolution(result.units),
        components,
    )
