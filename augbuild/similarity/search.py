"""Pictures that are the same though their bytes are not: other sizes, other encodings, slight retouches.

A difference hash (dHash) proposes pairs, a thumbnail confirms them: on plain backgrounds the hash alone is wrong a
thousand times for each time that it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augbuild.core.pool import map_cheap
from augbuild.similarity.hashes import (
    TURNS,
    Turn,
    parse_signatures,
    read_thumbnail,
    signature,
    turned_signatures,
    undo_turn,
)

_MAX_BITS = 4  # of 64 that may differ
_MAX_DIFFERENCE = 6.0  # mean absolute difference of two thumbnails, of 255
_BANDS = tuple(  # five: two hashes that differ in four bits agree on one of them
    np.uint64(sum(1 << bit for bit in range(low, high)))
    for low, high in ((0, 13), (13, 26), (26, 39), (39, 52), (52, 64))
)
# Sketches are shrunk from thumbnails by whole blocks, so two of them differ no more than the thumbnails do, but for
# half a grey level of rounding on each side. The same goes for their brightness.
_MAX_SKETCH_DIFFERENCE = _MAX_DIFFERENCE + 1.0
_AT_ONCE = 1 << 17  # pairs of hashes compared in one step: some 20 MB
_MAX_ROWS = 1 << 8
_STACKED = 1 << 10  # thumbnails compared in one step
_THUMBNAILS_KEPT = 1 << 14  # 64 MB
_POOL_PAYS_FROM = 1000  # pictures to look at: a second or two, about what a pool costs to start

Read = Callable[[int], NDArray[np.float32]]
Rows = Iterator[tuple[int, NDArray[np.intp]]]  # of a picture or a turn, those to confirm


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """A picture of one set that is one of another: `first` is `second`, turned so."""

    first: Path
    second: Path
    turn: Turn


def near_duplicates_within(root: Path, prints: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Find the pairs of paths below `root` that are the same picture, from their fingerprints; sorted.

    Of many that are all the same, only as many pairs are given as join them: `group` them rather than count them.
    """
    paths = sorted(prints)
    hashes, sketches = parse_signatures(b"".join(prints[path] for path in paths))
    read = lru_cache(_THUMBNAILS_KEPT)(lambda index: read_thumbnail(root / paths[index]))
    clusters = _Clusters(len(paths))
    found = []
    for first, seconds in _candidates(hashes, sketches, clusters):
        for second in _same(read(first), seconds, read):
            if clusters.of[second] != clusters.of[first]:
                clusters.join(first, second)
                found.append((paths[min(first, second)], paths[max(first, second)]))
    return sorted(found)


def _same(first: NDArray[np.float32], seconds: NDArray[np.intp], read: Read) -> Iterator[int]:
    """Confirm on thumbnails which of `seconds` are the same picture as that of `first`."""
    for start in range(0, len(seconds), _STACKED):
        some = seconds[start : start + _STACKED].tolist()
        differences = np.abs(np.stack([read(second) for second in some]) - first).mean(axis=(1, 2))
        yield from (
            second
            for second, difference in zip(some, differences, strict=True)
            if difference < _MAX_DIFFERENCE
        )


def near_duplicates_across(
    firsts: Sequence[Path], seconds: Sequence[Path], *, n_jobs: int
) -> Iterator[NearDuplicate]:
    """Find the pictures of one set that are in another, even mirrored or turned; in the order of both.

    Each pair is given once, upright where it can be. What cannot be read is like nothing. All hashes are compared with
    all: that takes a hundredth of the time in which the pictures are read.
    """
    firsts, turned = _look_at(firsts, turned_signatures, n_jobs)
    seconds, prints = _look_at(seconds, signature, n_jobs)
    hashes, sketches = parse_signatures(b"".join(prints))
    read = lru_cache(_THUMBNAILS_KEPT)(lambda index: read_thumbnail(seconds[index]))
    for first, versions in zip(firsts, turned, strict=True):
        proposed = list(_alike(versions, hashes, sketches))
        for second, turn in _turned_same(first, proposed, read) if proposed else ():
            yield NearDuplicate(first, seconds[second], TURNS[turn])


def _look_at(
    paths: Sequence[Path], condense: Callable[[Path], bytes | None], n_jobs: int
) -> tuple[list[Path], list[bytes]]:
    """Give the paths of the pictures that can be read, and what each is condensed to."""
    found = map_cheap(
        condense, paths, n_jobs=n_jobs, pays_from=_POOL_PAYS_FROM, lost=lambda _: None
    )
    known = {path: prints for path, prints in zip(paths, found, strict=True) if prints is not None}
    return list(known), list(known.values())


def _alike(versions: bytes, hashes: NDArray[np.uint64], sketches: NDArray[np.uint8]) -> Rows:
    """Propose for each turn the pictures that a thumbnail could confirm."""
    for turn, (own_hash, own_sketch) in enumerate(zip(*parse_signatures(versions), strict=True)):
        others = np.flatnonzero(np.bitwise_count(hashes ^ own_hash) <= _MAX_BITS)
        others = others[_look_near(sketches[others], own_sketch)]
        if len(others):
            yield turn, others


def _turned_same(
    first: Path, proposed: Iterable[tuple[int, NDArray[np.intp]]], read: Read
) -> list[tuple[int, int]]:
    """Confirm which pictures are the same as `first`, each with the least of its turns."""
    thumbnail = read_thumbnail(first)
    found: dict[int, int] = {}
    for turn, others in proposed:
        for other in _same(undo_turn(turn, thumbnail), others, read):
            found.setdefault(other, turn)
    return sorted(found.items())


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


def group_pairs(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
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


def _candidates(
    hashes: NDArray[np.uint64], sketches: NDArray[np.uint8], clusters: _Clusters
) -> Rows:
    """Propose for one picture at a time others that could be the same, without comparing all with all."""
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
        alike = (np.bitwise_count(differing) <= _MAX_BITS) & (
            clusters.of[rows, None] != clusters.of[columns]
        )
        for band in done:
            alike &= (differing & band) != 0
        at_row, at_column = np.nonzero(np.triu(alike, 1))
        near = _look_near(sketches[rows[at_row]], sketches[columns[at_column]])
        at_row, at_column = at_row[near], at_column[near]
        numbers, firsts = np.unique(at_row, return_index=True)
        for number, seconds in zip(numbers, np.split(at_column, firsts[1:]), strict=False):
            yield int(rows[number]), columns[seconds]


def _look_near(some: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell of each two sketches whether a thumbnail could confirm them."""
    near: NDArray[np.bool_] = (
        np.abs(some.astype(np.int16) - others).mean(axis=1) < _MAX_SKETCH_DIFFERENCE
    )
    return near
