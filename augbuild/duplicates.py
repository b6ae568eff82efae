"""Pictures that are the same though their bytes are not: other sizes, other encodings, slight retouches.

A difference hash (dHash, 64 bits) proposes pairs, a thumbnail confirms them: on plain backgrounds the hash alone is
wrong a thousand times for each time that it is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augbuild.errors import ImageError
from augbuild.images import read_grey

_GRID = (288, 256)  # the least size of which both 9 x 8 (the hash) and 32 x 32 (the thumbnail) are whole parts
_MAX_BITS = 4  # of 64 that may differ
_MARGIN = 2.0  # grey levels by which a cell must be the brighter one: a plain background would be noise
_MAX_DIFFERENCE = 6.0  # mean absolute difference of two thumbnails, of 255
_BANDS = (0, 13, 26, 39, 52, 64)  # five: two hashes that differ in four bits agree on one of them
_BLOCK = 512

Grey = NDArray[np.uint8]


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

    Of pictures with equal fingerprints only neighbours are paired, so `group` them rather than count them.
    """
    read = lru_cache(maxsize=4096)(lambda path: _thumbnail(read_grey(root / path, _GRID)))
    found = []
    for first, second in _candidates(prints):
        try:
            difference = float(np.abs(read(first) - read(second)).mean())
        except ImageError:  # gone since it was fingerprinted
            continue
        if difference < _MAX_DIFFERENCE:
            found.append((min(first, second), max(first, second)))
    return sorted(found)


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


def _candidates(prints: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Propose pairs without comparing all with all."""
    alike: dict[bytes, list[str]] = {}
    for path in sorted(prints):
        alike.setdefault(prints[path], []).append(path)
    for paths in alike.values():
        yield from pairwise(paths)
    names = [paths[0] for paths in alike.values()]
    table = np.frombuffer(b"".join(alike), np.uint8).reshape(len(alike), -1)
    hashes, sketches = table[:, :8].copy().view(">u8").ravel().astype(np.uint64), table[:, 8:].astype(np.int16)
    seen: set[tuple[int, int]] = set()
    for low, high in pairwise(_BANDS):
        bands = (hashes >> np.uint64(64 - high)) & np.uint64((1 << (high - low)) - 1)
        order = np.argsort(bands, kind="stable")
        for bucket in np.split(order, np.flatnonzero(np.diff(bands[order])) + 1):
            seen.update(_close(bucket, hashes, sketches))
    for first, second in sorted(seen):
        yield names[first], names[second]


def _close(
    bucket: NDArray[np.intp], hashes: NDArray[np.uint64], sketches: NDArray[np.int16]
) -> Iterator[tuple[int, int]]:
    """Give the pairs of a bucket that a thumbnail could confirm.

    The mean difference of two sketches is at most that of the thumbnails that they were shrunk from, so nothing is lost;
    half a grey level on each side is rounding.
    """
    for start in range(0, len(bucket), _BLOCK):
        rows = bucket[start : start + _BLOCK]
        bits = _popcount(hashes[rows, None] ^ hashes[None, bucket[start:]])
        for row, column in zip(*np.nonzero(bits <= _MAX_BITS), strict=True):
            first, second = int(rows[row]), int(bucket[start + column])
            if column > row and np.abs(sketches[first] - sketches[second]).mean() < _MAX_DIFFERENCE + 1:
                yield min(first, second), max(first, second)


def _popcount(values: NDArray[np.uint64]) -> NDArray[np.uint8]:
    octets = values[..., None].view(np.uint8)
    counts: NDArray[np.uint8] = _BITS[octets].sum(axis=-1, dtype=np.uint8)
    return counts


_BITS = np.array([value.bit_count() for value in range(256)], np.uint8)
