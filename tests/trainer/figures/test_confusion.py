"""The confusion matrix: shades by row, counts in its cells, names that can be read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.trainer.figures.drawn import (
    LONG,
    NASTY,
    ORDINARY,
    assert_fits_a_page,
    assert_legible,
)
from trainer.figures.confusion import confusion_figure, draw_confusion
from trainer.figures.theme import INK


def square(side: int, count: int) -> list[list[int]]:
    """Return a matrix whose counts are all equal."""
    return [[count] * side for _ in range(side)]


def numbered(count: int) -> list[str]:
    """Return the names of so many classes."""
    return [f"class {number}" for number in range(count)]


def named(figure: Figure) -> list[str]:
    """Return the names along the horizontal axis."""
    return [label.get_text() for label in figure.axes[0].get_xticklabels()]


CASES: dict[str, tuple[Sequence[Sequence[int]], list[str], str]] = {
    "2 classes": ([[94, 46], [65, 75]], ORDINARY[:2], "original+augmented"),
    "20 classes": (square(20, 12345), ORDINARY, "Test images"),
    "40 classes": (square(40, 1), numbered(40), "Test images"),
    "130 classes": (square(130, 1), numbered(130), "Test images"),
    "long": (square(4, 1234567), LONG, "W" * 300),
    "nasty": (square(len(NASTY), 1), NASTY, "Test images"),
}


@pytest.mark.parametrize("case", CASES)
def test_words_can_be_read(case: str) -> None:
    assert_legible(confusion_figure(*CASES[case]))


def test_it_fits_a_page() -> None:
    assert_fits_a_page(draw_confusion(*CASES["2 classes"]))


def test_shades_are_shares_of_the_true_class() -> None:
    axes = confusion_figure([[3, 1], [0, 0]], ["a", "b"], "it").axes[0]
    assert np.asarray(axes.images[0].get_array()).tolist() == [[0.75, 0.25], [0, 0]]
    assert axes.images[0].get_clim() == (0, 1)


def test_counts_stand_in_their_cells_and_can_be_read_on_dark_ones() -> None:
    axes = confusion_figure([[1234, 6], [56, 44]], ["a", "b"], "it").axes[0]
    cells = [(text.get_position(), text.get_text(), text.get_color()) for text in axes.texts]
    assert cells == [
        ((0, 0), "1,234", "white"),
        ((1, 0), "6", INK),
        ((0, 1), "56", "white"),
        ((1, 1), "44", INK),
    ]


@pytest.mark.parametrize(("classes", "written"), [(30, 900), (31, 0)])
def test_counts_of_many_classes_are_left_out(classes: int, written: int) -> None:
    figure = confusion_figure(square(classes, 1), numbered(classes), "it")
    assert len(figure.axes[0].texts) == written


@pytest.mark.parametrize(("classes", "step"), [(119, 1), (120, 2), (180, 3)])
def test_of_many_classes_some_are_named(classes: int, step: int) -> None:
    figure = confusion_figure(square(classes, 1), numbered(classes), "it")
    assert named(figure) == numbered(classes)[::step]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == named(figure)


@pytest.mark.parametrize(
    ("classes", "rotation"),
    [(["a"] * 8, 0), (["a"] * 9, 45), (["abcdef", "b"], 0), (["abcdefg", "b"], 45)],
)
def test_many_or_long_names_are_slanted(classes: list[str], rotation: float) -> None:
    figure = confusion_figure(square(len(classes), 1), classes, "it")
    assert {label.get_rotation() for label in figure.axes[0].get_xticklabels()} == {rotation}


def test_axes_say_which_is_the_true_class() -> None:
    axes = confusion_figure([[1, 0], [0, 1]], ["a", "b"], "it").axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert axes.get_title(loc="left") == "it"
