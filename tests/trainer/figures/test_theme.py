"""What the figures share: points, per cent, and names that fit, whatever they are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.figures.drawn import find_words
from trainer.figures.theme import (
    fit_label,
    label_axes,
    new_figure,
    percent_axis,
    points_axis,
    set_title,
    signed,
    steps_axis,
    style_axes,
    two_lines,
)


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.018, "+1.8"), (-0.143, "−14.3"), (0.0004, "0.0"), (-0.0004, "0.0"), (1, "+100.0")],
)
def test_points_have_their_sign(share: float, shown: str) -> None:
    assert signed(share) == shown


def test_a_sum_of_arms_breaks_before_its_last_plus() -> None:
    assert two_lines("original+augmented", 0.9, 8) == "original\n+augmented"
    assert two_lines("original", 0.9, 8) == "original"
    assert "\n" not in two_lines("x" * 99, 0.9, 8)
    assert two_lines("a+b", 0.9, 8) == "a+b"
    assert two_lines("one_long_arm+two+three", 0.9, 8).splitlines()[1] == "+three"


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=60))
def test_any_name_becomes_a_line_of_glyphs_that_the_font_has(name: str) -> None:
    shown = fit_label(name)
    assert "\n" not in shown
    assert shown.isprintable()


def test_a_name_is_cut_to_its_room() -> None:
    assert fit_label("W" * 50, 3.0) != fit_label("W" * 50, 1.5)
    assert fit_label("W" * 50, 1.5).count("…") == 1
    assert fit_label("cats", 1.5) == "cats"


def test_ticks_of_points_have_a_digit_where_they_need_one() -> None:
    axis = new_figure(3, 3).subplots().xaxis
    points_axis(axis)
    shown = [axis.get_major_formatter()(share, 0) for share in (-0.05, 0.0, 0.1, 0.025, -0.005)]
    assert shown == ["−5", "0", "+10", "+2.5", "−0.5"]


def test_ticks_of_points_are_few_and_round() -> None:
    axes = new_figure(6, 3).subplots()
    axes.set_xlim(-0.33, 0.42)
    points_axis(axes.xaxis)
    assert axes.get_xticks().tolist() == pytest.approx([-0.4, -0.2, 0, 0.2, 0.4, 0.6], abs=1e-9)


def test_ticks_of_steps_are_whole_and_few() -> None:
    axes = new_figure(6, 3).subplots()
    for last in (3, 110):
        steps_axis(axes, last)
        ticks = axes.get_xticks().tolist()
        assert ticks == [round(tick) for tick in ticks]
        assert len(ticks) <= 8


def test_ticks_of_shares_are_in_per_cent() -> None:
    axis = new_figure(3, 3).subplots().yaxis
    percent_axis(axis)
    assert [axis.get_major_formatter()(share, 0) for share in (0.5, 0.125)] == ["50", "12.5"]


def test_steps_are_counted_from_zero_to_a_little_over_the_last() -> None:
    axes = new_figure(3, 3).subplots()
    steps_axis(axes, 100)
    assert axes.get_xlim() == (0, 103)
    assert axes.get_xlabel() == "optimiser steps"


def test_words_are_no_mathematics() -> None:
    figure = new_figure(5, 3)
    axes = figure.subplots()
    set_title(axes, "$x_2$\n")
    label_axes(axes, "$a$", "$b$")
    words = {line for line, _, _ in find_words(figure)}
    assert {"$x_2$\\n", "$a$", "$b$"} <= words


def test_upper_and_right_edges_of_the_frame_go_and_one_grid_stays() -> None:
    axes = new_figure(3, 3).subplots()
    style_axes(axes, "x")
    assert {name for name, spine in axes.spines.items() if spine.get_visible()} == {
        "left",
        "bottom",
    }
    assert axes.get_xgridlines()[0].get_visible()
    assert not axes.get_ygridlines()[0].get_visible()
