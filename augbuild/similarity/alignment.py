"""Align pictures that were cropped, framed or turned a little: the affine map between thumbnails.

Gauss-Newton on grey levels with gain and offset, many pairs at once (Baker and Matthews 2004); the
gradient is the mean of both pictures', which converges as a method of second order does (ESM,
Malis 2004).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augbuild.similarity.pictures.thumbnails import Floats

Motions = NDArray[np.floating]
"""Affine maps (pairs, 3, 3) from places of a template to those of a picture.

Both reach from -1 to 1, from left to right and from top to bottom.
"""

_LARGEST_STEP = 0.25
_DAMPING = 1e-3
_UNKNOWNS = 8  # six of the affine map, gain and offset


def align(templates: Floats, pictures: Floats, motions: Motions, *, steps: int) -> Motions:
    """Improve the maps from `templates` to `pictures`, both of shape (pairs, side, side)."""
    side = templates.shape[-1]
    x, y = places(side)
    wanted = templates.reshape(len(templates), -1)
    gain = np.ones((len(templates), 1), np.float32)
    for _ in range(steps):
        warped, inside = warp(pictures, motions)
        across, down = _gradients((templates + gain[:, :, None] * warped) / 2)
        seen = warped.reshape(len(warped), -1)
        columns = (across * x, across * y, across, down * x, down * y, down, seen)
        design = np.empty((len(templates), _UNKNOWNS, side * side), np.float32)
        for number, column in enumerate(columns):
            design[:, number] = column
        design[:, -1] = 1
        weighted = design * inside.reshape(len(inside), 1, -1)
        normal = weighted @ np.swapaxes(design, 1, 2)
        right = weighted @ wanted[:, :, None]
        found = _solve(normal, right)
        gain = found[:, 6:7].astype(np.float32)
        steps_made = np.tile(np.eye(3, dtype=np.float32), (len(found), 1, 1))
        limited = np.clip(found[:, :6], -_LARGEST_STEP, _LARGEST_STEP)
        steps_made[:, :2] += limited.reshape(-1, 2, 3).astype(np.float32)
        motions = motions @ steps_made
    return motions


def warp(pictures: Floats, motions: Motions) -> tuple[Floats, Floats]:
    """Return pictures as their templates would see them, and where they are seen at all (0 or 1).

    Both have shape (pairs, side, side); beyond the edge of a picture its edge is repeated.
    """
    count, side, _ = pictures.shape
    x, y = places(side)
    targets = np.stack([x, y, np.ones_like(x)])
    across, down = np.swapaxes(motions[:, :2] @ targets, 0, 1)
    inside = np.maximum(np.abs(across), np.abs(down)) <= 1
    half = side / 2
    last = side - 1.001  # so that there is a pixel after it
    column = np.clip((across + 1) * half - 0.5, 0, last)
    row = np.clip((down + 1) * half - 0.5, 0, last)
    left = column.astype(np.intp)
    top = row.astype(np.intp)
    column -= left
    row -= top
    starts = np.arange(count) * side**2
    corner = starts[:, None] + top * side
    corner += left
    flat = pictures.ravel()
    near = flat.take(corner)
    near += column * (flat.take(corner + 1) - near)
    far = flat.take(corner + side)
    far += column * (flat.take(corner + side + 1) - far)
    warped = near + row * (far - near)
    shape = (count, side, side)
    return warped.reshape(shape), inside.reshape(shape).astype(np.float32)


def places(side: int) -> tuple[Floats, Floats]:
    """Return x and y, from -1 to 1, of the pixels of a square, row after row."""
    centres = (np.arange(side, dtype=np.float32) + 0.5) * (2 / side) - 1
    y, x = np.meshgrid(centres, centres, indexing="ij")
    return x.ravel(), y.ravel()


def _gradients(pictures: Floats) -> tuple[Floats, Floats]:
    """Return the slopes across and down, for a step of 1 of places, each (pairs, pixels)."""
    count, side, _ = pictures.shape
    per_place = side / 4  # two pixels apart, and side / 2 pixels for a step of 1
    across = np.zeros_like(pictures)
    down = np.zeros_like(pictures)
    across[:, :, 1:-1] = (pictures[:, :, 2:] - pictures[:, :, :-2]) * per_place
    down[:, 1:-1] = (pictures[:, 2:] - pictures[:, :-2]) * per_place
    return across.reshape(count, -1), down.reshape(count, -1)


def _solve(normal: Floats, right: Floats) -> Floats:
    """Solve the normal equations of each pair; damped, since a picture may be flat."""
    exact = normal.astype(np.float64)
    diagonal = np.arange(_UNKNOWNS)
    exact[:, diagonal, diagonal] *= 1 + _DAMPING
    exact[:, diagonal, diagonal] += _DAMPING
    solved: Floats = np.linalg.solve(exact, right.astype(np.float64))
    return solved[:, :, 0]
