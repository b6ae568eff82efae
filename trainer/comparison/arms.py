"""The images of a comparison: what each arm trains on, what all are tested on, and for how long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from augbuild.errors import TableError
from trainer.comparison.config import ArmSummary, SharedTestSet
from trainer.comparison.design import Arm, Budget, Design
from trainer.data.order import epochs_order, steps_order
from trainer.data.samples import (
    Sample,
    Table,
    check_classes,
    check_files,
    take_fold,
    training_samples,
)
from trainer.data.tables import read_table

_EPOCHS = 10  # of the largest arm, where no budget is given


@dataclass(frozen=True, slots=True)
class ArmImages:
    """One arm's images in one fold (None: without folds), and the test images shared by all arms."""

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
        by_path: dict[Path, Sample] = {}
        for each in self.arms:
            by_path |= {sample.path: sample for sample in each.train}
        for table in self.tables.values():
            by_path |= {sample.path: sample for sample in table.of("validation")}
        by_path |= {sample.path: sample for sample in self.test}
        return tuple(by_path.values())


def load_arms(design: Design) -> ComparisonImages:
    """Read the arms' manifests and choose their images; raises TableError."""
    tables = {}
    for arm in design.arms:
        if arm.manifest not in tables:
            tables[arm.manifest] = read_table(Path(arm.manifest))
    folds = _list_folds(tables[design.arms[0].manifest]) if design.folds else ()
    arms: list[ArmImages] = []
    for fold in folds or (None,):
        arms += _load_fold(design, tables, fold)
    return ComparisonImages(tables, tuple(arms), folds)


def _list_folds(table: Table) -> tuple[int, ...]:
    folds = {sample.fold for sample in table.samples if sample.fold is not None}
    if len(folds) < 2:
        raise TableError(f"{table.file} has no folds; a recipe with `[split] folds = 5` makes them")
    return tuple(sorted(folds))


def _load_fold(design: Design, tables: Mapping[str, Table], fold: int | None) -> list[ArmImages]:
    """Choose the images of all arms in one fold; `test` is the first arm's."""
    if fold is not None:
        tables = {manifest: take_fold(table, fold) for manifest, table in tables.items()}
    first = tables[design.arms[0].manifest]
    test = first.of("test")
    if not test:
        raise TableError(
            f"{first.file} has no test images; use a manifest with a test split, "
            "or one with folds and --folds"
        )
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
        order = steps_order(each.train, design.fit.batch_size, 0)
        summary = ArmSummary(
            name=each.arm.name,
            manifest=each.arm.manifest,
            train_on=each.arm.train_on,
            images=len(each.train),
            sources=len(order.units),
            augmented=sum(sample.augmented for sample in each.train),
            steps=count_steps(design, each),
        )
        summaries.append(summary)
    return tuple(summaries)


def summarize_test(images: ComparisonImages) -> SharedTestSet:
    """Return the sizes of the test set and of its classes."""
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
        used: dict[tuple[int, Path], Sample] = {}
        for each in images.arms:
            if each.arm.manifest != manifest:
                continue
            samples = each.train
            if manifest == first:
                samples += each.test
            used |= {(sample.row, sample.path): sample for sample in samples}
        check_files(table, list(used.values()), verify=verify)
