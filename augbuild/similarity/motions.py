"""Maps between pictures: those that their views propose, and what shape a map leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augbuild.similarity.alignment import Motions
from augbuild.similarity.matching import Indices, Matches
from augbuild.similarity.pictures.signatures import Signatures
from augbuild.similarity.pictures.thumbnails import Floats
from augbuild.similarity.pictures.views import CONTENT, TILTS, VIEWS, WINDOWS, middle_square

_SQUARE = CONTENT + 1
_LEAST_LENGTH = 1e-6


def first_motions(signatures: Signatures, matches: Matches) -> Motions:
    """Return the maps that the views of matches say, from the first, turned back, to the second."""
    of_first = _place_windows(signatures, matches.first, matches.first_view)
    of_first = _undo_turns(matches.turn, of_first)
    of_second = _place_windows(signatures, matches.second, matches.second_view)
    tilts = _tilt(signatures["size"][matches.second], matches.second_view)
    motions: Motions = of_second @ tilts @ np.linalg.inv(of_first)
    return motions


def measure_shear(signatures: Signatures, matches: Matches, motions: Motions) -> Floats:
    """Return how far from a right angle the axes are mapped: the cosine between them, 0 to 1.

    It is measured in pixels, since thumbnails are squeezed into squares.
    """
    sizes = signatures["size"].astype(np.float32)
    own = sizes[matches.first]
    other = sizes[matches.second]
    lies_on_its_side = matches.turn % 2 == 1
    own[lies_on_its_side] = own[lies_on_its_side, ::-1]
    linear = motions[:, :2, :2] / own[:, None, :]
    linear = linear * other[:, :, None]
    across = linear[:, :, 0]
    down = linear[:, :, 1]
    product = (across * down).sum(axis=1)
    length = np.linalg.norm(across, axis=1)
    other_length = np.linalg.norm(down, axis=1)
    shear: Floats = np.abs(product) / np.maximum(length * other_length, _LEAST_LENGTH)
    return shear


def _place_windows(signatures: Signatures, pictures: Indices, views: Indices) -> Motions:
    """Return the maps from places of a view to those of its picture, for windows (n, 4)."""
    windows = np.zeros((len(views), 4), np.float32)
    windows[:, 2:] = 1
    is_fixed = views < CONTENT
    fixed = np.array(WINDOWS, np.float32)
    windows[is_fixed] = fixed[views[is_fixed]]
    is_content = views == CONTENT
    contents = signatures["content"][pictures]
    windows[is_content] = contents[is_content]
    sizes = signatures["size"][pictures]
    for row in np.flatnonzero(views == _SQUARE):
        width, height = sizes[row].tolist()
        windows[row] = middle_square(width, height)
    start = windows[:, :2]
    end = windows[:, 2:]
    maps = np.zeros((len(views), 3, 3), np.float32)
    across, down = (end - start).T
    maps[:, 0, 0] = across
    maps[:, 1, 1] = down
    maps[:, :2, 2] = start + end - 1
    maps[:, 2, 2] = 1
    return maps


def _undo_turns(turns: Indices, maps: Motions) -> Motions:
    """Return maps as they are once turns of the picture are undone.

    The window is turned with the picture; the view's own places are turned back, since waves are
    compared upright.
    """
    turned = np.empty_like(maps)
    for turn in range(8):
        chosen = turns == turn
        matrix = _turn_matrix(turn)
        turned[chosen] = matrix @ maps[chosen] @ np.linalg.inv(matrix)
    return turned


def _turn_matrix(turn: int) -> Floats:
    """Return what undoing a turn does with places: a quarter turn to the left, then the mirror."""
    quarter = np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]], np.float32)
    matrix = np.linalg.matrix_power(quarter, turn % 4)
    mirror = np.diag([-1 if turn >= 4 else 1, 1, 1]).astype(np.float32)
    both: Floats = mirror @ matrix
    return both


def _tilt(sizes: NDArray[np.int32], views: Indices) -> Motions:
    """Return the maps of tilted views, and of all others the map that changes nothing."""
    aspects = sizes[:, 0] / sizes[:, 1]
    degrees = np.zeros(len(views))
    for number, tilt in enumerate(TILTS, start=VIEWS - len(TILTS)):
        degrees[views == number] = tilt
    angles = np.radians(degrees)
    cosines = np.cos(angles)
    sines = np.sin(angles)
    unchanged = np.eye(3, dtype=np.float32)
    maps = np.tile(unchanged, (len(views), 1, 1))
    maps[:, 0, 0] = cosines
    maps[:, 1, 1] = cosines
    maps[:, 0, 1] = sines / aspects
    maps[:, 1, 0] = -sines * aspects
    return maps
