"""Arms to be guarded: of a build, or of a plain folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainer.comparison.guards import GuardedArm, GuardFinding, check_arms
from trainer.data.samples import Sample, Table, TrainOn, training_samples
from trainer.data.tables import read_table


def arm(table: Table, train_on: TrainOn, test: Sequence[Sample] | None = None) -> GuardedArm:
    """Make the arm of a build that trains on some of its images."""
    chosen = training_samples(table, train_on)
    return GuardedArm(train_on, table, chosen, table.of("test") if test is None else tuple(test))


def folder_arm(root: Path, name: str = "original") -> GuardedArm:
    """Make the arm of a plain folder: no source, no hash, no group."""
    table = read_table(root)
    return GuardedArm(name, table, table.of("train"), table.of("test"))


def found_in(arms: Sequence[GuardedArm]) -> list[GuardFinding]:
    """Return what forbids comparing some arms."""
    return check_arms(arms, n_jobs=1)


def edited(table: Table, name: str, **changes: Any) -> Table:
    """Return a table in which one row is another."""
    samples = tuple(
        replace(each, **changes) if each.name == name else each for each in table.samples
    )
    return replace(table, samples=samples)
