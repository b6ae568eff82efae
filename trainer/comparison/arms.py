"""The arms of a comparison: their images, their sizes, and how an ablation makes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from augbuild.dataset.layout import MANIFEST_NAME
from augbuild.errors import TableError, UsageError
from augbuild.recipe.load import load_recipe
from augbuild.recipe.model import Recipe
from augbuild.recipe.steps import TransformStep, remove_step, walk_steps
from trainer.comparison.config import ArmSummary, SharedTestSet
from trainer.comparison.design import Arm, Budget, Design
from trainer.data.dividing import take_fold
from trainer.data.order import epochs_order, steps_order
from trainer.data.samples import (
    Sample,
    Table,
    check_classes,
    check_files,
    training_samples,
)
from trainer.data.tables import read_table

BUILDS = "builds"
"""The folder of an ablation's builds, which are there before anything else of the comparison."""

_WHOLE = "whole"
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


def load_arms(design: Design) -> ComparisonImages:
    """Read the arms' manifests and choose their images; raises TableError."""
    tables = {}
    for arm in design.arms:
        if arm.manifest not in tables:
            tables[arm.manifest] = read_table(Path(arm.manifest))
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


def make_ablation(
    design: Design, recipe: str | Path, out: Path, *, source: str | None = None, quiet: bool = True
) -> Design:
    """Build a recipe whole, and without each of its transforms in turn, and compare those builds.

    They lie below `out`. Each contrast is the whole recipe against the one without a transform:
    what the transform adds. All else is as in `design`, whose one arm says what to train on.
    Raises UsageError and AugbuildError.
    """
    # The builder: a comparison of manifests that are there starts without it.
    from augbuild.building.build import build

    train_on = design.arms[0].train_on
    arms = []
    for name, ablated in ablations(load_recipe(recipe)):
        target = out / BUILDS / name
        build(ablated, source=source, out=target, quiet=quiet)
        arms.append(Arm(name, str(target / MANIFEST_NAME), train_on))
    contrasts = tuple((_WHOLE, arm.name) for arm in arms[1:])
    return replace(design, arms=tuple(arms), contrasts=contrasts)


def ablations(recipe: Recipe) -> Iterator[tuple[str, Recipe]]:
    """Yield the whole recipe, and then one without each transform.

    The draws of the other transforms stay as they were. Raises UsageError for fewer than two.
    """
    yield _WHOLE, recipe
    keys = [step.key for step in walk_steps(recipe.transforms) if isinstance(step, TransformStep)]
    if len(keys) < 2:
        raise UsageError(
            f"the recipe {recipe.name!r} has {len(keys)} transforms; leaving one out takes two"
        )
    for key in keys:
        op, _, occurrence = key.partition("#")
        name = f"without-{op}"
        if occurrence != "0":
            name += f"-{int(occurrence) + 1}"
        yield name, replace(recipe, transforms=remove_step(recipe.transforms, key))
