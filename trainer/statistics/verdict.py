"""What a comparison of two arms supports, in one sentence, and no more: facts in, verdict out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from trainer.statistics.sample_size import detectable_gain, required_images
from trainer.statistics.tests import Estimate, mcnemar_exact, tost

Outcome = Literal["INVALID", "AT CHANCE", "HELPS", "HURTS", "EQUIVALENT", "INCONCLUSIVE"]
"""In order of precedence: the first that fits."""

FEWEST_SEEDS = 3
"""With fewer, no test over seeds holds its level (`benchmarks/type_one_error.py`)."""

ALPHA = 0.05
PLANNED_GAIN = 0.05
"""The gain for which every open verdict names the test images needed."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm over all its runs: mean test accuracy with its interval, and the optimiser steps of each run."""

    name: str
    accuracy: float
    low: float
    high: float
    steps: int


@dataclass(frozen=True, slots=True)
class GuardStop:
    """Two arms that a guard kept from being compared, and its reasons: each a clause without a full stop."""

    treatment: str
    baseline: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms that were trained and tested on the same images; shares throughout, so that one point is 0.01.

    `delta` is treatment minus baseline, and `estimate` the test of it; None where no test exists, as for one seed.
    `only_treatment` and `only_baseline` count the test images that one arm
    alone got right in the first pair of runs. `majority` is the share of the largest class in the test set,
    `disagree` the share of test images on which a pair of runs is taken to differ when the test set's sight is told,
    `adjusted_p` Holm's where several comparisons were made together. `reencoded`: one arm's images went through one
    more encoding than the other's. `overridden` names the guards that were told to let it pass.
    """

    treatment: Arm
    baseline: Arm
    delta: float
    estimate: Estimate | None
    seeds: int
    images: int
    majority: float
    only_treatment: int
    only_baseline: int
    metric: str = "accuracy"
    margin: float = 0.02
    disagree: float = 0.3
    folds: int = 1
    looks: int = 1
    adjusted_p: float | None = None
    reencoded: bool = True
    overridden: tuple[str, ...] = ()


class Verdict(Struct, frozen=True):
    """One of six outcomes, and the sentence that says it with its reasons."""

    outcome: Outcome
    sentence: str


class ContrastVerdict(Struct, frozen=True, kw_only=True):
    """Two arms of a comparison, and the verdict on their difference."""

    treatment: str
    baseline: str
    outcome: Outcome
    sentence: str


def judge(facts: Comparison | GuardStop) -> Verdict:
    """Say what the facts support: whether the treatment helped, and what they leave open."""
    if isinstance(facts, GuardStop):
        reasons = "; ".join(facts.reasons)
        return Verdict(
            "INVALID", f"INVALID: {facts.treatment} − {facts.baseline} was not measured: {reasons}."
        )
    outcome, estimate = _outcome(facts), _tested(facts)
    if outcome == "AT CHANCE":
        said = [_at_chance(facts), _sight(facts)]
    elif outcome == "INCONCLUSIVE" or estimate is None:
        said = [f"INCONCLUSIVE: {_difference(facts)}.", *_too_few_runs(facts), _sight(facts)]
    elif outcome == "EQUIVALENT":
        said = [
            f"EQUIVALENT ±{_points(facts.margin)}: {_difference(facts)}.",
            _equivalent(facts, estimate),
        ]
    else:
        said = [f"{outcome}: {_difference(facts)}.", *_but_little(facts, estimate)]
    return Verdict(outcome, " ".join([*said, *_reservations(facts)]))


def _outcome(facts: Comparison) -> Outcome:
    if max(facts.treatment.low, facts.baseline.low) <= facts.majority:
        return "AT CHANCE"
    estimate = _tested(facts)
    if estimate is None:
        return "INCONCLUSIVE"
    if facts.adjusted_p is None or facts.adjusted_p < ALPHA:
        if estimate.low > 0:
            return "HELPS"
        if estimate.high < 0:
            return "HURTS"
    return "EQUIVALENT" if tost(estimate, facts.margin) < ALPHA else "INCONCLUSIVE"


def _tested(facts: Comparison) -> Estimate | None:
    return facts.estimate if facts.seeds >= FEWEST_SEEDS else None


def _difference(facts: Comparison) -> str:
    parts = [
        f"{facts.treatment.name} − {facts.baseline.name} = {_signed(facts.delta)} {facts.metric} points"
    ]
    if estimate := _tested(facts):
        parts.append(f"95 % CI [{_signed(estimate.low)}, {_signed(estimate.high)}]")
        if facts.adjusted_p is not None:
            parts.append(f"Holm-adjusted {_p(facts.adjusted_p)}")
    parts += [
        f"{facts.seeds} paired seed{'s' if facts.seeds > 1 else ''}",
        _budget(facts),
        _test_set(facts),
    ]
    return ", ".join(parts)


def _budget(facts: Comparison) -> str:
    treatment, baseline = facts.treatment.steps, facts.baseline.steps
    return (
        f"{treatment:,} steps each"
        if treatment == baseline
        else f"{treatment:,} steps against {baseline:,}"
    )


def _test_set(facts: Comparison) -> str:
    looks = {1: "once", 2: "twice"}.get(facts.looks, f"{facts.looks} times")
    folds = f" in {facts.folds} folds" if facts.folds > 1 else ""
    return f"{facts.images:,} test images{folds} (looked at {looks})"


def _at_chance(facts: Comparison) -> str:
    arms = " nor ".join(
        f"{arm.name} ({_percent(arm.accuracy)} accuracy, 95 % CI [{_percent(arm.low)}, {_percent(arm.high)}])"
        for arm in (facts.treatment, facts.baseline)
    )
    return (
        f"AT CHANCE: neither {arms} is shown to beat always naming the largest class ({_percent(facts.majority)}) "
        f"on {_test_set(facts)}. Their difference of {_signed(facts.delta)} {facts.metric} points says "
        "nothing."
    )


def _equivalent(facts: Comparison, estimate: Estimate) -> str:
    p = _p(tost(estimate, facts.margin))
    return f"Two one-sided tests place the difference within ±{_points(facts.margin)} points ({p})."


def _but_little(facts: Comparison, estimate: Estimate) -> list[str]:
    most = max(abs(estimate.low), abs(estimate.high))
    return (
        [f"The difference is real but small: at most {_points(most)} points."]
        if most <= facts.margin
        else []
    )


def _too_few_runs(facts: Comparison) -> list[str]:
    if _tested(facts):
        return []
    p = _p(mcnemar_exact(facts.only_treatment, facts.only_baseline))
    return [
        f"In {'the first' if facts.seeds > 1 else 'this one'} pair of runs {facts.treatment.name} alone is right on "
        f"{facts.only_treatment} test images and {facts.baseline.name} alone on {facts.only_baseline} (exact McNemar "
        f"{p}): too few runs per arm to say anything about training again."
    ]


def _sight(facts: Comparison) -> str:
    gain = detectable_gain(facts.images, facts.disagree)
    if gain is None:
        sight = "This test set is too small to see any gain"
    else:
        whole = math.ceil(gain * facts.images) / facts.images
        sight = f"This test set can see gains of {_points(whole)} points or more"
    needed = required_images(PLANNED_GAIN, max(PLANNED_GAIN, facts.disagree))
    return f"{sight}; a {_points(PLANNED_GAIN)}-point gain needs about {needed:,} test images."


def _reservations(facts: Comparison) -> list[str]:
    """Say what limits the verdict without stopping it."""
    said = []
    if facts.overridden:
        said.append(f"Guards overridden: {'; '.join(facts.overridden)}.")
    if facts.treatment.steps != facts.baseline.steps:
        said.append("The arms differ in compute, so part of the difference may be more training.")
    if facts.reencoded:
        said.append("Variants are encoded once more than originals.")
    split = "these folds" if facts.folds > 1 else "this one split"
    said.append(f"This holds for this one draw of variants and {split}.")
    return said


def _points(share: float) -> str:
    """Write a share as points with two significant digits."""
    return _signed(share).lstrip("+")


def _signed(share: float) -> str:
    points = 100 * share
    if abs(points) < 0.0005:
        return "0"
    text = f"{points:+.0f}" if abs(points) >= 10 else f"{points:+.2g}"
    return text.replace("-", "−")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"
