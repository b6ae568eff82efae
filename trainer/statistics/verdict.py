"""What a comparison of two arms supports, in one sentence and no more: evidence in, verdict out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from augbuild.core.text import plural
from trainer.statistics.digits import format_p, format_percent, format_points, format_signed
from trainer.statistics.sample_size import detectable_gain, required_images
from trainer.statistics.tests import Estimate, mcnemar_exact, tost

Outcome = Literal["INVALID", "AT CHANCE", "HELPS", "HURTS", "EQUIVALENT", "INCONCLUSIVE"]
"""In order of precedence: the first that fits."""

FEWEST_SEEDS = 3
"""With fewer, no test over seeds holds its level (`benchmarks/type_one_error.py`)."""

ALPHA = 0.05
PLANNED_GAIN = 0.05
"""The gain for which every open verdict names the test images needed."""


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


@dataclass(frozen=True, slots=True)
class JudgedArm:
    """One arm over all its runs: mean test accuracy, its 95 % interval, and steps of each run."""

    name: str
    accuracy: float
    low: float
    high: float
    steps: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of two arms that were trained, and tested on the same images; all shares.

    `delta` is treatment minus baseline, and `estimate` the test of it, None where no test exists,
    as for one seed. `only_treatment` and `only_baseline` count the test images that one arm alone
    got right in the first pair of runs. `majority` is the share of the largest class in the test
    set. `disagree` is the share of test images on which a pair of runs is taken to differ when the
    sentence names what the test set can see. `adjusted_p` is Holm's where several contrasts were
    made together. `reencoded`: one arm's images went through one more encoding than the other's.
    `overridden` names the guards that were overridden.
    """

    treatment: JudgedArm
    baseline: JudgedArm
    delta: float
    estimate: Estimate | None
    seeds: int
    images: int
    majority: float
    only_treatment: int
    only_baseline: int
    metric: str
    margin: float
    folds: int
    looks: int
    adjusted_p: float | None
    reencoded: bool
    overridden: tuple[str, ...]
    disagree: float = 0.3

    @property
    def tested(self) -> Estimate | None:
        """Return the estimate where there are seeds enough for its test to hold its level."""
        return self.estimate if self.seeds >= FEWEST_SEEDS else None


def judge_stopped(treatment: str, baseline: str, reasons: Sequence[str]) -> ContrastVerdict:
    """Return the verdict on two arms that a guard kept from being compared.

    `reasons` are clauses without a full stop.
    """
    why = "; ".join(reasons)
    sentence = f"INVALID: {treatment} − {baseline} was not measured: {why}."
    return ContrastVerdict(
        treatment=treatment, baseline=baseline, outcome="INVALID", sentence=sentence
    )


def judge(evidence: Evidence) -> Verdict:
    """Return what the evidence supports: whether the treatment helped, and what stays open."""
    outcome = _outcome(evidence)
    estimate = evidence.tested
    margin = format_points(evidence.margin)
    if outcome == "AT CHANCE":
        sentences = [f"AT CHANCE: {_at_chance(evidence)}.", _sight(evidence)]
    elif estimate is None:
        sentences = [f"INCONCLUSIVE: {_difference(evidence)}."]
        sentences += [_one_pair(evidence), _sight(evidence)]
    elif outcome == "INCONCLUSIVE":
        sentences = [f"INCONCLUSIVE: {_difference(evidence)}.", _sight(evidence)]
    elif outcome == "EQUIVALENT":
        p = format_p(tost(estimate, evidence.margin))
        sentences = [f"EQUIVALENT ±{margin}: {_difference(evidence)}."]
        sentences += [f"Two one-sided tests place the difference within ±{margin} points ({p})."]
    else:
        sentences = [f"{outcome}: {_difference(evidence)}."]
        most = max(abs(estimate.low), abs(estimate.high))
        if most <= evidence.margin:
            points = format_points(most)
            sentences += [f"The difference is real but small: at most {points} points."]
    sentences += _reservations(evidence)
    return Verdict(outcome, " ".join(sentences))


def _outcome(evidence: Evidence) -> Outcome:
    # First of all: a difference between two arms that have learnt nothing is no finding.
    if max(evidence.treatment.low, evidence.baseline.low) <= evidence.majority:
        return "AT CHANCE"
    estimate = evidence.tested
    if estimate is None:
        return "INCONCLUSIVE"
    # Of many intervals some exclude 0 by chance, so among several contrasts the adjusted p decides.
    if evidence.adjusted_p is None or evidence.adjusted_p < ALPHA:
        if estimate.low > 0:
            return "HELPS"
        if estimate.high < 0:
            return "HURTS"
    if tost(estimate, evidence.margin) < ALPHA:
        return "EQUIVALENT"
    return "INCONCLUSIVE"


def _difference(evidence: Evidence) -> str:
    treatment = evidence.treatment
    baseline = evidence.baseline
    delta = format_signed(evidence.delta)
    parts = [f"{treatment.name} − {baseline.name} = {delta} {evidence.metric} points"]
    estimate = evidence.tested
    if estimate is not None:
        low = format_signed(estimate.low)
        high = format_signed(estimate.high)
        parts.append(f"95 % CI [{low}, {high}]")
        if evidence.adjusted_p is not None:
            parts.append(f"Holm-adjusted {format_p(evidence.adjusted_p)}")
    parts.append(plural(evidence.seeds, "paired seed"))
    if treatment.steps == baseline.steps:
        parts.append(f"{treatment.steps:,} steps each")
    else:
        parts.append(f"{treatment.steps:,} steps against {baseline.steps:,}")
    parts.append(_test_set(evidence))
    return ", ".join(parts)


def _test_set(evidence: Evidence) -> str:
    counted = {1: "once", 2: "twice"}
    looks = counted.get(evidence.looks, f"{evidence.looks} times")
    folds = f" in {evidence.folds} folds" if evidence.folds > 1 else ""
    return f"{evidence.images:,} test images{folds} (looked at {looks})"


def _at_chance(evidence: Evidence) -> str:
    arms = []
    for arm in (evidence.treatment, evidence.baseline):
        interval = f"[{format_percent(arm.low)}, {format_percent(arm.high)}]"
        accuracy = f"{format_percent(arm.accuracy)} accuracy"
        arms.append(f"{arm.name} ({accuracy}, 95 % CI {interval})")
    both = " nor ".join(arms)
    return (
        f"neither {both} is shown to beat always naming the largest class "
        f"({format_percent(evidence.majority)}) on {_test_set(evidence)}. Their difference of "
        f"{format_signed(evidence.delta)} {evidence.metric} points says nothing"
    )


def _one_pair(evidence: Evidence) -> str:
    """Describe one pair of runs by McNemar's test, which knows nothing of other seeds."""
    only_treatment, only_baseline = evidence.only_treatment, evidence.only_baseline
    p = format_p(mcnemar_exact(only_treatment, only_baseline))
    which = "the first" if evidence.seeds > 1 else "this one"
    return (
        f"In {which} pair of runs {evidence.treatment.name} alone is right on {only_treatment} "
        f"test images and {evidence.baseline.name} alone on {only_baseline} (exact McNemar {p}): "
        "too few runs per arm to say what training again would give."
    )


def _sight(evidence: Evidence) -> str:
    """Describe the gains that the test set can see, and the images that a planned gain needs."""
    gain = detectable_gain(evidence.images, evidence.disagree)
    if gain is None:
        sight = "This test set is too small to see any gain"
    else:
        # No smaller gain than that of one more image can be observed.
        images = math.ceil(gain * evidence.images)
        whole = images / evidence.images
        sight = f"This test set can see gains of {format_points(whole)} points or more"
    disagree = max(PLANNED_GAIN, evidence.disagree)
    needed = required_images(PLANNED_GAIN, disagree)
    planned = format_points(PLANNED_GAIN)
    return f"{sight}; a {planned}-point gain needs about {needed:,} test images."


def _reservations(evidence: Evidence) -> list[str]:
    """List what limits the verdict without stopping it."""
    sentences = []
    if evidence.overridden:
        sentences.append(f"Guards overridden: {'; '.join(evidence.overridden)}.")
    if evidence.treatment.steps != evidence.baseline.steps:
        sentences.append(
            "The arms differ in compute, so part of the difference may come from more training."
        )
    if evidence.reencoded:
        sentences.append("Variants are encoded once more than originals.")
    split = "these folds" if evidence.folds > 1 else "this one split"
    sentences.append(f"This holds for this one draw of variants and {split}.")
    return sentences
