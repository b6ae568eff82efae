"""A sheet to draw on, measured in inches from its top left corner; the charts' one font."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.patches import Rectangle

from augbuild.core.text import escape

DPI = 144

# What matplotlib reads from its global settings while it lays out and draws text, with no way to
# set it on a figure, an artist or a renderer; everything else is set on each artist below. (The
# hinting factor: until matplotlib 3.10.)
_READ_WHILE_DRAWING = (
    "font.enable_last_resort",
    "text.hinting",
    "text.hinting_factor",
    "text.kerning_factor",
)
_DRAWING = threading.Lock()


@contextmanager
def default_settings() -> Iterator[None]:
    """Lay out and draw with matplotlib's defaults, whatever the user's matplotlibrc says.

    Where the user has changed none of the settings in question, nothing global is touched.
    Otherwise these few are swapped and restored, one drawing at a time: a figure of the user's own,
    drawn in another thread meanwhile, would come out with the defaults.
    """
    with _DRAWING:
        # Any: matplotlib's types list the keys of one release.
        in_force: MutableMapping[Any, Any] = mpl.rcParams
        defaults: Mapping[Any, Any] = mpl.rcParamsDefault
        users = {}
        for key in _READ_WHILE_DRAWING:
            if key in defaults and in_force[key] != defaults[key]:
                users[key] = in_force[key]
        for key in users:
            in_force[key] = defaults[key]
        try:
            yield
        finally:
            in_force.update(users)


class Page:
    """A matplotlib figure without axes, so that its layout depends on no one's settings."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white", frameon=True)
        _set_plain(self.figure.patch)

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
        """Write one line, centred on the height `y`; no character is taken for mathematics."""
        written = self.figure.text(
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
            antialiased=True,
        )
        _set_plain(written)

    def rectangle(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """Fill a rectangle, given by its top left corner; its edges fall on whole pixels."""
        left = _snap(x)
        right = _snap(x + width)
        bottom = _snap(self.height - y - height)
        top = _snap(self.height - y)
        shape = Rectangle(
            (left, bottom),
            right - left,
            top - bottom,
            facecolor=color,
            linewidth=0,
            antialiased=True,
        )
        shape.set_transform(self.figure.dpi_scale_trans)
        _set_plain(shape)
        self.figure.add_artist(shape)


def _set_plain(artist: Artist) -> None:
    """Undo what an artist takes over from the global settings when it is made."""
    artist.set_sketch_params(None)
    artist.set_path_effects([])


def _snap(inches: float) -> float:
    return round(inches * DPI) / DPI


def drawable(text: str) -> str:
    """Return a text with escapes for what cannot be seen, or is not in the font."""
    written = []
    for each in text:
        shown = each.isprintable() and ord(each) in _glyphs()
        written.append(each if shown else escape(each))
    return "".join(written)


def fit(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """Cut the middle out of a line wider than `room` inches: names often differ at their ends."""
    whole = shown = drawable(text)
    kept = len(whole)
    while (width := width_of(shown, size, bold=bold)) > room and kept > 1:
        kept = min(kept - 1, int(kept * room / width))
        start = whole[: (kept + 1) // 2]
        end = whole[len(whole) - kept // 2 :]
        shown = f"{start}…{end}"
    return shown


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Measure the width of a line, in inches."""
    renderer = RendererAgg(1, 1, DPI)
    width, _, _ = renderer.get_text_width_height_descent(text, _font(size, bold), ismath=False)
    return float(width) / DPI


def _font(size: float, bold: bool) -> FontProperties:
    return FontProperties(fname=_font_file(bold), size=size)


def _font_file(bold: bool) -> Path:
    """Return a font that matplotlib brings along: the system's would not give equal bytes."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return Path(mpl.get_data_path(), "fonts", "ttf", name)


@cache
def _glyphs() -> frozenset[int]:
    """Return the code points that the regular font and the bold one both have."""
    regular = get_font(_font_file(bold=False)).get_charmap()
    heavy = get_font(_font_file(bold=True)).get_charmap()
    return frozenset(regular) & frozenset(heavy)
