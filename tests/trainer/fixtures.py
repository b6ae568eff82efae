"""Small datasets that a small model can learn, and runs on them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.training.config import FitConfig, make_config
from trainer.training.run import Resolved, RunConfig, SplitCounts

FAST_ARCH = "shufflenet_v2_x0_5"
"""A thirtieth of ResNet-18's weights, and batch normalisation, too: its runs write 1 MB, not 45."""

TINY = {
    "arch": FAST_ARCH,
    "image_size": 32,
    "batch_size": 8,
    "epochs": 2,
    "device": "cpu",
    "precision": "fp32",
}


def shapes(folder: Path, split: str, per_class: int, seed: int) -> Path:
    """Make pictures of two classes that differ in their colours, with noise."""
    generator = np.random.default_rng(seed)
    for label, colour in (("blue", (40, 60, 200)), ("red", (200, 60, 40))):
        for index in range(per_class):
            noise = generator.normal(0, 40, (36, 36, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            target = folder / split / label / f"{label}_{index}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(target)
    return folder


def dataset(folder: Path, train: int = 10, test: int = 4) -> Path:
    """Make a folder with train and test splits."""
    shapes(folder, "train", train, 1)
    return shapes(folder, "test", test, 2)


def config(manifest: Path, **changes: object) -> FitConfig:
    """Make the configuration of a run that takes a second or two."""
    return make_config({"manifest": str(manifest), **TINY, **changes})


def run_config(classes: Sequence[str]) -> RunConfig:
    """Make the config.json of a run that was never trained."""
    return RunConfig(
        manifest="build/manifest.jsonl",
        manifest_sha256="0" * 64,
        classes=tuple(classes),
        images=SplitCounts(20, 0, 8),
        images_per_class=dict.fromkeys(classes, 14),
        resolved=Resolved("cpu", "fp32", 1, 2),
        versions={"augbuild": "0.1.0"},
    )


def write_table(folder: Path, rows: Sequence[Mapping[str, object]], suffix: str = ".csv") -> Path:
    """Write a table of any rows, in the format of its suffix."""
    path = folder / f"table{suffix}"
    if suffix == ".jsonl":
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        path.write_text("".join(lines), encoding="utf-8", newline="")
    elif suffix == ".parquet":
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], delimiter="\t" if suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


def rows_of(root: Path) -> list[dict[str, str]]:
    """List the images of `dataset` as rows of a table: test/blue, test/red, train/blue …"""
    return [
        {
            "image": path.relative_to(root).as_posix(),
            "class": path.parent.name,
            "split": path.parent.parent.name,
        }
        for path in sorted(root.rglob("*.png"))
    ]
