"""What the figures share: colours, sizes, axes, and names that fit."""

from __future__ import annotations

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from augbuild.dataset.sheet import DPI, drawable, fit

# Okabe and Ito's colours: colour-blind readers can tell them apart.
BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
SKY = "#56B4E9"
VERMILION = "#D55E00"
PINK = "#CC79A7"

INK = "#222222"
FAINT = "#666666"
GRID = "#e5e5e5"
BAND = "#e3e8ed"

ARM_COLOURS = (INK, BLUE, ORANGE, GREEN, PINK, SKY, VERMILION)
"""The colours of arms in their order: ink for the first, which is the baseline."""

# Font sizes in points.
TITLE = 11.0
TEXT = 9.0
SMALL = 8.0


def new_figure(width: float, height: float) -> Figure:
    """Return an empty white figure of a size in inches."""
    margins = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1)
    return Figure(figsize=(width, height), dpi=DPI, facecolor="white", layout=margins)


def set_title(axes: Axes, title: str, size: float = TITLE) -> None:
    """Write a title above the axes, from their left edge."""
    axes.set_title(
        drawable(title),
        loc="left",
        fontsize=size,
        fontweight="bold",
        color=INK,
        pad=9,
        parse_math=False,
    )


def style_axes(axes: Axes, grid: Literal["x", "y"] = "y") -> None:
    """Keep the left and the lower edge of the frame, with faint lines across the `grid` axis."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(labelsize=TEXT, color=FAINT, labelcolor=INK)
    axes.grid(axis=grid, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def label_axes(axes: Axes, horizontal: str = "", vertical: str = "") -> None:
    """Write what is counted along either axis."""
    axes.set_xlabel(horizontal, color=FAINT, fontsize=TEXT, parse_math=False)
    axes.set_ylabel(vertical, color=FAINT, fontsize=TEXT, parse_math=False)


def percent_axis(axis: Axis) -> None:
    """Write the ticks of an axis of shares in per cent, or points."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}"))


def points_axis(axis: Axis) -> None:
    """Write the ticks of an axis of differences in points, each with its sign."""

    def write_tick(share: float, _: object) -> str:
        points = 100 * share
        is_whole = abs(points - round(points)) < 1e-6
        return signed(share, 0 if is_whole else 1)

    axis.set_major_formatter(FuncFormatter(write_tick))
    axis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))


def steps_axis(axes: Axes, last: int) -> None:
    """Make the horizontal axis count optimiser steps, from 0 to the last."""
    label_axes(axes, "optimiser steps")
    axes.set_xlim(0, 1.03 * last)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))


def fit_label(name: str, room: float = 1.8, size: float = TEXT) -> str:
    """Return a name cut to `room` inches, on one line, in glyphs that the font has."""
    return fit(name, size, room)


def two_lines(name: str, room: float, size: float) -> str:
    """Return a name as `fit_label` does, or one like original+augmented on two lines.

    It is broken before its last + where one line of `room` inches is too short.
    """
    first, plus, last = name.rpartition("+")
    shown = fit_label(name, room, size)
    if not first or shown == drawable(name):
        return shown
    return f"{fit_label(first, room, size)}\n{fit_label(plus + last, room, size)}"


def signed(share: float, digits: int = 1) -> str:
    """Return a share as points with their sign; zero points have none."""
    text = f"{100 * share:+.{digits}f}"
    if float(text) == 0:
        return text.lstrip("+-")
    return text.replace("-", "−")
