"""The comparison.json of a finished comparison: what its arms scored, and its verdicts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Generic, TypeVar

from msgspec import Raw, Struct

from augbuild.core.documents import encode, read_document
from augbuild.core.files import write_atomic
from augbuild.core.ranges import Count, NotEmpty, Number, Positive, Share
from augbuild.errors import RunError
from trainer.comparison.config import ArmSummary, GuardReport, SharedTestSet
from trainer.comparison.design import Budget, Metric
from trainer.statistics.contrast import ContrastResult
from trainer.statistics.verdict.evidence import FIVE_PERCENT, ContrastVerdict, Level, Verdict

RESULT = "comparison.json"

_RUN_ID = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,199}")

ConfusionMatrix = tuple[tuple[Count, ...], ...]
Classes = Annotated[tuple[str, ...], NotEmpty]
Seeds = Annotated[tuple[Count, ...], NotEmpty]

Arm = TypeVar("Arm", bound=ArmSummary)
Contrast = TypeVar("Contrast", bound=ContrastVerdict)


class ArmResult(ArmSummary, frozen=True, kw_only=True):
    """An arm and what it scored over all its runs.

    Accuracy, macro F1 and log-loss are means over the runs; confusion matrices are added up, a row
    for each true class. `accuracy_95` is the interval of the accuracy.
    """

    accuracy: Share
    accuracy_95: tuple[Number, Number]
    macro_f1: Share
    log_loss: Number
    confusion_matrix: ConfusionMatrix


class RunResult(Struct, frozen=True, kw_only=True):
    """One run: its folder's name, and what it scored on its test images."""

    id: str
    arm: str
    seed: Count
    fold: Count | None
    accuracy: Share
    macro_f1: Share
    log_loss: Number
    balanced_accuracy: Share | None = None  # version 0.1 did not write it

    def score(self, metric: Metric) -> float:
        """Return the run's score by a metric; raises RunError where there is none."""
        if metric == "accuracy":
            return self.accuracy
        if metric == "macro F1":
            return self.macro_f1
        if self.balanced_accuracy is None:
            raise RunError(f"comparison.json does not have the {metric} of {self.id}")
        return self.balanced_accuracy

    def __post_init__(self) -> None:
        # The id names a folder to read from, so it may not lead out of runs/.
        if not _RUN_ID.fullmatch(self.id):
            raise ValueError(f"id must be the name of a run's folder (got {self.id[:80]!r})")


class ViewedTestSet(SharedTestSet, frozen=True, kw_only=True):
    """The test images, how often a comparison has looked at them, this one included, and at what
    level it was judged therefore.
    """

    looks: Count
    level: Level = FIVE_PERCENT


class _Result(Struct, Generic[Arm, Contrast], frozen=True, kw_only=True):
    """What every comparison.json has; `contrasts` has the primary one first."""

    verdict: Verdict
    metric: Metric
    margin: Share
    classes: Classes
    seeds: Seeds
    budget: Budget
    folds: Positive  # 1 without folds
    test: ViewedTestSet
    arms: Annotated[tuple[Arm, ...], NotEmpty]
    contrasts: Annotated[tuple[Contrast, ...], NotEmpty]
    runs: tuple[RunResult, ...]
    guards: tuple[GuardReport, ...]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        names = {arm.name for arm in self.arms}
        for index, contrast in enumerate(self.contrasts):
            roles = {"treatment": contrast.treatment, "baseline": contrast.baseline}
            for role, name in roles.items():
                if name not in names:
                    place = f"contrasts[{index}].{role}"
                    raise ValueError(f"{place} must be one of the arms (got {name!r})")


class ComparisonResult(_Result[ArmResult, ContrastResult], frozen=True, kw_only=True):
    """A whole comparison; the verdict of its primary contrast is `verdict`."""

    methods: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        names = {arm.name for arm in self.arms}
        for index, run in enumerate(self.runs):
            if run.arm not in names:
                raise ValueError(f"runs[{index}].arm must be one of the arms (got {run.arm!r})")
        side = len(self.classes)
        for index, arm in enumerate(self.arms):
            rows = [len(row) for row in arm.confusion_matrix]
            if rows != [side] * side:
                place = f"arms[{index}].confusion_matrix"
                raise ValueError(f"{place} must be {side} rows of {side} counts")
        seeds = len(self.seeds)
        for index, contrast in enumerate(self.contrasts):
            if len(contrast.by_seed) != seeds:
                place = f"contrasts[{index}].by_seed"
                raise ValueError(f"{place} must be {seeds} numbers, one for each seed")

    def arm(self, name: str) -> ArmResult:
        """Return an arm by its name."""
        return next(arm for arm in self.arms if arm.name == name)

    def runs_of(self, arm: str) -> tuple[RunResult, ...]:
        """Return the runs of an arm."""
        return tuple(run for run in self.runs if run.arm == arm)


class StoppedResult(_Result[ArmSummary, ContrastVerdict], frozen=True, kw_only=True):
    """A comparison that a guard stopped before any training: nothing was measured."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.runs:
            raise ValueError("runs must be empty where the verdict is INVALID")


class _Head(Struct, frozen=True):
    """The part of a comparison.json that tells which of the two it is."""

    verdict: Verdict
    runs: tuple[Raw, ...]


def read_result(folder: Path) -> ComparisonResult | StoppedResult:
    """Read the comparison.json of a finished comparison; raises RunError."""
    file = folder / RESULT
    if not file.is_file():
        raise RunError(f"{file} does not exist; {folder} is not a finished comparison of trainer")
    # What a guard stopped is INVALID and has no runs; arms that are the same are INVALID with runs.
    head = read_document(file, _Head, RunError)
    if head.verdict.outcome == "INVALID" and not head.runs:
        return read_document(file, StoppedResult, RunError)
    return read_document(file, ComparisonResult, RunError)


def write_result(folder: Path, result: ComparisonResult | StoppedResult) -> None:
    """Write a comparison.json; raises OSError."""
    write_atomic(folder / RESULT, encode(result, indent=2))
