"""What a test set can see, by its size, and where this comparison stands."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from trainer.figures.render import draw_png
from trainer.figures.theme import (
    BLUE,
    FAINT,
    INK,
    ORANGE,
    SMALL,
    label_axes,
    new_figure,
    percent_axis,
    set_title,
    style_axes,
)
from trainer.statistics.sample_size import detectable_gain, required_images

_SEEN = "#e3f0f8"
_MOST_IMAGES = 10_000_000  # more than anyone will ever have
_AXIS_FROM = 10  # test images, or what the comparison has
_AXIS_TO = 10_000  # test images, or a hundred times what the comparison has
_LEAST_DISAGREEMENT = 1e-6  # where there was none, the formula still needs some


def draw_power(images: int, gain: float, disagree: float, planned: float) -> bytes:
    """Draw as a PNG file the gain in accuracy that a test set can see, by its size.

    The curves are for one pair of runs that disagree on a share of the test images: `disagree` as
    measured, `planned` as the verdict takes it (Connor 1987, `detectable_gain`). This comparison,
    with its `images` and its `gain` (a share, negative for a loss), is marked.
    """
    return draw_png(power_figure, images, gain, disagree, planned)


def power_figure(images: int, gain: float, disagree: float, planned: float) -> Figure:
    """Lay out the figure of `draw_power`."""
    disagree = max(disagree, _LEAST_DISAGREEMENT)
    first = min(_AXIS_FROM, images)
    last = max(_AXIS_TO, 100 * images)
    sizes, least_gains = _power_curve(first, last, disagree)
    planned_sizes, planned_gains = _power_curve(first, last, planned)
    highest = max(abs(gain) * 1.2, *least_gains, *planned_gains)
    top = min(1.02 * highest, 1.0)

    figure = new_figure(7.2, 4.6)
    axes = figure.subplots()
    axes.fill_between(sizes, least_gains, top, color=_SEEN, linewidth=0)
    axes.plot(
        planned_sizes,
        planned_gains,
        color=FAINT,
        linewidth=1.6,
        linestyle="-.",
        label=_curve_label(images, planned, "as the verdict takes it"),
    )
    measured = _curve_label(images, disagree, "as measured")
    axes.plot(sizes, least_gains, color=BLUE, linewidth=2.2, label=measured)
    axes.set_xscale("log")
    axes.set_xlim(first, last)
    axes.set_ylim(0, top)
    _mark_comparison(axes, images, abs(gain), disagree)
    _style(figure, axes)
    points = f"{100 * abs(gain):.1f} points"
    if gain > 0:
        measured_gain = f"a gain of {points}"
    elif gain < 0:
        measured_gain = f"a loss of {points}"
    else:
        measured_gain = "no gain"
    set_title(axes, f"You are here: {images:,} test images, {measured_gain}")
    return figure


def _power_curve(first: int, last: int, disagree: float) -> tuple[list[int], list[float]]:
    """Return sizes of test sets from `first` to `last`, and the least gain that each can see."""
    sizes = []
    gains = []
    even_steps = np.geomspace(first, last, 200)
    for rounded in np.unique(even_steps.round()):
        size = int(rounded)
        gain = detectable_gain(size, disagree)
        if gain is not None:
            sizes.append(size)
            gains.append(gain)
    return sizes, gains


def _curve_label(images: int, disagree: float, how: str) -> str:
    least = detectable_gain(images, disagree)
    if least is None:
        seen = "no gain"
    else:
        in_whole_images = math.ceil(least * images) / images
        seen = f"{100 * in_whole_images:.2g} points"
    return f"if runs disagree on {100 * disagree:.0f} % of images, {how}: {images:,} see {seen}"


def _mark_comparison(axes: Axes, images: int, gain: float, disagree: float) -> None:
    """Mark this comparison, what its test set can see, and the size that would see its gain."""
    label = "this comparison"
    least = detectable_gain(images, disagree)
    if least is not None:
        _draw_dashes(axes, (images, images), (gain, least))
    if gain > 0:
        needed = required_images(gain, max(gain, disagree))
        _draw_dashes(axes, (images, needed), (gain, gain))
        shown = f"{needed:,}" if needed <= _MOST_IMAGES else f"over {_MOST_IMAGES:,}"
        label += f": to see it takes {shown} images"
    axes.plot(
        images,
        gain,
        color=ORANGE,
        marker="D",
        markersize=9,
        markeredgecolor=INK,
        linestyle="none",
        zorder=5,
        clip_on=False,
        label=label,
    )


def _draw_dashes(axes: Axes, sizes: tuple[int, int], gains: tuple[float, float]) -> None:
    axes.plot(sizes, gains, color=ORANGE, linewidth=1.8, linestyle="--", zorder=3)


def _style(figure: Figure, axes: Axes) -> None:
    style_axes(axes)
    axes.xaxis.set_major_locator(LogLocator(numticks=9))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))
    percent_axis(axes.yaxis)
    label_axes(axes, "test images", "gain or loss in accuracy, points")
    figure.legend(loc="outside lower left", frameon=False, fontsize=SMALL)
