"""The result of a comparison: from its config.json and from what its runs predicted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import structs

from augbuild.core.text import plural
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
from trainer.statistics.contrast import contrast_all
from trainer.statistics.differences import arm_score
from trainer.statistics.metrics import Metrics, read_metrics
from trainer.statistics.pairs import ContrastSettings, TrainedArm
from trainer.statistics.scores import ACCURACY, Labels, Predictions, confusion
from trainer.statistics.verdict.evidence import FIVE_PERCENT, Level, Verdict
from trainer.statistics.verdict.judge import judge_stopped
from trainer.training.predictions import read_predictions
from trainer.training.run import RunFolder, read_epochs, read_run_config

_FEWEST_EPOCHS = 3  # to see by the loss whether a run has learnt anything
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
        test=_viewed(config, 0, FIVE_PERCENT),
        arms=config.arms,
        contrasts=tuple(contrasts),
        runs=(),
        guards=config.guards,
        notes=(),
    )


def _viewed(config: ComparisonConfig, looks: int, level: Level) -> ViewedTestSet:
    test = config.test
    return ViewedTestSet(
        images=test.images,
        majority=test.majority,
        per_class=test.per_class,
        looks=looks,
        level=level,
    )


def judge_runs(
    runs: Path, config: ComparisonConfig, looks: int, level: Level, notes: Sequence[str]
) -> ComparisonResult:
    """Judge finished runs, which lie in the folder `runs`; raises RunError where one is damaged.

    `looks` counts the comparisons that used these test images, this one included; `level` is that
    of the test after so many.
    """
    arms = _read_arms(runs, config)
    settings = _settings(config, looks, level)
    pairs = [(arms[treatment], arms[baseline]) for treatment, baseline in config.contrasts]
    contrasts = contrast_all(pairs, settings)
    rows = _read_rows(runs, config)
    classes = len(config.classes)
    scored = [_score_arm(arm, arms[arm.name], rows, classes) for arm in config.arms]
    primary = contrasts[0]
    return ComparisonResult(
        verdict=Verdict(primary.outcome, primary.sentence, primary.next_step),
        metric=config.metric,
        margin=config.margin,
        classes=config.classes,
        seeds=config.seeds,
        budget=config.budget,
        folds=max(1, len(config.fold_numbers)),
        test=_viewed(config, looks, level),
        arms=tuple(scored),
        contrasts=contrasts,
        runs=tuple(rows),
        guards=config.guards,
        notes=tuple(notes),
        methods=write_methods(config, level),
    )


def _settings(config: ComparisonConfig, looks: int, level: Level) -> ContrastSettings:
    overridden = [f"{guard.name} ({guard.count:,} found)" for guard in config.guards]
    return ContrastSettings(
        classes=config.classes,
        metric=config.metric,
        margin=config.margin,
        per_class=tuple(config.test.per_class.get(label, 0) for label in config.classes),
        looks=looks,
        level=level,
        groups=np.array(config.test_groups, np.int64) if config.test_groups else None,
        overridden=tuple(overridden),
    )


def write_methods(config: ComparisonConfig, level: Level) -> str:
    """Write what was done as a paper says it, in its methods section."""
    fit = config.fit
    weights = "random weights" if fit.weights == "none" else f"the weights {fit.weights}"
    budget = f"{config.budget.number:,} {config.budget.kind}"
    arms = ", ".join(arm.name for arm in config.arms)
    folds = len(config.fold_numbers)
    crossed = f"{folds} folds" if folds else "test images"
    return (
        f"We trained {fit.arch} from {weights} on {len(config.arms)} training sets ({arms}) with "
        f"{plural(len(config.seeds), 'paired random seed')} and {budget} each (batches of "
        f"{fit.batch_size}, {fit.optimizer}, learning rate {fit.lr:g}, {fit.image_size} pixels), "
        f"and compared {config.metric} on {config.test.images:,} test images with a two-sided t "
        f"test at the level {level.alpha:.2g} whose variance is crossed over seeds and {crossed} "
        "(Cameron, Gelbach and Miller 2011; the reader × case design of Obuchowski and Rockette "
        "1995), with Satterthwaite's degrees of freedom."
    )


def _read_arms(runs: Path, config: ComparisonConfig) -> dict[str, TrainedArm]:
    """Read the runs of all arms, which must have the same targets seed by seed, fold by fold."""
    arms = {}
    targets: dict[tuple[int, int | None], Labels] = {}
    for arm in config.arms:
        by_seed = []
        failed = []
        for place, seed in enumerate(config.seeds):
            by_fold = []
            for fold in config.folds_of_a_seed:
                run = RunFolder(runs / run_id(arm.name, seed, fold))
                if _failed_to_train(run, arm):
                    failed.append(place)
                predictions = _read_run(run, config.classes)
                # Differences are taken image by image: another order would pair unlike images.
                expected = targets.setdefault((seed, fold), predictions.targets)
                if not np.array_equal(predictions.targets, expected):
                    other = run_id(config.arms[0].name, seed, fold)
                    raise RunError(f"{run.predictions} has other test images than {other}")
                by_fold.append(predictions)
            by_seed.append(by_fold)
        share = arm.augmented / arm.images
        arms[arm.name] = TrainedArm(
            arm.name, by_seed, arm.steps, arm.images, share, frozenset(failed)
        )
    return arms


def _failed_to_train(run: RunFolder, arm: ArmSummary) -> bool:
    """Check whether a run learnt less than a constant answer knows, by its training loss alone.

    Test images do not judge it: that would be choosing runs by their result.
    """
    epochs = read_epochs(run.epochs)
    # The loss of the one pass of a run is that of its beginning as much as that of its end.
    if arm.constant_loss is None or len(epochs) < _FEWEST_EPOCHS:
        return False
    return epochs[-1].loss >= arm.constant_loss


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
        table.probabilities,
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
                    balanced_accuracy=_mean_recall(metrics, config.classes),
                )
                rows.append(row)
    return rows


def _mean_recall(metrics: Metrics, classes: Sequence[str]) -> float:
    """Return the balanced accuracy; a class without a test image has a recall of 0."""
    recalls = [metrics.classes[label].recall for label in classes if label in metrics.classes]
    return sum(recalls) / len(classes)


def _score_arm(
    arm: ArmSummary, trained: TrainedArm, rows: Sequence[RunResult], classes: int
) -> ArmResult:
    accuracy, low, high = arm_score(trained.runs, ACCURACY, classes)
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
