"""predictions.csv: what a run predicted for each test image."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augbuild.errors import RunError
from trainer.training.run import write_text


def write_predictions(
    file: Path,
    names: Sequence[str],
    targets: Sequence[int],
    probabilities: NDArray[np.float64],
    classes: Sequence[str],
) -> None:
    """Write a row for each image: its name, its class, the predicted one and the probability of each.

    Nothing in it begins like a formula, which spreadsheets would run.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["sample", "target", "predicted", *(f"p({label})" for label in classes)])
    for name, target, row in zip(names, targets, probabilities, strict=True):
        best = classes[int(row.argmax())]
        writer.writerow(
            [
                _inert(name),
                _inert(classes[target]),
                _inert(best),
                *(repr(float(value)) for value in row),
            ]
        )
    write_text(file, text.getvalue())


def read_predictions(file: Path) -> tuple[list[str], list[str], NDArray[np.float64]]:
    """Read names, targets and probabilities (images, classes) again; raises RunError."""
    try:
        header, *rows = csv.reader(file.read_text(encoding="utf-8").splitlines(keepends=True))
        probabilities = np.array([[float(value) for value in row[3:]] for row in rows])
        return (
            [_plain(row[0]) for row in rows],
            [_plain(row[1]) for row in rows],
            probabilities.reshape(-1, len(header) - 3),
        )
    except (OSError, ValueError, IndexError) as error:
        raise RunError(f"{file} is not what trainer writes: {error}") from error


def _inert(text: str) -> str:
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r", "'"} else text


def _plain(text: str) -> str:
    return text.removeprefix("'")
