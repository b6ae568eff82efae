"""Whether what a build is going to write fits on the disk, estimated before it starts."""

from __future__ import annotations

import shutil
from itertools import compress

from augbuild.changes import Changes, Inspector, stat_of
from augbuild.errors import ImageError, OutputError
from augbuild.images import encode, read_image
from augbuild.plan import Task, spread
from augbuild.sources import Source
from augbuild.worker import shrink

_PLENTY = 30  # times the bytes of sources times outputs: not even PNG files made of JPEG sources are as large
_LOOKED_AT = 8
_MARGIN = 0.8  # it is an estimate: only a clear lack stops a build


def refuse_full_disk(inspector: Inspector, changes: Changes) -> None:
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


def _estimate(inspector: Inspector, sources: list[Source]) -> float:
    """Estimate in bytes by how much the output folder will grow; what is replaced gives its place to the new."""
    ratio = _variant_ratio(inspector, sources)
    return sum(_growth(inspector, inspector.plan.task(source), ratio) for source in sources)


def _growth(inspector: Inspector, task: Task, ratio: float) -> float:
    linked = inspector.plan.recipe.output.originals == "link"
    size = max(stat_of(inspector.plan.dataset.root / task.source.path)[0], 0)
    there = sum(max(stat_of(inspector.folder.root / output.file_name)[0], 0) for output in task.outputs)
    return (0 if linked else size) + ratio * size * (len(task.outputs) - 1) - there


def _variant_ratio(inspector: Inspector, sources: list[Source]) -> float:
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
        read += stat_of(path)[0]
    return written / read if read else 1.0
