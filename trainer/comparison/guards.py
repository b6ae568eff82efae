"""What must hold before arms are compared: no test image was trained on, and one test for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from augbuild.core.pool import available_cpus, map_cheap
from trainer.comparison.arms import ComparisonImages
from trainer.comparison.config import GuardReport
from trainer.comparison.leaks import Exposure, Hashes, expose, find_leaks
from trainer.data.samples import Sample, Table, hash_file

Guard = Literal["leak", "test-set", "classes"]

_MOST_FINDINGS = 100  # kept of each guard
_POOL_PAYS_FROM = 10_000  # files to hash: seconds

Question = tuple[str, str]
"""A test image by its hash, and its label."""


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """What forbids a comparison: a clause that names the files, and the arms that it holds for."""

    guard: Guard
    arm: str
    message: str


@dataclass(frozen=True, slots=True)
class GuardedArm:
    """An arm before its training: its table, its training images, and what it is tested on.

    `own` is the test set of its own table, where that is not `test`.
    """

    name: str
    table: Table
    train: tuple[Sample, ...]
    test: tuple[Sample, ...]
    own: tuple[Sample, ...] = ()

    @property
    def own_test(self) -> tuple[Sample, ...]:
        """Return the test set that the arm's own table has."""
        return self.own or self.test


def run_guards(
    images: ComparisonImages, override: Collection[str], *, n_jobs: int
) -> tuple[GuardReport, ...]:
    """Check all arms, fold by fold, and report on each guard that found something.

    Raises TableError where a file cannot be read.
    """
    # A finding names its arms unless it holds for all of them.
    everyone = ", ".join(dict.fromkeys(each.arm.name for each in images.arms))
    found: dict[Guard, dict[str, None]] = {}
    for fold in images.folds or (None,):
        arms = []
        for each in images.arms:
            if each.fold == fold:
                own = each.table.of("test")
                arms.append(GuardedArm(each.arm.name, each.table, each.train, each.test, own))
        for finding in check_arms(arms, n_jobs=max(n_jobs, available_cpus())):
            message = finding.message
            if finding.arm != everyone:
                message += f" (arm {finding.arm})"
            messages = found.setdefault(finding.guard, {})
            messages[message] = None
    reports = []
    for guard, messages in found.items():
        report = GuardReport(
            name=guard,
            count=len(messages),
            findings=tuple(messages)[:_MOST_FINDINGS],
            overridden=guard in override,
        )
        reports.append(report)
    return tuple(reports)


def check_arms(arms: Sequence[GuardedArm], *, n_jobs: int) -> list[GuardFinding]:
    """Find what forbids comparing `arms`.

    First leaks, then test sets and classes that are not those of the first arm. A finding that
    holds for several arms is reported once and names them all: "original, augmented". Raises
    TableError where a file cannot be read.
    """
    exposures = [expose(arm.name, arm.table, arm.train, arm.test) for arm in arms]
    hashes = _hash_images(arms, exposures, n_jobs)
    leaks = find_leaks(exposures, hashes, n_jobs=n_jobs)
    findings = [GuardFinding("leak", leak.arm, leak.message) for leak in leaks]
    findings += _compare_test_sets(arms, hashes)
    findings += _compare_classes(arms)
    holds_for: dict[tuple[Guard, str], dict[str, None]] = {}
    for finding in findings:
        key = (finding.guard, finding.message)
        names = holds_for.setdefault(key, {})
        names[finding.arm] = None
    merged = []
    for (guard, message), names in holds_for.items():
        together = ", ".join(names)
        merged.append(GuardFinding(guard, together, message))
    return merged


def _hash_images(
    arms: Sequence[GuardedArm], exposures: Sequence[Exposure], n_jobs: int
) -> dict[Path, str]:
    """Return the SHA-256 of every image; a manifest's own hashes are not computed again."""
    samples: list[Sample] = []
    for arm in arms:
        samples += arm.own
    for exposure in exposures:
        samples += exposure.train
        samples += exposure.test.values()
        samples += exposure.shown.values()
    hashes: dict[Path, str] = {}
    unknown: dict[Path, None] = {}
    for sample in samples:
        if sample.sha256 is None:
            unknown[sample.path] = None
        else:
            hashes[sample.path] = sample.sha256
    # The hash that a manifest has is taken at its word, whichever row of the file has it.
    paths = [path for path in unknown if path not in hashes]
    computed = map_cheap(hash_file, paths, n_jobs=n_jobs, pays_from=_POOL_PAYS_FROM, lost=hash_file)
    hashes |= zip(paths, computed, strict=True)
    return hashes


def _compare_test_sets(arms: Sequence[GuardedArm], hashes: Hashes) -> list[GuardFinding]:
    """Compare each arm's test set with the first arm's, by bytes and label, in any order."""
    names: dict[Question, str] = {}
    asked: list[Counter[Question]] = []
    for arm in arms:
        questions: Counter[Question] = Counter()
        for test in arm.own_test:
            # By bytes and label: names and order may differ between tables of the same images.
            question = (hashes[test.path], test.label)
            names[question] = test.name
            questions[question] += 1
        asked.append(questions)
    findings = []
    for arm, own in zip(arms[1:], asked[1:], strict=True):
        lacking = asked[0] - own
        added = own - asked[0]
        parts = []
        if lacking:
            parts.append(f"lacks {_count(lacking, names)}")
        if added:
            parts.append(f"has besides {_count(added, names)}")
        if parts:
            different = " and ".join(parts)
            message = f"against the test set of {arms[0].name}, this {different}"
            findings.append(GuardFinding("test-set", arm.name, message))
    return findings


def _count(questions: Counter[Question], names: Mapping[Question, str]) -> str:
    first, *_ = questions
    _, label = first
    rest = questions.total() - 1
    more = f" and {rest} more" if rest else ""
    return f"{names[first]} ({label}){more}"


def _compare_classes(arms: Sequence[GuardedArm]) -> list[GuardFinding]:
    """Compare each arm's classes with the first arm's, in their order; the first difference."""
    findings = []
    for arm in arms[1:]:
        first = arms[0].table
        pairs = zip_longest(first.classes, arm.table.classes)
        for number, (expected, got) in enumerate(pairs):
            # The first one only: after it, all later classes are likely to be shifted.
            if expected != got:
                there, here = _quote(expected), _quote(got)
                message = (
                    f"class {number} is {there} in {first.file}, but {here} in {arm.table.file}"
                )
                findings.append(GuardFinding("classes", arm.name, message))
                break
    return findings


def _quote(label: str | None) -> str:
    return "missing" if label is None else repr(label)
