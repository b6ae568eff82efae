"""The images of a comparison: what each arm trains on, what all are tested on, and how many steps each takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from augbuild.errors import TableError
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
class ArmData:
    """One arm's images in one fold (None: without folds), and the test images that all arms share there."""

    arm: Arm
    fold: int | None
    table: Table
    train: tuple[Sample, ...]
    test: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class ComparisonData:
    """All arms with their images: fold by fold, arm by arm within; `tables` by manifest."""

    tables: Mapping[str, Table]
    fitted: tuple[ArmData, ...]
    folds: tuple[int, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Give the classes of the first arm, which are those of all unless a guard was overridden."""
        return self.fitted[0].table.classes

    @property
    def tests(self) -> tuple[Sample, ...]:
        """Give all test images, each once, fold by fold."""
        first = self.fitted[0].arm
        return tuple(sample for each in self.fitted if each.arm == first for sample in each.test)

    @property
    def images(self) -> tuple[Sample, ...]:
        """Give every image that any run reads, each once."""
        validation = (sample for table in self.tables.values() for sample in table.of("validation"))
        trained = (sample for each in self.fitted for sample in each.train)
        return tuple(
            {sample.path: sample for sample in (*trained, *validation, *self.tests)}.values()
        )


def load_arms(design: Design) -> ComparisonData:
    """Read the arms' manifests and choose their images; raises TableError."""
    by_manifest = {
        manifest: read_table(Path(manifest))
        for manifest in dict.fromkeys(a.manifest for a in design.arms)
    }
    folds = _folds(by_manifest[design.arms[0].manifest]) if design.folds else ()
    fitted = tuple(
        each for fold in (folds or [None]) for each in _of_fold(design, by_manifest, fold)
    )
    return ComparisonData(by_manifest, fitted, folds)


def _folds(table: Table) -> tuple[int, ...]:
    folds = tuple(sorted({sample.fold for sample in table.samples if sample.fold is not None}))
    if len(folds) < 2:
        raise TableError(f"{table.file} has no folds; a recipe with `[split] folds = 5` makes them")
    return folds


def _of_fold(
    design: Design, by_manifest: Mapping[str, Table], fold: int | None
) -> Iterator[ArmData]:
    def taken(manifest: str) -> Table:
        return by_manifest[manifest] if fold is None else take_fold(by_manifest[manifest], fold)

    first = taken(design.arms[0].manifest)
    test = first.of("test")
    if not test:
        raise TableError(
            f"{first.file} has no test images; give a manifest with a test split, or one with --folds"
        )
    for arm in design.arms:
        table = taken(arm.manifest)
        train = training_samples(table, arm.train_on)
        check_classes(train, test, first.file)
        yield ArmData(arm, fold, table, train, test)


def with_budget(design: Design, lineup: ComparisonData) -> Design:
    """Settle the budget: the one asked for, else as many steps as the largest arm takes in ten epochs."""
    if design.budget is not None:
        return design
    passes = (
        epochs_order(each.train, design.fit.batch_size, 0).batches_per_pass
        for each in lineup.fitted
    )
    return replace(design, budget=Budget("steps", _EPOCHS * max(passes)))


def arm_steps(design: Design, each: ArmData) -> int:
    """Count the optimiser steps of an arm's runs."""
    assert design.budget is not None, "settled before"
    if design.budget.kind == "steps":
        return design.budget.number
    return (
        design.budget.number * epochs_order(each.train, design.fit.batch_size, 0).batches_per_pass
    )


def arm_summary(design: Design, lineup: ComparisonData, arm: Arm) -> dict[str, Any]:
    """Tell an arm's size, as comparison.json has it; with folds those of the first fold."""
    each = next(each for each in lineup.fitted if each.arm == arm)
    return {
        "name": arm.name,
        "manifest": arm.manifest,
        "train_on": arm.train_on,
        "images": len(each.train),
        "sources": len(steps_order(each.train, design.fit.batch_size, 0).units),
        "augmented": sum(sample.augmented for sample in each.train),
        "steps": arm_steps(design, each),
    }


def test_summary(lineup: ComparisonData) -> dict[str, Any]:
    """Tell the size of the test set and of its classes; `majority` is the share of the largest."""
    counts = Counter(sample.label for sample in lineup.tests)
    total = sum(counts.values())
    per_class = {label: counts[label] for label in lineup.classes}
    return {"images": total, "majority": max(counts.values()) / total, "per_class": per_class}


def check_arm_files(lineup: ComparisonData, *, verify: bool) -> None:
    """Look at every file once before any training; raises TableError naming the row."""
    first = lineup.fitted[0].arm.manifest
    for manifest, table in lineup.tables.items():
        own = [each for each in lineup.fitted if each.arm.manifest == manifest]
        used = (
            sample
            for each in own
            for sample in (*each.train, *(each.test if manifest == first else ()))
        )
        check_files(
            table,
            list({(sample.row, sample.path): sample for sample in used}.values()),
            verify=verify,
        )
