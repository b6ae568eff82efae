"""The counts chart: how many images each class has in each folder."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from augbuild.images import encode
from augbuild.report.page import Page, fit, width_of

MAX_CLASSES = 200
"""With more classes than this, only the largest and the smallest are drawn."""

_SHOWN_AT_EACH_END = 30

# The folders in the order of the panels, in Okabe and Ito's colours: colour-blind readers tell them apart.
_FOLDERS = {
    "train": ("Train", "#0072B2"),
    "augmented_train": ("Augmented train", "#56B4E9"),
    "validation": ("Validation", "#009E73"),
    "test": ("Test", "#E69F00"),
}
_INK, _FAINT, _BAND, _AXIS = "#222222", "#666666", "#f3f4f6", "#9aa0a6"

# Inches and points: a fixed layout, so nothing can collide.
_MARGIN, _HEADER, _LEAST_WIDTH = 0.3, 1.2, 7.5
_TITLE_Y, _SUMMARY_Y, _PANEL_Y = 0.38, 0.64, 1.02
_ROW, _TALL_ROW, _FEW_ROWS, _BAR = 0.23, 0.4, 10, 0.66
_PANEL, _GUTTER, _GAP, _LONGEST_NAME = 1.9, 0.3, 0.06, 2.6
_TITLE, _SUBTITLE, _TEXT = 13.0, 9.0, 8.5

_LOCK = threading.Lock()  # rc_context swaps matplotlib's global settings and back: two at once would mix them up


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the chart: a class, or the gap that stands for the classes between the largest and the smallest."""

    name: str
    values: tuple[int, ...]  # one for each panel
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Panel:
    """A column of bars, `x` inches from the left; `per_image` is the length of a bar for each image."""

    x: float
    width: float
    per_image: float


def draw_counts(counts: Mapping[str, Mapping[str, int]], classes: Sequence[str], title: str) -> bytes:
    """Draw the images of each class in each folder as a PNG file; equal counts give equal bytes.

    `counts` goes from the tree's folders (train, augmented_train, validation, test) to classes to numbers. Names may
    hold anything: what cannot be seen, or is not in the chart's font, is written as an escape.
    """
    with _LOCK, mpl.rc_context(_untouched_settings()):
        canvas = FigureCanvasAgg(counts_figure(counts, classes, title))
        canvas.draw()
        width, height = canvas.get_width_height()
        pixels = Image.frombytes("RGBA", (width, height), bytes(canvas.buffer_rgba())).convert("RGB")
    return encode(pixels, "png", 100)


def counts_figure(counts: Mapping[str, Mapping[str, int]], classes: Sequence[str], title: str) -> Figure:
    """Lay the chart out: a row for each class, a panel for each folder that holds images, all bars on one scale."""
    folders = [folder for folder in _FOLDERS if any(counts.get(folder, {}).values())] or ["train"]
    rows = _rows(classes, [counts.get(folder, {}) for folder in folders])
    names = [fit(row.name, _TEXT, _LONGEST_NAME) for row in rows]
    left = _MARGIN + max((width_of(name, _TEXT) for name in names), default=0.0) + 2 * _GAP
    panels = _panels(rows, left, len(folders))
    row_height = _TALL_ROW if len(rows) <= _FEW_ROWS else _ROW
    page = Page(panels[-1].x + panels[-1].width + _MARGIN, _HEADER + len(rows) * row_height + _MARGIN)
    totals = [sum(counts.get(folder, {}).values()) for folder in folders]
    page.text(_MARGIN, _TITLE_Y, fit(title, _TITLE, page.width - 2 * _MARGIN, bold=True), _TITLE, _INK, bold=True)
    page.text(_MARGIN, _SUMMARY_Y, _summary(sum(totals), len(classes)), _SUBTITLE, _FAINT)
    for index, name in enumerate(names):
        if index % 2 == 0:
            page.rectangle(_MARGIN / 2, _HEADER + index * row_height, page.width - _MARGIN, row_height, _BAND)
        page.text(left - 2 * _GAP, _HEADER + (index + 0.5) * row_height, name, _TEXT, _INK, align="right")
    for column, (folder, panel) in enumerate(zip(folders, panels, strict=True)):
        _draw_panel(page, panel, folder, totals[column])
        _draw_bars(page, panel, [(row.values[column], row.labels[column]) for row in rows], _FOLDERS[folder][1])
    return page.figure


def _draw_panel(page: Page, panel: _Panel, folder: str, total: int) -> None:
    name = _FOLDERS[folder][0]
    page.text(panel.x, _PANEL_Y, name, _SUBTITLE, _INK, bold=True)
    page.text(panel.x + width_of(name, _SUBTITLE, bold=True) + 2 * _GAP, _PANEL_Y, f"{total:,}", _SUBTITLE, _FAINT)
    page.rectangle(panel.x - 0.01, _HEADER, 0.01, page.height - _HEADER - _MARGIN, _AXIS)


def _draw_bars(page: Page, panel: _Panel, bars: Sequence[tuple[int, str]], color: str) -> None:
    row = (page.height - _HEADER - _MARGIN) / max(len(bars), 1)
    for index, (value, label) in enumerate(bars):
        length, middle = value * panel.per_image, _HEADER + (index + 0.5) * row
        page.rectangle(panel.x, middle - _BAR * row / 2, length, _BAR * row, color)
        page.text(panel.x + length + _GAP, middle, label, _TEXT, _INK if value else _FAINT)


def _panels(rows: Sequence[_Row], left: float, number: int) -> list[_Panel]:
    """Place the panels side by side, with the longest bars that leave room for their labels."""
    width = max(_PANEL, (_LEAST_WIDTH - left - _MARGIN + _GUTTER) / number - _GUTTER)
    bars = [bar for row in rows for bar in zip(row.values, row.labels, strict=True) if bar[0]]
    room = ((width - _GAP - width_of(label, _TEXT)) / value for value, label in bars)
    per_image = min(room, default=0.0)
    return [_Panel(left + column * (width + _GUTTER), width, per_image) for column in range(number)]


def _rows(classes: Sequence[str], columns: Sequence[Mapping[str, int]]) -> list[_Row]:
    def row(label: str) -> _Row:
        values = tuple(column.get(label, 0) for column in columns)
        return _Row(label, values, tuple(f"{value:,}" for value in values))

    if len(classes) <= MAX_CLASSES:
        return [row(label) for label in classes]
    largest_first = sorted(classes, key=lambda label: -columns[0].get(label, 0))
    between = largest_first[_SHOWN_AT_EACH_END:-_SHOWN_AT_EACH_END]
    return [
        *map(row, largest_first[:_SHOWN_AT_EACH_END]),
        _Row(f"… and {len(between):,} more", (0,) * len(columns), tuple(_range(between, each) for each in columns)),
        *map(row, largest_first[-_SHOWN_AT_EACH_END:]),
    ]


def _range(classes: Sequence[str], column: Mapping[str, int]) -> str:
    values = [column.get(label, 0) for label in classes]
    return f"{min(values):,} to {max(values):,}"


def _summary(images: int, classes: int) -> str:
    summary = f"{images:,} image{'s' * (images != 1)} in {classes:,} class{'es' * (classes != 1)}"
    if classes > MAX_CLASSES:
        summary += f"; the {_SHOWN_AT_EACH_END} largest and the {_SHOWN_AT_EACH_END} smallest are drawn"
    return summary


def _untouched_settings() -> dict[str, object]:
    """Give matplotlib's own settings for what is drawn here, whatever the user's matplotlibrc says."""
    return {key: value for key, value in mpl.rcParamsDefault.items() if key.startswith(("agg.", "path.", "text."))}
