"""Differences with their intervals: around zero and the margin, with their numbers beside them."""

from __future__ import annotations

import pytest

from tests.trainer.figures.drawn import (
    LONG,
    NASTY,
    ORDINARY,
    assert_fits_a_page,
    assert_legible,
    points,
)
from trainer.figures.deltas import Interval, deltas_figure, draw_deltas
from trainer.figures.theme import BLUE, FAINT


def rows_of(classes: list[str]) -> list[Interval]:
    """Return a row for each class below the two of all classes."""
    rows = [
        Interval("accuracy", 0.018, -0.14, 0.18, main=True),
        Interval("macro F1", -0.4, -1.3, 0.2),
    ]
    return rows + [Interval(f"F1 of {name}", 0.01, -0.05, 0.07) for name in classes]


def without_interval(rows: list[Interval]) -> list[Interval]:
    """Return rows as of one seed."""
    return [Interval(row.name, row.delta, None, None, row.main) for row in rows]


CASES = {
    "2 classes": (ORDINARY, rows_of(ORDINARY[:2])),
    "20 classes": (ORDINARY, rows_of(ORDINARY)),
    "1 seed": (ORDINARY, without_interval(rows_of(ORDINARY[:2]))),
    "long": (LONG, rows_of(LONG)),
    "nasty": (NASTY, rows_of(NASTY)),
}


@pytest.mark.parametrize("case", CASES)
def test_words_can_be_read(case: str) -> None:
    names, rows = CASES[case]
    assert_legible(deltas_figure(names[0], names[1], rows, 0.02))


def test_it_fits_a_page() -> None:
    names, rows = CASES["20 classes"]
    assert_fits_a_page(draw_deltas(names[0], names[1], rows, 0.02))


@pytest.mark.parametrize(
    ("row", "margin", "span"),
    [
        (Interval("it", 0.4, 0.38, 0.42), 0.05, (-0.05, 0.42)),
        (Interval("it", -0.4, -0.42, -0.38), 0.05, (-0.42, 0.05)),
        (Interval("it", 0.4, None, None), 0.05, (-0.05, 0.4)),
        (Interval("it", -0.4, -1.3, 2.2), 0.05, (-1, 1)),
        (Interval("it", 0.0, -0.1, 0.1), 7.0, (-1, 1)),
        (Interval("it", 0.3, 0.2, 0.4), 0.0, (0, 0.4)),
        (Interval("it", -0.3, -0.4, -0.2), 0.0, (-0.4, 0)),
    ],
)
def test_axis_holds_zero_the_margin_and_the_intervals_up_to_100_points(
    row: Interval, margin: float, span: tuple[float, float]
) -> None:
    low, high = span
    room = 0.06 * (high - low)
    axes = deltas_figure("b", "a", [row], margin).axes[0]
    assert axes.get_xlim() == pytest.approx((low - room, high + room))


def test_numbers_stand_beside_their_rows_the_main_one_bold() -> None:
    rows = [Interval("accuracy", 0.018, -0.14, 0.18, main=True), Interval("F1", -0.4, None, None)]
    axes, right = deltas_figure("b", "a", rows, 0.02).axes
    names = [(label.get_text(), label.get_fontweight()) for label in axes.get_yticklabels()]
    numbers = [(label.get_text(), label.get_fontweight()) for label in right.get_yticklabels()]
    assert names == [("accuracy", "bold"), ("F1", "normal")]
    assert numbers == [("+1.8  [−14.0, +18.0]", "bold"), ("−40.0", "normal")]
    assert right.get_ylim() == axes.get_ylim() == (1.6, -0.6)


@pytest.mark.parametrize(
    "row", [Interval("it", 0.1, None, 0.2), Interval("it", 0.1, 0.0, None)], ids=["low", "high"]
)
def test_half_an_interval_is_none(row: Interval) -> None:
    assert row.text == "+10.0"
    dots = [
        line
        for line in deltas_figure("b", "a", [row], 0.02).axes[0].lines
        if line.get_marker() == "o"
    ]
    lines = deltas_figure("b", "a", [row], 0.02).axes[0].lines
    assert len(lines) == len(dots) + 1  # zero, and no interval


def test_main_rows_stand_out() -> None:
    rows = [Interval("accuracy", 0.1, 0.0, 0.2, main=True), Interval("F1", 0.2, 0.1, 0.3)]
    _zero, main, dot, other, other_dot = deltas_figure("b", "a", rows, 0.02).axes[0].lines
    assert [line.get_color() for line in (main, dot, other, other_dot)] == [
        BLUE,
        BLUE,
        FAINT,
        FAINT,
    ]
    assert main.get_linewidth() > other.get_linewidth()
    assert dot.get_markersize() > other_dot.get_markersize()
    assert points(main) == [(0.0, 0), (0.2, 0)]
    assert points(other_dot) == [(0.2, 1)]


def test_which_arm_is_better_on_which_side() -> None:
    figure = deltas_figure("b", "a", rows_of([]), 0.025)
    axes = figure.axes[0]
    assert axes.get_xlabel() == "←  a better     points     b better  →"
    assert axes.get_title(loc="left") == "b − a"
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["the margin, ±2.5 points"]


def test_many_classes_are_cut_to_what_a_page_holds() -> None:
    rows = without_interval(rows_of([str(number) for number in range(1000)]))
    assert len(deltas_figure("b", "a", rows, 0.02).axes[0].get_yticklabels()) == 62
