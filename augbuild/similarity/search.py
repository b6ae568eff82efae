"""Pictures that are the same though their bytes are not: other sizes or encodings, retouched.

A difference hash (dHash) proposes pairs, a thumbnail confirms them: on plain backgrounds the hash
alone is wrong a thousand times for each time that it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from augbuild.core.pool import map_cheap
from augbuild.errors import ImageError
from augbuild.similarity.candidates import propose_turned, propose_within
from augbuild.similarity.confirm import ReadThumbnail, confirm
from augbuild.similarity.groups import Clusters, Pair
from augbuild.similarity.hashes import (
    TURNS,
    Signatures,
    Thumbnail,
    Turn,
    parse_signatures,
    read_thumbnail,
    signature,
    turned_signatures,
    undo_turn,
)
from augbuild.sources.originals import Originals

_THUMBNAILS_KEPT = 1 << 14  # 64 MB
# Pictures to look at: a second or two, about what a pool costs to start.
_POOL_PAYS_FROM = 1000

Signature = bytes | None
Sign = Callable[[Path], Signature]


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """A picture of one set that is one of another: `first` is `second`, turned so."""

    first: Path
    second: Path
    turn: Turn


def sign_all(
    files: Sequence[Path],
    *,
    sign: Sign = signature,
    n_jobs: int,
) -> list[Signature]:
    """Return the signature of each picture, None where it cannot be read; in their order."""
    found = map_cheap(
        sign,
        files,
        n_jobs=n_jobs,
        pays_from=_POOL_PAYS_FROM,
        lost=lambda _: None,
    )
    return list(found)


def sign_originals(originals: Originals, paths: Sequence[str], *, n_jobs: int) -> dict[str, bytes]:
    """Return the signature of each original that can be read, by its path."""
    found = map_cheap(
        partial(_sign_original, originals),
        paths,
        n_jobs=n_jobs,
        pays_from=_POOL_PAYS_FROM,
        lost=lambda _: None,
    )
    signatures = zip(paths, found, strict=True)
    return {path: signed for path, signed in signatures if signed is not None}


def _sign_original(originals: Originals, path: str) -> Signature:
    try:
        return signature(originals.read(path))
    except ImageError:
        return None


def near_duplicates_within(originals: Originals, signatures: Mapping[str, bytes]) -> list[Pair]:
    """Find the pairs of originals, by their paths, that are the same picture; sorted.

    Of many that are all the same, only as many pairs are found as join them: group them
    (`group_pairs`) rather than count them.
    """
    paths = sorted(signatures)
    joined = b"".join(signatures[path] for path in paths)
    read = _cached_reader(lambda number: _read_or_nothing(originals, paths[number]))
    clusters = Clusters(len(paths))
    found = []
    for first, proposed in propose_within(parse_signatures(joined), clusters):
        for second in confirm(read(first), proposed, read):
            # They may have been joined, by way of others, since they were proposed.
            if clusters.of[first] == clusters.of[second]:
                continue
            clusters.join(first, second)
            pair = paths[first], paths[second]
            found.append((min(pair), max(pair)))
    return sorted(found)


def near_duplicates_across(
    firsts: Sequence[Path], seconds: Sequence[Path], *, n_jobs: int
) -> Iterator[NearDuplicate]:
    """Find the pictures of one set that are in another, even mirrored or turned; in their order.

    Each pair comes once, upright where it can be. A picture that cannot be read is like nothing.
    All hashes are compared with all: that takes a hundredth of the time in which the pictures are
    read.
    """
    turned = _sign_readable(firsts, turned_signatures, n_jobs)
    signed = _sign_readable(seconds, signature, n_jobs)
    readable = list(signed)
    table = parse_signatures(b"".join(signed.values()))
    read = _cached_reader(lambda number: readable[number])
    for first, joined in turned.items():
        versions = parse_signatures(joined)
        for second, turn in _find_turned(first, versions, table, read):
            yield NearDuplicate(first, readable[second], TURNS[turn])


def _sign_readable(files: Sequence[Path], sign: Sign, n_jobs: int) -> dict[Path, bytes]:
    signatures = zip(files, sign_all(files, sign=sign, n_jobs=n_jobs), strict=True)
    return {file: found for file, found in signatures if found is not None}


def _find_turned(
    first: Path, versions: Signatures, table: Signatures, read: ReadThumbnail
) -> list[tuple[int, int]]:
    """Find the pictures that are the same as `first`, each with its least turn; in order."""
    proposed = list(propose_turned(versions, table))
    if not proposed:
        return []  # most pictures: their thumbnail is never read
    thumbnail = read_thumbnail(first)
    turn_of: dict[int, int] = {}
    for turn, others in proposed:
        upright = undo_turn(turn, thumbnail)
        for other in confirm(upright, others, read):
            turn_of.setdefault(other, turn)
    return sorted(turn_of.items())


def _read_or_nothing(originals: Originals, path: str) -> bytes:
    """Read an original; no bytes, whose thumbnail is like nothing, where it cannot be read."""
    try:
        return originals.read(path)
    except ImageError:
        return b""


def _cached_reader(file_of: Callable[[int], Path | bytes]) -> ReadThumbnail:
    @lru_cache(_THUMBNAILS_KEPT)
    def read(number: int) -> Thumbnail:
        return read_thumbnail(file_of(number))

    return read
