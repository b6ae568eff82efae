"""Differences between two arms with their intervals, around zero and the margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from trainer.figures.render import draw_png
from trainer.figures.theme import (
    BAND,
    BLUE,
    FAINT,
    INK,
    SMALL,
    TEXT,
    TITLE,
    fit_label,
    label_axes,
    new_figure,
    points_axis,
    set_title,
    signed,
    style_axes,
)

MOST_ROWS = 62
"""The rows that a page can hold: two for all classes together, and one for each class."""

_NAME_WIDTH = 1.9  # inches beside a row


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference as a share with its 95 % interval; `low` and `high` are None if there is none.

    `main` rows stand out.
    """

    name: str
    delta: float
    low: float | None
    high: float | None
    main: bool = False

    @property
    def text(self) -> str:
        """Return the numbers in points, as +1.8  [−14.0, +18.0]."""
        delta = signed(self.delta)
        if self.low is None or self.high is None:
            return delta
        return f"{delta}  [{signed(self.low)}, {signed(self.high)}]"


def draw_deltas(treatment: str, baseline: str, rows: Sequence[Interval], margin: float) -> bytes:
    """Draw differences between two arms with their 95 % intervals as a PNG file, one a row.

    The margin is a share, and a band around zero. At most MOST_ROWS rows are drawn.
    """
    return draw_png(deltas_figure, treatment, baseline, rows, margin)


def deltas_figure(treatment: str, baseline: str, rows: Sequence[Interval], margin: float) -> Figure:
    """Lay out the figure of `draw_deltas`."""
    shown = rows[:MOST_ROWS]
    figure = new_figure(7.2, 1.3 + 0.3 * len(shown))
    axes = figure.subplots()
    axes.axvspan(-margin, margin, color=BAND, zorder=0, linewidth=0)
    axes.axvline(0, color=INK, linewidth=1.2, zorder=1)
    for place, row in enumerate(shown):
        _draw_interval(axes, place, row)
    style_axes(axes, "x")
    axes.spines["left"].set_visible(False)
    axes.set_xlim(*_span(shown, margin))
    axes.set_ylim(len(shown) - 0.4, -0.6)
    names = [fit_label(row.name, _NAME_WIDTH) for row in shown]
    axes.set_yticks(range(len(shown)), names, parse_math=False, fontsize=TEXT)
    points_axis(axes.xaxis)
    left = fit_label(baseline, 1.5)
    right = fit_label(treatment, 1.5)
    label_axes(axes, f"←  {left} better     points     {right} better  →")
    _write_intervals(axes, shown)
    left = fit_label(treatment, 2.1, TITLE)
    right = fit_label(baseline, 2.1, TITLE)
    set_title(axes, f"{left} − {right}")
    axes.legend(
        handles=[Patch(color=BAND, label=f"the margin, ±{100 * margin:g} points")],
        loc="upper left",
        bbox_to_anchor=(1.0, -0.01),
        frameon=False,
        fontsize=SMALL,
        borderaxespad=0.4,
        handlelength=1.4,
    )
    return figure


def _draw_interval(axes: Axes, place: int, row: Interval) -> None:
    colour = BLUE if row.main else FAINT
    if row.low is not None and row.high is not None:
        width = 3 if row.main else 1.8
        axes.plot((row.low, row.high), (place, place), color=colour, linewidth=width, zorder=3)
    size = 8 if row.main else 5.5
    axes.plot(row.delta, place, color=colour, marker="o", markersize=size, zorder=4)


def _span(rows: Sequence[Interval], margin: float) -> tuple[float, float]:
    """Return the ends of an axis that holds zero, the margin and all rows, within ±100 points."""
    margin = min(margin, 1.0)
    low = min(0.0, -margin)
    high = max(0.0, margin)
    for row in rows:
        for end in (row.delta, row.low, row.high):
            if end is not None:
                low = min(low, max(end, -1.0))
                high = max(high, min(end, 1.0))
    spread = high - low
    room = 0.06 * spread
    return low - room, high + room


def _write_intervals(axes: Axes, rows: Sequence[Interval]) -> None:
    """Write the numbers at the right, where no interval can run into them."""
    right = axes.twinx()
    right.set_ylim(axes.get_ylim())
    right.set_yticks(range(len(rows)), [row.text for row in rows], fontsize=TEXT)
    right.spines[:].set_visible(False)
    for side in (axes, right):
        side.tick_params(axis="y", length=0)
        for label, row in zip(side.get_yticklabels(), rows, strict=True):
            label.set_fontweight("bold" if row.main else "normal")
