"""What the figures share: colours, names that fit, and PNG bytes that depend on no one's settings."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from augbuild.dataset.sheet import DPI, drawable, fit

# Okabe and Ito's colours: colour-blind readers tell them apart. Ink stands first, for the baseline.
BLUE, ORANGE, GREEN, SKY, VERMILION, PINK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#56B4E9",
    "#D55E00",
    "#CC79A7",
)
INK, FAINT, GRID, BAND = "#222222", "#666666", "#e5e5e5", "#e3e8ed"
ARM_COLOURS = (INK, BLUE, ORANGE, GREEN, PINK, SKY, VERMILION)

TITLE, TEXT, SMALL = 11.0, 9.0, 8.0
"""Font sizes in points."""

_LOCK = (
    threading.Lock()
)  # rc_context swaps matplotlib's global settings and back: two at once would mix them up
_SETTINGS = (
    "agg.", "axes.", "errorbar.", "figure.", "font.", "grid.", "hatch.", "image.", "legend.", "lines.", "markers.",
    "mathtext.", "patch.", "path.", "savefig.", "text.", "xtick.", "ytick.",
)  # fmt: skip

P = ParamSpec("P")


def as_png(figure: Callable[P, Figure]) -> Callable[P, bytes]:
    """Make a function that lays a figure out one that gives it as a PNG file; equal values give equal bytes."""

    @wraps(figure)
    def draw(*args: P.args, **kwargs: P.kwargs) -> bytes:
        with _LOCK, mpl.rc_context(_untouched_settings()):
            return _encode(figure(*args, **kwargs))

    return draw


def new_figure(width: float, height: float) -> Figure:
    """Give an empty white figure, in inches."""
    margins = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1)
    return Figure(figsize=(width, height), dpi=DPI, facecolor="white", layout=margins)


def set_title(axes: Axes, title: str, size: float = TITLE) -> None:
    """Write above the axes, from their left edge, what is seen."""
    axes.set_title(
        drawable(title), loc="left", fontsize=size, fontweight="bold", color=INK, pad=9, parse_math=False
    )  # fmt: skip


def style_axes(axes: Axes, grid: str = "y") -> None:
    """Leave of the frame what is needed, with faint lines across; ticks are written in the figures' size."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(labelsize=TEXT, color=FAINT, labelcolor=INK)
    axes.grid(axis=grid, color=GRID, linewidth=0.8)  # type: ignore[arg-type]  # x, y or both
    axes.set_axisbelow(True)


def percent_axis(axis: Axis) -> None:
    """Write the ticks of an axis of shares in per cent, or points."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}"))


def fit_label(name: str, room: float = 1.8, size: float = TEXT) -> str:
    """Write a name from a stranger in at most `room` inches, on one line, in glyphs that the font has."""
    return fit(name, size, room)


def two_lines(name: str, room: float, size: float) -> str:
    """Write a name as `label` does, but break one like original+augmented before its last + where it is too long."""
    first, plus, last = name.rpartition("+")
    if not first or fit_label(name, room, size) == drawable(name):
        return fit_label(name, room, size)
    return f"{fit_label(first, room, size)}\n{fit_label(plus + last, room, size)}"


def signed(share: float, digits: int = 1) -> str:
    """Write a share as points with their sign; no points have none."""
    text = f"{100 * share:+.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def _encode(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None}, facecolor="white")
    return buffer.getvalue()


def _untouched_settings() -> dict[Any, Any]:
    return {key: value for key, value in mpl.rcParamsDefault.items() if key.startswith(_SETTINGS)}


def steps_axis(axes: Axes, last: int) -> None:
    """Let an axis count optimiser steps from 0 to the last."""
    axes.set_xlabel("optimiser steps", color=FAINT, fontsize=TEXT)
    axes.set_xlim(0, 1.03 * last)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
