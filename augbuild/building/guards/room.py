"""Whether what a build is going to write fits on the disk, estimated before it starts."""

from __future__ import annotations

import shutil
from itertools import compress

from augbuild.building.changes import ChangeDetector, Changes
from augbuild.core.files import stamp_of
from augbuild.errors import ImageError, OutputError
from augbuild.planning.plan import spread
from augbuild.sources.dataset import Source

# Times the bytes of sources times outputs: not even PNG files made of JPEG sources are as large.
_PLENTY = 30
_SAMPLED = 8
_MARGIN = 0.8  # it is an estimate: only a clear lack stops a build


def check_room(detector: ChangeDetector, changes: Changes) -> None:
    """Raise OutputError before a build that cannot end; costs nothing where there is plenty."""
    root = detector.folder.root
    free = shutil.disk_usage(root).free
    if free >= _PLENTY * changes.weight:
        return
    needed = _estimate(detector, list(compress(detector.plan.sources, changes.codes)))
    if free < _MARGIN * needed:
        raise OutputError(
            f"{root}: the build needs about {needed / 1e6:,.0f} MB more and {free / 1e6:,.0f} MB "
            "are free; make room, or choose another folder with --out"
        )


def _estimate(detector: ChangeDetector, sources: list[Source]) -> float:
    """Estimate by how many bytes the output folder grows; files that are replaced make room."""
    plan = detector.plan
    root = detector.folder.root
    linked = plan.recipe.output.originals == "link"
    bytes_per_byte = _variant_ratio(detector, sources)
    growth = 0.0
    for source in sources:
        names = plan.output_names(source)
        size = max(plan.dataset.originals.stat(source.path).size, 0)
        encoded = len(names)
        if plan.recipe.output.frame is None:
            encoded -= 1
            growth += 0 if linked else size
        growth += bytes_per_byte * size * encoded
        for name in names:
            replaced = stamp_of(root / name).size
            growth -= max(replaced, 0)
    return growth


def _variant_ratio(detector: ChangeDetector, sources: list[Source]) -> float:
    """Return how many bytes a variant has for each byte of its source, from a sample of sources."""
    # Pillow and numpy take a fifth of a second to import, which few builds have to pay here.
    from augbuild.pixels.codec import encode, shrink
    from augbuild.pixels.originals import decode_original
    from augbuild.pixels.resize import fit_to

    output = detector.plan.recipe.output
    originals = detector.plan.dataset.originals
    read = written = 0
    for source in spread(sources, _SAMPLED):
        try:
            data = originals.read(source.path)
            original = decode_original(data, source.path, detector.plan.recipe.decoding)
            image = fit_to(shrink(original, output.max_side), output.frame)
        except ImageError:
            continue  # it will be rejected, and make nothing
        written += len(encode(image, output.format, output.quality))
        read += len(data)
    return written / read if read else 1.0
