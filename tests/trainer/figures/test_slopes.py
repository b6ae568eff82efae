"""Paired slopes: a line a seed, a panel a contrast."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.figures.drawn import (
    LONG,
    NASTY,
    ORDINARY,
    assert_fits_a_page,
    assert_legible,
    points,
)
from trainer.figures.slopes import Slopes, draw_slopes, slopes_figure
from trainer.figures.theme import BLUE, FAINT, INK, VERMILION


def contrasts(names: list[str], seeds: int, count: int) -> list[Slopes]:
    """Return contrasts of the first name with the others, of seeds that moved at random."""
    generator = np.random.default_rng(0)
    made = []
    for number in range(1, count + 1):
        before, after = generator.integers(10, 20, (2, seeds)) / 28
        made.append(Slopes(names[0], names[number % len(names)], tuple(before), tuple(after)))
    return made


CASES = {
    "1 seed": contrasts(ORDINARY, 1, 1),
    "20 seeds": contrasts(ORDINARY, 20, 3),
    "10 contrasts": contrasts(ORDINARY, 10, 10),
    "long": contrasts(LONG, 10, 4),
    "nasty": contrasts(NASTY, 3, 9),
}


@pytest.mark.parametrize("case", CASES)
def test_words_can_be_read(case: str) -> None:
    assert_legible(slopes_figure(CASES[case], "accuracy", 0.5))


def test_it_fits_a_page() -> None:
    assert_fits_a_page(draw_slopes(CASES["1 seed"], "accuracy", 0.5))


def test_seeds_that_moved_alike_share_a_wider_line() -> None:
    twice = Slopes("a", "b", (0.5, 0.5, 0.6, 0.7), (0.6, 0.6, 0.6, 0.4))
    axes = slopes_figure([twice], "accuracy", None).axes[0]
    assert axes.get_title(loc="left") == "2 up, 1 down, 1 equal"
    up, equal, down, mean = axes.lines
    assert up.get_linewidth() > equal.get_linewidth() == down.get_linewidth()
    assert up.get_markersize() > equal.get_markersize()
    assert [line.get_color() for line in axes.lines] == [BLUE, FAINT, VERMILION, INK]
    assert points(up) == [(0, 0.5), (1, 0.6)]
    assert [value for _, value in points(mean)] == pytest.approx([0.575, 0.55])


def test_lines_are_drawn_in_the_order_of_their_values_whatever_that_of_the_seeds() -> None:
    contrast = Slopes("a", "b", (0.7, 0.5), (0.6, 0.6))
    figure = slopes_figure([contrast], "macro F1", None)
    first, second, mean = figure.axes[0].lines
    assert (points(first)[0], points(second)[0]) == ((0, 0.5), (0, 0.7))
    assert mean.get_zorder() > second.get_zorder()
    assert figure.get_suptitle() == "Test macro F1 of each seed"


def test_one_seed_has_no_mean_and_no_word_of_equal_ones() -> None:
    axes = slopes_figure([Slopes("a", "b", (0.5,), (0.6,))], "accuracy", None).axes[0]
    assert len(axes.lines) == 1
    assert axes.get_title(loc="left") == "1 up, 0 down"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b"]


def test_majority_has_a_line_and_a_word_where_it_is_known() -> None:
    contrast = Slopes("a", "b", (0.5,), (0.6,))
    with_it = slopes_figure([contrast], "accuracy", 0.4)
    assert points(with_it.axes[0].lines[-1]) == [(0, 0.4), (1, 0.4)]
    entries = [text.get_text() for text in with_it.legends[0].get_texts()]
    assert entries == ["seed, up", "seed, down", "mean over seeds", "always the largest class"]
    without = slopes_figure([contrast], "macro F1", None)
    assert len(without.legends[0].get_texts()) == 3
    assert without.axes[0].get_ylabel() == "test macro F1, %"


@pytest.mark.parametrize(
    ("before", "after", "majority", "span"),
    [
        (0.50, 0.52, None, (0.4288, 0.5912)),  # 12 points and some room, not two magnified
        (0.2, 0.8, None, (0.144, 0.856)),
        (0.2, 0.4, 0.8, (0.144, 0.856)),
        (0.8, 0.6, 0.2, (0.144, 0.856)),
        (0.0, 1.0, None, (0.0, 1.02)),
    ],
)
def test_axis_holds_all_values_and_magnifies_no_few_points(
    before: float, after: float, majority: float | None, span: tuple[float, float]
) -> None:
    figure = slopes_figure([Slopes("a", "b", (before,), (after,))], "accuracy", majority)
    assert figure.axes[0].get_ylim() == pytest.approx(span)


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (4, 1), (5, 2), (9, 3)])
def test_there_are_four_panels_in_a_row_and_none_is_empty(count: int, rows: int) -> None:
    figure = slopes_figure(contrasts(ORDINARY, 2, count), "accuracy", None)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == count
    assert len(figure.axes) == rows * min(count, 4)
    labelled = [axes for axes in figure.axes if axes.get_ylabel()]
    assert len(labelled) == rows
    assert len({axes.get_ylim() for axes in shown}) == 1
    assert all(not axes.yaxis.get_tick_params()["labelleft"] for axes in shown[1:4])
