"""What the runs of two arms show together: differences, intervals and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from augbuild.core.ranges import Count, Number, Share
from trainer.statistics.details import Detail, describe_differences, find_hurt
from trainer.statistics.differences import arm_score, mean, mean_by_seed
from trainer.statistics.pairs import (
    ContrastSettings,
    Pair,
    TrainedArm,
    are_identical,
    count_groups,
    subtract_pair,
)
from trainer.statistics.scores import ACCURACY, best_constant
from trainer.statistics.tests import (
    Components,
    Estimate,
    at_level,
    fisher_exact,
    holm,
    holm_levels,
)
from trainer.statistics.verdict.evidence import ContrastVerdict, Evidence, Failures, JudgedArm
from trainer.statistics.verdict.judge import judge


class ContrastResult(ContrastVerdict, frozen=True, kw_only=True):
    """Two arms, the verdict on their difference, and what was measured between them, as shares.

    `low`, `high`, `p`, `dof` and `standard_error` are None where there is one run of each arm;
    `adjusted_p` is Holm's over the contrasts, None where there is one contrast; the interval, of
    the level 1 − `alpha`, is adjusted alike. `components` are None with fewer than two seeds.
    `pairs` are the seeds at which both arms trained, `independent` what the test images are worth.
    `disagree` is the share of test images that one arm alone has right, a mean over seeds.
    """

    delta: Number
    low: Number | None
    high: Number | None
    p: Share | None
    adjusted_p: Share | None
    alpha: Share = 0.05
    dof: Count | Number | None  # a whole number with folds, and so in the file
    standard_error: Number | None
    components: Components | None
    pairs: Count = 0
    independent: Number | None = None
    disagree: Share
    by_seed: tuple[Number, ...]
    details: tuple[Detail, ...]


def contrast_all(
    pairs: Sequence[tuple[TrainedArm, TrainedArm]], settings: ContrastSettings
) -> tuple[ContrastResult, ...]:
    """Compare each treatment with its baseline.

    Where there are several pairs, the p values and intervals of their primary differences are
    adjusted for their number.
    """
    alpha = settings.level.alpha
    subtracted = [subtract_pair(treatment, baseline, settings) for treatment, baseline in pairs]
    known = [pair.estimate.p for pair in subtracted if pair.estimate is not None]
    adjusted: list[float | None] = [None] * len(pairs)
    levels = [1 - alpha] * len(pairs)
    # Where a pair has no p value, too many of its runs failed: the others are not adjusted less.
    if len(pairs) > 1 and len(known) == len(pairs):
        adjusted = [*holm(known)]
        levels = holm_levels(known, alpha)
    results = []
    for pair, adjusted_p, level in zip(subtracted, adjusted, levels, strict=True):
        results.append(_contrast(pair, settings, adjusted_p, level))
    return tuple(results)


def _contrast(
    pair: Pair, settings: ContrastSettings, adjusted_p: float | None, level: float
) -> ContrastResult:
    """Judge two arms: the verdict, the primary difference, and all others."""
    estimate = pair.estimate
    if estimate is not None:
        # The interval that is shown excludes 0 where the p that decides is below the level.
        estimate = at_level(estimate, level)
    details = describe_differences(pair.differences, settings)
    evidence = _gather(pair, settings, estimate, adjusted_p, details)
    verdict = judge(evidence)
    low, high, p = _interval(estimate)
    # Of accuracy, whatever the primary metric: it says how many images the test hangs on.
    disagree = [np.concatenate(seed) != 0 for seed in pair.differences[ACCURACY]]
    return ContrastResult(
        treatment=pair.treatment.name,
        baseline=pair.baseline.name,
        outcome=verdict.outcome,
        sentence=verdict.sentence,
        next_step=verdict.next_step,
        delta=evidence.delta,
        low=low,
        high=high,
        p=p,
        adjusted_p=adjusted_p,
        alpha=settings.level.alpha,
        dof=None if estimate is None else estimate.dof,
        standard_error=None if estimate is None else estimate.standard_error,
        components=None if estimate is None else estimate.components,
        pairs=evidence.pairs,
        independent=evidence.independent,
        disagree=float(np.mean(disagree)),
        by_seed=mean_by_seed(pair.differences[settings.key]),
        details=details,
    )


def _gather(
    pair: Pair,
    settings: ContrastSettings,
    estimate: Estimate | None,
    adjusted_p: float | None,
    details: Sequence[Detail],
) -> Evidence:
    treatment, baseline = pair.treatment, pair.baseline
    first_pair = pair.differences[ACCURACY][0]
    in_order = np.concatenate(first_pair)
    images = len(in_order)
    groups, independent = count_groups(settings.groups, images)
    return Evidence(
        treatment=_judge_arm(treatment, settings),
        baseline=_judge_arm(baseline, settings),
        delta=mean(pair.used) if pair.used else mean(pair.differences[settings.key]),
        estimate=estimate,
        seeds=len(treatment.runs),
        pairs=len(pair.used),
        images=images,
        groups=groups,
        independent=independent,
        chance=best_constant(settings.key, settings.per_class),
        metric=settings.metric,
        margin=settings.margin,
        folds=len(first_pair),
        looks=settings.looks,
        level=settings.level,
        only_treatment=int((in_order == 1).sum()),
        only_baseline=int((in_order == -1).sum()),
        adjusted_p=adjusted_p,
        reencoded=treatment.augmented != baseline.augmented,
        identical=are_identical(treatment.runs, baseline.runs),
        failures=_count_failures(treatment, baseline),
        hurt=find_hurt(details),
        overridden=settings.overridden,
    )


def _count_failures(treatment: TrainedArm, baseline: TrainedArm) -> Failures | None:
    if not (treatment.failed or baseline.failed):
        return None
    failed = len(treatment.failed), len(baseline.failed)
    return Failures(*failed, fisher_exact(*failed, len(treatment.runs)))


def _judge_arm(arm: TrainedArm, settings: ContrastSettings) -> JudgedArm:
    score, low, high = arm_score(arm.runs, settings.key, len(settings.classes), settings.groups)
    return JudgedArm(arm.name, score, low, high, arm.steps, arm.images)


def _interval(estimate: Estimate | None) -> tuple[float | None, float | None, float | None]:
    """Return low, high and p of an estimate, if there is one."""
    if estimate is None:
        return None, None, None
    return estimate.low, estimate.high, estimate.p
