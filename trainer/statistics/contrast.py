"""What the runs of two arms say together: differences, their intervals, and the verdict; from predictions alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec import Struct

from augbuild.core.documents import to_plain
from trainer.statistics.scores import (
    ACCURACY,
    MACRO_F1,
    Array,
    Key,
    Predictions,
    correct,
    image_scores,
    name_of,
)
from trainer.statistics.tests import (
    Components,
    Estimate,
    Number,
    Share,
    crossed,
    holm,
    nadeau_bengio,
    wilson,
)
from trainer.statistics.verdict import FEWEST_SEEDS, Arm, Comparison, ContrastVerdict, judge

Runs = Sequence[Sequence[Predictions]]
"""The runs of one arm: for each seed, one for each fold (without folds: one)."""

_KEYS: Mapping[str, Key] = {"accuracy": ACCURACY, "macro F1": MACRO_F1}


@dataclass(frozen=True, slots=True)
class TrainedArm:
    """One arm with its runs; `steps` of each run, and the share of its training images that are augmented."""

    name: str
    runs: Runs
    steps: int
    augmented: float


@dataclass(frozen=True, slots=True)
class ContrastSettings:
    """What all contrasts of a comparison share."""

    classes: list[str]
    metric: str
    margin: float
    majority: float
    looks: int
    overridden: tuple[str, ...] = ()


OVERALL = 2
"""The details that come first: accuracy, and macro F1. A class may be called `macro`, so their place tells them."""


class Detail(Struct, frozen=True, kw_only=True):
    """One descriptive difference: a metric of `all` images, of the `macro` mean over classes, or of one class.

    Shares; `low`, `high` and `p` are None with fewer than three seeds. `adjusted_p` is Holm's, for the
    number of details.
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
    `adjusted_p` is Holm's over the contrasts, None where there is one contrast. `components` are None
    with folds. `disagree` is the share of test images that one arm alone has right, a mean over seeds.
    """

    delta: Number
    low: Number | None
    high: Number | None
    p: Share | None
    adjusted_p: Share | None
    dof: Number | None
    standard_error: Number | None
    components: Components | None
    disagree: Share
    by_seed: tuple[Number, ...]
    details: tuple[Detail, ...]


def arm_accuracy(runs: Runs) -> tuple[float, float, float]:
    """Give an arm's mean accuracy and a 95 % interval that holds for other seeds and other test images.

    With one or two seeds, and where no prediction varies, it holds for other images only (Wilson); with folds it is the
    corrected t.
    """
    right = [[correct(fold) for fold in seed] for seed in runs]
    if len(runs[0]) == 1 and (len(runs) < FEWEST_SEEDS or np.ptp(right) == 0):
        together = np.mean([seed[0] for seed in right], axis=0)
        low, high = wilson(float(together.sum()), len(together))
        return float(together.mean()), low, high
    estimate = _estimate(right)
    assert estimate is not None, "there are seeds or folds enough"
    return estimate.delta, max(0.0, estimate.low), min(1.0, estimate.high)


def contrast(
    treatment: TrainedArm, baseline: TrainedArm, setting: ContrastSettings, adjusted_p: float | None
) -> dict[str, Any]:
    """Hold two arms against each other: verdict, primary difference and all others, as comparison.json has them."""
    differences = _differences(treatment.runs, baseline.runs, len(setting.classes))
    primary = differences[_KEYS[setting.metric]]
    estimate = _estimate(primary)
    right = differences[ACCURACY]
    facts = Comparison(
        _arm(treatment), _arm(baseline), _mean(primary), estimate,
        seeds=len(right), images=sum(map(len, right[0])), majority=setting.majority,
        only_treatment=_count(right[0], 1), only_baseline=_count(right[0], -1), metric=setting.metric,
        margin=setting.margin, folds=len(right[0]), looks=setting.looks, adjusted_p=adjusted_p,
        reencoded=treatment.augmented != baseline.augmented, overridden=setting.overridden,
    )  # fmt: skip
    verdict = judge(facts)
    return {
        "treatment": treatment.name,
        "baseline": baseline.name,
        "outcome": verdict.outcome,
        "sentence": verdict.sentence,
        **_numbers(_mean(primary), estimate, adjusted_p),
        "dof": estimate.dof if estimate else None,
        "standard_error": estimate.standard_error if estimate else None,
        "components": to_plain(estimate.components) if estimate else None,
        "disagree": float(np.mean([np.concatenate(seed) != 0 for seed in right])),
        "by_seed": [float(np.mean([fold.mean() for fold in seed])) for seed in primary],
        "details": _details(differences, setting.classes),
    }


def primary_p(
    treatment: TrainedArm, baseline: TrainedArm, setting: ContrastSettings
) -> float | None:
    """Give the p of a contrast's primary difference, to be adjusted for the number of contrasts."""
    estimate = _estimate(
        _differences(treatment.runs, baseline.runs, len(setting.classes))[_KEYS[setting.metric]]
    )
    return estimate.p if estimate else None


Differences = list[list[Array]]


def _differences(treatment: Runs, baseline: Runs, classes: int) -> dict[Key, Differences]:
    """Subtract every metric image by image: [seed][fold] (images,)."""
    paired = [[(image_scores(one, classes), image_scores(other, classes)) for one, other in zip(*folds, strict=True)]
              for folds in zip(treatment, baseline, strict=True)]  # fmt: skip
    return {
        key: [[one[key] - other[key] for one, other in seed] for seed in paired]
        for key in paired[0][0][0]
    }


def _estimate(values: Differences) -> Estimate | None:
    """Estimate a mean over seeds and images (crossed), or over seeds and folds (corrected t); None for one run."""
    folds = len(values[0])
    if folds > 1:
        images = sum(map(len, values[0]))
        test = round(images / folds)
        return nadeau_bengio(
            [[fold.mean() for fold in seed] for seed in values], images - test, test
        )
    if len(values) < 2 or len(values[0][0]) < 2:
        return None
    return crossed(np.array([seed[0] for seed in values]))


def _mean(values: Differences) -> float:
    return float(np.mean([[fold.mean() for fold in seed] for seed in values]))


def _count(folds: Sequence[Array], value: int) -> int:
    return sum(int((fold == value).sum()) for fold in folds)


def _arm(trained: TrainedArm) -> Arm:
    return Arm(trained.name, *arm_accuracy(trained.runs), trained.steps)


def _details(
    differences: Mapping[Key, Differences], classes: Sequence[str]
) -> list[dict[str, Any]]:
    """Describe every metric's difference; p adjusted for their number (Holm 1979)."""
    estimates = {
        key: _estimate(values) if len(values) >= FEWEST_SEEDS else None
        for key, values in differences.items()
    }
    tested = {key: estimate.p for key, estimate in estimates.items() if estimate}
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True))
    numbers = {
        key: _numbers(_mean(values), estimates[key], adjusted.get(key))
        for key, values in differences.items()
    }
    return [
        {"metric": key[0], "of": name_of(key, classes), **values} for key, values in numbers.items()
    ]


def _numbers(delta: float, estimate: Estimate | None, adjusted_p: float | None) -> dict[str, Any]:
    low, high, p = (estimate.low, estimate.high, estimate.p) if estimate else (None, None, None)
    return {"delta": delta, "low": low, "high": high, "p": p, "adjusted_p": adjusted_p}
