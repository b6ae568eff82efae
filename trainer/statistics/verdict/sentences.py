"""A verdict in words: one thought a sentence, and each only where it applies."""

from __future__ import annotations

from augbuild.core.text import plural
from trainer.statistics.tests import equivalence_interval, mcnemar_exact, tost
from trainer.statistics.verdict.digits import (
    format_level,
    format_p,
    format_percent,
    format_points,
    format_signed,
)
from trainer.statistics.verdict.evidence import (
    FEWEST_SEEDS,
    SEEDS_FOR_FAILURES,
    Evidence,
    JudgedArm,
    Outcome,
)
from trainer.statistics.verdict.sight import describe_sight

_LOOKS = {1: "first look", 2: "second look", 3: "third look"}


def write_sentences(outcome: Outcome, evidence: Evidence) -> str:
    """Write the verdict with its numbers, its reasons, and what limits it."""
    margin = format_points(evidence.margin)
    if outcome == "INVALID":
        sentences = [f"INVALID: {_identical(evidence)}"]
    elif outcome == "NOT ABOVE CHANCE":
        sentences = [f"NOT ABOVE CHANCE: {_not_above_chance(evidence)}", _first_pair(evidence)]
        sentences += [describe_sight(evidence)]
    elif outcome == "EQUIVALENT":
        sentences = [f"EQUIVALENT ±{margin}: {_difference(evidence)}", _equivalent(evidence)]
        if not evidence.above_chance:
            sentences.append(f"Neither arm is shown to beat {_best_constant(evidence)}.")
    elif outcome == "INCONCLUSIVE":
        sentences = [f"INCONCLUSIVE: {_difference(evidence)}", _first_pair(evidence)]
        sentences += [describe_sight(evidence)]
    else:
        sentences = [f"{outcome}: {_difference(evidence)}", _small(evidence)]
        if not evidence.above_chance:
            sentences.append(f"Neither arm is shown to beat {_best_constant(evidence)}.")
        sentences.append(_hurt(outcome, evidence))
    sentences.append(_failures(evidence))
    sentences += _limits(evidence)
    return " ".join(sentence for sentence in sentences if sentence)


def _difference(evidence: Evidence) -> str:
    estimate = evidence.tested
    names = f"{evidence.treatment.name} − {evidence.baseline.name}"
    parts = [f"{names} = {format_signed(evidence.delta)} {evidence.metric} points"]
    if estimate is not None:
        level = format_level(1 - evidence.level.alpha)
        parts.append(f"{level} CI {_interval(estimate.low, estimate.high)}")
        if evidence.adjusted_p is None:
            parts.append(format_p(estimate.p))
        else:
            parts.append(f"Holm-adjusted {format_p(evidence.adjusted_p)}")
    return f"{', '.join(parts)}; {_design(evidence)}."


def _interval(low: float, high: float) -> str:
    return f"[{format_signed(low)}, {format_signed(high)}]"


def _design(evidence: Evidence) -> str:
    """Describe the seeds, the steps and the test images."""
    seeds = plural(evidence.seeds, "seed")
    if evidence.pairs < evidence.seeds:
        seeds = f"{seeds}, of which {evidence.pairs} trained in both arms"
    treatment, baseline = evidence.treatment, evidence.baseline
    if treatment.steps == baseline.steps:
        steps = f"{treatment.steps:,} steps each"
    else:
        steps = f"{treatment.steps:,} steps against {baseline.steps:,}"
    return f"{seeds}, {steps}, {_test_set(evidence)}"


def _test_set(evidence: Evidence) -> str:
    images = f"{evidence.images:,} test images"
    if evidence.groups < evidence.images:
        images += f" in {evidence.groups:,} groups, worth {evidence.independent:,.0f} independent"
    if evidence.folds > 1:
        images += f" in {evidence.folds} folds"
    look = _LOOKS.get(evidence.looks, f"look number {evidence.looks}")
    return f"{images} ({look})"


def _identical(evidence: Evidence) -> str:
    return (
        f"{evidence.treatment.name} and {evidence.baseline.name} predict the same to the last bit "
        f"at every seed, so they are one training set under two names; {_design(evidence)}."
    )


def _not_above_chance(evidence: Evidence) -> str:
    treatment = _score(evidence.treatment, evidence.metric)
    baseline = _score(evidence.baseline, evidence.metric)
    difference = f"{format_signed(evidence.delta)} {evidence.metric} points"
    if evidence.tested is not None:
        difference += f" {_interval(evidence.tested.low, evidence.tested.high)}"
    return (
        f"neither {treatment} nor {baseline} is shown to beat {_best_constant(evidence)}; "
        f"{_design(evidence)}. Their difference of {difference} says nothing yet."
    )


def _score(arm: JudgedArm, metric: str) -> str:
    interval = f"[{format_percent(arm.low)}, {format_percent(arm.high)}]"
    return f"{arm.name} ({format_percent(arm.score)} {metric}, 95 % CI {interval})"


def _best_constant(evidence: Evidence) -> str:
    return f"always naming one class ({format_percent(evidence.chance)} {evidence.metric})"


def _equivalent(evidence: Evidence) -> str:
    """Name the interval that the two one-sided tests are."""
    estimate = evidence.tested
    assert estimate is not None, "equivalence takes a test"
    alpha = evidence.level.alpha
    low, high = equivalence_interval(estimate, alpha)
    level = format_level(1 - 2 * alpha)
    margin = format_points(evidence.margin)
    p = format_p(tost(estimate, evidence.margin))
    return (
        f"The {level} interval {_interval(low, high)} lies within ±{margin} points "
        f"(two one-sided tests, {p})."
    )


def _small(evidence: Evidence) -> str:
    estimate = evidence.tested
    assert estimate is not None, "a finding takes a test"
    most = max(abs(estimate.low), abs(estimate.high))
    if most > evidence.margin:
        return ""
    return f"The difference is real but small: at most {format_points(most)} points."


def _hurt(outcome: Outcome, evidence: Evidence) -> str:
    if outcome != "HELPS":
        return ""
    if not evidence.hurt:
        return "No class is shown to be hurt."
    classes = ", ".join(evidence.hurt)
    return f"Shown to be hurt: {classes}."


def _first_pair(evidence: Evidence) -> str:
    """Describe one pair of runs by McNemar's test, which knows nothing of other seeds."""
    if evidence.seeds >= FEWEST_SEEDS:
        return ""
    only_treatment, only_baseline = evidence.only_treatment, evidence.only_baseline
    p = format_p(mcnemar_exact(only_treatment, only_baseline))
    which = "the first" if evidence.seeds > 1 else "this one"
    return (
        f"In {which} pair of runs {evidence.treatment.name} alone is right on {only_treatment} "
        f"test images and {evidence.baseline.name} alone on {only_baseline} (exact McNemar {p}): "
        "too few runs per arm to say what training again would give."
    )


def _failures(evidence: Evidence) -> str:
    """Describe how often each arm failed to train: a claim of its own."""
    failures = evidence.failures
    if failures is None:
        return ""
    seeds = evidence.seeds
    counts = (
        f"Runs that failed to train: {failures.treatment} of {seeds} of {evidence.treatment.name}, "
        f"{failures.baseline} of {seeds} of {evidence.baseline.name} "
        f"(Fisher's exact {format_p(failures.p)})."
    )
    if seeds >= SEEDS_FOR_FAILURES:
        return f"{counts} The difference is a mean over all seeds, these included."
    return f"{counts} The difference is among the seeds at which both trained."


def _limits(evidence: Evidence) -> list[str]:
    """List what limits the verdict without stopping it."""
    sentences = []
    if evidence.level.reason:
        sentences.append(evidence.level.reason)
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
