"""Whether what a build is going to write fits on the disk, estimated before it starts."""

from __future__ import annotations

import shutil
from itertools import compress

from augbuild.building.changes import ChangeDetector, Changes
from augbuild.core.files import size_and_mtime
from augbuild.errors import ImageError, OutputError
from augbuild.pixels.codec import encode, read_image, shrink
from augbuild.planning.plan import Task, spread
from augbuild.sources.dataset import Source

_PLENTY = 30  # times the bytes of sources times outputs: not even PNG files made of JPEG sources are as large
_LOOKED_AT = 8
_MARGIN = 0.8  # it is an estimate: only a clear lack stops a build


def check_room(inspector: ChangeDetector, changes: Changes) -> None:
    """Stop before a build that cannot end; raises OutputError. Costs nothing where there is plenty of room."""
    root = inspector.folder.root
    free = shutil.disk_usage(root).free
    if free >= _PLENTY * changes.weight:
        return
    needed = _estimate(inspector, list(compress(inspector.plan.sources, changes.codes)))
    if free < _MARGIN * needed:
        raise OutputError(
            f"{root}: the build needs about {needed / 1e6:,.0f} MB more and {free / 1e6:,.0f} MB are free; "
            "make room, or choose another folder with --out"
        )


def _estimate(inspector: ChangeDetector, sources: list[Source]) -> float:
    """Estimate in bytes by how much the output folder will grow; what is replaced gives its place to the new."""
    ratio = _variant_ratio(inspector, sources)
    return sum(_growth(inspector, inspector.plan.task(source), ratio) for source in sources)


def _growth(inspector: ChangeDetector, task: Task, ratio: float) -> float:
    linked = inspector.plan.recipe.output.originals == "link"
    size = max(size_and_mtime(inspector.plan.dataset.root / task.source.path)[0], 0)
    there = sum(
        max(size_and_mtime(inspector.folder.root / output.file_name)[0], 0)
        for output in task.outputs
    )
    return (0 if linked else size) + ratio * size * (len(task.outputs) - 1) - there


def _variant_ratio(inspector: ChangeDetector, sources: list[Source]) -> float:
    """Tell how large a variant is for each byte of its source, from a few that are encoded as they are."""
    output, root = inspector.plan.recipe.output, inspector.plan.dataset.root
    read = written = 0
    for source in spread(sources, _LOOKED_AT):
        path = root / source.path
        try:
            image = shrink(read_image(path), output.max_side)
        except ImageError:
            continue  # it will be rejected, and make nothing
        written += len(encode(image, output.format, output.quality))
        read += size_and_mtime(path)[0]
    return written / read if read else 1.0
