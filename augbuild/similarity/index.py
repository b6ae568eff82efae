"""Candidates in a large set: an index of 64-bit hashes, since all with all would take days.

A hash has a bit for each wave of a view, its sign: pHash (Zauner 2010). Hashes that differ by at
most 10 bits differ by at most 2 in one of four bands of 16 bits, so for each band only the few
entries of nearby values are looked up (multi-index hashing, Norouzi et al. 2012).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from augbuild.core.progress import ProgressBar
from augbuild.similarity.matching import Floats, Indices
from augbuild.similarity.pictures.signatures import Signatures
from augbuild.similarity.pictures.turns import TURNS, undo_turn_of_waves

Hashes = NDArray[np.uint64]

_BITS = 64
_MOST_BITS = 10  # with which 57 of 60 crops of 10 % are found, and .3 to 1.8 of 1,000 others
_BANDS = 4
_BAND_BITS = 16
_MOST_BITS_OF_BAND = _MOST_BITS // _BANDS
_PICTURES_AT_ONCE = 32
# Of one value of a band: of thousands of blank pages, the first will do to join the others.
_MOST_OF_A_VALUE = 512
_KEPT = 64  # candidates of each picture


def search_index(signatures: Signatures, *, quiet: bool) -> tuple[Indices, Indices, Floats]:
    """Find pairs of pictures whose hashes are near, and how near they are, from 0 to 1.

    The whole of one is compared, under each flip and turn, with all views of the others.
    """
    count = len(signatures)
    hashes = hash_waves(signatures["waves"])
    tables = [_Band(hashes.ravel(), number) for number in range(_BANDS)]
    parts = []
    with ProgressBar("searching", count, "images", quiet=quiet) as progress:
        for start in range(0, count, _PICTURES_AT_ONCE):
            waves = signatures["waves"][start : start + _PICTURES_AT_ONCE, 0]
            parts.append(_search_for(waves, start, hashes, tables))
            progress.advance(len(waves))
    columns = zip(*parts, strict=True)
    first, second, bits = map(np.concatenate, columns)
    from_both = np.concatenate([first, second])
    to_both = np.concatenate([second, first])
    bits = np.tile(bits, 2)
    first, second, bits = _keep_best(from_both, to_both, bits, count)
    score = 1 - bits / np.float32(_BITS)
    return first, second, score.astype(np.float32)


def hash_waves(waves: NDArray[np.int8] | Floats) -> Hashes:
    """Return the signs of waves (…, WAVES, WAVES) as hashes of 64 bits."""
    signs = np.packbits((waves > 0).reshape(*waves.shape[:-2], _BITS), axis=-1)
    hashes: Hashes = signs.view(np.uint64)[..., 0]
    return hashes


class _Band:
    """The entries of an index by the value that 16 bits of their hash have."""

    def __init__(self, hashes: Hashes, number: int) -> None:
        self.shift = np.uint64(number * _BAND_BITS)
        values = self.values_of(hashes)
        self.entries = np.argsort(values, kind="stable")
        borders = np.arange((1 << _BAND_BITS) + 1)
        self.starts = np.searchsorted(values[self.entries], borders)

    def values_of(self, hashes: Hashes) -> NDArray[np.intp]:
        values = (hashes >> self.shift) & np.uint64((1 << _BAND_BITS) - 1)
        return values.astype(np.intp)

    def look_up(self, hashes: Hashes) -> tuple[Indices, Indices]:
        """Return the numbers of hashes and of the entries that are near them in this band."""
        own = self.values_of(hashes)
        values = (own[:, None] ^ _NEARBY).ravel()
        starts = self.starts[values]
        ends = self.starts[values + 1]
        lengths = np.minimum(ends - starts, _MOST_OF_A_VALUE)
        # The places starts[0], starts[0] + 1, … of every value, one after the other.
        before = np.cumsum(lengths) - lengths
        shifts = np.repeat(starts - before, lengths)
        places = np.arange(len(shifts)) + shifts
        owners = np.arange(len(hashes))
        owner_of_value = np.repeat(owners, len(_NEARBY))
        return np.repeat(owner_of_value, lengths), self.entries[places]


def list_nearby() -> NDArray[np.intp]:
    """List the differences of a band that have at most two bits."""
    powers = [1 << place for place in range(_BAND_BITS)]
    found: list[int] = []
    for bits in range(_MOST_BITS_OF_BAND + 1):
        found += [sum(places) for places in combinations(powers, bits)]
    return np.array(found)


_NEARBY = list_nearby()


def _search_for(
    waves: NDArray[np.int8], start: int, hashes: Hashes, tables: list[_Band]
) -> tuple[Indices, Indices, Indices]:
    """Find the pictures near to some, of which `start` is the first: (first, second, bits)."""
    count, views = hashes.shape
    flat = hashes.ravel()
    firsts = []
    seconds = []
    differing = []
    for turn in range(len(TURNS)):
        own = hash_waves(undo_turn_of_waves(turn, waves.astype(np.float32)))
        for band in tables:
            owners, entries = band.look_up(own)
            bits = np.bitwise_count(own[owners] ^ flat[entries])
            first = owners + start
            second = entries // views
            near = (bits <= _MOST_BITS) & (first != second)
            firsts.append(first[near])
            seconds.append(second[near])
            differing.append(bits[near].astype(np.intp))
    return _keep_best(
        np.concatenate(firsts), np.concatenate(seconds), np.concatenate(differing), count
    )


def _keep_best(
    first: Indices, second: Indices, bits: Indices, count: int
) -> tuple[Indices, Indices, Indices]:
    """Keep of each pair the least bits, and of each first picture the nearest few."""
    pair = first * count + second
    by_pair = np.lexsort((bits, pair))
    is_best = np.diff(pair[by_pair], prepend=-1) != 0
    best = by_pair[is_best]
    first = first[best]
    second = second[best]
    bits = bits[best]
    order = np.lexsort((second, bits, first))
    firsts = first[order]
    starts = np.searchsorted(firsts, firsts)
    rank = np.arange(len(order)) - starts
    kept = order[rank < _KEPT]
    return first[kept], second[kept], bits[kept]
