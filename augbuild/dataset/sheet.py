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

from augbuild.core.text import escape

DPI = 144


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
        """Fill a rectangle, given by its top left corner; its edges fall on whole pixels."""
        left, right = _snap(x), _snap(x + width)
        bottom, top = _snap(self.height - y - height), _snap(self.height - y)
        shape = Rectangle((left, bottom), right - left, top - bottom, facecolor=color, linewidth=0)
        shape.set_transform(self.figure.dpi_scale_trans)
        self.figure.add_artist(shape)


def _snap(inches: float) -> float:
    return round(inches * DPI) / DPI


def drawable(text: str) -> str:
    """Write what cannot be seen, or is not in the font, as an escape."""
    return "".join(
        each if each.isprintable() and ord(each) in _glyphs() else escape(each) for each in text
    )


def fit(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """Cut the middle out of a line that is wider than `room` inches: names often differ at their ends."""
    whole = shown = drawable(text)
    kept = len(whole)
    while (width := width_of(shown, size, bold=bold)) > room and kept > 1:
        kept = min(kept - 1, int(kept * room / width))
        shown = whole[: (kept + 1) // 2] + "…" + whole[len(whole) - kept // 2 :]
    return shown


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Measure a line in inches."""
    width, _, _ = RendererAgg(1, 1, DPI).get_text_width_height_descent(
        text, _font(size, bold), ismath=False
    )
    return float(width) / DPI


def _font(size: float, bold: bool) -> FontProperties:
    return FontProperties(fname=_font_file(bold), size=size)


def _font_file(bold: bool) -> Path:
    """Give a font that matplotlib brings along: with the system's own, equal counts would not be equal bytes."""
    return Path(
        mpl.get_data_path(), "fonts", "ttf", "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    )


@cache
def _glyphs() -> frozenset[int]:
    return frozenset.intersection(
        *(frozenset(get_font(_font_file(bold)).get_charmap()) for bold in (False, True))
    )
