"""Samples and tables without files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from trainer.data.samples import Sample, Split, Table


def make_sample(name: str, label: str = "cat", split: Split | None = "train") -> Sample:
    """Make an original without a file."""
    return Sample(Path(name), name, label, split, 1, source=name)


def make_table(*samples: Sample) -> Table:
    """Make a table, its rows numbered, with the classes of its samples."""
    numbered = [replace(sample, row=row) for row, sample in enumerate(samples, start=1)]
    classes = sorted({sample.label for sample in samples})
    return Table(Path("t.csv"), tuple(numbered), tuple(classes), "0" * 64)
