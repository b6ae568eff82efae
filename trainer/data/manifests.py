"""A manifest of augbuild as a table: a sample a row."""

from __future__ import annotations

from pathlib import Path

from augbuild.core.files import open_regular_file
from augbuild.dataset.info import read_info
from augbuild.dataset.layout import INFO_NAME
from augbuild.dataset.manifest import read_manifest
from augbuild.errors import ManifestError, TableError
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding
from trainer.data.samples import Sample, Table

_KEYS_OF_MANIFESTS = (b'"source_sha256"', b'"ops"', b'"origin"')
_LOOKED_AT = 1 << 20  # bytes of a first row, which has every op that was applied


def is_manifest(path: Path) -> bool:
    """Check whether the first row of a file is one of an augbuild manifest."""
    # By its first row alone: the manifest of a large build is read once, row by row, by its reader.
    if path.suffix.lower() != ".jsonl":
        return False
    try:
        with open_regular_file(path) as file:
            line = file.readline(_LOOKED_AT)
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from error
    return all(key in line for key in _KEYS_OF_MANIFESTS)


def read_manifest_table(path: Path, sha256: str) -> Table:
    """Build the table of an augbuild manifest, whose reader checks every row itself."""
    samples, names = [], {}
    try:
        decoding = _decoding_of_tree(path.parent)
        for row, record in enumerate(read_manifest(path), start=1):
            names[record.label] = record.label_name
            sample = Sample(
                path=path.parent / record.file_name,
                name=record.file_name,
                label=record.label_name,
                split=record.split,
                row=row,
                augmented=record.origin == "augmented",
                variant=-1 if record.variant is None else record.variant,
                source=record.source,
                size=record.bytes,
                sha256=record.sha256,
                group=record.group,
                fold=record.fold,
                decoding=decoding,
            )
            samples.append(sample)
    except ManifestError as error:
        raise TableError(str(error)) from error
    labels = sorted(names)
    classes = tuple(names[label] for label in labels)
    if labels != list(range(len(names))) or len(set(classes)) != len(classes):
        raise TableError(f"{path}: its labels and label names do not match")
    return Table(path, tuple(samples), classes, sha256)


def _decoding_of_tree(root: Path) -> Decoding:
    """Return how the images of a tree are decoded, where its dataset.json is there to say so.

    Raises ManifestError. A box is a file of its own in a tree: nothing is to be cut out of it.
    """
    if not (root / INFO_NAME).is_file():
        return DEFAULT_DECODING
    decoding = read_info(root).recipe.decoding
    return Decoding(max_pixels=decoding.max_pixels, depth=decoding.depth)
