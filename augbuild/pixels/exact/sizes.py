"""Sizes: what resamples a whole image, with AugLy's pixels."""

from __future__ import annotations

import math

from PIL import Image


def resize(image: Image.Image, width: int | None, height: int | None, resample: int) -> Image.Image:
    """Scale to a size, of which None keeps a side (AugLy's resize)."""
    new_width = width or image.width
    new_height = height or image.height
    return image.resize((new_width, new_height), resample)


def scale(image: Image.Image, factor: float, interpolation: int | None) -> Image.Image:
    """Scale both sides alike (AugLy's scale)."""
    if interpolation is None:
        resampling = Image.Resampling
        interpolation = resampling.LANCZOS if factor < 1 else resampling.BILINEAR
    width = int(image.width * factor)
    height = int(image.height * factor)
    return image.resize((width, height), interpolation)


def change_aspect_ratio(image: Image.Image, ratio: float) -> Image.Image:
    """Change the ratio of the sides at the same number of pixels (AugLy's change_aspect_ratio)."""
    pixels = image.width * image.height
    width = int(math.sqrt(ratio * pixels))
    height = int(pixels / width)
    return image.resize((width, height))


def clip_image_size(
    image: Image.Image, min_resolution: int | None, max_resolution: int | None
) -> Image.Image:
    """Scale until the number of pixels is between two bounds (AugLy's clip_image_size)."""
    pixels = image.width * image.height
    if min_resolution is not None and pixels < min_resolution:
        factor = math.sqrt(min_resolution / pixels)
        return scale(image, factor, None)
    if max_resolution is not None and pixels > max_resolution:
        factor = math.sqrt(max_resolution / pixels)
        return scale(image, factor, None)
    return image.copy()


def pixelization(image: Image.Image, ratio: float) -> Image.Image:
    """Shrink and enlarge again (AugLy's pixelization)."""
    width = int(image.width * ratio)
    height = int(image.height * ratio)
    small = image.resize((width, height))
    return small.resize(image.size)
