"""Learning curves of all runs: means and bands, arm by arm."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.figures.drawn import LONG, ORDINARY, assert_fits_a_page, assert_legible, points
from tests.trainer.figures.test_curves import Reported
from trainer.figures.learning import draw_learning, learning_figure
from trainer.figures.theme import ARM_COLOURS


def arms(names: list[str], runs: int) -> dict[str, list[list[Reported]]]:
    """Return runs whose steps differ from arm to arm."""
    made = {}
    for number, name in enumerate(names, start=1):
        run = [Reported(number * epoch, 1 / epoch, 1 - 1 / epoch) for epoch in range(1, 6)]
        made[name] = [run] * runs
    return made


THREE = arms(["original", "augmented", "original+augmented"], 10)
ELEVEN = arms(ORDINARY[:7] + LONG, 2)


@pytest.mark.parametrize("made", [THREE, ELEVEN], ids=["3 arms", "11 arms"])
def test_words_can_be_read(made: dict[str, list[list[Reported]]]) -> None:
    assert_legible(learning_figure(made))


def test_it_fits_a_page() -> None:
    assert_fits_a_page(draw_learning(ELEVEN))


def test_a_line_is_the_mean_and_a_band_goes_from_the_least_to_the_greatest() -> None:
    first = [Reported(10, 0.8, 0.5), Reported(20, 0.4, 0.7)]
    second = [Reported(10, 0.6, 0.6), Reported(20, 0.2, 0.9)]
    loss, accuracy = learning_figure({"a": [first, second]}).axes
    steps, losses = zip(*points(loss.lines[0]), strict=True)
    assert steps == (10, 20)
    assert losses == pytest.approx((0.7, 0.3))
    assert [value for _, value in points(accuracy.lines[0])] == pytest.approx([0.55, 0.8])
    (band,) = loss.collections
    (path,) = band.get_paths()
    heights = {round(float(height), 6) for height in np.asarray(path.vertices)[:, 1]}
    assert heights == {0.8, 0.6, 0.4, 0.2}


def test_runs_that_reported_at_other_steps_are_read_between_them() -> None:
    first = [Reported(10, 0.8, 0.5), Reported(20, 0.4, 0.7)]
    second = [Reported(10, 0.8, 0.5), Reported(15, 0.6, 0.6), Reported(20, 0.4, 0.7)]
    loss, _ = learning_figure({"a": [first, second]}).axes
    steps, values = zip(*points(loss.lines[0]), strict=True)
    assert steps == (10, 15, 20)
    assert values == pytest.approx((0.8, 0.6, 0.4))


def test_more_arms_than_colours_begin_again_dashed() -> None:
    lines = learning_figure(ELEVEN).axes[0].lines
    colours = [line.get_color() for line in lines]
    assert colours == [*ARM_COLOURS, *ARM_COLOURS[:4]]
    assert [line.get_linestyle() for line in lines] == ["-"] * 7 + ["--"] * 4


def test_axes_reach_the_last_step_of_any_arm() -> None:
    longer_first = {"long": THREE["original+augmented"], "short": THREE["original"]}
    loss, accuracy = learning_figure(longer_first).axes
    assert loss.get_xlim() == accuracy.get_xlim() == pytest.approx((0, 1.03 * 15))
    assert loss.get_ylim()[0] == 0
    assert accuracy.get_ylim() == (0, 1.02)
    assert accuracy.yaxis.get_major_formatter()(0.5, 0) == "50"
    assert loss.get_title(loc="left") == "Training loss"
    assert accuracy.get_title(loc="left") == "Training accuracy, %"
