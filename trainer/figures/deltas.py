"""Differences between two arms with their intervals, around zero and the margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from trainer.figures.theme import (
    BAND,
    BLUE,
    FAINT,
    INK,
    SMALL,
    TEXT,
    TITLE,
    as_png,
    fit_label,
    new_figure,
    set_title,
    signed,
    style_axes,
)

MOST_ROWS = 62  # that a page can hold: two for all classes, and one for each
_NAME = 1.9  # inches beside a row


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference as a share with its 95 % interval, None where there is none; `main` ones stand out."""

    name: str
    delta: float
    low: float | None
    high: float | None
    main: bool = False


@as_png
def draw_deltas(treatment: str, baseline: str, rows: Sequence[Interval], margin: float) -> Figure:
    """Draw differences between two arms with their 95 % intervals around zero and the margin, a row each."""
    shown = rows[:MOST_ROWS]
    figure = new_figure(7.2, 1.3 + 0.3 * len(shown))
    axes = figure.subplots()
    axes.axvspan(-margin, margin, color=BAND, zorder=0, linewidth=0)
    axes.axvline(0, color=INK, linewidth=1.2, zorder=1)
    for place, row in enumerate(shown):
        _interval(axes, place, row)
    style_axes(axes, "x")
    axes.spines["left"].set_visible(False)
    axes.set_xlim(
        *_around_zero([margin, *(end for row in shown for end in (row.delta, row.low, row.high))])
    )
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_yticks(
        range(len(shown)),
        [fit_label(row.name, _NAME) for row in shown],
        parse_math=False,
        fontsize=TEXT,
    )
    axes.xaxis.set_major_formatter(FuncFormatter(_ticked))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    better = [fit_label(each, 1.5) for each in (baseline, treatment)]
    axes.set_xlabel(
        f"←  {better[0]} better     points     {better[1]} better  →",
        color=FAINT,
        fontsize=TEXT,
        parse_math=False,
    )
    _write_intervals(axes, shown)
    set_title(axes, f"{fit_label(treatment, 2.1, TITLE)} − {fit_label(baseline, 2.1, TITLE)}")
    axes.legend(
        handles=[Patch(color=BAND, label=f"the margin, ±{100 * margin:g} points")], loc="upper left",
        bbox_to_anchor=(1.0, -0.01), frameon=False, fontsize=SMALL, borderaxespad=0.4, handlelength=1.4,
    )  # fmt: skip
    return figure


def _interval(axes: Axes, place: int, row: Interval) -> None:
    colour = BLUE if row.main else FAINT
    if row.low is not None and row.high is not None:
        axes.plot(
            (row.low, row.high),
            (place, place),
            color=colour,
            linewidth=3 if row.main else 1.8,
            zorder=3,
        )
    axes.plot(
        row.delta, place, color=colour, marker="o", markersize=8 if row.main else 5.5, zorder=4
    )


def _ticked(share: float, _: object) -> str:
    return signed(share, 0 if abs(100 * share - round(100 * share)) < 1e-6 else 1)


def _write_intervals(axes: Axes, rows: Sequence[Interval]) -> None:
    """Write the numbers at the right, where no interval can run into them."""
    right = axes.twinx()
    right.set_ylim(axes.get_ylim())
    written = [
        signed(row.delta) if row.low is None or row.high is None
        else f"{signed(row.delta)}  [{signed(row.low)}, {signed(row.high)}]"
        for row in rows
    ]  # fmt: skip
    right.set_yticks(range(len(rows)), written, fontsize=TEXT)
    right.spines[:].set_visible(False)
    for side in (axes, right):
        side.tick_params(axis="y", length=0)
        for tick, row in zip(side.get_yticklabels(), rows, strict=True):
            tick.set_fontweight("bold" if row.main else "normal")


def _around_zero(values: Sequence[float | None]) -> tuple[float, float]:
    """Give the ends of an axis that holds zero and all values, up to 100 points either way."""
    known = [min(max(value, -1.0), 1.0) for value in values if value is not None]
    low, high = min(0.0, *known, -known[0]), max(0.0, *known)
    room = 0.06 * (high - low)
    return low - room, high + room
