"""What a picture comes down to when it is looked for: a difference hash (dHash, 64 bits), a sketch and a thumbnail.

All are parts of one grid of grey levels, and so are those of the picture mirrored or turned.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from augbuild.errors import ImageError
from augbuild.pixels.codec import read_bytes, read_grey

_GRID = (
    288,
    256,
)  # the least size of which both 9 x 8 (the hash) and 32 x 32 (the thumbnail) are whole parts
_MARGIN = (
    2.0  # grey levels by which a cell must be the brighter one: a plain background would be noise
)
_HASH_BYTES, _SKETCH_BYTES = 8, 64

Turn = Literal[
    "upright", "turned by 90°", "turned by 180°", "turned by 270°",
    "mirrored", "mirrored and turned by 90°", "mirrored and turned by 180°", "mirrored and turned by 270°",
]  # fmt: skip
"""What was done to a picture: the 8 flips and turns, clockwise."""

TURNS: tuple[Turn, ...] = get_args(Turn)

Grey = TypeVar("Grey", np.uint8, np.float32)


def signature(path: Path) -> bytes | None:
    """Condense a picture into 72 bytes: its dHash and an 8 x 8 sketch; None where it cannot be read."""
    try:
        return _condense(read_grey(path, _GRID))
    except ImageError:
        return None


def turned_signatures(path: Path) -> bytes | None:
    """Give a picture's fingerprints with each of TURNS undone, 8 x 72 bytes; None where it cannot be read."""
    try:
        data = read_bytes(path)
        wide, tall = (
            read_grey(data, _GRID),
            read_grey(data, _GRID[::-1]),
        )  # lying on its side, a tall grid is wide
    except ImageError:
        return None
    return b"".join(
        _condense(undo_turn(turn, tall if turn % 2 else wide)) for turn in range(len(TURNS))
    )


def undo_turn(turn: int, pixels: NDArray[Grey]) -> NDArray[Grey]:
    """Undo the flip or turn that has this number in TURNS."""
    upright = np.rot90(pixels, turn % 4)
    return upright[:, ::-1] if turn >= 4 else upright


def read_thumbnail(path: Path) -> NDArray[np.float32]:
    """Give the 32 x 32 grey levels of a picture; all nan, and so like nothing, where it cannot be read any more."""
    try:
        return _thumbnail(read_grey(path, _GRID)).astype(np.float32)
    except ImageError:
        return np.full((32, 32), np.nan, np.float32)


def parse_signatures(fingerprints: bytes) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Take joined fingerprints apart: their hashes (n), their sketches (n, 64)."""
    table = np.frombuffer(fingerprints, np.uint8).reshape(-1, _HASH_BYTES + _SKETCH_BYTES)
    return table[:, :_HASH_BYTES].copy().view(">u8").ravel().astype(np.uint64), table[
        :, _HASH_BYTES:
    ]


def _condense(grid: NDArray[np.uint8]) -> bytes:
    cells = _shrink(grid, 9, 8)
    bits = np.packbits(cells[:, 1:] > cells[:, :-1] + _MARGIN)
    return bits.tobytes() + np.rint(_shrink(_thumbnail(grid), 8, 8)).astype(np.uint8).tobytes()


def _thumbnail(grid: NDArray[np.uint8]) -> NDArray[np.float64]:
    return _shrink(grid, 32, 32)


def _shrink(values: NDArray[np.generic], width: int, height: int) -> NDArray[np.float64]:
    rows, columns = values.shape
    blocks = values.reshape(height, rows // height, width, columns // width)
    means: NDArray[np.float64] = blocks.mean(axis=(1, 3), dtype=np.float64)
    return means
