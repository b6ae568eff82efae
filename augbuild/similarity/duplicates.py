"""The near-duplicates of a dataset: found once, remembered, and what they mean for its owner."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec

from augbuild.core.documents import encode, read_document
from augbuild.core.files import user_cache, write_atomic
from augbuild.core.text import plural
from augbuild.errors import AugbuildError, SourceError
from augbuild.recipe.model import SplitSpec
from augbuild.similarity.groups import group_pairs
from augbuild.sources.boxes.box import photo_of
from augbuild.sources.dataset import Source, SourceDataset
from augbuild.sources.findings import Finding

MOST_LOOKED_AT = 5000
"""Images; of more, near-duplicates are looked for only where they are asked for: minutes."""

LEFT_OUT = "copy of an image of another split"
"""Why train images are left out, as `ignored` of a dataset counts them."""

_RULE = 1  # raise it when the same pictures give other pairs
# Fewer are found again faster than anybody waits.
_REMEMBER_FROM = 200
_log = logging.getLogger(__name__)


class Twins(msgspec.Struct, frozen=True):
    """Two images of a dataset that are the same picture: `first` is `second`, turned so.

    With `moved` they do not have the same frame. Of boxes, it is their photos that are named.
    """

    first: str
    second: str
    turn: str
    moved: bool


class Duplicates(msgspec.Struct, frozen=True):
    """All twins of a dataset, as they are remembered.

    Without `tells_moved`, its pictures are so much alike that copies which were cropped, framed or
    turned a little cannot be told.
    """

    twins: tuple[Twins, ...]
    tells_moved: bool = True


def find_duplicates(dataset: SourceDataset, *, n_jobs: int, quiet: bool = True) -> Duplicates:
    """Find the images of a dataset that are the same picture.

    What was found for the same files is remembered in the user's cache. Images that cannot be read
    are like nothing.
    """
    file = _place_in_cache(dataset)
    if file is not None and file.is_file():
        try:
            return read_document(file, Duplicates, AugbuildError)
        except AugbuildError as error:
            _log.debug("%s; looking again", error)
    # Imported here: NumPy, Pillow and joblib, which other recipes do not need.
    from augbuild.similarity.pictures.signatures import sign_originals
    from augbuild.similarity.search import near_duplicates_within

    # Of boxes, which are together anyway, it is photos that are compared.
    photos = list(dict.fromkeys(photo_of(source.path) for source in dataset.sources))
    signed = sign_originals(
        dataset.originals, photos, decoding=dataset.decoding, n_jobs=n_jobs, quiet=quiet
    )
    found = near_duplicates_within(signed, quiet=quiet)
    twins = [Twins(pair.first, pair.second, pair.turn, pair.moved) for pair in found.pairs]
    duplicates = Duplicates(tuple(twins), found.tells_moved)
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(file, encode(duplicates))
        except OSError as error:
            _log.debug("%s cannot be written: %s", file, error.strerror)
    return duplicates


def _place_in_cache(dataset: SourceDataset) -> Path | None:
    """Return where the duplicates of just these files are remembered; None: they are not."""
    if len(dataset.sources) < _REMEMBER_FROM:
        return None
    begin = f"{_RULE} {dataset.decoding} {dataset.identity}".encode(errors="surrogateescape")
    digest = hashlib.sha256(begin)
    for source in dataset.sources:
        stamp = dataset.originals.stat(source.path)
        if stamp.size < 0:
            return None
        digest.update(
            f"{source.path}\0{stamp.size}\0{stamp.mtime_ns}\n".encode(errors="surrogateescape")
        )
    try:
        return user_cache("duplicates") / f"{digest.hexdigest()[:32]}.json"
    except OSError:  # no home folder
        return None


def look_for_duplicates(
    spec: SplitSpec, dataset: SourceDataset, *, n_jobs: int, quiet: bool = True
) -> Duplicates | None:
    """Find the duplicates of a dataset where its recipe needs them; None: they were not looked for.

    Splits of our own need them for their groups. In a dataset that comes with splits they are
    looked for unless it is large, the recipe only asks for a warning, and nothing is remembered.
    """
    if not dataset.is_split and spec.group != "near-duplicates":
        return None
    if dataset.is_split and spec.on_duplicates == "warn" and len(dataset.sources) > MOST_LOOKED_AT:
        file = _place_in_cache(dataset)
        if file is None or not file.is_file():
            return None
    return find_duplicates(dataset, n_jobs=n_jobs, quiet=quiet)


def settle_duplicates(
    spec: SplitSpec, dataset: SourceDataset, duplicates: Duplicates | None
) -> tuple[SourceDataset, list[Finding]]:
    """Do with copies across splits what a recipe says, and return the findings.

    Raises SourceError where the recipe takes them as an error.
    """
    if duplicates is None:
        return dataset, [_note_unknown(dataset)] if dataset.is_split else []
    findings = []
    if dataset.is_split and spec.on_duplicates == "drop-train":
        copies = find_straddling(dataset.sources, duplicates.twins)
        if copies.train:
            dropped = set(copies.train)
            kept = tuple(source for source in dataset.sources if source.path not in dropped)
            ignored = {**dataset.ignored, LEFT_OUT: len(dropped)}
            dataset = replace(dataset, sources=kept, ignored=ignored)
            findings.append(_describe_left_out(copies))
    if dataset.is_split:
        remaining = find_straddling(dataset.sources, duplicates.twins)
        if remaining.evaluated:
            finding = _describe_straddling(remaining)
            if spec.on_duplicates == "error":
                raise SourceError(finding.text())
            findings.append(finding)
    contradictions = find_contradictions(dataset.sources, duplicates.twins)
    if contradictions:
        findings.append(_describe_contradictions(contradictions))
    return dataset, findings


class Straddling(NamedTuple):
    """The images of a dataset with splits that have copies in another of its splits.

    `evaluated` are of validation and test, `train` their copies in train, `examples` are pairs.
    """

    evaluated: list[str]
    train: list[str]
    examples: list[str]


def find_straddling(sources: Sequence[Source], twins: Sequence[Twins]) -> Straddling:
    """Find the images that have copies in another split, directly or by way of others."""
    groups = group_pairs((pair.first, pair.second) for pair in twins)
    members: dict[str, list[Source]] = {}
    for source in sorted(sources, key=lambda source: source.path):
        group = groups.get(photo_of(source.path))
        if group is not None:
            members.setdefault(group, []).append(source)
    found = Straddling([], [], [])
    for same in members.values():
        if len({source.split for source in same}) < 2:
            continue
        copies = [source.path for source in same if source.split == "train"]
        others = [source.path for source in same if source.split != "train"]
        found.evaluated.extend(others)
        found.train.extend(copies)
        copy = copies[0] if copies else others[-1]
        found.examples.append(f"{others[0]} = {copy}")
    return found


def find_contradictions(sources: Sequence[Source], twins: Sequence[Twins]) -> list[Twins]:
    """Find the twins that have different labels; of a crop, another label may be right."""
    label_of = {source.path: source.label for source in sources}
    found = []
    for pair in twins:
        first = label_of.get(pair.first)
        second = label_of.get(pair.second)
        if not pair.moved and first and second and first != second:
            found.append(pair)
    return found


def _describe_left_out(copies: Straddling) -> Finding:
    train = plural(len(copies.train), "train image was", "train images were")
    evaluated = plural(len(copies.evaluated), "validation or test image")
    return Finding(
        kind="duplicates across splits",
        message=f"{train} left out as copies of {evaluated}",
        count=len(copies.examples),
        examples=tuple(copies.examples),
    )


def _describe_straddling(straddling: Straddling) -> Finding:
    count = len(straddling.evaluated)
    images = plural(count, "validation or test image has", "validation or test images have")
    advice = "leave out what `augbuild audit SOURCE --write FILE` lists"
    if straddling.train:
        advice = f'say on_duplicates = "drop-train" under [split], or {advice}'
    return Finding(
        kind="duplicates across splits",
        message=f"{images} copies in another split",
        count=len(straddling.examples),
        examples=tuple(straddling.examples),
        advice=advice,
    )


def _describe_contradictions(pairs: Sequence[Twins]) -> Finding:
    count = len(pairs)
    shown = plural(count, "pair of images shows", "pairs of images show")
    return Finding(
        kind="contradicting labels",
        message=f"{shown} the same picture under two labels",
        count=count,
        examples=tuple(f"{pair.first} = {pair.second}" for pair in pairs),
        advice="leave out the wrong ones, or all that `augbuild audit SOURCE --write FILE` lists",
    )


def _note_unknown(dataset: SourceDataset) -> Finding:
    count = len(dataset.sources)
    return Finding(
        kind="duplicates unknown",
        message=f"copies across splits were not looked for among {count:,} images",
        count=count,
        advice="`augbuild audit SOURCE` looks for them, and what it finds is remembered",
    )
