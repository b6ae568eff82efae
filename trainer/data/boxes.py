"""Annotations of boxes as a table of images: the same reader as that of a recipe's source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from augbuild.core.files import hash_bytes
from augbuild.core.text import plural
from augbuild.errors import ImageError
from augbuild.pixels.originals import original_size
from augbuild.sources.boxes.box import photo_of
from augbuild.sources.dataset import Rejected, SourceDataset
from augbuild.sources.findings import Finding
from trainer.data.samples import Sample, Table

_EXAMPLES = 3


def make_box_table(path: Path, dataset: SourceDataset) -> Table:
    """Build the table of the annotations that `path` is or has, opened as a dataset.

    Boxes that cannot be used are left out, and a finding counts them: those that a build rejects.
    """
    samples: list[Sample] = []
    rejected = list(dataset.rejected)
    problems = _find_problems(dataset)
    for source in dataset.sources:
        if source.path in problems:
            rejected.append(problems[source.path])
            continue
        sample = Sample(
            path=dataset.root / source.path,
            name=source.path,
            label=source.label,
            split=source.split,
            row=len(samples) + 1,
            group=source.group,
            decoding=dataset.decoding,
        )
        samples.append(sample)
    listing = "\n".join(f"{sample.name}\x1f{sample.label}" for sample in samples)
    table = Table(
        file=path,
        samples=tuple(samples),
        classes=dataset.classes,
        sha256=hash_bytes(listing.encode()),
        findings=dataset.findings,
    )
    if not rejected:
        return table
    return replace(table, findings=(*table.findings, _describe(rejected)))


def _find_problems(dataset: SourceDataset) -> dict[str, Rejected]:
    """Return the boxes that show nothing of their photos, by their paths.

    A photo that cannot be read is left to whoever checks all files.
    """
    problems = {}
    photo = ""
    data = b""
    for source in dataset.sources:
        # Sorted by path, so that the boxes of a photo follow each other.
        if photo_of(source.path) != photo:
            photo = photo_of(source.path)
            try:
                data = dataset.originals.read(photo)
            except ImageError:
                data = b""
        try:
            original_size(data, source.path, dataset.decoding)
        except ImageError as error:
            if error.reason.startswith("box_"):
                problems[source.path] = Rejected(source.path, error.reason, str(error))
    return problems


def _describe(rejected: Sequence[Rejected]) -> Finding:
    reasons = Counter(each.reason for each in rejected)
    counts = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
    are = "is" if len(rejected) == 1 else "are"
    return Finding(
        kind="files left out",
        message=f"{plural(len(rejected), 'box', 'boxes')} {are} left out: {counts}",
        count=len(rejected),
        examples=tuple(each.source for each in rejected[:_EXAMPLES]),
        advice="correct the annotations",
    )
