"""Pictures that are the same though their bytes are not: encoded again, turned, cropped, lit anew.

One rule for all that ask: the split's groups, the audit, and the trainer's guard against leaks.
Pictures are proposed by their views, and confirmed on thumbnails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from augbuild.core.progress import ProgressBar
from augbuild.similarity.candidates import find_candidates
from augbuild.similarity.evidence import Evidence, measure
from augbuild.similarity.groups import Clusters
from augbuild.similarity.matching import Matches, match
from augbuild.similarity.pictures.signatures import Signatures, parse_signatures, sign_files
from augbuild.similarity.pictures.thumbnails import count_corners, is_structured
from augbuild.similarity.pictures.turns import TURNS, Turn, chain_turns, invert_turn
from augbuild.similarity.thresholds import Thresholds, accept_frames, accept_moved, calibrate

Flags = NDArray[np.bool_]

_TINY_SIDE = 16
_LEAST_SIDE_OF_MOVED = 48
_LEAST_CORNERS = 8
# A group of more, and of more than a quarter of the set, is not copies of one picture but pictures
# that look alike, as X-rays do: they show what different ones of the set are like.
_MOST_COPIES = 24
_LARGEST_SHARE_OF_COPIES = 0.25
_MOST_ROUNDS = 16
_PAIRS_AT_ONCE = 1 << 11


@dataclass(frozen=True, slots=True, order=True)
class NearDuplicate:
    """Two pictures that are the same: `first` is `second`, turned so.

    With `moved` they do not have the same frame: one is a crop of the other, has a border, or was
    turned by a few degrees.
    """

    first: str
    second: str
    turn: Turn
    moved: bool


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """What was found in a set of pictures.

    `pairs` are sorted; of many copies of one picture, not every two are a pair, but all are
    joined by pairs. Without `tells_moved` the pictures of the set are so much alike that copies
    which were cropped, framed or turned a little cannot be told.
    """

    pairs: tuple[NearDuplicate, ...]
    tells_moved: bool


def near_duplicates_within(signed: Mapping[str, bytes], *, quiet: bool = True) -> NearDuplicates:
    """Find the pictures of a set that are the same; `signed` has their signatures by name.

    The thresholds follow from the set, so a pair is judged by what the others are like.
    """
    pairs = []
    first_with: dict[bytes, str] = {}
    for name in sorted(signed):
        earlier = first_with.setdefault(signed[name], name)
        if earlier != name:
            pairs.append(NearDuplicate(earlier, name, "upright", moved=False))
    names = list(first_with.values())
    search = _Search(parse_signatures(list(first_with)))
    for accepted in search.run(quiet=quiet):
        first, second, turn, moved = accepted
        pairs.append(NearDuplicate(names[first], names[second], TURNS[turn], moved))
    tells_moved = search.thresholds.moved is not None
    return NearDuplicates(tuple(sorted(pairs)), tells_moved)


def near_duplicates_across(
    firsts: Sequence[Path], seconds: Sequence[Path], *, n_jobs: int, quiet: bool = True
) -> Iterator[NearDuplicate]:
    """Find the pictures of one set that are in another, in their order, each pair once.

    Both are searched as one set, so that what `near_duplicates_within` joins is found here, and
    nothing else. A picture that cannot be read is like nothing.
    """
    files = dict.fromkeys([*firsts, *seconds])
    signed = {
        str(file): found
        for file, found in sign_files(list(files), n_jobs=n_jobs, quiet=quiet).items()
    }
    pairs = near_duplicates_within(signed, quiet=quiet).pairs
    placed = _place_all(signed, pairs)
    seconds_of: dict[str, list[str]] = {}
    for file in dict.fromkeys(map(str, seconds)):
        if file in signed:
            seconds_of.setdefault(placed[file].root, []).append(file)
    direct = {(pair.first, pair.second): pair for pair in pairs}
    for first in map(str, firsts):
        if first not in signed:
            continue
        own = placed[first]
        for second in seconds_of.get(own.root, []):
            other = placed[second]
            turn = chain_turns(own.turn, invert_turn(other.turn))
            pair = direct.get((first, second)) or direct.get((second, first))
            moved = pair.moved if pair is not None else own.moved != other.moved
            yield NearDuplicate(first, second, TURNS[turn], moved)


class _Place(NamedTuple):
    """Where a picture stands in its group: undo the turn, and it is the group's `root`."""

    root: str
    turn: int
    moved: bool


def _place_all(names: Iterable[str], pairs: Sequence[NearDuplicate]) -> dict[str, _Place]:
    """Find for each picture its group, by way of others where need be."""
    neighbours: dict[str, list[tuple[str, int, bool]]] = {}
    for pair in pairs:
        turn = TURNS.index(pair.turn)
        neighbours.setdefault(pair.second, []).append((pair.first, turn, pair.moved))
        neighbours.setdefault(pair.first, []).append((pair.second, invert_turn(turn), pair.moved))
    placed: dict[str, _Place] = {}
    for root in sorted(names):
        if root in placed:
            continue
        placed[root] = _Place(root, 0, moved=False)
        waiting = [root]
        while waiting:
            near = waiting.pop()
            for name, turn, moved in neighbours.get(near, []):
                if name in placed:
                    continue
                place = placed[near]
                both = chain_turns(turn, place.turn)
                placed[name] = _Place(root, both, moved or place.moved)
                waiting.append(name)
    return placed


class _Accepted(NamedTuple):
    """A pair by the numbers of its pictures and of the turn of the first."""

    first: int
    second: int
    turn: int
    moved: bool


class _Search:
    """A search among the different pictures of a set."""

    def __init__(self, signatures: Signatures) -> None:
        self.signatures = signatures
        self.clusters = Clusters(len(signatures))
        self.thresholds = Thresholds()
        grey = signatures["grey"].astype(np.float32)
        sides = signatures["size"].min(axis=1)
        self._is_structured = is_structured(grey)
        self._is_tiny = sides < _TINY_SIDE
        self._can_move = self._is_structured & (sides >= _LEAST_SIDE_OF_MOVED)
        self._can_move &= count_corners(grey) >= _LEAST_CORNERS

    def run(self, *, quiet: bool) -> list[_Accepted]:
        """Ask for the likeliest copies of each picture until one of them is none."""
        candidates = find_candidates(self.signatures, quiet=quiet)
        asking = np.ones(len(self.signatures), np.bool_)
        found: list[_Accepted] = []
        for number in range(_MOST_ROUNDS):
            rows = candidates.take(asking, self.clusters)
            if not len(rows):
                break
            firsts, seconds = candidates.first[rows], candidates.second[rows]
            pairs = np.sort(np.stack([firsts, seconds], axis=1), axis=1)
            pairs, of_row = np.unique(pairs, axis=0, return_inverse=True)
            matches, evidence = self._measure(pairs, quiet)
            if number == 0:
                self.thresholds = self._calibrate(matches, evidence, firsts, of_row.ravel())
            frames, moved = self._judge(matches, evidence, self.thresholds)
            for row in np.flatnonzero(frames | moved):
                pair = int(matches.first[row]), int(matches.second[row])
                self.clusters.join(*pair)
                found.append(_Accepted(*pair, int(matches.turn[row]), bool(moved[row])))
            # Those of which all candidates were copies may have more of them.
            accepted = (frames | moved)[of_row.ravel()]
            refused = np.bincount(firsts, weights=~accepted, minlength=len(asking))
            asking = (np.bincount(firsts, minlength=len(asking)) > 0) & (refused == 0)
        return found

    def _measure(self, pairs: NDArray[np.intp], quiet: bool) -> tuple[Matches, Evidence]:
        matched, measured = [], []
        with ProgressBar("comparing pictures", len(pairs), "pairs", quiet=quiet) as progress:
            for start in range(0, len(pairs), _PAIRS_AT_ONCE):
                some = pairs[start : start + _PAIRS_AT_ONCE]
                matches = match(self.signatures, some[:, 0], some[:, 1])
                can_move = self._can_move[matches.first] & self._can_move[matches.second]
                matched.append(matches)
                measured.append(measure(self.signatures, matches, moved=can_move))
                progress.advance(len(some))
        all_matches = map(np.concatenate, zip(*matched, strict=True))
        all_evidence = map(np.concatenate, zip(*measured, strict=True))
        return Matches(*all_matches), Evidence(*all_evidence)

    def _judge(
        self, matches: Matches, evidence: Evidence, thresholds: Thresholds
    ) -> tuple[Flags, Flags]:
        """Check which pairs are the same in the same frame, and which in one that was moved."""
        structured = self._is_structured[matches.first] & self._is_structured[matches.second]
        tiny = self._is_tiny[matches.first] | self._is_tiny[matches.second]
        frames = accept_frames(evidence, thresholds, structured, tiny)
        return frames, accept_moved(evidence, thresholds) & ~frames

    def _calibrate(
        self,
        matches: Matches,
        evidence: Evidence,
        firsts: NDArray[np.intp],
        of_row: NDArray[np.intp],
    ) -> Thresholds:
        """Choose thresholds by the candidates of each picture, but for the best and for copies."""
        frames, moved = self._judge(matches, evidence, Thresholds())
        clusters = Clusters(len(self.signatures))
        for row in np.flatnonzero(frames | moved):
            clusters.join(int(matches.first[row]), int(matches.second[row]))
        sizes = np.bincount(clusters.of)
        own = clusters.of[matches.first]
        most = max(_MOST_COPIES, _LARGEST_SHARE_OF_COPIES * len(self.signatures))
        is_copy = (own == clusters.of[matches.second]) & (sizes[own] <= most)
        is_best = np.diff(firsts, prepend=-1) != 0
        chosen = of_row[~is_best & ~is_copy[of_row]]
        return calibrate(evidence.frame[chosen], evidence.moved[chosen])
