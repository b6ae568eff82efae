"""What a comparison can see, and what a gain would take, in words."""

from __future__ import annotations

import math

from trainer.statistics.sample_size import (
    Measured,
    Range,
    detectable_gain,
    images_needed,
    required_images,
    seeds_needed,
    visible_gain,
)
from trainer.statistics.verdict.digits import format_points
from trainer.statistics.verdict.evidence import Evidence

PLANNED_GAIN = 0.05
"""The gain for which every open verdict names what it would take."""

PLANNED_DISAGREEMENT = 0.3
"""The share of test images on which a pair of runs is taken to differ before any was measured."""


def measured(evidence: Evidence) -> Measured | None:
    """Return the variances that the evidence has, None where seeds and images were not crossed."""
    estimate = evidence.tested
    if estimate is None or estimate.components is None or evidence.folds > 1:
        return None
    return Measured(estimate.components, evidence.pairs, evidence.images, evidence.independent)


def describe_sight(evidence: Evidence) -> str:
    """Describe the gains that this comparison can see, and what a planned gain would take."""
    variances = measured(evidence)
    if variances is None:
        return _describe_planned(evidence.images)
    gain = visible_gain(variances)
    low, high = gain.low, gain.high
    assert low is not None, "a gain is finite"
    assert high is not None, "a gain is finite"
    between = f"{format_points(low)} to {format_points(high)}"
    seen = f"The least gain that this comparison can see is {between} points."
    return f"{seen} {describe_need(variances)}"


def describe_need(variances: Measured, gain: float = PLANNED_GAIN) -> str:
    """Describe how many seeds, or how many test images, a gain would take."""
    start = f"A gain of {format_points(gain)} points would take"
    seeds = _range(seeds_needed(gain, variances))
    images = _range(images_needed(gain, variances))
    if seeds and images:
        return f"{start} {seeds} seeds on these test images, or {images} images at these seeds."
    if seeds:
        return f"{start} {seeds} seeds on these test images."
    if images:
        return (
            f"{start} {images} test images at these seeds; on the images that there are, perhaps "
            "no number of seeds is enough."
        )
    return f"{start} more seeds and more test images: of either alone, perhaps no number is enough."


def _range(numbers: Range) -> str:
    """Write a range; nothing where it has no upper end."""
    if numbers.low is None or numbers.high is None:
        return ""
    low, high = f"{numbers.low:,.0f}", f"{numbers.high:,.0f}"
    return low if low == high else f"{low} to {high}"


def _describe_planned(images: int) -> str:
    """Describe what one pair of runs sees (Connor 1987): a plan, before anything was measured."""
    gain = detectable_gain(images, PLANNED_DISAGREEMENT)
    needed = required_images(PLANNED_GAIN, PLANNED_DISAGREEMENT)
    if gain is None:
        sight = "These test images are too few to see any gain"
    else:
        # No smaller gain than that of one more image can be observed.
        whole = math.ceil(gain * images) / images
        least = format_points(whole)
        sight = f"One pair of runs on these test images sees gains of {least} points or more"
    planned = format_points(PLANNED_GAIN)
    share = f"{100 * PLANNED_DISAGREEMENT:.0f} %"
    return f"{sight}; for {planned} points plan {needed:,} ({share} disagreement taken)."
