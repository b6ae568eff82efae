"""What the tests of sources share: files by their names alone."""

from __future__ import annotations

from pathlib import Path

from augbuild.sources.dataset import SourceDataset


def touch(root: Path, *paths: str) -> Path:
    """Make files that are empty: opening a source looks at names alone."""
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return root


def labels(dataset: SourceDataset) -> dict[str, str]:
    return {source.path: source.label for source in dataset.sources}
