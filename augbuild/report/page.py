"""A sheet to draw on, measured in inches from its top left corner; the chart's one font."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import matplotlib as mpl
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.patches import Rectangle

from augbuild.report.names import escape

DPI = 144

_ELLIPSIS = "…"


class Page:
    """A matplotlib figure without axes, so that its layout depends on no one's settings."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        color: str,
        *,
        bold: bool = False,
        align: Literal["left", "right"] = "left",
    ) -> None:
        """Write one line, centred on the height `y`; no character of it is taken for mathematics."""
        self.figure.text(
            x,
            self.height - y,
            drawable(text),
            transform=self.figure.dpi_scale_trans,
            horizontalalignment=align,
            verticalalignment="center_baseline",
            fontproperties=_font(size, bold),
            color=color,
            parse_math=False,
            usetex=False,
        )

    def rectangle(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """Fill a rectangle, given by its top left corner."""
        corner, transform = (x, self.height - y - height), self.figure.dpi_scale_trans
        self.figure.add_artist(Rectangle(corner, width, height, facecolor=color, linewidth=0, transform=transform))


def drawable(text: str) -> str:
    """Write what cannot be seen, or is not in the font, as an escape."""
    return "".join(each if each.isprintable() and ord(each) in _glyphs() else escape(each) for each in text)


def fit(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """Cut the middle out of a line that is wider than `room` inches: names often differ at their ends."""
    text = drawable(text)
    kept = len(text)
    while (width := width_of(text, size, bold=bold)) > room and kept > 2:
        kept = min(kept - 1, int(kept * room / width))
        text = _without_middle(text, kept)
    return text


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Measure a line in inches."""
    width, _, _ = _renderer().get_text_width_height_descent(drawable(text), _font(size, bold), ismath=False)
    return float(width) / DPI


def _without_middle(text: str, kept: int) -> str:
    head = (kept - 1 + 1) // 2
    tail = kept - 1 - head
    return text[:head] + _ELLIPSIS + (text[len(text) - tail :] if tail else "")


@cache
def _font(size: float, bold: bool) -> FontProperties:
    """Give the font that comes with matplotlib, so that a chart looks the same on every machine."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return FontProperties(fname=Path(mpl.get_data_path(), "fonts", "ttf", name), size=size)


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(_font(10.0, False).get_file()).get_charmap())


@cache
def _renderer() -> RendererAgg:
    return RendererAgg(1, 1, DPI)
