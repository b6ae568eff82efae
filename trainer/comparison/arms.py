"""The arms of a comparison: their images, and their sizes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from augbuild.errors import TableError
from trainer.comparison.config import ArmSummary, GuardReport, SharedTestSet
from trainer.comparison.design import Arm, Budget, Design
from trainer.data.divide import take_fold, validation_as_test
from trainer.data.order import Order, epochs_order, steps_order
from trainer.data.samples import (
    Sample,
    Table,
    check_classes,
    check_files,
    training_samples,
)
from trainer.data.tables import read_table

_EPOCHS = 10  # of the largest arm, where no budget is given


@dataclass(frozen=True, slots=True)
class ArmImages:
    """One arm's images in one fold (None: without folds), and the test images that all share."""

    arm: Arm
    fold: int | None
    table: Table
    train: tuple[Sample, ...]
    test: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class ComparisonImages:
    """All arms with their images, fold by fold and arm by arm within; `tables` are by manifest."""

    tables: Mapping[str, Table]
    arms: tuple[ArmImages, ...]
    folds: tuple[int, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the classes of the first arm: those of all, unless a guard was overridden."""
        return self.arms[0].table.classes

    @property
    def test(self) -> tuple[Sample, ...]:
        """Return all test images, each once, fold by fold."""
        first = self.arms[0].arm
        samples: list[Sample] = []
        for each in self.arms:
            if each.arm == first:
                samples += each.test
        return tuple(samples)

    @property
    def every_image(self) -> tuple[Sample, ...]:
        """Return every image that any run reads, each once."""
        samples: list[Sample] = []
        for each in self.arms:
            samples += each.train
        # Every run reports on the validation images, too, whatever it trains on.
        for table in self.tables.values():
            samples += table.of("validation")
        samples += self.test
        by_path = {sample.path: sample for sample in samples}
        return tuple(by_path.values())

    def describe_findings(self, kind: str | None = None) -> list[str]:
        """Return a line for each finding about a manifest, or for each of one kind."""
        lines = []
        for table in self.tables.values():
            for finding in table.findings:
                if kind in {None, finding.kind}:
                    line = f"{table.file}: {finding.text()}"
                    lines.append(line)
        return lines


def load_arms(design: Design) -> ComparisonImages:
    """Read the arms' manifests and choose their images; raises TableError."""
    tables = {}
    skip = design.fit.skip_unreadable is True
    for arm in design.arms:
        if arm.manifest not in tables:
            options = design.fit.source_options()
            tables[arm.manifest] = read_table(Path(arm.manifest), options, skip_unreadable=skip)
    folds: tuple[int, ...] = ()
    if design.folds:
        table = tables[design.arms[0].manifest]
        numbers = {sample.fold for sample in table.samples if sample.fold is not None}
        if len(numbers) < 2:
            hint = "a recipe with `[split] folds = 5` makes them"
            raise TableError(f"{table.file} has no folds; {hint}")
        folds = tuple(sorted(numbers))
    arms: list[ArmImages] = []
    for fold in folds or (None,):
        arms += _load_fold(design, tables, fold)
    return ComparisonImages(tables, tuple(arms), folds)


def _load_fold(design: Design, tables: Mapping[str, Table], fold: int | None) -> list[ArmImages]:
    """Choose the images of all arms in one fold; `test` is the first arm's."""
    if fold is not None:
        tables = {manifest: take_fold(table, fold) for manifest, table in tables.items()}
    first = tables[design.arms[0].manifest]
    if design.fit.tests_on_validation:
        first = validation_as_test(first)
    test = first.of("test")
    if not test:
        hint = "use a manifest with a test split, or one with folds and --folds"
        if first.of("validation"):
            hint = "--test-split validation tests on its validation images"
        raise TableError(f"{first.file} has no test images; {hint}")
    arms = []
    for arm in design.arms:
        table = tables[arm.manifest]
        train = training_samples(table, arm.train_on)
        check_classes(train, test, first.file)
        arms.append(ArmImages(arm, fold, table, train, test))
    return arms


def settle_budget(design: Design, images: ComparisonImages) -> Design:
    """Return the design with a budget: as many steps as the largest arm takes in ten epochs.

    A budget that was asked for stays.
    """
    if design.budget is not None:
        return design
    most = max(_batches_per_epoch(design, each) for each in images.arms)
    return replace(design, budget=Budget("steps", _EPOCHS * most))


def count_steps(design: Design, arm: ArmImages) -> int:
    """Count the optimiser steps of each of an arm's runs."""
    assert design.budget is not None, "settled before"
    if design.budget.kind == "steps":
        return design.budget.number
    return design.budget.number * _batches_per_epoch(design, arm)


def _batches_per_epoch(design: Design, arm: ArmImages) -> int:
    return epochs_order(arm.train, design.fit.batch_size, 0).batches_per_pass


def summarize_arms(design: Design, images: ComparisonImages) -> tuple[ArmSummary, ...]:
    """Return the sizes of all arms; with folds those of the first fold."""
    summaries = []
    for each in images.arms[: len(design.arms)]:
        sources = steps_order(each.train, design.fit.batch_size, 0)
        steps = count_steps(design, each)
        summary = ArmSummary(
            name=each.arm.name,
            manifest=each.arm.manifest,
            train_on=each.arm.train_on,
            images=len(each.train),
            sources=len(sources.units),
            augmented=sum(sample.augmented for sample in each.train),
            steps=steps,
            seen=_order(design, each).count_seen(steps),
            constant_loss=_constant_loss(_order(design, each), each.train),
        )
        summaries.append(summary)
    return tuple(summaries)


def _order(design: Design, arm: ArmImages) -> Order:
    """Return the order in which a run of the first seed sees an arm's images."""
    assert design.budget is not None, "settled before"
    make = steps_order if design.budget.kind == "steps" else epochs_order
    return make(arm.train, design.fit.batch_size, design.seeds[0])


def _constant_loss(order: Order, samples: Sequence[Sample]) -> float:
    """Return the cross-entropy of the best constant answer, in nats: the entropy of the classes.

    Each unit of the order counts once, as it does in each pass of the training.
    """
    counts = Counter(samples[unit[0]].label for unit in order.units)
    shares = [count / counts.total() for count in counts.values()]
    return -sum(share * math.log(share) for share in shares)


def find_unseen(
    design: Design, images: ComparisonImages, *, overridden: bool
) -> tuple[GuardReport, ...]:
    """Find the arms whose budget ends before every image was seen: a claim about fewer images.

    Returns one report, or none.
    """
    findings: dict[str, None] = {}
    for each in images.arms:
        order = _order(design, each)
        steps = count_steps(design, each)
        seen, claimed = order.count_seen(steps), len(each.train)
        if seen < claimed:
            enough = order.steps_to_see_all
            findings[
                f"{each.arm.name} shows {seen:,} of its {claimed:,} training images in "
                f"{steps:,} steps; --budget steps:{enough} shows them all"
            ] = None
    if not findings:
        return ()
    report = GuardReport(
        name="exposure", count=len(findings), findings=tuple(findings), overridden=overridden
    )
    return (report,)


def number_groups(images: ComparisonImages) -> tuple[int, ...]:
    """Number the groups of the test images, image by image; empty where each is its own group."""
    numbers: dict[str, int] = {}
    groups = []
    for sample in images.test:
        name = sample.group or sample.source or sample.name
        groups.append(numbers.setdefault(name, len(numbers)))
    return () if len(numbers) == len(groups) else tuple(groups)


def summarize_test(images: ComparisonImages) -> SharedTestSet:
    """Return the sizes of the test set and of its classes."""
    # A class without a test image is listed, with 0, since arms may still predict it.
    counts = Counter(sample.label for sample in images.test)
    return SharedTestSet(
        images=counts.total(),
        majority=max(counts.values()) / counts.total(),
        per_class={label: counts[label] for label in images.classes},
    )


def check_arm_files(images: ComparisonImages, *, verify: bool) -> None:
    """Check every file once before any training; raises TableError that names the row."""
    first = images.arms[0].arm.manifest
    for manifest, table in images.tables.items():
        samples: list[Sample] = []
        for each in images.arms:
            if each.arm.manifest == manifest:
                samples += each.train
            if each.arm.manifest == manifest == first:
                samples += each.test
        # A placebo lists its rows several times, and arms of one manifest share theirs.
        used = {(sample.row, sample.path): sample for sample in samples}
        check_files(table, list(used.values()), verify=verify)
