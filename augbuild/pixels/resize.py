"""Bring an image to the one size that every image of a dataset shall have."""

from __future__ import annotations

from typing import Literal

from PIL import Image, ImageOps

Fit = Literal["stretch", "crop", "pad"]
"""How an image of another shape is fitted: distorted, cut at two edges, or laid on black."""

Frame = tuple[tuple[int, int], Fit]
"""A size (width, height) in pixels, and how images are fitted to it."""


def fit_to(image: Image.Image, frame: Frame | None) -> Image.Image:
    """Resize an RGB image to a frame; None, and an image that fits, leave it as it is.

    What is cut or laid on black is so evenly, on both sides.
    """
    if frame is None:
        return image
    size, fit = frame
    if image.size == size:
        return image
    # The filter of `shrink`: it keeps most detail where images get smaller.
    match fit:
        case "stretch":
            return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        case "crop":
            return ImageOps.fit(image, size, Image.Resampling.LANCZOS)
        case "pad":
            return ImageOps.pad(image, size, Image.Resampling.LANCZOS, color="black")
