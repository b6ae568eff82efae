"""What a test set can see, by its size, and where this comparison stands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from trainer.figures.theme import (
    BLUE,
    FAINT,
    INK,
    ORANGE,
    SMALL,
    TEXT,
    as_png,
    new_figure,
    percent_axis,
    set_title,
    style_axes,
)
from trainer.statistics.sample_size import detectable_gain, required_images

_SEEN = "#e3f0f8"
_MOST = 10_000_000  # test images; what no one will have
_AXIS_FROM, _AXIS_TO = 10, 10_000  # test images; further where the comparison has fewer or more
_LEAST = 1e-6  # of the disagreement: where there was none, the formula still asks for some


@as_png
def draw_power(images: int, gain: float, disagree: float, planned: float) -> Figure:
    """Draw the gain in accuracy that test sets of many sizes can see, and where this comparison stands.

    One pair of runs (Connor 1987: `trainer.sample_size.detectable_gain`) that disagree on so large a share of the test
    images: as measured, and as it was planned with.
    """
    disagree = max(disagree, _LEAST)
    ends = min(_AXIS_FROM, images), max(_AXIS_TO, 100 * images)
    measured, expected = _reach(*ends, disagree), _reach(*ends, planned)
    top = min(1.02 * max(abs(gain) * 1.2, *measured[1], *expected[1]), 1.0)
    figure = new_figure(7.2, 4.6)
    axes = figure.subplots()
    axes.fill_between(*measured, top, color=_SEEN, linewidth=0)
    axes.plot(
        *expected,
        color=FAINT,
        linewidth=1.6,
        linestyle="-.",
        label=_sight(images, planned, "as the verdict takes it"),
    )
    axes.plot(*measured, color=BLUE, linewidth=2.2, label=_sight(images, disagree, "as measured"))
    axes.set_xscale("log")
    axes.set_xlim(ends)
    axes.set_ylim(0, top)
    _stand(axes, images, abs(gain), disagree)
    _finish(figure, axes)
    what = (
        "no gain"
        if not gain
        else f"a {'gain' if gain > 0 else 'loss'} of {100 * abs(gain):.1f} points"
    )
    set_title(axes, f"You are here: {images:,} test images, {what}")
    return figure


def _reach(first: int, last: int, disagree: float) -> tuple[list[int], list[float]]:
    """Give sizes of test sets, and the least gain that each can see."""
    sizes = sorted({round(size) for size in np.geomspace(first, last, 200)})
    seen = [(size, gain) for size in sizes if (gain := detectable_gain(size, disagree)) is not None]
    return [size for size, _ in seen], [gain for _, gain in seen]


def _sight(images: int, disagree: float, how: str) -> str:
    least = detectable_gain(images, disagree)
    gain = "no gain" if least is None else f"{100 * math.ceil(least * images) / images:.2g} points"
    return f"if runs disagree on {100 * disagree:.0f} % of images, {how}: {images:,} see {gain}"


def _stand(axes: Axes, images: int, gain: float, disagree: float) -> None:
    """Mark this comparison, what its test set can see, and the size that would see its gain."""
    dashes: dict[str, Any] = {"color": ORANGE, "linewidth": 1.8, "linestyle": "--", "zorder": 3}
    if (least := detectable_gain(images, disagree)) is not None:
        axes.plot((images, images), (gain, least), **dashes)
    label = "this comparison"
    if gain:
        needed = required_images(gain, max(gain, disagree))
        axes.plot((images, needed), (gain, gain), **dashes)
        label += (
            f": to see it takes {f'{needed:,}' if needed <= _MOST else f'over {_MOST:,}'} images"
        )
    axes.plot(
        images, gain, color=ORANGE, marker="D", markersize=9, markeredgecolor=INK, linestyle="none", zorder=5,
        clip_on=False, label=label,
    )  # fmt: skip


def _finish(figure: Figure, axes: Axes) -> None:
    style_axes(axes)
    axes.xaxis.set_major_locator(LogLocator(numticks=9))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))
    percent_axis(axes.yaxis)
    axes.set_xlabel("test images", color=FAINT, fontsize=TEXT)
    axes.set_ylabel("gain or loss in accuracy, points", color=FAINT, fontsize=TEXT)
    figure.legend(loc="outside lower left", frameon=False, fontsize=SMALL)
