"""The counts chart: how many images each class has in each folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from augbuild.core.text import plural
from augbuild.dataset.layout import AUGMENTED_FOLDER
from augbuild.dataset.sheet import DPI, Page, default_settings, fit, width_of
from augbuild.pixels.codec import encode

MAX_CLASSES = 200
"""With more classes than this, only the largest and the smallest are drawn."""

_DRAWN_AT_EACH_END = 30

# The panels in their order, in Okabe and Ito's colours: colour-blind readers tell them apart.
_PANELS = {
    "train": ("Train", "#0072B2"),
    AUGMENTED_FOLDER: ("Augmented train", "#56B4E9"),
    "validation": ("Validation", "#009E73"),
    "test": ("Test", "#E69F00"),
}
_INK = "#222222"
_FAINT = "#666666"
_BAND = "#f3f4f6"
_AXIS = "#9aa0a6"

# Inches: a fixed layout, so nothing can collide.
_MARGIN = 0.3
_HEADER = 1.2
_TITLE_Y = 0.38
_SUMMARY_Y = 0.64
_PANEL_Y = 1.02
_ROW = 0.23
_TALL_ROW = 0.4
_ALL_BARS = 4.2
_GUTTER = 0.35
_GAP = 0.06
_LONGEST_NAME = 2.6  # longer names are cut in the middle
_AXIS_WIDTH = 2 / DPI

_BAR = 0.66  # of a row's height
_FEW_ROWS = 10

# Points.
_TITLE = 13.0
_SUBTITLE = 9.0
_TEXT = 8.5


@dataclass(frozen=True, slots=True)
class _Bar:
    value: int
    text: str


@dataclass(frozen=True, slots=True)
class _Panel:
    """A column of bars for one folder, one bar a row."""

    name: str
    color: str
    total: str
    bars: tuple[_Bar, ...]

    @property
    def longest(self) -> int:
        """Return the largest value of its bars."""
        return max((bar.value for bar in self.bars), default=0)

    @property
    def name_width(self) -> float:
        """Return the width of its name in inches."""
        return width_of(self.name, _SUBTITLE, bold=True)

    def width(self, inches_per_image: float) -> float:
        """Return its width in inches, on a given scale of its bars."""
        widest = self.name_width + 2 * _GAP + width_of(self.total, _SUBTITLE)
        for bar in self.bars:
            end = bar.value * inches_per_image + _GAP + width_of(bar.text, _TEXT)
            widest = max(widest, end)
        return widest


def draw_counts(
    counts: Mapping[str, Mapping[str, int]], classes: Sequence[str], title: str
) -> bytes:
    """Draw the images of each class in each folder as a PNG file; equal counts give equal bytes.

    `counts` goes from the tree's folders (train, augmented_train, validation, test) to classes to
    numbers. Names may have any characters: those that cannot be seen, or are not in the chart's
    font, are written as escapes.
    """
    with default_settings():
        canvas = FigureCanvasAgg(counts_figure(counts, classes, title))
        canvas.draw()
        # Encoded by Pillow: matplotlib writes its version into PNG files.
        size = canvas.get_width_height()
        drawn = Image.frombytes("RGBA", size, bytes(canvas.buffer_rgba()))
    return encode(drawn.convert("RGB"), "png", 100)


def counts_figure(
    counts: Mapping[str, Mapping[str, int]], classes: Sequence[str], title: str
) -> Figure:
    """Lay out the chart: a row for each class, a panel for each folder that has images.

    All bars have one scale. Settings of matplotlib are those in force: see `default_settings`.
    """
    folders = [folder for folder in _PANELS if any(counts.get(folder, {}).values())] or ["train"]
    names, groups = _rows(classes, counts.get(folders[0], {}))
    panels = [_panel(folder, counts.get(folder, {}), groups) for folder in folders]
    longest = sum(panel.longest for panel in panels)
    inches_per_image = _ALL_BARS / max(longest, 1)
    widths = [panel.width(inches_per_image) for panel in panels]

    names = [fit(name, _TEXT, _LONGEST_NAME) for name in names]
    left = _MARGIN + max((width_of(name, _TEXT) for name in names), default=0.0) + 2 * _GAP
    row = _TALL_ROW if len(names) <= _FEW_ROWS else _ROW
    page = Page(
        width=left + sum(widths) + _GUTTER * (len(widths) - 1) + _MARGIN,
        height=_HEADER + len(names) * row + _MARGIN,
    )

    images = sum(sum(of_folder.values()) for of_folder in counts.values())
    summary = f"{plural(images, 'image')} in {plural(len(classes), 'class', 'classes')}"
    if len(classes) > MAX_CLASSES:
        ends = _DRAWN_AT_EACH_END
        summary += f"; the {ends} largest and the {ends} smallest are drawn"
    shown_title = fit(title, _TITLE, page.width - 2 * _MARGIN, bold=True)
    page.text(_MARGIN, _TITLE_Y, shown_title, _TITLE, _INK, bold=True)
    page.text(_MARGIN, _SUMMARY_Y, summary, _SUBTITLE, _FAINT)
    _draw_names(page, names, left - 2 * _GAP, row)
    for panel, width in zip(panels, widths, strict=True):
        _draw_panel(page, panel, left, row, inches_per_image)
        left += width + _GUTTER
    return page.figure


def _rows(
    classes: Sequence[str], sizes: Mapping[str, int]
) -> tuple[list[str], list[Sequence[str]]]:
    """Return the name of each row and the classes that it stands for.

    A row stands for one class, or for all between the largest and the smallest.
    """
    if len(classes) <= MAX_CLASSES:
        return list(classes), [[label] for label in classes]
    by_size = sorted(classes, key=lambda label: -sizes.get(label, 0))
    largest = by_size[:_DRAWN_AT_EACH_END]
    between = by_size[_DRAWN_AT_EACH_END:-_DRAWN_AT_EACH_END]
    smallest = by_size[-_DRAWN_AT_EACH_END:]
    names = [*largest, f"… {len(between):,} more …", *smallest]
    alone_above = [[label] for label in largest]
    alone_below = [[label] for label in smallest]
    return names, [*alone_above, between, *alone_below]


def _panel(folder: str, counts: Mapping[str, int], groups: Sequence[Sequence[str]]) -> _Panel:
    """Count the images of one folder, a bar for each group of classes."""
    bars = []
    for group in groups:
        values = [counts.get(label, 0) for label in group]
        least = min(values)
        most = max(values)
        if len(group) == 1:
            bars.append(_Bar(most, f"{most:,}"))
        elif least < most:  # a row of many classes has no bar, only their range
            bars.append(_Bar(0, f"{least:,} to {most:,}"))
        else:
            bars.append(_Bar(0, f"{most:,} each"))
    name, color = _PANELS[folder]
    return _Panel(name, color, f"{sum(counts.values()):,}", tuple(bars))


def _draw_names(page: Page, names: Sequence[str], right: float, row: float) -> None:
    """Write the names of the rows, aligned at `right`, over bands that lead the eye across."""
    for index, name in enumerate(names):
        top = _HEADER + index * row
        if index % 2 == 0:
            page.rectangle(_MARGIN / 2, top, page.width - _MARGIN, row, _BAND)
        page.text(right, _HEADER + (index + 0.5) * row, name, _TEXT, _INK, align="right")


def _draw_panel(
    page: Page, panel: _Panel, left: float, row: float, inches_per_image: float
) -> None:
    """Draw a heading and the bars below it, all from `left`."""
    page.text(left, _PANEL_Y, panel.name, _SUBTITLE, _INK, bold=True)
    total_x = left + panel.name_width + 2 * _GAP
    page.text(total_x, _PANEL_Y, panel.total, _SUBTITLE, _FAINT)
    height = _BAR * row
    for index, bar in enumerate(panel.bars):
        middle = _HEADER + (index + 0.5) * row
        length = bar.value * inches_per_image
        page.rectangle(left, middle - height / 2, length, height, panel.color)
        ink = _INK if bar.value else _FAINT
        page.text(left + length + _GAP, middle, bar.text, _TEXT, ink)
    page.rectangle(left - _AXIS_WIDTH, _HEADER, _AXIS_WIDTH, len(panel.bars) * row, _AXIS)


def main() -> None:
    """Draw the chart of what standard input has, the arguments of `draw_counts` as JSON.

    It is written to standard output. A build runs this beside itself: to import matplotlib and to
    draw takes as long as the images of a small dataset.
    """
    given = json.load(sys.stdin)
    sys.stdout.buffer.write(draw_counts(given["counts"], given["classes"], given["title"]))


if __name__ == "__main__":
    main()
