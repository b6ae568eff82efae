"""What a test set can see: curves by its size, and where a comparison stands."""

from __future__ import annotations

import pytest
from matplotlib.axes import Axes

from tests.trainer.figures.drawn import assert_fits_a_page, assert_legible, find_words, points
from trainer.figures.power import draw_power, power_figure
from trainer.statistics.sample_size import detectable_gain, required_images

CASES = {
    "few": (28, 0.018, 0.3, 0.3),
    "many": (50_000, -0.001, 0.1, 0.3),
    "none": (2, 0.0, 0.0, 0.3),
    "all": (1000, 1.0, 1.0, 0.3),
}


def labels(axes: Axes) -> list[str]:
    """Return the labels of the lines that have one."""
    return [
        str(line.get_label()) for line in axes.lines if not str(line.get_label()).startswith("_")
    ]


@pytest.mark.parametrize("case", CASES)
def test_words_can_be_read(case: str) -> None:
    assert_legible(power_figure(*CASES[case]))


def test_it_fits_a_page() -> None:
    assert_fits_a_page(draw_power(*CASES["few"]))


def test_it_says_what_the_verdict_says() -> None:
    written = {line for line, _, _ in find_words(power_figure(28, 0.018, 0.4, 0.3))}
    assert "You are here: 28 test images, a gain of 1.8 points" in written
    planned = "if runs disagree on 30 % of images, as the verdict takes it: 28 see 29 points"
    assert planned in written
    assert "if runs disagree on 40 % of images, as measured: 28 see 32 points" in written


@pytest.mark.parametrize(
    ("gain", "words"),
    [(0.018, "a gain of 1.8 points"), (-0.018, "a loss of 1.8 points"), (0.0, "no gain")],
)
def test_gain_and_loss_are_told_apart(gain: float, words: str) -> None:
    axes = power_figure(100, gain, 0.3, 0.3).axes[0]
    assert axes.get_title(loc="left") == f"You are here: 100 test images, {words}"
    assert points(axes.lines[-1]) == [(100, abs(gain))]  # the diamond


def test_curves_are_the_least_gains_at_sizes_from_10_to_10_000() -> None:
    planned, measured = power_figure(50, 0.018, 0.1, 0.3).axes[0].lines[:2]
    for line, disagree in ((planned, 0.3), (measured, 0.1)):
        curve = points(line)
        assert curve[-1][0] == 10_000
        assert [gain for _, gain in curve] == [
            detectable_gain(int(size), disagree) for size, _ in curve
        ]


@pytest.mark.parametrize(
    ("images", "ends"), [(28, (10, 10_000)), (2, (2, 10_000)), (500, (10, 50_000))]
)
def test_axis_reaches_beyond_the_comparison(images: int, ends: tuple[int, int]) -> None:
    assert power_figure(images, 0.0, 0.3, 0.3).axes[0].get_xlim() == ends


def test_dashes_lead_to_the_gain_that_is_seen_and_to_the_size_that_sees_this_one() -> None:
    axes = power_figure(100, 0.05, 0.2, 0.3).axes[0]
    _, _, seen, needed, here = axes.lines
    least = detectable_gain(100, 0.2)
    size = required_images(0.05, 0.2)
    assert points(seen) == [(100, 0.05), (100, least)]
    assert points(needed) == [(100, 0.05), (size, 0.05)]
    assert labels(axes)[-1] == f"this comparison: to see it takes {size:,} images"
    assert points(here) == [(100, 0.05)]


def test_a_gain_above_the_disagreement_is_looked_for_with_as_much() -> None:
    axes = power_figure(100, 0.4, 0.2, 0.3).axes[0]
    size = required_images(0.4, 0.4)
    assert labels(axes)[-1] == f"this comparison: to see it takes {size:,} images"


def test_without_a_gain_there_is_nothing_to_look_for() -> None:
    axes = power_figure(100, 0.0, 0.2, 0.3).axes[0]
    assert len(axes.lines) == 4
    assert labels(axes)[-1] == "this comparison"


def test_more_images_than_anyone_has_are_not_counted() -> None:
    axes = power_figure(1000, 0.0001, 0.3, 0.3).axes[0]
    assert labels(axes)[-1] == "this comparison: to see it takes over 10,000,000 images"


def test_too_few_images_see_no_gain() -> None:
    axes = power_figure(2, 0.1, 0.3, 0.3).axes[0]
    assert detectable_gain(2, 0.3) is None
    assert labels(axes)[1] == "if runs disagree on 30 % of images, as measured: 2 see no gain"


@pytest.mark.parametrize(("gain", "top"), [(0.99, 1.0), (0.8, 1.02 * 0.8 * 1.2)])
def test_axis_holds_the_gain_with_room_up_to_100_points(gain: float, top: float) -> None:
    axes = power_figure(10_000, gain, 0.05, 0.05).axes[0]
    assert axes.get_ylim() == pytest.approx((0, top))
