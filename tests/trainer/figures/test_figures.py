"""The figures of a comparison: on the sheet, none of their words over others, whatever the names and the numbers."""

from __future__ import annotations

import inspect
import io
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image

from tests.augbuild.dataset.test_card import NASTY
from trainer.figures.confusion import draw_confusion
from trainer.figures.curves import draw_curves
from trainer.figures.deltas import Interval, draw_deltas
from trainer.figures.flipped import Flip, HitCount, Picture, PicturedFlip, draw_flips
from trainer.figures.learning import draw_learning
from trainer.figures.power import draw_power
from trainer.figures.slopes import Slopes, draw_slopes
from trainer.figures.theme import fit_label, signed, two_lines

ORDINARY = ["cats", "dogs", *(f"class {number}" for number in range(18))]
LONG = ["W" * 300, "x" * 80 + "_left", "original+augmented", "y" * 64]


def slopes(names: list[str], seeds: int, contrasts: int) -> tuple[Any, ...]:
    """Make the values of a figure of slopes."""
    generator = np.random.default_rng(0)
    drawn = [generator.integers(10, 20, 2 * seeds) / 28 for _ in range(contrasts)]
    pairs = itertools.islice(itertools.cycle(names), 1, contrasts + 1)
    each = [
        Slopes(names[0], name, tuple(values[:seeds]), tuple(values[seeds:]))
        for name, values in zip(pairs, drawn, strict=True)
    ]
    return each, "accuracy", 0.5


def deltas(names: list[str], seeds: int) -> tuple[Any, ...]:
    """Make the values of a figure of differences; one seed has no intervals."""
    rows = [
        Interval("accuracy", 0.018, -0.14, 0.18, main=True),
        Interval("macro F1", -0.4, -1.3, 0.2),
    ]
    rows += [Interval(f"F1 of {name}", 0.01, -0.05, 0.07) for name in names]
    if seeds == 1:
        rows = [Interval(row.name, row.delta, None, None, row.main) for row in rows]
    return names[0], names[1], rows, 0.02


def epochs(arms: list[str], runs: int) -> dict[str, Any]:
    """Make learning curves whose steps differ from arm to arm."""
    return {
        name: [
            [
                {"step": (number + 1) * each, "loss": 1 / each, "accuracy": 1 - 1 / each}
                for each in range(1, 6)
            ]
            for _ in range(runs)
        ]
        for number, name in enumerate(arms)
    }


def flips(names: list[str], count: int) -> list[PicturedFlip]:
    """Make pictured flips, of pictures that are no squares."""
    picture = Picture(names[0], names[1], np.zeros((30, 90, 3), np.uint8))
    flip = Flip(names[0], HitCount(names[1], 10, 2), HitCount(names[1], 10, 9))
    return [PicturedFlip(flip, picture, (picture,) * 3)] * count


CASES: dict[str, tuple[Callable[..., bytes], tuple[Any, ...]]] = {
    "slopes, 1 seed": (draw_slopes, slopes(ORDINARY, 1, 1)),
    "slopes, 20 seeds": (draw_slopes, slopes(ORDINARY, 20, 3)),
    "slopes, 10 contrasts": (draw_slopes, slopes(ORDINARY, 10, 10)),
    "slopes, long": (draw_slopes, slopes(LONG, 10, 4)),
    "slopes, nasty": (draw_slopes, slopes(NASTY, 3, 9)),
    "deltas, 2 classes": (draw_deltas, deltas(ORDINARY[:2], 10)),
    "deltas, 20 classes": (draw_deltas, deltas(ORDINARY, 10)),
    "deltas, 1 seed": (draw_deltas, deltas(ORDINARY[:2], 1)),
    "deltas, long": (draw_deltas, deltas(LONG, 10)),
    "deltas, nasty": (draw_deltas, deltas(NASTY, 10)),
    "power": (draw_power, (28, 0.018, 0.3, 0.3)),
    "power, large": (draw_power, (50_000, -0.001, 0.1, 0.3)),
    "power, none": (draw_power, (2, 0.0, 0.0, 0.3)),
    "power, all": (draw_power, (1000, 1.0, 1.0, 0.3)),
    "confusion, 2": (draw_confusion, ([[94, 46], [65, 75]], ORDINARY[:2], "original+augmented")),
    "confusion, 20": (draw_confusion, (np.full((20, 20), 12345), ORDINARY)),
    "confusion, 40": (
        draw_confusion,
        (np.ones((40, 40), int), [f"class {number}" for number in range(40)]),
    ),
    "confusion, long": (draw_confusion, (np.full((4, 4), 1234567), LONG, "W" * 300)),
    "confusion, nasty": (draw_confusion, (np.eye(len(NASTY), dtype=int), NASTY)),
    "learning, 3": (draw_learning, (epochs(["original", "augmented", "original+augmented"], 10),)),
    "learning, 11": (draw_learning, (epochs(ORDINARY[:7] + LONG, 2),)),
    "flips, 1": (draw_flips, (flips(ORDINARY, 1),)),
    "flips, 6": (draw_flips, (flips(LONG, 6),)),
    "curves": (
        draw_curves,
        ([{"step": 11, "loss": 0.7, "accuracy": 0.5, "validation": {"loss": 1, "accuracy": 0}}],),
    ),
}


def words(figure: Figure) -> list[tuple[str, float, Bbox]]:
    """Give every line that is drawn, its angle, and the box that it takes on the sheet, in pixels."""
    canvas = FigureCanvasAgg(figure)
    renderer: Any = canvas.get_renderer()
    drawn, draw_text = [], renderer.draw_text

    def watch(
        gc: Any,
        x: float,
        y: float,
        line: str,
        font: Any,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ):  # type: ignore[no-untyped-def]
        if mtext is None:  # one of several lines of a text
            width, height, descent = renderer.get_text_width_height_descent(line, font, ismath)
            box = Bbox.from_bounds(x, figure.bbox.height - y - descent, width, height)
        else:
            box = mtext.get_window_extent(renderer)
        drawn.append((line, angle, box))
        draw_text(gc, x, y, line, font, angle, ismath, mtext)

    renderer.draw_text = watch
    canvas.draw()
    return drawn


@pytest.mark.parametrize("case", CASES)
def test_all_words_are_on_the_sheet_and_none_lies_over_another(case: str) -> None:
    draw, values = CASES[case]
    figure = inspect.unwrap(draw)(*values)
    drawn = words(figure)
    assert drawn
    for line, _, box in drawn:
        assert box.x0 >= 0, line
        assert box.y0 >= 0, line
        assert box.x1 <= figure.bbox.x1, line
        assert box.y1 <= figure.bbox.y1, line
    upright = [(line, box) for line, angle, box in drawn if angle in {0, 90}]
    for (first, box), (second, other) in itertools.combinations(upright, 2):
        assert not box.overlaps(other), (first, second)


@pytest.mark.parametrize(
    "case",
    ["slopes, 1 seed", "deltas, 20 classes", "power", "confusion, 2", "learning, 11", "flips, 6"],
)
def test_a_figure_is_a_png_of_a_size_that_a_page_can_show(case: str) -> None:
    draw, values = CASES[case]
    image = Image.open(io.BytesIO(draw(*values)))
    assert image.format == "PNG"
    assert 250 <= image.width <= 3200
    assert 250 <= image.height <= 3200
    assert not image.info.get("Software")


@pytest.mark.parametrize("case", ["slopes, 20 seeds", "power", "flips, 1"])
def test_equal_values_give_equal_bytes_whatever_the_settings_of_the_user(case: str) -> None:
    draw, values = CASES[case]
    drawn = draw(*values)
    with mpl.rc_context(
        {"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9, "text.antialiased": False}
    ):
        assert draw(*values) == drawn
        assert mpl.rcParams["font.size"] == 30


def test_threads_draw_as_one_does() -> None:
    draw, values = CASES["confusion, 2"]
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: draw(*values), range(6)))) == 1


def test_intervals_show_zero_and_the_margin() -> None:
    rows = [Interval("accuracy", 0.4, 0.38, 0.42, main=True)]
    axes = inspect.unwrap(draw_deltas)("b", "a", rows, 0.05).axes[0]
    low, high = axes.get_xlim()
    assert low < -0.05
    assert high > 0.42


def test_seeds_that_moved_alike_share_a_wider_line() -> None:
    twice = Slopes("a", "b", (0.5, 0.5, 0.6), (0.6, 0.6, 0.6))
    axes = inspect.unwrap(draw_slopes)([twice], "accuracy").axes[0]
    assert axes.get_title(loc="left") == "2 up, 0 down, 1 equal"
    widths = [line.get_linewidth() for line in axes.lines]
    assert widths[0] > widths[1]


def test_power_says_what_the_verdict_says() -> None:
    figure = inspect.unwrap(draw_power)(28, 0.018, 0.4, 0.3)
    written = {line for line, _, _ in words(figure)}
    assert "You are here: 28 test images, a gain of 1.8 points" in written
    assert (
        "if runs disagree on 30 % of images, as the verdict takes it: 28 see 29 points" in written
    )


def test_many_classes_are_cut_to_what_a_page_holds() -> None:
    rows = [Interval(f"F1 of {number}", 0.0, None, None) for number in range(1000)]
    assert len(inspect.unwrap(draw_deltas)("b", "a", rows, 0.02).axes[0].get_yticklabels()) == 62


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


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=60))
def test_any_name_becomes_a_line_of_glyphs_that_the_font_has(name: str) -> None:
    shown = fit_label(name)
    assert "\n" not in shown
    assert shown.isprintable()
