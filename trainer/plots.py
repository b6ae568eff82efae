"""The pictures of a run: learning curves and the confusion matrix with its counts."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_BLUE, _ORANGE, _INK, _FAINT = "#0072B2", "#E69F00", "#222222", "#888888"
_MOST_WRITTEN = 30  # classes; with more, counts in cells could not be read
_LONGEST_LABEL = 24
_MOST_LEVEL = 8  # classes, and letters: what fits side by side


def draw_curves(epochs: Sequence[Mapping[str, Any]]) -> bytes:
    """Draw loss and accuracy by step, of training and of the validation split where there is one; a PNG file."""
    figure = Figure(figsize=(9, 3.6), dpi=144, layout="constrained")
    for axes, key, title in zip(figure.subplots(1, 2), ("loss", "accuracy"), ("Loss", "Accuracy"), strict=True):
        steps = [epoch["step"] for epoch in epochs]
        axes.plot(steps, [epoch[key] for epoch in epochs], color=_BLUE, marker="o", markersize=3, label="training")
        validated = [epoch for epoch in epochs if epoch.get("validation")]
        if validated:
            values = [epoch["validation"][key] for epoch in validated]
            axes.plot(
                [each["step"] for each in validated],
                values,
                color=_ORANGE,
                marker="o",
                markersize=3,
                label="validation",
            )
            axes.legend(frameon=False)
        axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=_INK)
        axes.set_xlabel("optimiser steps", color=_FAINT)
        axes.set_xlim(0, 1.03 * max(steps, default=1))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylim((0, 1.02) if key == "accuracy" else (0, None))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e5e5e5", linewidth=0.8)
    return _png(figure)


def draw_confusion(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> bytes:
    """Draw a confusion matrix: rows are the true classes, shades the share of each, numbers the counts; a PNG file."""
    counts = np.asarray(matrix, dtype=np.int64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(3.0 + 0.42 * len(classes), 20.0)
    figure = Figure(figsize=(side + 0.8, side), dpi=144, layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [_label(label) for label in classes]
    shown = range(0, len(classes), max(1, len(classes) // 60))
    level = len(classes) <= _MOST_LEVEL and max(map(len, names)) <= _MOST_LEVEL
    axes.set_xticks(list(shown), [names[index] for index in shown], parse_math=False)
    axes.tick_params(axis="x", rotation=0 if level else 45)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("center" if level else "right")
    axes.set_yticks(list(shown), [names[index] for index in shown], parse_math=False)
    axes.set_xlabel("predicted", color=_FAINT)
    axes.set_ylabel("true", color=_FAINT)
    axes.set_title("Test images", loc="left", fontsize=11, fontweight="bold", color=_INK)
    axes.spines[:].set_visible(False)
    if len(classes) <= _MOST_WRITTEN:
        for (row, column), count in np.ndenumerate(counts):
            color = "white" if shares[row, column] > 0.55 else _INK
            axes.text(column, row, f"{count:,}", ha="center", va="center", color=color, fontsize=9)
    return _png(figure)


def _label(name: str) -> str:
    shown = "".join(each if each.isprintable() and ord(each) < 0x2E80 else ascii(each)[1:-1] for each in name)
    if len(shown) <= _LONGEST_LABEL:
        return shown
    half = _LONGEST_LABEL // 2
    return f"{shown[:half]}…{shown[1 - half :]}"  # names often differ at their ends


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(
        buffer, format="png", metadata={"Software": None}, facecolor="white", bbox_inches="tight", pad_inches=0.2
    )
    return buffer.getvalue()
