"""Layers: one image over another, with AugLy's pixels."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from augbuild.pixels.exact import sizes


def overlay_image(
    image: Image.Image,
    overlay: Image.Image,
    opacity: float,
    overlay_size: float,
    x_pos: float,
    y_pos: float,
    max_visible_opacity: float = 0.75,  # noqa: ARG001 (for bounding boxes, which are not used here)
) -> Image.Image:
    """Lay an image over another, at a height and place in fractions of it (AugLy's overlay_image).

    AugLy makes the whole image RGBA for that, and RGB again.
    """
    height = max(1, int(image.height * overlay_size))
    width = int(overlay.width * height / overlay.height)
    layer = overlay.resize((width, height)).convert("RGBA")
    alpha = np.array(layer.getchannel("A")) * opacity
    mask = Image.fromarray(alpha.astype(np.uint8))
    place = (int(image.width * x_pos), int(image.height * y_pos))
    result = image.convert("RGB")
    result.paste(layer.convert("RGB"), place, mask)
    return result


def overlay_emoji(
    image: Image.Image,
    emoji_path: Image.Image,
    opacity: float,
    emoji_size: float,
    x_pos: float,
    y_pos: float,
) -> Image.Image:
    """Lay an emoji, which is opened already, over an image (AugLy's overlay_emoji)."""
    return overlay_image(image, emoji_path, opacity, emoji_size, x_pos, y_pos)


def overlay_onto_background_image(
    image: Image.Image,
    background_image: Image.Image,
    opacity: float,
    overlay_size: float,
    x_pos: float,
    y_pos: float,
    scale_bg: bool,
) -> Image.Image:
    """Lay an image over a background (AugLy's overlay_onto_background_image)."""
    if scale_bg:
        width = math.floor(image.width / overlay_size)
        height = math.floor(image.height / overlay_size)
        bilinear = Image.Resampling.BILINEAR
        background_image = sizes.resize(background_image, width, height, bilinear)
    return overlay_image(background_image, image, opacity, overlay_size, x_pos, y_pos)
