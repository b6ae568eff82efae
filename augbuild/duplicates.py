"""Pictures that are the same though their bytes are not: other sizes, other encodings, slight retouches.

A difference hash (dHash, 64 bits) proposes pairs, a thumbnail confirms them: on plain backgrounds the hash alone is
wrong a thousand times for each time that it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augbuild.errors import ImageError
from augbuild.images import read_grey

_GRID = (288, 256)  # the least size of which both 9 x 8 (the hash) and 32 x 32 (the thumbnail) are whole parts
_MAX_BITS = 4  # of 64 that may differ
_MARGIN = 2.0  # grey levels by which a cell must be the brighter one: a plain background would be noise
_MAX_DIFFERENCE = 6.0  # mean absolute difference of two thumbnails, of 255
_BANDS = tuple(  # five: two hashes that differ in four bits agree on one of them
    np.uint64(sum(1 << bit for bit in range(low, high)))
    for low, high in ((0, 13), (13, 26), (26, 39), (39, 52), (52, 64))
)
# Sketches are shrunk from thumbnails by whole blocks, so two of them differ no more than the thumbnails do, but for
# half a grey level of rounding on each side. The same goes for their brightness.
_MAX_SKETCH_DIFFERENCE = _MAX_DIFFERENCE + 1.0
_PRINT_BYTES = 8 + 64
_AT_ONCE = 1 << 17  # pairs of hashes compared in one step: some 20 MB
_MAX_ROWS = 1 << 8
_STACKED = 1 << 10  # thumbnails compared in one step
_THUMBNAILS_KEPT = 1 << 14  # 64 MB


def fingerprint(path: Path) -> bytes | None:
    """Condense a picture into 72 bytes: its dHash and an 8 x 8 sketch; None where it cannot be read."""
    try:
        grid = read_grey(path, _GRID)
    except ImageError:
        return None
    cells = _shrink(grid, 9, 8)
    bits = np.packbits(cells[:, 1:] > cells[:, :-1] + _MARGIN)
    return bits.tobytes() + np.rint(_shrink(_thumbnail(grid), 8, 8)).astype(np.uint8).tobytes()


def _shrink(values: NDArray[np.generic], width: int, height: int) -> NDArray[np.float64]:
    rows, columns = values.shape
    blocks = values.reshape(height, rows // height, width, columns // width)
    means: NDArray[np.float64] = blocks.mean(axis=(1, 3), dtype=np.float64)
    return means


def _thumbnail(grid: NDArray[np.uint8]) -> NDArray[np.float64]:
    return _shrink(grid, 32, 32)


def near_duplicates(root: Path, prints: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Find the pairs of paths below `root` that are the same picture, from their fingerprints; sorted.

    Of many that are all the same, only as many pairs are given as join them: `group` them rather than count them.
    """
    paths = sorted(prints)
    table = np.frombuffer(b"".join(prints[path] for path in paths), np.uint8).reshape(-1, _PRINT_BYTES)
    read = lru_cache(_THUMBNAILS_KEPT)(lambda index: _read_thumbnail(root / paths[index]))
    clusters = _Clusters(len(paths))
    found = []
    for first, seconds in _candidates(table, clusters):
        for second in _same(first, seconds, read):
            if clusters.of[second] != clusters.of[first]:
                clusters.join(first, second)
                found.append((paths[min(first, second)], paths[max(first, second)]))
    return sorted(found)


def _same(first: int, seconds: NDArray[np.intp], read: Callable[[int], NDArray[np.float32]]) -> Iterator[int]:
    """Confirm on thumbnails which of `seconds` are the same picture as `first`."""
    for start in range(0, len(seconds), _STACKED):
        some = seconds[start : start + _STACKED].tolist()
        differences = np.abs(np.stack([read(second) for second in some]) - read(first)).mean(axis=(1, 2))
        yield from (
            second for second, difference in zip(some, differences, strict=True) if difference < _MAX_DIFFERENCE
        )


def _read_thumbnail(path: Path) -> NDArray[np.float32]:
    try:
        return _thumbnail(read_grey(path, _GRID)).astype(np.float32)
    except ImageError:  # gone since it was fingerprinted: like nothing else
        return np.full((32, 32), np.nan, np.float32)


class _Clusters:
    """What is known to be the same picture: `of[i]` numbers the cluster of picture i."""

    def __init__(self, count: int) -> None:
        self.of = np.arange(count)
        self._members: dict[int, list[int]] = {}

    def join(self, first: int, second: int) -> None:
        """Make one cluster of two, by renumbering the smaller."""
        both = (int(self.of[first]), int(self.of[second]))
        small, large = sorted(both, key=lambda cluster: len(self._members.get(cluster, ())))
        moved = self._members.pop(small, [small])
        self.of[moved] = large
        self._members.setdefault(large, [large]).extend(moved)


def group(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Join pairs into groups: each path in one maps to the smallest path of its group."""
    parent: dict[str, str] = {}

    def root_of(path: str) -> str:
        while parent.setdefault(path, path) != path:
            parent[path] = path = parent[parent[path]]
        return path

    for first, second in pairs:
        low, high = sorted((root_of(first), root_of(second)))
        parent[high] = low
    return {path: root_of(path) for path in sorted(parent)}


Rows = Iterator[tuple[int, NDArray[np.intp]]]


def _candidates(table: NDArray[np.uint8], clusters: _Clusters) -> Rows:
    """Propose for one picture at a time others that could be the same, without comparing all with all."""
    hashes = table[:, :8].copy().view(">u8").ravel().astype(np.uint64)
    sketches = table[:, 8:]
    light = sketches.mean(axis=1)
    for number, band in enumerate(_BANDS):
        order = np.lexsort((light, hashes & band))
        borders = np.flatnonzero(np.diff(hashes[order] & band)) + 1
        for bucket in (each for each in np.split(order, borders) if len(each) > 1):
            yield from _close(bucket, hashes, sketches, light, _BANDS[:number], clusters)


def _close(
    bucket: NDArray[np.intp],
    hashes: NDArray[np.uint64],
    sketches: NDArray[np.uint8],
    light: NDArray[np.float64],
    done: Sequence[np.uint64],
    clusters: _Clusters,
) -> Rows:
    """Give the pairs of a bucket, which is sorted by brightness, that a thumbnail could confirm.

    Pairs that agree on one of the bands that are `done` were given there, and those in one cluster are known.
    """
    ends = np.searchsorted(light[bucket], light[bucket] + _MAX_SKETCH_DIFFERENCE, side="right")
    widest = int((ends - np.arange(len(bucket))).max())
    height = max(1, min(_MAX_ROWS, _AT_ONCE // widest))
    for start in range(0, len(bucket), height):
        rows = bucket[start : start + height]
        columns = bucket[start : ends[start + len(rows) - 1]]
        if (clusters.of[columns] == clusters.of[rows[0]]).all():
            continue
        differing = hashes[rows, None] ^ hashes[columns]
        alike = (np.bitwise_count(differing) <= _MAX_BITS) & (clusters.of[rows, None] != clusters.of[columns])
        for band in done:
            alike &= (differing & band) != 0
        at_row, at_column = np.nonzero(np.triu(alike, 1))
        differences = np.abs(sketches[rows[at_row]].astype(np.int16) - sketches[columns[at_column]]).mean(axis=1)
        near = differences < _MAX_SKETCH_DIFFERENCE
        at_row, at_column = at_row[near], at_column[near]
        numbers, firsts = np.unique(at_row, return_index=True)
        for number, seconds in zip(numbers, np.split(at_column, firsts[1:]), strict=False):
            yield int(rows[number]), columns[seconds]
