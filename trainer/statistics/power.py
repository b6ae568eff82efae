"""What a test set can see: how many images a gain needs, and what gain so many images show, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from augbuild.errors import UsageError
from trainer.statistics.sample_size import (
    detectable_gain,
    required_images,
    required_images_of,
    required_seeds,
)
from trainer.statistics.tests import Components, resolution

GAINS = (0.01, 0.02, 0.036, 0.05, 0.10)
DISAGREEMENTS = (0.10, 0.20, 0.30, 0.40)


def power_text(gain: float, disagree: float, images: int | None) -> str:
    """Say how many test images a gain needs, and what `images` of them can see; raises UsageError.

    One pair of runs, normal approximation (Connor 1987), two-sided at 5 %, power 80 %; `disagree` is the share of test
    images that only one of the two models gets right.
    """
    if not 0 < gain <= disagree <= 1:
        raise UsageError(
            f"--gain must be above 0 and at most --disagree, which is at most 1 (got {gain:g} and {disagree:g})"
        )
    lines = [
        f"To see a gain of {100 * gain:g} points between two models that disagree on {100 * disagree:g} % of the test "
        f"images takes {required_images(gain, disagree):,} test images.",
        "",
    ]
    if images is not None:
        lines += [_sight(images, disagree), ""]
    return "\n".join([*lines, *_table()])


def power_of(result: Mapping[str, Any], gain: float) -> str:
    """Say the same of a finished comparison, with the variances that its runs measured; raises UsageError."""
    if not 0 < gain <= 1:
        raise UsageError(f"--gain must be above 0 and at most 1 (got {gain:g})")
    images, seeds = result["test"]["images"], len(result["seeds"])
    return "\n\n".join(_of_contrast(each, images, seeds, gain) for each in result["contrasts"])


def _of_contrast(contrast: Mapping[str, Any], images: int, seeds: int, gain: float) -> str:
    names = f"{contrast['treatment']} − {contrast['baseline']}"
    if contrast.get("components") is None:
        return (
            f"{names}: seeds and images were not crossed, so there are no variances to plan with."
        )
    parts = Components(**contrast["components"])
    error = 100 * max(math.sqrt(parts.at(seeds, images)), resolution(images))
    more_seeds, more_images = (
        required_seeds(gain, images, parts),
        required_images_of(gain, seeds, parts),
    )
    return (
        f"{names}: with {seeds} seeds and {images:,} test images the standard error was {error:.1f} points.\n"
        f"To see a gain of {100 * gain:g} points takes "
        f"{f'{more_seeds} seeds' if more_seeds else 'more images, whatever the seeds,'} on these test images, or "
        f"{f'{more_images:,} test images' if more_images else 'more seeds, whatever the images,'} with these seeds."
    )


def _sight(images: int, disagree: float) -> str:
    seen = detectable_gain(images, disagree)
    if seen is None:
        return f"{images:,} test images show no gain at all."
    whole = math.ceil(seen * images - 1e-9)
    return f"{images:,} test images show gains of {100 * seen:.1f} points or more: {whole} images more right."


def _table() -> list[str]:
    head = "gain      " + "".join(
        f"{f'{100 * share:.0f} % disagree':>15}" for share in DISAGREEMENTS
    )
    rows = (
        f"{100 * gain:>4g} points"
        + "".join(f"{required_images(gain, share):>15,}" for share in DISAGREEMENTS)
        for gain in GAINS
    )
    return [head, *(row for row in rows)]
