"""The counts chart: how many images each class has in each folder."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from augbuild.dataset.sheet import DPI, Page, fit, width_of
from augbuild.pixels.codec import encode

MAX_CLASSES = 200
"""With more classes than this, only the largest and the smallest are drawn."""

_ENDS = 30  # classes drawn of either

# The folders in the order of the panels, in Okabe and Ito's colours: colour-blind readers tell them apart.
_FOLDERS = {
    "train": ("Train", "#0072B2"),
    "augmented_train": ("Augmented train", "#56B4E9"),
    "validation": ("Validation", "#009E73"),
    "test": ("Test", "#E69F00"),
}
_INK, _FAINT, _BAND, _AXIS = "#222222", "#666666", "#f3f4f6", "#9aa0a6"

# Inches and points: a fixed layout, so nothing can collide.
_MARGIN, _HEADER = 0.3, 1.2
_TITLE_Y, _SUMMARY_Y, _PANEL_Y = 0.38, 0.64, 1.02
_ROW, _TALL_ROW, _FEW_ROWS, _BAR = 0.23, 0.4, 10, 0.66
_LINE = 2 / DPI
_BARS, _GUTTER, _GAP, _LONGEST_NAME = 4.2, 0.35, 0.06, 2.6
_TITLE, _SUBTITLE, _TEXT = 13.0, 9.0, 8.5

_LOCK = (
    threading.Lock()
)  # rc_context swaps matplotlib's global settings and back: two at once would mix them up


@dataclass(frozen=True, slots=True)
class _Panel:
    """A column of bars for one folder: a value and its label for each row."""

    name: str
    color: str
    total: str
    bars: tuple[tuple[int, str], ...]

    @property
    def longest(self) -> int:
        return max((value for value, _ in self.bars), default=0)

    def width(self, per_image: float) -> float:
        """Give the inches that the panel takes where an image takes `per_image` inches of a bar."""
        heading = (
            width_of(self.name, _SUBTITLE, bold=True) + 2 * _GAP + width_of(self.total, _SUBTITLE)
        )
        ends = (value * per_image + _GAP + width_of(label, _TEXT) for value, label in self.bars)
        return max(heading, *ends, 0.0)


def draw_counts(
    counts: Mapping[str, Mapping[str, int]], classes: Sequence[str], title: str
) -> bytes:
    """Draw the images of each class in each folder as a PNG file; equal counts give equal bytes.

    `counts` goes from the tree's folders (train, augmented_train, validation, test) to classes to numbers. Names may
    hold anything: what cannot be seen, or is not in the chart's font, is written as an escape.
    """
    with _LOCK, mpl.rc_context(_untouched_settings()):
        canvas = FigureCanvasAgg(counts_figure(counts, classes, title))
        canvas.draw()
        width, height = canvas.get_width_height()
        pixels = Image.frombytes("RGBA", (width, height), bytes(canvas.buffer_rgba())).convert(
            "RGB"
        )
    return encode(pixels, "png", 100)


def counts_figure(
    counts: Mapping[str, Mapping[str, int]], classes: Sequence[str], title: str
) -> Figure:
    """Lay the chart out: a row for each class, a panel for each folder that holds images, all bars on one scale."""
    folders = [folder for folder in _FOLDERS if any(counts.get(folder, {}).values())] or ["train"]
    names, groups = _rows(classes, counts.get(folders[0], {}))
    panels = [_panel(folder, counts.get(folder, {}), groups) for folder in folders]
    per_image = _BARS / max(sum(panel.longest for panel in panels), 1)
    names = [fit(name, _TEXT, _LONGEST_NAME) for name in names]
    left = _MARGIN + max((width_of(name, _TEXT) for name in names), default=0.0) + 2 * _GAP
    widths = [panel.width(per_image) for panel in panels]
    row = _TALL_ROW if len(names) <= _FEW_ROWS else _ROW
    page = Page(
        left + sum(widths) + _GUTTER * (len(widths) - 1) + _MARGIN,
        _HEADER + len(names) * row + _MARGIN,
    )
    summary = _summary(sum(sum(each.values()) for each in counts.values()), len(classes))
    _draw_heading(page, title, summary)
    _draw_names(page, names, left - 2 * _GAP, row)
    for panel, width in zip(panels, widths, strict=True):
        _draw_panel(page, panel, left, row, per_image)
        left += width + _GUTTER
    return page.figure


def _rows(
    classes: Sequence[str], sizes: Mapping[str, int]
) -> tuple[list[str], list[Sequence[str]]]:
    """Give the rows' names, and the classes that each stands for: one, or all between the largest and the smallest."""
    if len(classes) <= MAX_CLASSES:
        return list(classes), [[label] for label in classes]
    by_size = sorted(classes, key=lambda label: -sizes.get(label, 0))
    largest, between, smallest = by_size[:_ENDS], by_size[_ENDS:-_ENDS], by_size[-_ENDS:]
    names = [*largest, f"… {len(between):,} more …", *smallest]
    return names, [*([label] for label in largest), between, *([label] for label in smallest)]


def _panel(folder: str, counts: Mapping[str, int], groups: Sequence[Sequence[str]]) -> _Panel:
    name, color = _FOLDERS[folder]
    bars = tuple(_bar([counts.get(label, 0) for label in group]) for group in groups)
    return _Panel(name, color, f"{sum(counts.values()):,}", bars)


def _bar(values: Sequence[int]) -> tuple[int, str]:
    least, most = min(values), max(values)
    if len(values) == 1:
        return most, f"{most:,}"
    return 0, f"{least:,} to {most:,}" if least < most else f"{most:,} each"


def _summary(images: int, classes: int) -> str:
    summary = f"{images:,} image{'s' * (images != 1)} in {classes:,} class{'es' * (classes != 1)}"
    if classes > MAX_CLASSES:
        summary += f"; the {_ENDS} largest and the {_ENDS} smallest are drawn"
    return summary


def _draw_heading(page: Page, title: str, summary: str) -> None:
    room = page.width - 2 * _MARGIN
    page.text(_MARGIN, _TITLE_Y, fit(title, _TITLE, room, bold=True), _TITLE, _INK, bold=True)
    page.text(_MARGIN, _SUMMARY_Y, summary, _SUBTITLE, _FAINT)


def _draw_names(page: Page, names: Sequence[str], right: float, row: float) -> None:
    for index, name in enumerate(names):
        if index % 2 == 0:  # bands lead the eye across
            page.rectangle(_MARGIN / 2, _HEADER + index * row, page.width - _MARGIN, row, _BAND)
        page.text(right, _HEADER + (index + 0.5) * row, name, _TEXT, _INK, align="right")


def _draw_panel(page: Page, panel: _Panel, left: float, row: float, per_image: float) -> None:
    page.text(left, _PANEL_Y, panel.name, _SUBTITLE, _INK, bold=True)
    page.text(
        left + width_of(panel.name, _SUBTITLE, bold=True) + 2 * _GAP,
        _PANEL_Y,
        panel.total,
        _SUBTITLE,
        _FAINT,
    )
    for index, (value, label) in enumerate(panel.bars):
        length, middle = value * per_image, _HEADER + (index + 0.5) * row
        page.rectangle(left, middle - _BAR * row / 2, length, _BAR * row, panel.color)
        page.text(left + length + _GAP, middle, label, _TEXT, _INK if value else _FAINT)
    page.rectangle(left - _LINE, _HEADER, _LINE, len(panel.bars) * row, _AXIS)


def _untouched_settings() -> dict[Any, Any]:
    """Give matplotlib's own settings for what is drawn here, whatever the user's matplotlibrc says."""
    return {
        key: value
        for key, value in mpl.rcParamsDefault.items()
        if key.startswith(("agg.", "path.", "text."))
    }
