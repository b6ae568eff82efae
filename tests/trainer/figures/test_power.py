"""What a comparison can see: bands by its test images, and where it stands."""

from __future__ import annotations

import pytest
from matplotlib.axes import Axes

from tests.trainer.figures.drawn import assert_fits_a_page, assert_legible, find_words, points
from trainer.figures.power import draw_power, power_figure
from trainer.statistics.sample_size import Measured, visible_gain
from trainer.statistics.tests import Components

LAB = Measured(Components(0.002, 0.05, 0.2), 10, 28, 28.0)
CASES = {
    "few": (LAB, 0.018, "accuracy"),
    "many": (Measured(Components(0.0001, 0.02, 0.05), 3, 50_000, 50_000.0), -0.001, "macro F1"),
    "none": (Measured(Components(0.0, 0.0, 0.0), 3, 2, 2.0), 0.0, "balanced accuracy"),
    "all": (Measured(Components(0.01, 0.05, 0.1), 10, 1000, 1000.0), 1.0, "accuracy"),
}


@pytest.mark.parametrize("case", CASES)
def test_words_can_be_read(case: str) -> None:
    assert_legible(power_figure(*CASES[case]))


def test_it_fits_a_page() -> None:
    assert_fits_a_page(draw_power(*CASES["few"]))


def test_it_says_what_the_verdict_says() -> None:
    written = {line for line, _, _ in find_words(power_figure(*CASES["few"]))}
    assert "You are here: 28 test images, a gain of 1.8 points" in written
    for seeds in (10, 40):
        gain = visible_gain(LAB, seeds)
        assert gain.low is not None
        assert gain.high is not None
        between = f"{100 * gain.low:.2g} to {100 * gain.high:.2g} points"
        assert f"with {seeds} seeds: the least gain that 28 images see is {between}" in written


@pytest.mark.parametrize(
    ("gain", "words"),
    [(0.018, "a gain of 1.8 points"), (-0.018, "a loss of 1.8 points"), (0.0, "no gain")],
)
def test_gain_and_loss_are_told_apart(gain: float, words: str) -> None:
    axes = power_figure(LAB, gain, "accuracy").axes[0]
    assert axes.get_title(loc="left") == f"You are here: 28 test images, {words}"
    assert points(axes.lines[-1]) == [(28, abs(gain))]  # the diamond


def test_bands_are_the_least_gains_of_as_many_and_of_four_times_as_many_seeds() -> None:
    lines = power_figure(LAB, 0.018, "accuracy").axes[0].lines
    assert len(lines) == 5
    for place, seeds in ((0, 10), (2, 40)):
        for end, line in (("low", lines[place]), ("high", lines[place + 1])):
            for size, gain in points(line)[::9]:
                assert gain == getattr(visible_gain(LAB, seeds, int(size)), end)
            assert points(line)[-1][0] == 10_000


@pytest.mark.parametrize(
    ("images", "ends"), [(28, (10, 10_000)), (2, (2, 10_000)), (500, (10, 50_000))]
)
def test_axis_reaches_beyond_the_comparison(images: int, ends: tuple[int, int]) -> None:
    variances = Measured(LAB.components, 10, images, float(images))
    assert power_figure(variances, 0.0, "accuracy").axes[0].get_xlim() == ends


def top(axes: Axes) -> float:
    return axes.get_ylim()[1]


def test_axis_holds_the_gain_with_room_up_to_100_points() -> None:
    sure = Measured(Components(0.0, 0.0001, 0.0001), 10, 100, 100.0)
    assert top(power_figure(sure, 0.99, "accuracy").axes[0]) == 1.0
    assert top(power_figure(sure, 0.8, "accuracy").axes[0]) == pytest.approx(1.02 * 0.8 * 1.2)


def test_the_axis_names_the_metric() -> None:
    axes = power_figure(LAB, 0.01, "macro F1").axes[0]
    assert axes.get_ylabel() == "gain or loss in macro F1, points"
