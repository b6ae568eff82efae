"""Which view of one picture is most like which of another, and under which flip or turn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from augbuild.similarity.pictures.signatures import Signatures
from augbuild.similarity.pictures.turns import TURNS, undo_turn_of_waves
from augbuild.similarity.pictures.views import COMPARED, VIEWS

Floats = NDArray[np.floating]
Indices = NDArray[np.intp]

# Of the 8 in each direction: with all of them the same copies are found, in twice the time.
_WAVES_SCORED = 6
# So that of views that match alike, the whole picture is preferred.
_PREFERENCE = 0.02
_ENTRIES_AT_ONCE = 1 << 24  # 64 MB
# Of scores: in larger products OpenBLAS uses threads, which on a busy machine wait for each other
# (twenty times as long for 300 pictures).
_ROWS_AT_ONCE = 256
_COLUMNS_AT_ONCE = 28


class Matches(NamedTuple):
    """Pairs of pictures, each of arrays (pairs,), and how they are most alike.

    `first`, with `turn` undone, looks in its view `first_view` as `second` does in `second_view`.
    """

    first: Indices
    second: Indices
    turn: Indices
    first_view: Indices
    second_view: Indices

    def of(self, chosen: NDArray[np.bool_] | Indices | slice) -> Matches:
        """Return some of the pairs."""
        return Matches(*(column[chosen] for column in self))


def score_all(signatures: Signatures) -> Floats:
    """Return how alike all pictures are at best, (n, n), from -1 to 1.

    The whole of one is compared, under each flip and turn, with all views of the other.
    """
    count = len(signatures)
    blocks = _cut_into_blocks(_flatten(signatures["waves"]))
    scores = np.empty((count, count), np.float32)
    for start in range(0, count, _ROWS_AT_ONCE):
        waves = signatures["waves"][start : start + _ROWS_AT_ONCE].astype(np.float32)
        shape = (blocks.shape[1], len(waves), _COLUMNS_AT_ONCE)
        best = np.full(shape, -1, np.float32)
        product = np.empty(shape, np.float32)
        for turn in range(len(TURNS)):
            for own, compared in COMPARED[turn].items():
                turned = _flatten(undo_turn_of_waves(turn, waves[:, own]))
                for view in compared:
                    np.matmul(turned, blocks[view], out=product)
                    np.maximum(best, product, out=best)
        rows = best.swapaxes(0, 1).reshape(len(waves), -1)
        scores[start : start + _ROWS_AT_ONCE] = rows[:, :count]
    return np.maximum(scores, scores.T)


def _cut_into_blocks(views: Floats) -> Floats:
    """Cut the views of pictures (n, VIEWS, waves) into blocks (VIEWS, blocks, waves, columns)."""
    count, _, waves = views.shape
    blocks = -(-count // _COLUMNS_AT_ONCE)
    padded = np.zeros((blocks * _COLUMNS_AT_ONCE, VIEWS, waves), np.float32)
    padded[:count] = views
    cut = padded.reshape(blocks, _COLUMNS_AT_ONCE, VIEWS, waves)
    return np.ascontiguousarray(cut.transpose(2, 0, 3, 1))


def match(signatures: Signatures, firsts: Indices, seconds: Indices) -> Matches:
    """Find how pictures are most alike, pair by pair; the two may change places."""
    parts = []
    height = max(1, _ENTRIES_AT_ONCE // (VIEWS * _WAVES_SCORED**2))
    for start in range(0, len(firsts), height):
        rows = slice(start, start + height)
        parts.append(_match_some(signatures, firsts[rows], seconds[rows]))
    if not parts:
        return Matches(*(np.zeros(0, np.intp) for _ in Matches._fields))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Matches(*columns)


def _match_some(signatures: Signatures, firsts: Indices, seconds: Indices) -> Matches:
    best = np.full(len(firsts), -np.inf, np.float32)
    found = np.zeros((len(Matches._fields), len(firsts)), np.intp)
    for own, others in ((firsts, seconds), (seconds, firsts)):
        own_waves = signatures["waves"][own].astype(np.float32)
        other_views = _flatten(signatures["waves"][others])
        for turn in range(len(TURNS)):
            for view, views in COMPARED[turn].items():
                compared = np.array(views)
                waves = _flatten(undo_turn_of_waves(turn, own_waves[:, view]))
                scores = other_views[:, compared] @ waves[:, :, None]
                scores = scores[:, :, 0]
                scores[:, compared > 0] -= _PREFERENCE
                chosen = scores.argmax(axis=1)
                top = scores.max(axis=1)
                better = top > best
                best[better] = top[better]
                columns = (own, others, turn, view, compared[chosen])
                for row, column in zip(found, columns, strict=True):
                    row[better] = np.broadcast_to(column, better.shape)[better]
    return Matches(*found)


def _flatten(waves: Floats | NDArray[np.int8]) -> Floats:
    """Write the slowest waves of each view as one row, of length 1."""
    slow = waves[..., :_WAVES_SCORED, :_WAVES_SCORED].astype(np.float32)
    rows = slow.reshape(*slow.shape[:-2], -1)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    # Where even the larger waves are small, the picture is flat.
    unit: Floats = rows / np.maximum(lengths, 1)
    return unit
