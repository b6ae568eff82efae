"""What to do next, after each outcome."""

from __future__ import annotations

from trainer.statistics.sample_size import images_needed, seeds_needed
from trainer.statistics.verdict.digits import format_points
from trainer.statistics.verdict.evidence import FEWEST_SEEDS, Evidence, Outcome
from trainer.statistics.verdict.sight import PLANNED_GAIN, measured

_SEEDS_WORTH_TRYING = 100  # more than so many trainings of each arm is no advice


def advise(outcome: Outcome, evidence: Evidence) -> str:
    """Write what would make the answer better, or what to do with it: one sentence."""
    treatment, baseline = evidence.treatment, evidence.baseline
    if outcome == "INVALID":
        return "Compare two training sets that differ, or more steps, so that the rest is seen."
    if outcome == "HELPS" and evidence.looks > 1:
        return f"Train on {treatment.name}; confirm it on photos that were never scored."
    if outcome == "HELPS":
        return f"Train on {treatment.name}."
    if outcome == "HURTS":
        return (
            f"Train on {baseline.name}; `trainer compare --ablate RECIPE` shows which transform "
            "does the harm."
        )
    if outcome == "EQUIVALENT":
        fewer = min((treatment, baseline), key=lambda arm: arm.images)
        return f"Take the cheaper one: {fewer.name} has {fewer.images:,} training images."
    if outcome == "NOT ABOVE CHANCE":
        return (
            "Let an arm learn first: pretrained weights (--weights imagenet), more steps "
            "(--budget), or more photos."
        )
    return _settle(evidence)


def _settle(evidence: Evidence) -> str:
    """Write what an open question would take."""
    if evidence.seeds < FEWEST_SEEDS:
        return "Run at least 5 seeds: --seeds 10 --resume."
    # Seeds before images: they cost time alone.
    variances = measured(evidence)
    gain = f"{format_points(PLANNED_GAIN)} points"
    if variances is not None:
        seeds = seeds_needed(PLANNED_GAIN, variances).high
        if seeds is not None and evidence.seeds < seeds <= _SEEDS_WORTH_TRYING:
            return f"For a gain of {gain}, run more seeds: --seeds {seeds:.0f} --resume."
        images = images_needed(PLANNED_GAIN, variances).high
        if images is not None and images > evidence.images:
            return f"For a gain of {gain}, collect test images: {images:,.0f} in all."
        if seeds is not None and seeds <= evidence.seeds:
            return (
                f"A gain of {gain} would have been seen; for a smaller one, "
                "use more seeds and more test images."
            )
    return "Collect more test images, and run more seeds on them."
