"""A table divided anew: a share held out, a fold, validation in the place of test."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace

from augbuild.errors import TableError
from trainer.data.samples import Sample, Table


def divide(table: Table, *, holdout: float, fold: int | None, seed: int) -> Table:
    """Return a table with a share held out, or with a fold as its test split; raises TableError."""
    if holdout:
        table = hold_out(table, holdout, seed)
    if fold is not None:
        table = take_fold(table, fold)
    return table


def validation_as_test(table: Table) -> Table:
    """Make the validation split the test split, and leave the images of the former one out.

    Raises TableError where there is no validation split.
    """
    if not table.of("validation"):
        raise TableError(f"{table.file} has no validation images to test on (--test-split)")
    kept = []
    for sample in table.samples:
        if sample.split == "validation":
            kept.append(replace(sample, split="test"))
        # The former test images stay unseen: to train on them would spend them.
        elif sample.split != "test":
            kept.append(sample)
    return replace(table, samples=tuple(kept))


def take_fold(table: Table, fold: int) -> Table:
    """Make the originals of one fold the test split and all other folds the train split.

    Raises TableError where the table has no such fold.
    """
    folds = {sample.fold for sample in table.samples if sample.fold is not None}
    if not folds:
        raise TableError(f"{table.file} has no folds; [split] folds = 5 in a recipe makes them")
    if fold not in folds:
        known = f"folds {min(folds)} to {max(folds)}"
        raise TableError(f"{table.file} has no fold {fold}; it has {known}")
    kept = []
    for sample in table.samples:
        if sample.fold != fold:
            kept.append(replace(sample, split="train"))
        elif not sample.augmented:
            kept.append(replace(sample, split="test"))
    return replace(table, samples=tuple(kept))


def hold_out(table: Table, share: float, seed: int) -> Table:
    """Move a share of each class's training images to the test split.

    Groups and the variants of a source stay together; variants of a held-out source are left out.
    Units are ranked by a hash, so one that comes or goes moves at most one other across.
    """
    units_by_class: defaultdict[str, set[str]] = defaultdict(set)
    for sample in table.samples:
        if _is_training(sample):
            unit = _unit(sample)
            units_by_class[sample.label].add(unit)

    def rank(unit: str) -> bytes:
        key = f"{seed}\x1fholdout\x1f{unit}"
        return hashlib.sha256(key.encode()).digest()

    held_out: set[str] = set()
    for units in units_by_class.values():
        quota = int(len(units) * share + 0.5)  # halves round up; round() would take them to even
        quota = min(quota, len(units) - 1)  # at least one unit is left to train on
        ranked = sorted(units, key=rank)
        held_out.update(ranked[:quota])
    # All of a class may be taken by way of others: boxes of several classes are in one photo.
    emptied = [units for units in units_by_class.values() if units <= held_out]
    held_out.difference_update([max(units, key=rank) for units in emptied])
    kept = []
    for sample in table.samples:
        if not _is_training(sample):
            kept.append(sample)
        elif _unit(sample) not in held_out:
            kept.append(replace(sample, split="train"))
        elif not sample.augmented:
            kept.append(replace(sample, split="test"))
    return replace(table, samples=tuple(kept))


def _is_training(sample: Sample) -> bool:
    return sample.split in {"train", None}  # a table without splits is all training


def _unit(sample: Sample) -> str:
    """Return what stays on one side of a split: the group, else the source, else the image."""
    return sample.group or sample.source or sample.name
