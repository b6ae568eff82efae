"""What the tests of sources share: files by their names alone."""

from __future__ import annotations

from pathlib import Path

from augbuild.sources.dataset import SourceDataset, SourceOptions
from augbuild.sources.open import open_source

CLASSES = SourceOptions(layout="classes")
"""For tests of one class: it would else be asked about."""


def touch(root: Path, *paths: str) -> Path:
    """Make files that are empty: opening a source looks at names alone."""
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return root


def open_classes(root: Path, options: SourceOptions = CLASSES) -> SourceDataset:
    """Open a folder whose top folders are classes, be there one or many."""
    return open_source(".", root, options)


def findings_of(dataset: SourceDataset) -> list[str]:
    """Return the findings as they are printed."""
    return [finding.text() for finding in dataset.findings]


def labels(dataset: SourceDataset) -> dict[str, str]:
    return {source.path: source.label for source in dataset.sources}
