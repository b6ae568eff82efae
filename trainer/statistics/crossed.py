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
    # As in a two-way ANOVA: squares around the mean, less those between seeds and between images.
    total = np.square(d).sum(axis=(-1, -2)) - seeds * images * delta**2
    between_seeds = images * (seeds - 1) * s_seed
    between_images = seeds * (images - 1) * s_image
    left = total - (between_seeds + between_images)
    # Rounding may leave it just below 0.
    s_residual = np.maximum(left, 0.0) / ((seeds - 1) * (images - 1))
    variance, dof = _combine(seeds, images, s_seed, s_image, s_residual)
    # Components are differences of mean squares, which chance makes negative; variances are not.
    seed = np.maximum(s_seed - s_residual / images, 0.0)
    image = np.maximum(s_image - s_residual / seeds, 0.0)
    return Crossed(delta, variance, dof, seed, image, s_residual)


def _combine(
    seeds: int, images: int, s_seed: Array, s_image: Array, s_residual: Array
) -> tuple[Array, Array]:
    """Return the variance of the mean, and its degrees of freedom."""
    a = s_seed / seeds
    b = s_image / images
    c = s_residual / (seeds * images)
    # By chance c may exceed a or b: a mean over both would then vary less than over one of them.
    larger = np.maximum(a, b)
    variance = np.maximum(a + b - c, larger)
    residual_dof = (seeds - 1) * (images - 1)
    spread = a**2 / (seeds - 1)
    spread += b**2 / (images - 1)
    spread += c**2 / residual_dof
    fewest = min(seeds, images) - 1
    dof = np.full_like(spread, fewest)
    np.divide(variance**2, spread, out=dof, where=spread > 0)
    # With V at its floor, Satterthwaite's formula may give less than the smaller side has.
    dof = np.maximum(dof, fewest)
    floor = resolution(images) ** 2
    return np.where(variance > ROUNDING, variance, floor), dof


def crossed(differences: ArrayLike, level: float = 0.95) -> Estimate:
    """Estimate a mean difference that should hold for other seeds and other images.

    `differences` is [K seeds, n images]: correct in one arm minus correct in the other, each −1, 0
    or 1. Below 3 seeds the test does not hold its level (`benchmarks/type_one_error.py`).
    """
    result = crossed_variance(differences)
    images = np.shape(differences)[-1]
    components = Components(float(result.seed), float(result.image), float(result.residual))
    return t_estimate(
        float(result.delta),
        math.sqrt(result.variance),
        float(result.dof),
        level,
        resolution(images),
        components,
    )
