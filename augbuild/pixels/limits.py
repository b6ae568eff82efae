"""How large the images are that an op makes, known before anything is allocated: several of AugLy's have no bound.

The rules take an op's arguments as its function gets them: assets are opened, everything else is plain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Size = tuple[int, int]
Rule = Callable[[Mapping[str, Any], int, int], Size]


def output_size(name: str, arguments: Mapping[str, Any], size: Size) -> Size:
    """Predict the size in pixels (width, height) of an op's result; a bound on it where the op only shrinks.

    Raises what arithmetic raises where an image is too small for the op.
    """
    rule = _OUTPUT.get(name)
    return size if rule is None else rule(arguments, *size)


def working_size(name: str, arguments: Mapping[str, Any], size: Size) -> Size:
    """Predict the size of the largest image made on the way to an op's result, where that can be larger.

    An image that is long and thin is small, but becomes huge when turned, or scaled along one side: Pillow scales the
    width first, at the old height.
    """
    rule = _WORKING.get(name)
    return size if rule is None else rule(arguments, *size)


def _pad(arguments: Mapping[str, Any], width: int, height: int) -> Size:
    return width + 2 * int(arguments["w_factor"] * width), height + 2 * int(
        arguments["h_factor"] * height
    )


def _square(_: Mapping[str, Any], width: int, height: int) -> Size:
    return max(width, height), max(width, height)


def _resize(arguments: Mapping[str, Any], width: int, height: int) -> Size:
    return arguments["width"] or width, arguments["height"] or height


def _scale(arguments: Mapping[str, Any], width: int, height: int) -> Size:
    return int(width * arguments["factor"]), int(height * arguments["factor"])


def _aspect(arguments: Mapping[str, Any], width: int, height: int) -> Size:
    new_width = int(math.sqrt(arguments["ratio"] * width * height))
    return new_width, int(width * height / new_width)


def _clip(arguments: Mapping[str, Any], width: int, height: int) -> Size:
    pixels = width * height
    least, most = arguments["min_resolution"] or 0, arguments["max_resolution"] or pixels
    wanted = least if pixels < least else min(pixels, most)
    factor = math.sqrt(wanted / pixels)
    return int(width * factor), int(height * factor)


def _meme(arguments: Mapping[str, Any], width: int, height: int) -> Size:
    return width, height + arguments["caption_height"]


def _background(arguments: Mapping[str, Any], width: int, height: int) -> Size:
    if not arguments["scale_bg"]:
        background: Size = arguments["background_image"].size
        return background
    return math.floor(width / arguments["overlay_size"]), math.floor(
        height / arguments["overlay_size"]
    )


def _screenshot(arguments: Mapping[str, Any], width: int, height: int) -> Size:
    template, (left, top, right, bottom) = arguments["template_filepath"]
    if arguments["resize_src_to_match_template"]:
        return template.width, template.height
    choose = min if arguments["crop_src_to_fit"] else max
    factor = choose(width / (right - left), height / (bottom - top))
    if limit := arguments["max_image_size_pixels"]:
        factor = min(factor, math.sqrt(limit / (template.width * template.height)))
    return int(template.width * factor), int(template.height * factor)


def _turned(arguments: Mapping[str, Any], width: int, height: int) -> Size:
    """Bound the frame that holds the whole turned image, from which AugLy crops."""
    cosine, sine = (
        abs(math.cos(math.radians(arguments["degrees"]))),
        abs(math.sin(math.radians(arguments["degrees"]))),
    )
    return math.ceil(width * cosine + height * sine) + 1, math.ceil(
        width * sine + height * cosine
    ) + 1


def _widened(rule: Rule) -> Rule:
    def working(arguments: Mapping[str, Any], width: int, height: int) -> Size:
        new_width, new_height = rule(arguments, width, height)
        return new_width, max(height, new_height)

    return working


def _layer(asset: str, fraction: str) -> Rule:
    """Give the rule for an asset that is scaled to a fraction of the image's height."""

    def working(arguments: Mapping[str, Any], _: int, height: int) -> Size:
        return _scaled_to(int(height * arguments[fraction]), arguments[asset].size)

    return working


def _onto_background(arguments: Mapping[str, Any], width: int, height: int) -> Size:
    """Bound the larger of the two that are scaled: the background, if it is, and the image."""
    background_width, background_height = _background(arguments, width, height)
    scaled = background_width, max(background_height, arguments["background_image"].height)
    image = _scaled_to(int(background_height * arguments["overlay_size"]), (width, height))
    return max(scaled, image, key=math.prod)


def _scaled_to(new_height: int, size: Size) -> Size:
    width, height = size
    return int(width * max(1, new_height) / height), max(new_height, height)


_OUTPUT: Mapping[str, Rule] = {
    "change_aspect_ratio": _aspect,
    "clip_image_size": _clip,
    "meme_format": _meme,
    "overlay_onto_background_image": _background,
    "overlay_onto_screenshot": _screenshot,
    "pad": _pad,
    "pad_square": _square,
    "resize": _resize,
    "scale": _scale,
}

_WORKING: Mapping[str, Rule] = {
    "change_aspect_ratio": _widened(_aspect),
    "overlay_emoji": _layer("emoji_path", "emoji_size"),
    "overlay_image": _layer("overlay", "overlay_size"),
    "overlay_onto_background_image": _onto_background,
    "resize": _widened(_resize),
    "rotate": _turned,
}
