"""What a comparison can see, in words: from its own variances, or planned before any run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.trainer.statistics.verdict.made_up import LARGE, SMALL
from trainer.statistics.sample_size import Measured, images_needed, seeds_needed, visible_gain
from trainer.statistics.tests import Components
from trainer.statistics.verdict.digits import format_points
from trainer.statistics.verdict.sight import describe_need, describe_sight, measured


def test_the_measured_variances_tell_what_is_seen() -> None:
    variances = measured(SMALL)
    assert variances == Measured(Components(0.002, 0.05, 0.2), 10, 28, 28.0)
    gain = visible_gain(variances)
    assert gain.low is not None
    assert gain.high is not None
    ends = f"{format_points(gain.low)} to {format_points(gain.high)}"
    assert describe_sight(SMALL) == (
        f"The least gain that this comparison can see is {ends} points. {describe_need(variances)}"
    )


@pytest.mark.parametrize(
    ("components", "seeds", "images", "words"),
    [
        (Components(0.0001, 0.0, 0.1), 10, 1000, "{seeds} seeds on these test images, or {images}"),
        (Components(0.004, 0.0, 0.1), 10, 400, "{seeds} seeds on these test images."),
        (
            Components(0.0, 0.5, 0.0001),
            10,
            28,
            "{images} test images at these seeds; on the images that there are, perhaps no number "
            "of seeds is enough.",
        ),
        (
            Components(0.01, 3.0, 0.1),
            3,
            28,
            "more seeds and more test images: of either alone, perhaps no number is enough.",
        ),
    ],
)
def test_ways_without_an_end_are_left_out(
    components: Components, seeds: int, images: int, words: str
) -> None:
    variances = Measured(components, seeds, images, float(images))
    by_seeds, by_images = seeds_needed(0.05, variances), images_needed(0.05, variances)
    ranges = {}
    for name, numbers in (("seeds", by_seeds), ("images", by_images)):
        assert (f"{{{name}}}" in words) == (numbers.high is not None)
        if numbers.high is not None:
            assert numbers.low is not None
            low, high = f"{numbers.low:,.0f}", f"{numbers.high:,.0f}"
            ranges[name] = low if low == high else f"{low} to {high}"
    expected = f"A gain of 5 points would take {words.format(**ranges)}"
    assert describe_need(variances).startswith(expected)


def test_few_seeds_and_folds_are_planned_by_one_pair_of_runs() -> None:
    planned = (
        "One pair of runs on these test images sees gains of 29 points or more; "
        "for 5 points plan 940 (30 % disagreement taken)."
    )
    assert describe_sight(replace(SMALL, seeds=2, pairs=2)) == planned
    assert describe_sight(replace(SMALL, folds=5)) == planned
    assert describe_sight(replace(SMALL, estimate=None)) == planned
    assert "sees gains of 14 points or more" in describe_sight(replace(LARGE, images=140)), (
        "no components"
    )


def test_a_tiny_test_set_sees_nothing() -> None:
    sentence = describe_sight(replace(SMALL, images=3, estimate=None))
    assert sentence.startswith("These test images are too few to see any gain; for 5 points plan")
