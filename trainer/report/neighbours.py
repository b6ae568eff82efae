"""The training images that look most like a test image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from augbuild.errors import ImageError
from augbuild.pixels.originals import read_picture
from trainer.data.samples import Sample
from trainer.figures.flipped import MOST_NEIGHBOURS, Flip, Picture, PicturedFlip, Pixels

MOST_SEARCHED = 1_000
"""Of more training images than this, so many at even distances are searched, as each is decoded."""

_SKETCH_SIZE = (16, 16)
_THUMBNAIL_SIZE = (192, 192)

Sketches = Sequence[tuple[Sample, Pixels]]


def picture_flips(
    flips: Iterable[Flip], samples: Iterable[Sample], train: Sequence[Sample]
) -> tuple[PicturedFlip, ...]:
    """Find for each flip its image in `samples`, and the images of `train` nearest to it.

    Near is a small mean absolute difference of 16 × 16 colour thumbnails. An image is no neighbour
    of its own source, nor of its own fold. A flip whose image cannot be read is left out.
    """
    originals = {sample.name: sample for sample in samples if not sample.augmented}
    sketches: Sketches | None = None
    pictured = []
    for flip in flips:
        sample = originals.get(flip.name)
        if sample is None:
            continue
        image = _read_picture(sample)
        own = _read_sketch(sample)
        if image is None or own is None:
            continue
        if sketches is None:  # the search is slow, and needless without an image to look at
            sketches = _sketch_all(train)
        pictured.append(PicturedFlip(flip, image, _find_neighbours(sample, own, sketches)))
    return tuple(pictured)


def _sketch_all(train: Sequence[Sample]) -> Sketches:
    files = list(dict.fromkeys(train))  # a placebo has its rows several times
    step = max(1, -(-len(files) // MOST_SEARCHED))
    sketches = []
    for sample in files[::step]:
        sketch = _read_sketch(sample)
        if sketch is not None:
            sketches.append((sample, sketch))
    return sketches


def _find_neighbours(sample: Sample, own: Pixels, sketches: Sketches) -> tuple[Picture, ...]:
    others = []
    for other, sketch in sketches:
        if not _are_related(sample, other):
            difference = np.abs(own.astype(np.int16) - sketch)  # uint8 would wrap around
            distance = float(difference.mean())
            others.append((distance, other))
    others.sort(key=lambda pair: pair[0])
    pictures = []
    for _, other in others[:MOST_NEIGHBOURS]:
        picture = _read_picture(other)
        if picture is not None:
            pictures.append(picture)
    return tuple(pictures)


def _are_related(sample: Sample, other: Sample) -> bool:
    if sample.fold is not None and sample.fold == other.fold:
        return True
    if sample.source and sample.source == other.source:
        return True
    return sample.path == other.path


def _read_sketch(sample: Sample) -> Pixels | None:
    try:
        image = read_picture(sample.path, sample.decoding)
    except ImageError:
        return None
    return np.asarray(image.resize(_SKETCH_SIZE))


def _read_picture(sample: Sample) -> Picture | None:
    try:
        image = read_picture(sample.path, sample.decoding)
    except ImageError:
        return None
    image.thumbnail(_THUMBNAIL_SIZE)
    return Picture(sample.name, sample.label, np.asarray(image))
