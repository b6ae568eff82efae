"""What the runs of two arms show together: differences, intervals and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from augbuild.core.ranges import Count, Number, Share
from trainer.statistics.differences import (
    Differences,
    Runs,
    arm_accuracy,
    estimate_mean,
    mean,
    mean_by_seed,
    subtract,
)
from trainer.statistics.scores import ACCURACY, MACRO_F1, Key, name_of
from trainer.statistics.tests import Components, Estimate, holm
from trainer.statistics.verdict import FEWEST_SEEDS, ContrastVerdict, Evidence, JudgedArm, judge

OVERALL = 2
"""How many details come first that are of no class: accuracy, and macro F1.

Their place tells them from the others, since a class may be called `macro`."""

_KEYS: Mapping[str, Key] = {"accuracy": ACCURACY, "macro F1": MACRO_F1}


@dataclass(frozen=True, slots=True)
class TrainedArm:
    """One arm with its runs, the steps of each, and the share of its images that are augmented."""

    name: str
    runs: Runs
    steps: int
    augmented: float


@dataclass(frozen=True, slots=True)
class ContrastSettings:
    """What all contrasts of a comparison share; `metric` is `accuracy` or `macro F1`."""

    classes: tuple[str, ...]
    metric: str
    margin: float
    majority: float
    looks: int
    overridden: tuple[str, ...] = ()


class Detail(Struct, frozen=True, kw_only=True):
    """One descriptive difference: of `all` images, of the `macro` mean over classes, or of a class.

    Shares. `low`, `high` and `p` are None with fewer than three seeds. `adjusted_p` is Holm's, for
    the number of details.
    """

    metric: str
    of: str
    delta: Number
    low: Number | None
    high: Number | None
    p: Share | None
    adjusted_p: Share | None


class ContrastResult(ContrastVerdict, frozen=True, kw_only=True):
    """Two arms, the verdict on their difference, and what was measured between them, as shares.

    `low`, `high`, `p`, `dof` and `standard_error` are None where there is one run of each arm;
    `adjusted_p` is Holm's over the contrasts, None where there is one contrast. `components` are
    None with folds. `disagree` is the share of test images that one arm alone has right, a mean
    over seeds.
    """

    delta: Number
    low: Number | None
    high: Number | None
    p: Share | None
    adjusted_p: Share | None
    dof: Count | Number | None  # a whole number with folds, and so in the file
    standard_error: Number | None
    components: Components | None
    disagree: Share
    by_seed: tuple[Number, ...]
    details: tuple[Detail, ...]


def contrast_all(
    pairs: Sequence[tuple[TrainedArm, TrainedArm]], settings: ContrastSettings
) -> tuple[ContrastResult, ...]:
    """Compare each treatment with its baseline.

    Where there are several pairs, the p values of their primary differences are adjusted for their
    number.
    """
    adjusted: list[float | None] = [None] * len(pairs)
    if len(pairs) > 1:
        key = _KEYS[settings.metric]
        known = []
        for treatment, baseline in pairs:
            differences = subtract(treatment.runs, baseline.runs, len(settings.classes))
            estimate = estimate_mean(differences[key])
            if estimate is not None:
                known.append(estimate.p)
        # All pairs have the same seeds and folds, so all have a p value, or none has.
        if len(known) == len(pairs):
            adjusted = [*holm(known)]
    results = []
    for (treatment, baseline), adjusted_p in zip(pairs, adjusted, strict=True):
        results.append(contrast(treatment, baseline, settings, adjusted_p))
    return tuple(results)


def contrast(
    treatment: TrainedArm,
    baseline: TrainedArm,
    settings: ContrastSettings,
    adjusted_p: float | None,
) -> ContrastResult:
    """Compare two arms: the verdict, the primary difference, and all others."""
    differences = subtract(treatment.runs, baseline.runs, len(settings.classes))
    primary = differences[_KEYS[settings.metric]]
    evidence = _gather(treatment, baseline, settings, adjusted_p, differences)
    verdict = judge(evidence)
    estimate = evidence.estimate
    low, high, p = _interval(estimate)
    # Of accuracy, whatever the primary metric: it says how many images the test hangs on.
    disagree = [np.concatenate(seed) != 0 for seed in differences[ACCURACY]]
    return ContrastResult(
        treatment=treatment.name,
        baseline=baseline.name,
        outcome=verdict.outcome,
        sentence=verdict.sentence,
        delta=evidence.delta,
        low=low,
        high=high,
        p=p,
        adjusted_p=adjusted_p,
        dof=None if estimate is None else estimate.dof,
        standard_error=None if estimate is None else estimate.standard_error,
        components=None if estimate is None else estimate.components,
        disagree=float(np.mean(disagree)),
        by_seed=mean_by_seed(primary),
        details=_details(differences, settings.classes),
    )


def _gather(
    treatment: TrainedArm,
    baseline: TrainedArm,
    settings: ContrastSettings,
    adjusted_p: float | None,
    differences: Mapping[Key, Differences],
) -> Evidence:
    primary = differences[_KEYS[settings.metric]]
    first_pair = differences[ACCURACY][0]
    in_order = np.concatenate(first_pair)
    return Evidence(
        treatment=_judged(treatment),
        baseline=_judged(baseline),
        delta=mean(primary),
        estimate=estimate_mean(primary),
        seeds=len(primary),
        images=len(in_order),
        majority=settings.majority,
        only_treatment=int((in_order == 1).sum()),
        only_baseline=int((in_order == -1).sum()),
        metric=settings.metric,
        margin=settings.margin,
        folds=len(first_pair),
        looks=settings.looks,
        adjusted_p=adjusted_p,
        reencoded=treatment.augmented != baseline.augmented,
        overridden=settings.overridden,
    )


def _judged(arm: TrainedArm) -> JudgedArm:
    accuracy, low, high = arm_accuracy(arm.runs)
    return JudgedArm(arm.name, accuracy, low, high, arm.steps)


def _interval(estimate: Estimate | None) -> tuple[float | None, float | None, float | None]:
    """Return low, high and p of an estimate, if there is one."""
    if estimate is None:
        return None, None, None
    return estimate.low, estimate.high, estimate.p


def _details(differences: Mapping[Key, Differences], classes: Sequence[str]) -> tuple[Detail, ...]:
    """Describe every metric's difference; p values are adjusted for their number."""
    estimates: dict[Key, Estimate] = {}
    for key, values in differences.items():
        estimate = estimate_mean(values) if len(values) >= FEWEST_SEEDS else None
        if estimate is not None:
            estimates[key] = estimate
    # Apart from the primary difference, whose p is adjusted over the contrasts: these describe.
    p_values = [estimate.p for estimate in estimates.values()]
    adjusted = dict(zip(estimates, holm(p_values), strict=True))
    details = []
    for key, values in differences.items():
        low, high, p = _interval(estimates.get(key))
        detail = Detail(
            metric=key[0],
            of=name_of(key, classes),
            delta=mean(values),
            low=low,
            high=high,
            p=p,
            adjusted_p=adjusted.get(key),
        )
        details.append(detail)
    return tuple(details)
