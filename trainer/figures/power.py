"""What a comparison can see, by the number of its test images, and where it stands."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from augbuild.core.text import plural
from trainer.figures.render import draw_png
from trainer.figures.theme import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    SMALL,
    label_axes,
    new_figure,
    percent_axis,
    set_title,
    style_axes,
)
from trainer.statistics.sample_size import Measured, visible_gain

_AXIS_FROM = 10  # test images, or what the comparison has
_AXIS_TO = 10_000  # test images, or a hundred times what the comparison has
_MORE_SEEDS = 4  # times as many as there were


def draw_power(measured: Measured, gain: float, metric: str) -> bytes:
    """Draw as a PNG file the least gain that a comparison sees, by its test images.

    The bands hold that gain in 80 of 100 draws of the variances measured, with as many seeds and
    with four times as many. This comparison, with its `gain` (a share, negative for a loss) in
    `metric`, is marked.
    """
    return draw_png(power_figure, measured, gain, metric)


def power_figure(measured: Measured, gain: float, metric: str) -> Figure:
    """Lay out the figure of `draw_power`."""
    first = min(_AXIS_FROM, measured.images)
    last = max(_AXIS_TO, 100 * measured.images)
    figure = new_figure(7.2, 4.6)
    axes = figure.subplots()
    highest = abs(gain) * 1.2
    for seeds, color in ((measured.seeds, BLUE), (_MORE_SEEDS * measured.seeds, GREEN)):
        sizes, low, high = _bands(measured, seeds, first, last)
        label = _label(measured, seeds)
        axes.fill_between(sizes, low, high, color=color, alpha=0.28, linewidth=0, label=label)
        axes.plot(sizes, low, color=color, linewidth=1.2)
        axes.plot(sizes, high, color=color, linewidth=1.2)
        highest = max(highest, *high)
    axes.plot(
        measured.images,
        abs(gain),
        color=ORANGE,
        marker="D",
        markersize=9,
        markeredgecolor=INK,
        linestyle="none",
        zorder=5,
        clip_on=False,
        label="this comparison",
    )
    axes.set_xscale("log")
    axes.set_xlim(first, last)
    axes.set_ylim(0, min(1.02 * highest, 1.0))
    _style(figure, axes, metric)
    images = plural(measured.images, "test image")
    set_title(axes, f"You are here: {images}, {_describe(gain)}")
    return figure


def _bands(
    measured: Measured, seeds: int, first: int, last: int
) -> tuple[list[int], list[float], list[float]]:
    """Return sizes of test sets, and both ends of the least gain that each sees."""
    sizes, low, high = [], [], []
    even_steps = np.geomspace(first, last, 100)
    for rounded in np.unique(even_steps.round()):
        size = int(rounded)
        gain = visible_gain(measured, seeds, size)
        assert gain.low is not None, "a gain is finite"
        assert gain.high is not None, "a gain is finite"
        sizes.append(size)
        low.append(gain.low)
        high.append(gain.high)
    return sizes, low, high


def _label(measured: Measured, seeds: int) -> str:
    gain = visible_gain(measured, seeds)
    assert gain.low is not None, "a gain is finite"
    assert gain.high is not None, "a gain is finite"
    between = f"{100 * gain.low:.2g} to {100 * gain.high:.2g} points"
    return f"with {seeds} seeds: the least gain that {measured.images:,} images see is {between}"


def _describe(gain: float) -> str:
    points = f"{100 * abs(gain):.1f} points"
    if gain > 0:
        return f"a gain of {points}"
    if gain < 0:
        return f"a loss of {points}"
    return "no gain"


def _style(figure: Figure, axes: Axes, metric: str) -> None:
    style_axes(axes)
    axes.xaxis.set_major_locator(LogLocator(numticks=9))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))
    percent_axis(axes.yaxis)
    label_axes(axes, "test images", f"gain or loss in {metric}, points")
    figure.legend(loc="outside lower left", frameon=False, fontsize=SMALL)
