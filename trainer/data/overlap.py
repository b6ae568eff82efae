"""Images that are evaluated and trained on alike: the same file, or another with its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from augbuild.core.files import size_and_mtime
from trainer.data.samples import Sample, hash_file


def describe_overlap(train: Sequence[Sample], evaluated: Sequence[Sample]) -> tuple[str, ...]:
    """Return a line about evaluated images that are in training, too, or none where none is.

    A training image that is gone is like no other. Raises TableError.
    """
    trained = {sample.file.resolve(): sample for sample in train}
    evaluated_sizes = {_size(sample.file) for sample in evaluated}
    by_hash: dict[str, Sample] = {}
    # Only files of equal size can have equal bytes; few others are read.
    for path, sample in trained.items():
        size = _size(path)
        if size is not None and size in evaluated_sizes:
            by_hash.setdefault(hash_file(path), sample)
    trained_sizes = {_size(sample.file) for sample in by_hash.values()}
    found: list[tuple[Sample, Sample]] = []
    for sample in evaluated:
        twin = trained.get(sample.file.resolve())
        if twin is None and _size(sample.file) in trained_sizes:
            twin = by_hash.get(hash_file(sample.file))
        if twin is not None:
            found.append((sample, twin))
    if not found:
        return ()
    first, twin = found[0]
    verb = "is" if len(found) == 1 else "are"
    return (
        f"leak: {len(found):,} of {len(evaluated):,} evaluated images {verb} in training, too, as "
        f"the same file or the same bytes (first: {first.name}, in training as {twin.name}); the "
        "accuracy does not hold for new images",
    )


def _size(path: Path) -> int | None:
    size, _ = size_and_mtime(path)
    return size
