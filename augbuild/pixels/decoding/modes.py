"""Pixels of any mode that Pillow decodes, as 8-bit RGB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from augbuild.errors import ImageError

Values = NDArray[np.generic]

_WHITE = (255, 255, 255, 255)
_TRANSPARENT_MODES = frozenset({"RGBA", "LA", "La", "RGBa", "PA"})
_INTEGERS = "I"  # 32 bits; "I;16", "I;16B" … have 16
_FLOATS = "F"
FULL_DEPTH = 16


def to_rgb(image: Image.Image, depth: int = 16) -> Image.Image:
    """Convert a decoded image to 8-bit RGB; always a copy.

    Deep grey values are scaled (Pillow's own conversion clips them): integers from the `depth` bits
    that they use. Transparency is composited on white, CMYK is converted by Pillow's formula
    without its ICC profile. Raises ImageError, also for a value that has more bits than `depth`.
    """
    mode = image.mode
    if mode == "RGB" and not is_transparent(image):
        return image.copy()
    # A transparent colour of these is left alone: they have no conversion to RGBA that keeps depth.
    if mode == _FLOATS or is_deep(mode):
        grey = _scale_to_8_bits(np.asarray(image), depth)
        return Image.fromarray(grey).convert("RGB")
    if is_transparent(image):
        return _composite_on_white(image)
    try:
        return image.convert("RGB")
    except ValueError as error:
        raise ImageError("unsupported_mode", f"pixels of mode {mode} cannot be made RGB") from error


def is_deep(mode: str) -> bool:
    """Check whether a mode is that of integers of more than 8 bits."""
    return mode == _INTEGERS or mode.startswith("I;16")


def is_transparent(image: Image.Image) -> bool:
    """Check whether an image has an alpha band, or a colour that stands for transparent."""
    if image.mode in _TRANSPARENT_MODES:
        return True
    return "transparency" in image.info


def _composite_on_white(image: Image.Image) -> Image.Image:
    layer = image.convert("RGBA")
    background = Image.new("RGBA", layer.size, _WHITE)
    return Image.alpha_composite(background, layer).convert("RGB")


def _scale_to_8_bits(values: Values, depth: int) -> NDArray[np.uint8]:
    """Scale deep grey values to 0..255: from the range of their format, else from their own."""
    grey = np.nan_to_num(values.astype(np.float64))
    low = float(grey.min())
    high = float(grey.max())
    if low >= 0 and high <= 65535:
        low = 0.0
        high = _scale_of(values.dtype, high, depth)
    # All values may be equal; the range must not be 0 then.
    span = max(high - low, 1e-300)
    scaled = (grey - low) * (255.0 / span)
    rounded = np.rint(scaled).clip(0, 255)
    return rounded.astype(np.uint8)


def _scale_of(dtype: np.dtype[np.generic], highest: float, depth: int) -> float:
    """Return what is white in values from 0 to `highest`: that of `depth`, or 1, 255 or 65535."""
    if dtype.kind != "f" and depth < FULL_DEPTH:
        white = float((1 << depth) - 1)
        if highest > white:
            message = f"it has the value {highest:,.0f}; depth = {depth} goes up to {white:,.0f}"
            raise ImageError("unsupported_mode", message)
        return white
    if dtype.kind == "f" and highest <= 1:
        return 1.0
    if dtype.itemsize > 2 and highest <= 255:
        return 255.0
    return 65535.0
