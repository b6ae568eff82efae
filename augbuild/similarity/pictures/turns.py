"""The 8 flips and turns of a picture."""

from __future__ import annotations

from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

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

Window = tuple[float, float, float, float]
"""A part of a picture: left, top, right and bottom, from 0 to 1."""

Element = TypeVar("Element", bound=np.generic)


def undo_turn(turn: int, pixels: NDArray[Element]) -> NDArray[Element]:
    """Undo the flip or turn that has this number in TURNS; `pixels` are (…, height, width)."""
    turned_back = np.rot90(pixels, turn % 4, axes=(-2, -1))
    is_mirrored = turn >= 4
    return turned_back[..., ::-1] if is_mirrored else turned_back


def undo_turns(turns: NDArray[np.intp], pixels: NDArray[Element]) -> NDArray[Element]:
    """Undo a turn of its own in each of many squares, (n, …, side, side)."""
    upright = np.empty_like(pixels)
    for turn in range(len(TURNS)):
        chosen = turns == turn
        upright[chosen] = undo_turn(turn, pixels[chosen])
    return upright


def undo_turn_of_window(turn: int, window: Window) -> Window:
    """Return where a part of a picture lies once a flip or turn of the picture is undone."""
    left, top, right, bottom = window
    for _ in range(turn % 4):
        left, top, right, bottom = top, 1 - right, bottom, 1 - left
    is_mirrored = turn >= 4
    if is_mirrored:
        return 1 - right, top, 1 - left, bottom
    return left, top, right, bottom


def undo_turn_of_waves(turn: int, waves: NDArray[np.floating]) -> NDArray[np.floating]:
    """Undo a flip or turn of pictures that are cosine coefficients, (…, height, width).

    That needs no pixels: a mirror changes the sign of every odd wave, a quarter turn is a mirror
    of the transposed.
    """
    signs = np.where(np.arange(waves.shape[-1]) % 2, -1, 1).astype(np.float32)
    for _ in range(turn % 4):
        waves = np.swapaxes(waves, -2, -1) * signs[:, None]
    is_mirrored = turn >= 4
    return waves * signs if is_mirrored else waves


def chain_turns(first: int, then: int) -> int:
    """Return the turn that is undone by undoing `first` and after it `then`."""
    return _CHAINS[first][then]


def invert_turn(turn: int) -> int:
    """Return the turn that is undone by doing this one."""
    return _CHAINS[turn].index(0)


def chain_all() -> tuple[tuple[int, ...], ...]:
    """Find what each turn followed by each other comes to."""
    corners = np.arange(4).reshape(2, 2)
    turned = [undo_turn(turn, corners).tolist() for turn in range(len(TURNS))]
    chains = []
    for first in turned:
        row = []
        for then in range(len(TURNS)):
            both = undo_turn(then, np.array(first))
            row.append(turned.index(both.tolist()))
        chains.append(tuple(row))
    return tuple(chains)


_CHAINS = chain_all()
