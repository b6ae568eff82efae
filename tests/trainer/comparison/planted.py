"""Training sets whose effect on accuracy is known, because it was built in: twenty points, or none.

Of the test images of each class 60 % are coloured (red or blue) and 40 % striped in grey (across or
down). The baseline trains on coloured images only: it gets those right, and of the striped ones,
which have no colour to tell them apart, half: 80 %. A treatment with an effect trains on both kinds
and gets all right; one without, on other coloured images.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COLOURS = {"blue": (40, 60, 200), "red": (200, 60, 40)}
STRIPED_SHARE = 0.4
TRAIN = 80


def plant(folder: Path, seed: int, *, effect: bool, test: int = 400) -> dict[str, Path]:
    """Write the tables `baseline` and `treatment`: 80 training images each, `test` to test."""
    generator = np.random.default_rng(seed)
    tested = _pictures(folder / "test", generator, test, STRIPED_SHARE)
    tables = {}
    for name, striped in (("baseline", 0.0), ("treatment", 0.5 if effect else 0.0)):
        train = _pictures(folder / name, generator, TRAIN, striped)
        tables[name] = _table(folder / f"{name}.csv", train, tested)
    return tables


def _pictures(
    folder: Path, generator: np.random.Generator, count: int, striped: float
) -> list[tuple[str, str]]:
    folder.mkdir(parents=True)
    rows = []
    for index in range(count):
        label = ("blue", "red")[index % 2]
        plain = _stripes(label) if index < striped * count else np.array(COLOURS[label])
        pixels = np.clip(plain + generator.normal(0, 25, (32, 32, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
        rows.append((f"{folder.name}/{index}.png", label))
    return rows


def _stripes(label: str) -> NDArray[np.float64]:
    wave = 120 + 70 * np.sign(np.sin(np.arange(32) * np.pi / 4 + 0.1))
    across = np.repeat(wave[:, None], 32, axis=1)
    return np.repeat((across if label == "blue" else across.T)[:, :, None], 3, axis=2)


def _table(file: Path, train: list[tuple[str, str]], test: list[tuple[str, str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["path", "label", "split"])
        writer.writerows(
            (*row, split) for rows, split in ((train, "train"), (test, "test")) for row in rows
        )
    return file
