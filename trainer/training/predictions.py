"""predictions.csv: what a run predicted for each test image."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augbuild.core.files import write_atomic
from augbuild.errors import RunError

_FIXED_COLUMNS = ["sample", "target", "predicted"]

# Spreadsheets run a cell that begins like this as a formula (OWASP, "CSV Injection"). The quote is
# itself guarded, so that a name which begins with one is read back unchanged.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True, slots=True)
class PredictionTable:
    """The rows of predictions.csv, in the order of the test images.

    `samples` are image names, `targets` the labels of their true classes; `probabilities` has the
    shape (images, classes), its columns in the order of `classes`.
    """

    samples: tuple[str, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: NDArray[np.float64]

    @property
    def predicted(self) -> tuple[str, ...]:
        """Return the label of the most probable class of each image."""
        best = self.probabilities.argmax(axis=1)
        return tuple(self.classes[index] for index in best)


def write_predictions(file: Path, table: PredictionTable) -> None:
    """Write a row for each image: its name, its class, the predicted one and all probabilities.

    No cell begins like a formula, which a spreadsheet would run.
    """
    header = list(_FIXED_COLUMNS)
    header += [f"p({label})" for label in table.classes]
    lines = [_format_row(header)]
    texts = zip(table.samples, table.targets, table.predicted, strict=True)
    numbers = table.probabilities.tolist()
    for cells, probabilities in zip(texts, numbers, strict=True):
        row = [_guard(cell) for cell in cells]
        row += map(repr, probabilities)  # repr gives the shortest text that is read back exactly
        line = _format_row(row)
        lines.append(line)
    text = "".join(lines)
    write_atomic(file, text.encode())


def _format_row(cells: Sequence[str]) -> str:
    text = io.StringIO()
    # Until Python 3.13 a cell is only quoted for the line ends that the terminator has.
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(cells)
    line = text.getvalue()
    return line.removesuffix("\r\n") + "\n"


def read_predictions(file: Path) -> PredictionTable:
    """Read what `write_predictions` wrote; raises RunError."""
    try:
        # The csv module splits lines itself: names may hold line ends of their own.
        with file.open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines, strict=True)
        return _parse(header, rows)
    except OSError as error:
        raise RunError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, csv.Error) as error:
        raise RunError(f"{file} is not what trainer writes: {error}") from error


def _parse(header: Sequence[str], rows: Sequence[Sequence[str]]) -> PredictionTable:
    """Build the table from its cells; raises ValueError."""
    fixed = list(header[:3])
    classes = []
    for column in header[3:]:
        label = column.removeprefix("p(")
        classes.append(label.removesuffix(")"))
    if fixed != _FIXED_COLUMNS or not classes:
        raise ValueError(f"its columns are {', '.join(header)}")
    samples = []
    targets = []
    probabilities = np.empty((len(rows), len(classes)))
    for number, row in enumerate(rows):
        expected, got = len(header), len(row)
        if got != expected:
            raise ValueError(f"row {number + 1} has {got} columns, not {expected}")
        sample, target, _, *numbers = row  # what was predicted follows from the numbers
        samples.append(_unguard(sample))
        targets.append(_unguard(target))
        probabilities[number] = [float(each) for each in numbers]
    return PredictionTable(tuple(samples), tuple(targets), tuple(classes), probabilities)


def _guard(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _unguard(text: str) -> str:
    return text.removeprefix("'")
