"""Thumbnails: what of a picture is compared to confirm that another is the same."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

SIDE = 64
"""Pixels of a side; a thumbnail is a picture squeezed into a square."""

CELLS = 8
"""Cells of a side, of SIDE / CELLS pixels each."""

Floats = NDArray[np.floating]

# Finer than these is noise and compression, coarser is light: both differ between copies.
_FINEST = 0.7
_COARSEST = 2.5
_LEAST_VARIANCE = 1e-3  # squared grey levels; what varies less is flat
_LEAST_ENERGY = 1e-3
_FITTING = 0.8
_ACTIVE_AND_FITTING = 32  # cells

# Of the 64 cells of a picture, how many must have contrast, and how much of it in grey levels.
_ACTIVE_CELLS = 24
_ACTIVE_LEVELS = 1.2
# Or, for faint pictures, how many share their grain, and how much of it there must be.
_SHARING_CELLS = 20
_LEAST_GRAIN = 0.4
_ACTIVE_EDGES = 1.2
_LEAST_CELLS = 4
_LEAST_SLOPE = 1.0  # squared grey levels a pixel, in the weaker direction


def band_pass(grey: Floats) -> Floats:
    """Keep the middle scales of thumbnails (…, height, width): edges, without light and noise.

    That is a difference of two Gaussians, of .7 and 2.5 pixels.
    """
    return soften(grey) - _blur(grey, _COARSEST)


def soften(grey: Floats) -> Floats:
    """Blur thumbnails (…, height, width) by the finer of the two Gaussians."""
    return _blur(grey, _FINEST)


def _blur(grey: Floats, sigma: float) -> Floats:
    matrix = _blur_matrix(sigma, grey.shape[-1])
    # A product for each thumbnail, though one for all takes half the time: OpenBLAS spreads larger
    # ones over all processors, and on a busy machine its threads then wait for each other.
    blurred: Floats = matrix @ grey @ matrix.T
    return blurred


@cache
def _blur_matrix(sigma: float, side: int) -> Floats:
    """Return the matrix (side, side) of a Gaussian along one direction, mirrored at the edges."""
    distances = np.arange(side)[:, None] - np.arange(-side, 2 * side)
    weights = np.exp(-0.5 * (distances / sigma) ** 2)
    left, middle, right = np.split(weights, 3, axis=1)
    matrix = middle + left[:, ::-1] + right[:, ::-1]
    matrix /= matrix.sum(axis=1, keepdims=True)
    single: Floats = matrix.astype(np.float32)
    return single


def correlate(firsts: Floats, seconds: Floats, weights: Floats | None = None) -> Floats:
    """Correlate thumbnails pair by pair, over their last axis; where one is flat, it is 0."""
    if weights is None:
        weights = np.ones((1, firsts.shape[-1]), np.float32)
    total = np.maximum(weights.sum(axis=-1, keepdims=True), 1)
    shares = weights / total
    mean = (firsts * shares).sum(axis=-1, keepdims=True)
    other_mean = (seconds * shares).sum(axis=-1, keepdims=True)
    first = firsts - mean
    second = seconds - other_mean
    covariance = (first * second * shares).sum(axis=-1)
    variance = (first**2 * shares).sum(axis=-1)
    other_variance = (second**2 * shares).sum(axis=-1)
    size = np.sqrt(variance * other_variance)
    correlations: Floats = covariance / np.maximum(size, _LEAST_VARIANCE)
    return np.where(size > _LEAST_VARIANCE, correlations, 0)


def correlate_most(firsts: Floats, seconds: Floats) -> Floats:
    """Correlate band-passed thumbnails (pairs, side, side) over the cells that fit best.

    A fifth of the cells is left out, those that differ most: a caption or a sticker covers less.
    It is 0 where little is left to see: of a smiling face, the fifth is the smile.
    """
    first = split_cells(firsts)
    second = split_cells(seconds)
    common = (first * second).sum(axis=-1)
    own = (first**2).sum(axis=-1)
    other = (second**2).sum(axis=-1)
    # The median, since the gain must not follow what was laid over one of the two.
    gain = np.median(np.sqrt(own / np.maximum(other, _LEAST_ENERGY)), axis=-1, keepdims=True)
    differences = own - 2 * gain * common + gain**2 * other
    fitting = np.argsort(differences, axis=-1, kind="stable")[:, : round(_FITTING * CELLS**2)]
    common, own, other = (
        np.take_along_axis(energy, fitting, axis=-1) for energy in (common, own, other)
    )
    size = own.sum(axis=-1) * other.sum(axis=-1)
    correlations = common.sum(axis=-1) / np.sqrt(np.maximum(size, _LEAST_ENERGY))
    least = first.shape[-1] * _ACTIVE_EDGES**2
    active = (np.minimum(own, other) > least).sum(axis=-1)
    enough: Floats = np.where(active >= _ACTIVE_AND_FITTING, correlations, 0)
    return enough


def correlate_cells(firsts: Floats, seconds: Floats, seen: Floats) -> Floats:
    """Return the lower quartile of the correlations within cells of band-passed thumbnails.

    Cells count where both are `seen` and the first has something to see; 1 where fewer than four
    do, which proves nothing. All are (pairs, side, side), the result is (pairs,).
    """
    first = split_cells(firsts)
    weights = split_cells(seen)
    correlations = correlate(first, split_cells(seconds), weights)
    counted = (first.std(axis=-1) > _ACTIVE_EDGES) & (weights.mean(axis=-1) > 0.5)
    ordered = np.sort(np.where(counted, correlations, np.inf), axis=-1)
    count = counted.sum(axis=-1)
    lowest = np.take_along_axis(ordered, count[:, None] // 4, axis=-1)[:, 0]
    quartiles: Floats = np.where(count >= _LEAST_CELLS, lowest, 1)
    return quartiles


def is_structured(grey: Floats) -> NDArray[np.bool_]:
    """Check which thumbnails (n, SIDE, SIDE) have enough to see to be told from others.

    That is contrast in many cells, or the fine grain of a sensor all over. A line, a disc or a
    garment on a plain background can be laid over any other of its kind.
    """
    active = (split_cells(grey).std(axis=-1) > _ACTIVE_LEVELS).sum(axis=-1)
    energy = (split_cells(band_pass(grey)) ** 2).mean(axis=-1)
    # How many cells share the energy: all where it is even, one where it is in one.
    sharing = energy.sum(axis=-1) ** 2 / np.maximum((energy**2).sum(axis=-1), _LEAST_ENERGY)
    has_grain = (sharing >= _SHARING_CELLS) & (np.sqrt(energy.mean(axis=-1)) >= _LEAST_GRAIN)
    structured: NDArray[np.bool_] = (active >= _ACTIVE_CELLS) | has_grain
    return structured


def count_corners(grey: Floats) -> NDArray[np.intp]:
    """Count the cells of thumbnails (n, SIDE, SIDE) with edges of more than one direction.

    Only they hold a picture in place: along a line, it can slide (Shi and Tomasi 1994).
    """
    soft = soften(grey)
    down, across = np.gradient(soft, axis=(1, 2))
    products = (across * across, down * down, across * down)
    flat, steep, mixed = (split_cells(np.asarray(each)).mean(axis=-1) for each in products)
    half_difference = np.hypot((flat - steep) / 2, mixed)
    smaller = (flat + steep) / 2 - half_difference
    corners: NDArray[np.intp] = (smaller >= _LEAST_SLOPE).sum(axis=-1)
    return corners


def halve(grey: Floats) -> Floats:
    """Shrink thumbnails (…, height, width) to half their size."""
    *front, height, width = grey.shape
    blocks = grey.reshape(*front, height // 2, 2, width // 2, 2)
    means: Floats = blocks.mean(axis=(-3, -1))
    return means


def split_cells(thumbnails: Floats) -> Floats:
    """Cut thumbnails (…, SIDE, SIDE) into cells, (…, CELLS², pixels of a cell)."""
    width = thumbnails.shape[-1] // CELLS
    *front, _, _ = thumbnails.shape
    blocks = thumbnails.reshape(*front, CELLS, width, CELLS, width)
    return np.swapaxes(blocks, -3, -2).reshape(*front, CELLS**2, width**2)
