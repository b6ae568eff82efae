"""Test images that are known from training: by lineage, by bytes, or by sight.

By lineage: a training image of the same source or group. By bytes: the same file. By sight: the
same picture at another size, mirrored or turned. Barz and Denzler (arXiv 1902.00423) found one in
thirty test images of CIFAR-10 and one in ten of CIFAR-100 among the training images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from augbuild.similarity.search import NearDuplicate, near_duplicates_across
from trainer.data.samples import Sample, Table

ByPath = Mapping[Path, Sample]
Hashes = Mapping[Path, str]
"""The SHA-256 of images."""

Tie = tuple[Literal["source", "group"], str]
"""What ties an image to others of its table, and its name."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A test image that an arm knows from training; `message` is a clause that names both files."""

    arm: str
    message: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """What an arm sees in training and in its test, by path.

    `known` are all images of its table. `shown` are the pictures that it learns from: an original
    stands for all its variants, which may resemble it no more.
    """

    arm: str
    known: ByPath
    train: tuple[Sample, ...]
    test: ByPath
    shown: ByPath


def expose(arm: str, table: Table, train: Sequence[Sample], test: Sequence[Sample]) -> Exposure:
    """Return what an arm sees; a variant whose original is not in the table stands for itself."""
    originals: dict[str, Sample] = {}
    for sample in table.samples:
        if not sample.augmented:
            originals.setdefault(sample.source, sample)
    shown = {}
    for sample in train:
        seen = originals.get(sample.source, sample) if sample.augmented else sample
        shown[seen.path] = seen
    return Exposure(
        arm=arm,
        known={sample.path: sample for sample in table.samples},
        train=tuple(train),
        test={sample.path: sample for sample in test},
        shown=shown,
    )


def find_leaks(exposures: Sequence[Exposure], hashes: Hashes, *, n_jobs: int) -> list[Leak]:
    """Find the test images that an arm knows; `hashes` has all images.

    A leak is reported once for each reason, and not again for a weaker reason by the same training
    image. What cannot be decoded is like nothing.
    """
    leaks = []
    for exposure in exposures:
        leaks += _find_by_lineage(exposure)
    for exposure in exposures:
        leaks += _find_by_bytes(exposure, hashes)
    return [*leaks, *_find_by_sight(exposures, hashes, n_jobs)]


def _find_by_lineage(exposure: Exposure) -> list[Leak]:
    trained: dict[Tie, Sample] = {}
    for sample in exposure.train:
        for tie in _list_ties(exposure, sample):
            trained.setdefault(tie, sample)
    leaks = []
    for test in exposure.test.values():
        for tie in _list_ties(exposure, test):
            if tie in trained:
                what, _ = tie
                # The source, which comes first, is the stronger tie of the two.
                relation = f"is of the same {what} as"
                leaks.append(_report(exposure, test, relation, trained[tie]))
                break
    return leaks


def _find_by_bytes(exposure: Exposure, hashes: Hashes) -> list[Leak]:
    trained: dict[str, Sample] = {}
    for sample in (*exposure.train, *exposure.shown.values()):
        sha256 = hashes[sample.path]
        trained[sha256] = sample
    leaks = []
    for test in exposure.test.values():
        # What is tied is reported by lineage, which says more.
        same = trained.get(hashes[test.path])
        if same is not None and not _are_tied(exposure, test, same):
            leaks.append(_report(exposure, test, "has the same bytes as", same))
    return leaks


def _find_by_sight(exposures: Sequence[Exposure], hashes: Hashes, n_jobs: int) -> list[Leak]:
    """Compare pictures; each is decoded once for all arms."""
    tests: dict[Path, Sample] = {}
    shown: dict[Path, Sample] = {}
    for exposure in exposures:
        tests |= exposure.test
        shown |= exposure.shown
    reported: set[tuple[str, str]] = set()
    leaks = []
    for twin in near_duplicates_across(list(tests), list(shown), n_jobs=n_jobs):
        how = _describe(twin)
        for exposure in exposures:
            test = exposure.test.get(Path(twin.first))
            trained = exposure.shown.get(Path(twin.second))
            key = (exposure.arm, twin.first)
            if test is None or trained is None or key in reported:
                continue
            # Equal bytes and a common lineage have been reported already.
            is_same_file = hashes[test.path] == hashes[trained.path]
            if not is_same_file and not _are_tied(exposure, test, trained):
                reported.add(key)
                leaks.append(_report(exposure, test, "is", trained, f", {how}"))
    return leaks


def _describe(twin: NearDuplicate) -> str:
    if twin.moved:
        also = "" if twin.turn == "upright" else f", {twin.turn}"
        return f"cropped, framed or tilted{also}"
    return "at another size or encoding" if twin.turn == "upright" else twin.turn


def _list_ties(exposure: Exposure, sample: Sample) -> list[Tie]:
    # An image of another table has none: that table may give the same names to other things.
    known = exposure.known.get(sample.path)
    ties: list[Tie] = []
    if known is not None and known.source:
        ties.append(("source", known.source))
    if known is not None and known.group:
        ties.append(("group", known.group))
    return ties


def _are_tied(exposure: Exposure, first: Sample, second: Sample) -> bool:
    """Check whether two images are of the same source or group."""
    ties = set(_list_ties(exposure, first))
    others = _list_ties(exposure, second)
    return not ties.isdisjoint(others)


def _report(
    exposure: Exposure, test: Sample, relation: str, trained: Sample, more: str = ""
) -> Leak:
    if test.path == trained.path:
        message = f"test image {test.name} is itself a training image"
    else:
        message = f"test image {test.name} {relation} the training image {trained.name}{more}"
    return Leak(exposure.arm, message)
