"""Propose pictures that could be the same, by their signatures alone.

Two ways: within one large set, without comparing all with all; and one picture, in any turn, with
all of a set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from augbuild.similarity.confirm import MAX_DIFFERENCE, Indices
from augbuild.similarity.groups import Clusters
from augbuild.similarity.hashes import Signatures

Hashes = NDArray[np.uint64]
Sketches = NDArray[np.uint8]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Proposals = Iterator[tuple[int, Indices]]
"""The number of a picture, or of a turn, and those of the pictures to confirm."""

_MAX_BITS = 4  # of 64 that may differ
# Five bands of bits: two hashes that differ in four bits agree on one of them.
_BANDS = (
    np.uint64(0x1FFF),
    np.uint64(0x1FFF << 13),
    np.uint64(0x1FFF << 26),
    np.uint64(0x1FFF << 39),
    np.uint64(0xFFF << 52),
)
# Sketches are shrunk from thumbnails by whole blocks, so two of them differ no more than the
# thumbnails do, but for half a grey level of rounding on each side. The same goes for their
# brightness.
_MAX_SKETCH_DIFFERENCE = MAX_DIFFERENCE + 1.0
_PAIRS_AT_ONCE = 1 << 17  # some 20 MB
_MAX_ROWS = 1 << 8


def propose_within(signatures: Signatures, clusters: Clusters) -> Proposals:
    """Propose for one picture at a time others that could be the same; each pair once.

    Pairs that are in one of the `clusters` when their turn comes are left out.
    """
    hashes, sketches = signatures
    light = sketches.mean(axis=1)
    done: list[np.uint64] = []
    for band in _BANDS:
        in_band = hashes & band
        order = np.lexsort((light, in_band))
        steps = np.diff(in_band[order])
        borders = np.flatnonzero(steps) + 1
        for bucket in np.split(order, borders):
            if len(bucket) > 1:
                yield from _propose_in_bucket(bucket, signatures, light, done, clusters)
        done.append(band)


def propose_turned(versions: Signatures, signatures: Signatures) -> Proposals:
    """Propose for each turn of one picture, whose `versions` these are, which could be the same."""
    hashes, sketches = signatures
    for turn, own_hash in enumerate(versions.hashes):
        differing = np.bitwise_count(hashes ^ own_hash)
        others = np.flatnonzero(differing <= _MAX_BITS)
        own_sketch = versions.sketches[turn]
        is_near = _have_near_sketches(sketches[others], own_sketch)
        others = others[is_near]
        if len(others):
            yield turn, others


def _propose_in_bucket(
    bucket: Indices,
    signatures: Signatures,
    light: Floats,
    done: Sequence[np.uint64],
    clusters: Clusters,
) -> Proposals:
    """Propose pairs of a bucket, whose hashes agree on a band and which is sorted by brightness.

    Pairs that agree on one of the bands that are `done` were proposed there.
    """
    hashes, sketches = signatures
    brightness = light[bucket]
    brightest = brightness + _MAX_SKETCH_DIFFERENCE
    ends = np.searchsorted(brightness, brightest, side="right")
    count = len(bucket)
    widths = ends - np.arange(count)
    fitting = _PAIRS_AT_ONCE // int(widths.max())
    height = max(1, min(_MAX_ROWS, fitting))
    for start in range(0, count, height):
        rows = bucket[start : start + height]
        last = start + len(rows) - 1
        columns = bucket[start : ends[last]]
        cluster_of_row = clusters.of[rows]
        cluster_of_column = clusters.of[columns]
        # Thousands of copies of one picture are joined by their first rows.
        if (cluster_of_column == cluster_of_row[0]).all():
            continue
        is_new = cluster_of_row[:, None] != cluster_of_column
        differing = hashes[rows, None] ^ hashes[columns]
        is_proposed = is_new & _have_near_hashes(differing, done)
        # The columns begin with the rows: above the diagonal, each pair comes once.
        at_row, at_column = np.nonzero(np.triu(is_proposed, 1))
        firsts = rows[at_row]
        seconds = columns[at_column]
        is_near = _have_near_sketches(sketches[firsts], sketches[seconds])
        yield from _collect_by_first(firsts[is_near], seconds[is_near])


def _have_near_hashes(differing: Hashes, done: Sequence[np.uint64]) -> Flags:
    """Check which hashes, whose `differing` bits are set, are near and agree on no `done` band."""
    is_near: Flags = np.bitwise_count(differing) <= _MAX_BITS
    for band in done:
        is_near &= (differing & band) != 0
    return is_near


def _have_near_sketches(some: Sketches, others: Sketches) -> Flags:
    """Check which sketches, pair by pair, could be those of one picture."""
    distances = np.abs(some.astype(np.int16) - others)
    difference = distances.mean(axis=1)
    is_near: Flags = difference < _MAX_SKETCH_DIFFERENCE
    return is_near


def _collect_by_first(firsts: Indices, seconds: Indices) -> Proposals:
    """Collect pairs, of which equal firsts stand together, into one proposal for each first."""
    if not len(firsts):
        return
    borders = np.flatnonzero(np.diff(firsts)) + 1
    starts = [0, *borders.tolist()]
    for start, others in zip(starts, np.split(seconds, borders), strict=True):
        first = int(firsts[start])
        yield first, others
