"""The result of a comparison: from its config.json and from what its runs predicted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import structs

from augbuild.errors import RunError
from trainer.comparison.config import ArmSummary, ComparisonConfig
from trainer.comparison.result import (
    ArmResult,
    ComparisonResult,
    RunResult,
    StoppedResult,
    ViewedTestSet,
)
from trainer.comparison.runs import run_id
from trainer.statistics.contrast import ContrastSettings, TrainedArm, contrast_all
from trainer.statistics.differences import arm_accuracy
from trainer.statistics.metrics import read_metrics
from trainer.statistics.scores import Labels, Predictions, confusion
from trainer.statistics.verdict import Verdict, judge_stopped
from trainer.training.predictions import read_predictions
from trainer.training.run import RunFolder, read_run_config

_NAMED = 1  # findings that a verdict spells out; comparison.json has a hundred of them


def stopped_result(config: ComparisonConfig) -> StoppedResult:
    """Return the result of a comparison that a guard stopped before any run."""
    reasons = []
    for guard in config.stopping_guards:
        named = guard.findings[:_NAMED]
        rest = guard.count - len(named)
        more = f"; and {rest:,} more" if rest > 0 else ""
        reasons.append(f"{guard.name}: {'; '.join(named)}{more}")
    contrasts = []
    for treatment, baseline in config.contrasts:
        contrasts.append(judge_stopped(treatment, baseline, reasons))
    primary = contrasts[0]
    return StoppedResult(
        verdict=Verdict(primary.outcome, primary.sentence),
        metric=config.metric,
        margin=config.margin,
        classes=config.classes,
        seeds=config.seeds,
        budget=config.budget,
        folds=max(1, len(config.fold_numbers)),
        test=_viewed(config, looks=0),
        arms=config.arms,
        contrasts=tuple(contrasts),
        runs=(),
        guards=config.guards,
        notes=(),
    )


def _viewed(config: ComparisonConfig, looks: int) -> ViewedTestSet:
    test = config.test
    return ViewedTestSet(
        images=test.images,
        majority=test.majority,
        per_class=test.per_class,
        looks=looks,
    )


def judge_runs(
    runs: Path, config: ComparisonConfig, looks: int, notes: Sequence[str]
) -> ComparisonResult:
    """Judge finished runs, which lie in the folder `runs`; raises RunError where one is damaged.

    `looks` counts the comparisons that used these test images, this one included.
    """
    arms = _read_arms(runs, config)
    overridden = [f"{guard.name} ({guard.count:,} found)" for guard in config.guards]
    settings = ContrastSettings(
        classes=config.classes,
        metric=config.metric,
        margin=config.margin,
        majority=config.test.majority,
        looks=looks,
        overridden=tuple(overridden),
    )
    pairs = [(arms[treatment], arms[baseline]) for treatment, baseline in config.contrasts]
    contrasts = contrast_all(pairs, settings)
    rows = _read_rows(runs, config)
    classes = len(config.classes)
    scored = [_score_arm(arm, arms[arm.name], rows, classes) for arm in config.arms]
    primary = contrasts[0]
    return ComparisonResult(
        verdict=Verdict(primary.outcome, primary.sentence),
        metric=config.metric,
        margin=config.margin,
        classes=config.classes,
        seeds=config.seeds,
        budget=config.budget,
        folds=max(1, len(config.fold_numbers)),
        test=_viewed(config, looks),
        arms=tuple(scored),
        contrasts=contrasts,
        runs=tuple(rows),
        guards=config.guards,
        notes=tuple(notes),
    )


def _read_arms(runs: Path, config: ComparisonConfig) -> dict[str, TrainedArm]:
    """Read the runs of all arms, which must have the same targets seed by seed, fold by fold."""
    arms = {}
    targets: dict[tuple[int, int | None], Labels] = {}
    for arm in config.arms:
        by_seed = []
        for seed in config.seeds:
            by_fold = []
            for fold in config.folds_of_a_seed:
                run = RunFolder(runs / run_id(arm.name, seed, fold))
                predictions = _read_run(run, config.classes)
                # Differences are taken image by image: another order would pair unlike images.
                expected = targets.setdefault((seed, fold), predictions.targets)
                if not np.array_equal(predictions.targets, expected):
                    other = run_id(config.arms[0].name, seed, fold)
                    raise RunError(f"{run.predictions} has other test images than {other}")
                by_fold.append(predictions)
            by_seed.append(by_fold)
        share = arm.augmented / arm.images
        arms[arm.name] = TrainedArm(arm.name, by_seed, arm.steps, share)
    return arms


def _read_run(run: RunFolder, classes: Sequence[str]) -> Predictions:
    """Read what a run predicted, by the names of classes: their order may differ between tables."""
    table = read_predictions(run.predictions)
    if table.classes != read_run_config(run).classes:
        raise RunError(f"{run.predictions} has other classes than {run.config}")
    index = {label: number for number, label in enumerate(classes)}
    unknown = set(table.targets) - index.keys()
    if unknown:
        raise RunError(
            f"{run.predictions} has a target that is not a class of the comparison: "
            f"{min(unknown)!r}"
        )
    return Predictions(
        np.array([index[target] for target in table.targets]),
        np.array([index.get(label, -1) for label in table.predicted]),
    )


def _read_rows(runs: Path, config: ComparisonConfig) -> list[RunResult]:
    rows = []
    for seed in config.seeds:
        for fold in config.folds_of_a_seed:
            for arm in config.arms:
                name = run_id(arm.name, seed, fold)
                run = RunFolder(runs / name)
                metrics = read_metrics(run.metrics)
                if metrics is None:
                    raise RunError(f"{run.metrics} is from a run without test images")
                row = RunResult(
                    id=name,
                    arm=arm.name,
                    seed=seed,
                    fold=fold,
                    accuracy=metrics.accuracy,
                    macro_f1=metrics.macro.f1,
                    log_loss=metrics.log_loss,
                )
                rows.append(row)
    return rows


def _score_arm(
    arm: ArmSummary, trained: TrainedArm, rows: Sequence[RunResult], classes: int
) -> ArmResult:
    accuracy, low, high = arm_accuracy(trained.runs)
    own = [row for row in rows if row.arm == arm.name]
    # Added up over seeds and folds: one matrix of a run says little, and their mean is no count.
    counts = np.zeros((classes, classes), np.int64)
    for seed in trained.runs:
        for fold in seed:
            counts += confusion(fold, classes)
    return ArmResult(
        **structs.asdict(arm),
        accuracy=accuracy,
        accuracy_95=(low, high),
        macro_f1=float(np.mean([row.macro_f1 for row in own])),
        log_loss=float(np.mean([row.log_loss for row in own])),
        confusion_matrix=tuple(tuple(row) for row in counts.tolist()),
    )


_REMEDIES = {
    "leak": (
        "remove them from one side, or split again: `ignore_existing = true` in a recipe keeps "
        "such images together"
    ),
    "test-set": "use the same test images for all arms",
    "classes": "use the same classes for all arms",
}


def as_text(result: ComparisonResult | StoppedResult) -> str:
    """Write a result for people: the arms and a sentence a contrast, or what the guards found."""
    parts = []
    if isinstance(result, ComparisonResult):
        parts.append(_table(result.arms))
    parts += dict.fromkeys(contrast.sentence for contrast in result.contrasts)
    for guard in result.guards:
        if guard.overridden:
            continue
        lines = [f"The guard {guard.name} found:"]
        lines += [f"  {finding}" for finding in guard.findings]
        how = _REMEDIES.get(guard.name, "remove the cause")
        lines.append(f"To go on, {how}; or use --override {guard.name} --resume.")
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, *result.notes])


def _table(arms: Sequence[ArmResult]) -> str:
    width = max(len("arm"), *(len(arm.name) for arm in arms))
    lines = [f"{'arm':<{width}}  accuracy         95 %  macro F1  log-loss  images   steps"]
    for arm in arms:
        low, high = arm.accuracy_95
        line = (
            f"{arm.name:<{width}}  {arm.accuracy:>8.4f}  {low:.3f}–{high:.3f}  "
            f"{arm.macro_f1:>8.4f}  {arm.log_loss:>8.4f}  {arm.images:>6,}  {arm.steps:>6,}"
        )
        lines.append(line)
    return "\n".join(lines)
