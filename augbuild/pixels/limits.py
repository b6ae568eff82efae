"""How large the images are that an op makes, known before anything is allocated.

Several of AugLy's functions have no bound. Each rule takes the size of the image and, by name, the
arguments of its function that matter: assets are opened, everything else is plain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from PIL import Image

from augbuild.pixels.overlays import Screenshot


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int


Rule = Callable[..., Size]

Arguments = Mapping[str, object]
"""By name, what an op's function is called with."""


def output_size(name: str, arguments: Arguments, size: tuple[int, int]) -> Size:
    """Predict the size of an op's result; a bound on it where the op only shrinks.

    Raises what arithmetic raises where an image is too small for the op.
    """
    rule = _OUTPUT.get(name, keep_size)
    return rule(Size(*size), **arguments)


def working_size(name: str, arguments: Arguments, size: tuple[int, int]) -> Size:
    """Predict the size of the largest image made on the way to an op's result.

    A long and thin image is small, but becomes huge when turned, or scaled along one side: Pillow
    scales the width first, at the old height.
    """
    rule = _WORKING.get(name, keep_size)
    return rule(Size(*size), **arguments)


def keep_size(size: Size, **_: object) -> Size:
    """Predict an op without a rule, which leaves the size as it is or shrinks it."""
    return size


def change_aspect_ratio(size: Size, *, ratio: float, **_: object) -> Size:
    """Predict another ratio of the sides at the same number of pixels."""
    pixels = size.width * size.height
    width = int(math.sqrt(ratio * pixels))
    height = int(pixels / width)
    return Size(width, height)


def clip_image_size(
    size: Size,
    *,
    min_resolution: int | None,
    max_resolution: int | None,
    **_: object,
) -> Size:
    """Predict a number of pixels brought between two bounds, of which each may be None."""
    pixels = size.width * size.height
    wanted = pixels
    if max_resolution:
        wanted = min(pixels, max_resolution)
    if min_resolution and pixels < min_resolution:
        wanted = min_resolution
    factor = math.sqrt(wanted / pixels)
    return scale(size, factor=factor)


def meme_format(size: Size, *, caption_height: int, **_: object) -> Size:
    """Predict a bar above the image."""
    height = size.height + caption_height
    return Size(size.width, height)


def overlay_onto_background_image(
    size: Size,
    *,
    background_image: Image.Image,
    overlay_size: float,
    scale_bg: bool,
    **_: object,
) -> Size:
    """Predict the background, which is scaled to the image or keeps its size."""
    if not scale_bg:
        return Size(*background_image.size)
    width = math.floor(size.width / overlay_size)
    height = math.floor(size.height / overlay_size)
    return Size(width, height)


def overlay_onto_screenshot(
    size: Size,
    *,
    template_filepath: Screenshot,
    max_image_size_pixels: int | None,
    crop_src_to_fit: bool,
    resize_src_to_match_template: bool,
    **_: object,
) -> Size:
    """Predict the template, which keeps its size or is scaled until its box fits the image."""
    template, (left, top, right, bottom) = template_filepath
    before = Size(*template.size)
    if resize_src_to_match_template:
        return before
    choose = min if crop_src_to_fit else max
    to_width = size.width / (right - left)
    to_height = size.height / (bottom - top)
    factor = choose(to_width, to_height)
    if max_image_size_pixels:
        pixels = before.width * before.height
        most = math.sqrt(max_image_size_pixels / pixels)
        factor = min(factor, most)
    return scale(before, factor=factor)


def pad(size: Size, *, w_factor: float, h_factor: float, **_: object) -> Size:
    """Predict a border of two fractions of the image, on both sides."""
    border_width = int(w_factor * size.width)
    border_height = int(h_factor * size.height)
    return Size(
        size.width + 2 * border_width,
        size.height + 2 * border_height,
    )


def pad_square(size: Size, **_: object) -> Size:
    """Predict a square around the image."""
    side = max(size)
    return Size(side, side)


def resize(size: Size, *, width: int | None, height: int | None, **_: object) -> Size:
    """Predict the sides that are given; None keeps one as it is."""
    new_width = width or size.width
    new_height = height or size.height
    return Size(new_width, new_height)


def scale(size: Size, *, factor: float, **_: object) -> Size:
    """Predict both sides scaled alike."""
    width = int(size.width * factor)
    height = int(size.height * factor)
    return Size(width, height)


# The rule of an op has its name.
_OUTPUT: Mapping[str, Rule] = {
    "change_aspect_ratio": change_aspect_ratio,
    "clip_image_size": clip_image_size,
    "meme_format": meme_format,
    "overlay_onto_background_image": overlay_onto_background_image,
    "overlay_onto_screenshot": overlay_onto_screenshot,
    "pad": pad,
    "pad_square": pad_square,
    "resize": resize,
    "scale": scale,
}


def rotate_on_the_way(size: Size, *, degrees: float, **_: object) -> Size:
    """Bound the frame that holds the whole turned image, from which AugLy crops."""
    angle = math.radians(degrees)
    cosine = abs(math.cos(angle))
    sine = abs(math.sin(angle))
    old_width, old_height = size
    width = old_width * cosine + old_height * sine
    height = old_width * sine + old_height * cosine
    return Size(math.ceil(width) + 1, math.ceil(height) + 1)


def change_aspect_ratio_on_the_way(size: Size, *, ratio: float, **_: object) -> Size:
    """Bound the image with its new width at its old height."""
    return _widened(size, change_aspect_ratio(size, ratio=ratio))


def resize_on_the_way(size: Size, *, width: int | None, height: int | None, **_: object) -> Size:
    """Bound the image with its new width at its old height."""
    return _widened(size, resize(size, width=width, height=height))


def overlay_emoji_on_the_way(
    size: Size, *, emoji_path: Image.Image, emoji_size: float, **_: object
) -> Size:
    """Bound the emoji, which is scaled to a fraction of the image's height."""
    height = int(size.height * emoji_size)
    return _scaled_to(height, emoji_path.size)


def overlay_image_on_the_way(
    size: Size, *, overlay: Image.Image, overlay_size: float, **_: object
) -> Size:
    """Bound the overlay, which is scaled to a fraction of the image's height."""
    height = int(size.height * overlay_size)
    return _scaled_to(height, overlay.size)


def overlay_onto_background_image_on_the_way(
    size: Size,
    *,
    background_image: Image.Image,
    overlay_size: float,
    scale_bg: bool,
    **_: object,
) -> Size:
    """Bound the larger of the two that are scaled: the background, if it is, and the image."""
    result = overlay_onto_background_image(
        size,
        background_image=background_image,
        overlay_size=overlay_size,
        scale_bg=scale_bg,
    )
    height = max(result.height, background_image.height)
    background = Size(result.width, height)
    image_height = int(result.height * overlay_size)
    image = _scaled_to(image_height, size)
    return max(background, image, key=math.prod)


def _widened(size: Size, result: Size) -> Size:
    height = max(size.height, result.height)
    return Size(result.width, height)


def _scaled_to(new_height: int, size: tuple[int, int]) -> Size:
    """Bound an image that is scaled to a height: first its width, then its height."""
    width, height = size
    new_width = int(width * max(1, new_height) / height)
    return Size(new_width, max(new_height, height))


_WORKING: Mapping[str, Rule] = {
    "change_aspect_ratio": change_aspect_ratio_on_the_way,
    "overlay_emoji": overlay_emoji_on_the_way,
    "overlay_image": overlay_image_on_the_way,
    "overlay_onto_background_image": overlay_onto_background_image_on_the_way,
    "resize": resize_on_the_way,
    "rotate": rotate_on_the_way,
}
