"""Propose the pictures of a set that are most like each one, a few at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from augbuild.similarity.groups import Clusters
from augbuild.similarity.index import search_index
from augbuild.similarity.matching import Floats, Indices, score_all
from augbuild.similarity.pictures.signatures import Signatures

AT_ONCE = 4
"""Pictures that are proposed for each one: of 60 crops of 30 %, 59 have their photo among them."""

_KEPT = 64  # of each picture: more copies than that are joined by way of each other
_LEAST_SCORE = 0.3
# Pictures; all with all then takes some 10 s and 64 MB, and four times that for twice as many.
_INDEX_PAYS_FROM = 4000


@dataclass(slots=True)
class Candidates:
    """Pairs that could be the same picture, those of one first together, the best score first."""

    first: Indices
    second: Indices
    score: Floats
    asked: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        """Note that no pair was asked about yet."""
        self.asked = np.zeros(len(self.first), np.bool_)

    def take(self, pictures: NDArray[np.bool_], clusters: Clusters) -> Indices:
        """Take the best pairs of some pictures that are new and not in one cluster already.

        Returns their rows.
        """
        own = clusters.of[self.first]
        other = clusters.of[self.second]
        is_open = pictures[self.first] & ~self.asked
        is_open &= own != other
        rows = np.flatnonzero(is_open)
        firsts = self.first[rows]
        starts = np.searchsorted(firsts, firsts)
        rank = np.arange(len(rows)) - starts
        taken = rows[rank < AT_ONCE]
        self.asked[taken] = True
        return taken


def find_candidates(signatures: Signatures, *, quiet: bool = True) -> Candidates:
    """Find the candidates of each picture: by comparing all with all, or by an index."""
    if len(signatures) > _INDEX_PAYS_FROM:
        first, second, score = search_index(signatures, quiet=quiet)
    else:
        first, second, score = _compare_all(signatures)
    order = np.lexsort((second, -score, first))
    return Candidates(first[order], second[order], score[order])


def _compare_all(signatures: Signatures) -> tuple[Indices, Indices, Floats]:
    count = len(signatures)
    if count < 2:
        nothing = np.zeros(0, np.intp)
        return nothing, nothing, np.zeros(0, np.float32)
    scores = score_all(signatures)
    np.fill_diagonal(scores, -1)
    kept = min(_KEPT, count - 1)
    best = np.argpartition(-scores, kept - 1, axis=1)[:, :kept]
    first = np.repeat(np.arange(count), kept)
    second = best.ravel()
    score = scores[first, second]
    likely = score >= _LEAST_SCORE
    return first[likely], second[likely], score[likely]
