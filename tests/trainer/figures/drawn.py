"""What is drawn on a figure: its words, which must be legible, and the points of its lines."""

from __future__ import annotations

import io
import itertools
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox
from PIL import Image

ORDINARY = ["cats", "dogs", *(f"class {number}" for number in range(18))]
LONG = ["W" * 300, "x" * 80 + "_left", "original+augmented", "y" * 64]
NASTY = [
    "<img src=x onerror=1>",
    "a|b",
    "`rm -rf`",
    "new\nline",
    "$x_2$",
    "$\\frac{$",
    "猫",
    "\u202eabc",
    "[x](javascript:1)",
    "x" * 300,
]

Word = tuple[str, float, Bbox]


def find_words(figure: Figure) -> list[Word]:
    """Return every line of text, its angle, and the box that it takes on the sheet, in pixels."""
    canvas = FigureCanvasAgg(figure)
    renderer: Any = canvas.get_renderer()  # a method of it is watched, which its type forbids
    words: list[Word] = []
    draw_text = renderer.draw_text

    def watch(
        gc: object,
        x: float,
        y: float,
        line: str,
        font: object,
        angle: float,
        ismath: object = False,
        mtext: Any = None,
    ) -> None:
        if mtext is None:  # one of several lines of a text
            width, height, descent = renderer.get_text_width_height_descent(line, font, ismath)
            box = Bbox.from_bounds(x, figure.bbox.height - y - descent, width, height)
        else:
            box = mtext.get_window_extent(renderer)
        words.append((line, angle, box))
        draw_text(gc, x, y, line, font, angle, ismath, mtext)

    renderer.draw_text = watch
    canvas.draw()
    return words


def assert_legible(figure: Figure) -> None:
    """Check that every word is on the sheet and that none lies over another."""
    words = find_words(figure)
    assert words
    for line, _, box in words:
        assert box.x0 >= 0, line
        assert box.y0 >= 0, line
        assert box.x1 <= figure.bbox.x1, line
        assert box.y1 <= figure.bbox.y1, line
    level = [(line, box) for line, angle, box in words if angle in {0, 90}]
    for (first, box), (second, other) in itertools.combinations(level, 2):
        assert not box.overlaps(other), (first, second)


def assert_fits_a_page(png: bytes) -> None:
    """Check that a file is a PNG of a size that a page can show, and names no software."""
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    assert 250 <= image.width <= 3200
    assert 250 <= image.height <= 3200
    assert not image.info.get("Software")


def points(line: Line2D) -> list[tuple[float, float]]:
    """Return the points of a line."""
    xs = np.asarray(line.get_xdata(), np.float64).tolist()
    ys = np.asarray(line.get_ydata(), np.float64).tolist()
    return list(zip(xs, ys, strict=True))
