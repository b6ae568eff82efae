"""Confirm on thumbnails that pictures with similar signatures are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from augbuild.similarity.hashes import Thumbnail

MAX_DIFFERENCE = 6.0
"""Grey levels, of 255, that two thumbnails of the same picture may differ by on average."""

_STACKED = 1 << 10  # thumbnails compared in one step: 4 MB

Indices = NDArray[np.intp]
ReadThumbnail = Callable[[int], Thumbnail]


def confirm(first: Thumbnail, seconds: Indices, read: ReadThumbnail) -> Iterator[int]:
    """Yield those of `seconds` whose thumbnails, which `read` returns, are those of `first`."""
    for start in range(0, len(seconds), _STACKED):
        end = start + _STACKED
        numbers = seconds[start:end].tolist()
        thumbnails = [read(number) for number in numbers]
        distances = np.abs(np.stack(thumbnails) - first)
        differences = distances.mean(axis=(1, 2))
        for number, difference in zip(numbers, differences, strict=True):
            if difference < MAX_DIFFERENCE:
                yield number
