"""Which evidence is enough, by what the pictures of the same set are like among themselves.

In a set of X-rays any two are like each other as two copies of a holiday photo would be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from augbuild.similarity.evidence import Evidence, Flags, Floats

# Of photos, copies correlate by .95 and more, and different ones hardly by .4.
_LEAST_FRAME = 0.90
_LEAST_MOVED = 0.88
# A copy must be nearer to 1 by half than the pictures of the set that are not.
_NEARER = 0.5
_QUANTILE = 0.95
# Where the pictures of a set can be laid over each other like this, alignment proves nothing.
_ALIKE_WHEN_MOVED = 0.85

_LEAST_CELLS = 0.4
_MOST_SHEAR = 0.06
_LEAST_OVERLAP = 0.6
_MOST_DIFFERENCE = 0.05
# Of plain pictures, which have too little structure for their edges alone to prove anything.
_MOST_DIFFERENCE_OF_PLAIN = 0.12
_LEAST_FRAME_OF_PLAIN = 0.98
_MOST_DIFFERENCE_OF_TINY = 0.08


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Least correlations of copies; `moved` is None where moved copies cannot be told."""

    frame: float = _LEAST_FRAME
    moved: float | None = _LEAST_MOVED


def calibrate(frames: Floats, moved: Floats) -> Thresholds:
    """Choose thresholds by the correlations of pairs that are alike and yet no copies."""
    alike_in_frame = _quantile(frames)
    alike_when_moved = _quantile(moved)
    least_frame = max(_LEAST_FRAME, 1 - _NEARER * (1 - alike_in_frame))
    if alike_when_moved >= _ALIKE_WHEN_MOVED:
        return Thresholds(least_frame, None)
    return Thresholds(least_frame, max(_LEAST_MOVED, 1 - _NEARER * (1 - alike_when_moved)))


def _quantile(values: Floats) -> float:
    return float(np.quantile(values, _QUANTILE)) if len(values) else 0.0


def accept_frames(
    evidence: Evidence, thresholds: Thresholds, structured: Flags, tiny: Flags
) -> Flags:
    """Check which pairs show the same in the same frame, perhaps in another light.

    `structured` are pairs of pictures with enough to see, `tiny` those with a side so small that
    only nearly equal pixels prove anything.
    """
    alike = (evidence.frame >= thresholds.frame) & structured
    alike &= (evidence.frame_cells >= _LEAST_CELLS) & (evidence.frame_colours >= 0)
    plain = evidence.frame >= max(thresholds.frame, _LEAST_FRAME_OF_PLAIN)
    plain &= evidence.difference <= _MOST_DIFFERENCE_OF_PLAIN
    most = np.where(tiny, _MOST_DIFFERENCE_OF_TINY, _MOST_DIFFERENCE)
    accepted: Flags = ((alike | plain) & ~tiny) | (evidence.difference <= most)
    return accepted


def accept_moved(evidence: Evidence, thresholds: Thresholds) -> Flags:
    """Check which pairs show the same in another frame: cropped, framed or turned a little."""
    if thresholds.moved is None:
        return np.zeros(len(evidence.moved), np.bool_)
    accepted: NDArray[np.bool_] = (
        (evidence.moved >= thresholds.moved)
        & (evidence.moved_cells >= _LEAST_CELLS)
        & (evidence.moved_colours >= 0)
        & (evidence.overlap >= _LEAST_OVERLAP)
        & (evidence.shear <= _MOST_SHEAR)
    )
    return accepted
