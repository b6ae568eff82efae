"""What a test set can see: how many images a gain needs, and what gain so many show, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from augbuild.core.text import plural
from augbuild.errors import UsageError
from trainer.statistics.contrast import ContrastResult
from trainer.statistics.sample_size import Measured, detectable_gain, required_images, visible_gain
from trainer.statistics.verdict.digits import format_points
from trainer.statistics.verdict.evidence import FEWEST_SEEDS, ContrastVerdict
from trainer.statistics.verdict.sight import describe_need

# 3.6 points are one image of 28: the gain that the lab reported (docs/did-it-help.md).
GAINS = (0.01, 0.02, 0.036, 0.05, 0.10)
DISAGREEMENTS = (0.10, 0.20, 0.30, 0.40)


def power_text(gain: float, disagree: float, images: int | None) -> str:
    """Write how many test images a gain needs, and what `images` of them can see.

    One pair of runs, normal approximation (Connor 1987), two-sided at 5 %, power 80 %; `disagree`
    is the share of test images that only one of the two models gets right. Raises UsageError.
    """
    if not 0 < gain <= disagree <= 1:
        raise UsageError(
            "--gain must be above 0 and at most --disagree, which is at most 1 "
            f"(got {gain:g} and {disagree:g})"
        )
    needed = required_images(gain, disagree)
    lines = [
        f"To see a gain of {100 * gain:g} points between two models that disagree on "
        f"{100 * disagree:g} % of the test images takes {needed:,} test images.",
        "",
    ]
    if images is not None:
        shown = detectable_gain(images, disagree)
        counted = plural(images, "test image")
        if shown is None:
            lines.append(f"{counted} cannot show any gain.")
        else:
            more = math.ceil(shown * images)
            points = f"{100 * shown:.1f} points"
            lines.append(f"{counted} can show gains of {points} or more: {more} more correct.")
        lines.append("")
    return "\n".join([*lines, *_table()])


def _table() -> list[str]:
    head = "gain      "
    for share in DISAGREEMENTS:
        column = f"{100 * share:.0f} % disagree"
        head += f"{column:>15}"
    lines = [head]
    for gain in GAINS:
        line = f"{100 * gain:>4g} points"
        for share in DISAGREEMENTS:
            line += f"{required_images(gain, share):>15,}"
        lines.append(line)
    return lines


def power_of(contrasts: Sequence[ContrastVerdict], images: int, gain: float) -> str:
    """Write what a gain needs, with the variances that a finished comparison measured.

    `images` are those of the comparison. What it measured is itself uncertain, so all numbers are
    ranges, which hold the true one in 80 of 100 comparisons. Raises UsageError for a gain that
    cannot be.
    """
    if not 0 < gain <= 1:
        raise UsageError(f"--gain must be above 0 and at most 1 (got {gain:g})")
    paragraphs = []
    for contrast in contrasts:
        names = f"{contrast.treatment} − {contrast.baseline}"
        if not isinstance(contrast, ContrastResult):
            need = "a guard stopped it, so there are no variances to plan with."
        elif contrast.components is None or contrast.pairs < FEWEST_SEEDS:
            need = "fewer than 3 seeds trained, so there are no variances to plan with."
        else:
            independent = contrast.independent or float(images)
            variances = Measured(contrast.components, contrast.pairs, images, independent)
            need = _need(variances, gain)
        paragraphs.append(f"{names}: {need}")
    return "\n\n".join(paragraphs)


def _need(variances: Measured, gain: float) -> str:
    visible = visible_gain(variances)
    assert visible.low is not None, "a gain is finite"
    assert visible.high is not None, "a gain is finite"
    low, high = format_points(visible.low), format_points(visible.high)
    images = plural(variances.images, "test image")
    seen = (
        f"the least gain that {variances.seeds} seeds and {images} see is {low} to {high} points."
    )
    return f"{seen}\n{describe_need(variances, gain)}"
