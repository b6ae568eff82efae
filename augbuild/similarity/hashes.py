"""Signatures of pictures: a difference hash (dHash, 64 bits) and a sketch; and their thumbnails.

All are parts of one grid of grey levels, and so are those of the picture mirrored or turned.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from augbuild.errors import ImageError
from augbuild.pixels.codec import read_grey
from augbuild.sources.originals import read_bytes

# The smallest size of which both 9 x 8 (the hash) and 32 x 32 (the thumbnail) are whole parts.
_GRID_SIZE = (288, 256)
_TALL_GRID_SIZE = (256, 288)
# Grey levels by which a cell must be the brighter one: a plain background would be noise.
_MARGIN = 2.0
_HASH_BYTES = 8
_SKETCH_SIDE = 8
_SIGNATURE_BYTES = _HASH_BYTES + _SKETCH_SIDE**2
_THUMBNAIL_SIDE = 32

Turn = Literal[
    "upright",
    "turned by 90°",
    "turned by 180°",
    "turned by 270°",
    "mirrored",
    "mirrored and turned by 90°",
    "mirrored and turned by 180°",
    "mirrored and turned by 270°",
]
"""What was done to a picture: the 8 flips and turns, clockwise."""

TURNS: tuple[Turn, ...] = get_args(Turn)

Grid = NDArray[np.uint8]
Thumbnail = NDArray[np.float32]
Floats = NDArray[np.float64]
Grey = TypeVar("Grey", np.uint8, np.float32)


class Signatures(NamedTuple):
    """Signatures of n pictures as arrays: `hashes` of shape (n,), `sketches` of shape (n, 64)."""

    hashes: NDArray[np.uint64]
    sketches: NDArray[np.uint8]


def signature(file: Path | bytes) -> bytes | None:
    """Return a picture's dHash and 8 x 8 sketch, 72 bytes; None where it cannot be read."""
    try:
        grid = read_grey(file, _GRID_SIZE)
    except ImageError:
        return None
    return _condense(grid)


def turned_signatures(path: Path) -> bytes | None:
    """Return a picture's signatures with each of TURNS undone, 8 x 72 bytes.

    None where it cannot be read.
    """
    try:
        data = read_bytes(path)
        wide = read_grey(data, _GRID_SIZE)
        # A picture that lies on its side has its tall grid where the upright one has its wide grid.
        tall = read_grey(data, _TALL_GRID_SIZE)
    except ImageError:
        return None
    signatures = b""
    for turn in range(len(TURNS)):
        lies_on_its_side = turn % 2 == 1
        grid = tall if lies_on_its_side else wide
        signatures += _condense(undo_turn(turn, grid))
    return signatures


def undo_turn(turn: int, pixels: NDArray[Grey]) -> NDArray[Grey]:
    """Undo the flip or turn that has this number in TURNS."""
    turned_back = np.rot90(pixels, turn % 4)
    is_mirrored = turn >= 4
    return np.fliplr(turned_back) if is_mirrored else turned_back


def read_thumbnail(file: Path | bytes) -> Thumbnail:
    """Return the 32 x 32 grey levels of a picture.

    All are nan, and so like nothing, where it can no longer be read.
    """
    try:
        grid = read_grey(file, _GRID_SIZE)
    except ImageError:
        size = (_THUMBNAIL_SIDE, _THUMBNAIL_SIDE)
        return np.full(size, np.nan, np.float32)
    thumbnail = _shrink_to_thumbnail(grid)
    return thumbnail.astype(np.float32)


def parse_signatures(joined: bytes) -> Signatures:
    """Return the hashes and sketches of joined signatures."""
    table = np.frombuffer(joined, np.uint8)
    table = table.reshape(-1, _SIGNATURE_BYTES)
    hash_bytes = table[:, :_HASH_BYTES].copy()
    big_endian = hash_bytes.view(">u8").ravel()
    return Signatures(
        hashes=big_endian.astype(np.uint64),
        sketches=table[:, _HASH_BYTES:],
    )


def _condense(grid: Grid) -> bytes:
    cells = _shrink(grid, 9, 8)
    left = cells[:, :-1]
    right = cells[:, 1:]
    dhash = np.packbits(right > left + _MARGIN)
    # From the thumbnail, so that two sketches differ no more than their thumbnails do.
    sketch = _shrink(_shrink_to_thumbnail(grid), _SKETCH_SIDE, _SKETCH_SIDE)
    levels = np.rint(sketch).astype(np.uint8)
    return dhash.tobytes() + levels.tobytes()


def _shrink_to_thumbnail(grid: Grid) -> Floats:
    return _shrink(grid, _THUMBNAIL_SIDE, _THUMBNAIL_SIDE)


def _shrink(values: Grid | Floats, width: int, height: int) -> Floats:
    """Average whole blocks, so that `width` x `height` of them are left."""
    rows, columns = values.shape
    block_height = rows // height
    block_width = columns // width
    blocks = values.reshape(height, block_height, width, block_width)
    means: Floats = blocks.mean(axis=(1, 3), dtype=np.float64)
    return means
