"""What must hold before arms are compared: no test image was trained on, and all arms are asked the same.

A test image leaks by lineage (a training image of the same source or group), by bytes, or by sight (it is a training
image at another size, mirrored or turned). Barz and Denzler (1902.00423) found one in thirty test images of CIFAR-10
and one in ten of CIFAR-100 among the training images.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Literal

from augbuild.core.pool import map_cheap
from augbuild.similarity.search import near_duplicates_across
from trainer.data.samples import Sample, Table, hash_file

Guard = Literal["leak", "test-set", "classes"]

_POOL_PAYS_FROM = 10_000  # files to hash: seconds


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """What forbids a comparison; `arm` names the arms that it holds for, `message` is a clause that names the files."""

    guard: Guard
    arm: str
    message: str


@dataclass(frozen=True, slots=True)
class GuardedArm:
    """An arm before its training: the table that its training images are from, these, and what it is tested on.

    `own` is the test set of its own table, where that is not `test`.
    """

    name: str
    table: Table
    train: tuple[Sample, ...]
    test: tuple[Sample, ...]
    own: tuple[Sample, ...] = ()


def check_arms(arms: Sequence[GuardedArm], *, n_jobs: int) -> list[GuardFinding]:
    """Find what forbids comparing `arms`: leaks, then test sets and classes that are not those of the first arm.

    Of each test image a leak is told once for each reason (lineage, bytes, sight), and not again for a weaker reason
    by the same training image. What holds for several arms is told once, and `arm` names them all: "original,
    augmented". What cannot be decoded is like nothing. Raises TableError where a file cannot be read.
    """
    views = [_view(arm) for arm in arms]
    hashes = _hashes(views, [sample for arm in arms for sample in arm.own], n_jobs)
    leaks = [
        *chain.from_iterable(_by_lineage(view) for view in views),
        *chain.from_iterable(_by_bytes(view, hashes) for view in views),
        *_by_sight(views, hashes, n_jobs),
    ]
    return _merged([*leaks, *_differing_tests(arms, hashes), *_differing_classes(arms)])


Tie = tuple[Literal["source", "group"], str]


@dataclass(frozen=True, slots=True)
class _View:
    """An arm as its leaks are looked for; `shown` is what it learns from, an original for all its variants."""

    name: str
    table: Mapping[Path, Sample]
    train: tuple[Sample, ...]
    test: Mapping[Path, Sample]
    shown: Mapping[Path, Sample]

    def ties(self, sample: Sample) -> list[Tie]:
        """Name what ties an image to others of its table; those of another table may call other things the same."""
        known = self.table.get(sample.path)
        if known is None:
            return []
        ties: list[tuple[Literal["source", "group"], str | None]] = [
            ("source", known.source),
            ("group", known.group),
        ]
        return [(what, name) for what, name in ties if name]

    def tied(self, first: Sample, second: Sample) -> bool:
        """Tell whether two images are of the same source or group."""
        return not set(self.ties(first)).isdisjoint(self.ties(second))

    def leak(self, test: Sample, how: str, trained: Sample, more: str = "") -> GuardFinding:
        """Say how a test image is known from training."""
        if test.path == trained.path:
            return GuardFinding(
                "leak", self.name, f"test image {test.name} is itself a training image"
            )
        return GuardFinding(
            "leak",
            self.name,
            f"test image {test.name} {how} the training image {trained.name}{more}",
        )


def _view(arm: GuardedArm) -> _View:
    originals = {each.source: each for each in reversed(arm.table.samples) if not each.augmented}
    shown = (
        originals.get(sample.source, sample) if sample.augmented else sample for sample in arm.train
    )
    return _View(
        arm.name,
        {sample.path: sample for sample in arm.table.samples},
        arm.train,
        {sample.path: sample for sample in arm.test},
        {sample.path: sample for sample in shown},
    )


def _hashes(views: Iterable[_View], more: Iterable[Sample], n_jobs: int) -> dict[Path, str]:
    samples = {sample.path: sample for sample in more}
    for view in views:
        for some in (view.train, view.test.values(), view.shown.values()):
            samples |= {sample.path: sample for sample in some}
    known = {path: sample.sha256 for path, sample in samples.items() if sample.sha256 is not None}
    rest = [path for path in samples if path not in known]
    found = map_cheap(hash_file, rest, n_jobs=n_jobs, pays_from=_POOL_PAYS_FROM, lost=hash_file)
    return known | dict(zip(rest, found, strict=True))


def _by_lineage(view: _View) -> Iterator[GuardFinding]:
    trained: dict[Tie, Sample] = {}
    for sample in view.train:
        for tie in view.ties(sample):
            trained.setdefault(tie, sample)
    for test in view.test.values():
        if shared := next((tie for tie in view.ties(test) if tie in trained), None):
            yield view.leak(test, f"is of the same {shared[0]} as", trained[shared])


def _by_bytes(view: _View, hashes: Mapping[Path, str]) -> Iterator[GuardFinding]:
    trained = {hashes[sample.path]: sample for sample in (*view.train, *view.shown.values())}
    for test in view.test.values():
        same = trained.get(hashes[test.path])
        if same and not view.tied(test, same):
            yield view.leak(test, "has the same bytes as", same)


def _by_sight(
    views: Sequence[_View], hashes: Mapping[Path, str], n_jobs: int
) -> Iterator[GuardFinding]:
    """Look at each picture once, for all arms."""
    tests = list(dict.fromkeys(path for view in views for path in view.test))
    shown = list(dict.fromkeys(path for view in views for path in view.shown))
    told = set()
    for twin in near_duplicates_across(tests, shown, n_jobs=n_jobs):
        how = "at another size or encoding" if twin.turn == "upright" else twin.turn
        for view in views:
            test, trained = view.test.get(twin.first), view.shown.get(twin.second)
            if test is None or trained is None or (view.name, test.path) in told:
                continue
            if hashes[test.path] != hashes[trained.path] and not view.tied(test, trained):
                told.add((view.name, test.path))
                yield view.leak(test, "is", trained, f", {how}")


Question = tuple[str, str]


def _differing_tests(
    arms: Sequence[GuardedArm], hashes: Mapping[Path, str]
) -> Iterator[GuardFinding]:
    names = {
        (hashes[test.path], test.label): test.name for arm in arms for test in arm.own or arm.test
    }
    asked = [
        Counter((hashes[test.path], test.label) for test in arm.own or arm.test) for arm in arms
    ]
    for arm, own in zip(arms[1:], asked[1:], strict=True):
        parts = (("lacks", asked[0] - own), ("has besides", own - asked[0]))
        different = " and ".join(
            f"{verb} {_counted(questions, names)}" for verb, questions in parts if questions
        )
        if different:
            yield GuardFinding(
                "test-set", arm.name, f"against the test set of {arms[0].name}, this {different}"
            )


def _counted(questions: Counter[Question], names: Mapping[Question, str]) -> str:
    first, rest = next(iter(questions)), questions.total() - 1
    return f"{names[first]} ({first[1]})" + (f" and {rest} more" if rest else "")


def _differing_classes(arms: Sequence[GuardedArm]) -> Iterator[GuardFinding]:
    for arm in arms[1:]:
        pairs = zip_longest(arms[0].table.classes, arm.table.classes)
        for number, (expected, got) in enumerate(pairs):
            if expected != got:
                there, here = (
                    repr(label) if label is not None else "missing" for label in (expected, got)
                )
                message = f"class {number} is {there} in {arms[0].table.file}, but {here} in {arm.table.file}"
                yield GuardFinding("classes", arm.name, message)
                break


def _merged(findings: Iterable[GuardFinding]) -> list[GuardFinding]:
    """Tell once what several arms share."""
    arms: dict[tuple[Guard, str], dict[str, None]] = {}
    for finding in findings:
        arms.setdefault((finding.guard, finding.message), {})[finding.arm] = None
    return [
        GuardFinding(guard, ", ".join(names), message) for (guard, message), names in arms.items()
    ]
