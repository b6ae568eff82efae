"""The test images whose prediction flipped most from one arm to the other, and the training images like them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from augbuild.errors import ImageError, RunError
from augbuild.pixels.codec import read_image
from trainer.data.samples import Sample
from trainer.figures.flipped import (
    MOST_FLIPS,
    MOST_NEIGHBOURS,
    Flip,
    HitCount,
    Picture,
    PicturedFlip,
    Pixels,
)
from trainer.training.predictions import read_predictions
from trainer.training.run import RunFolder, read_run_config

MOST_SEARCHED = 1_000
"""Of more training images than this, so many at even distances are searched: each has to be decoded."""

_SKETCH, _THUMBNAIL = (16, 16), (192, 192)


def count_hits(runs: Iterable[RunFolder]) -> dict[str, HitCount]:
    """Count over the predictions of an arm's runs how often each test image is right; raises RunError."""
    found: dict[str, HitCount] = {}
    for run in runs:
        table = read_predictions(run.predictions)
        if table.classes != read_run_config(run).classes:
            raise RunError(f"{run.predictions} does not go with {run.config}")
        for name, target, best in zip(table.samples, table.targets, table.predicted, strict=True):
            before = found.get(name, HitCount(target))
            found[name] = HitCount(target, before.runs + 1, before.right + (best == target))
    return found


def find_flips(
    baseline: Mapping[str, HitCount], treatment: Mapping[str, HitCount]
) -> tuple[Flip, ...]:
    """Give the test images whose prediction flipped in the most runs, at most MOST_FLIPS; none that did not flip."""
    flips = (
        Flip(name, baseline[name], treatment[name]) for name in baseline.keys() & treatment.keys()
    )
    ranked = sorted(
        (flip for flip in flips if flip.change), key=lambda flip: (-abs(flip.change), flip.name)
    )
    return tuple(ranked[:MOST_FLIPS])


def picture_flips(
    flips: Iterable[Flip], samples: Iterable[Sample], train: Sequence[Sample]
) -> tuple[PicturedFlip, ...]:
    """Put beside each flip its image and the images of `train` nearest to it; a flip whose image is gone is left out.

    `samples` are those among which the test images are found, by name. Near is a small mean absolute difference of
    16 × 16 colour thumbnails. An image is no neighbour of its own source, nor of its own fold.
    """
    files = {sample.name: sample for sample in samples if not sample.augmented}
    sketches = None
    pictured = []
    for flip in flips:
        sample = files.get(flip.name)
        image = _picture(sample) if sample is not None else None
        if sample is None or image is None:
            continue
        sketches = (
            _sketches(train) if sketches is None else sketches
        )  # only where there is an image to look at
        pictured.append(PicturedFlip(flip, image, _neighbours(sample, sketches)))
    return tuple(pictured)


def _neighbours(sample: Sample, sketches: Sequence[tuple[Sample, Pixels]]) -> tuple[Picture, ...]:
    own = _sketch(sample)
    if own is None:
        return ()
    others = [(_distance(own, sketch), each) for each, sketch in sketches if not _kin(sample, each)]
    nearest = sorted(others, key=lambda other: other[0])[:MOST_NEIGHBOURS]
    return tuple(picture for _, each in nearest if (picture := _picture(each)) is not None)


def _distance(first: Pixels, second: Pixels) -> float:
    return float(np.abs(first.astype(np.int16) - second).mean())


def _kin(sample: Sample, other: Sample) -> bool:
    same_fold = sample.fold is not None and sample.fold == other.fold
    return (
        same_fold
        or sample.path == other.path
        or (bool(sample.source) and sample.source == other.source)
    )


def _sketches(train: Sequence[Sample]) -> list[tuple[Sample, Pixels]]:
    files = list(dict.fromkeys(train))  # a placebo has its rows several times
    spread = files[:: -(-len(files) // MOST_SEARCHED) or 1]
    return [(sample, sketch) for sample in spread if (sketch := _sketch(sample)) is not None]


def _sketch(sample: Sample) -> Pixels | None:
    try:
        return np.asarray(read_image(sample.path).resize(_SKETCH))
    except ImageError:
        return None


def _picture(sample: Sample) -> Picture | None:
    try:
        image = read_image(sample.path)
    except ImageError:
        return None
    image.thumbnail(_THUMBNAIL)
    return Picture(sample.name, sample.label, np.asarray(image))
