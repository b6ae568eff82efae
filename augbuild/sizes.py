"""How large an op's result will be, known before anything is allocated: several of AugLy's have no upper bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from augbuild.transforms import Op

Size = tuple[int, int]

# AugLy's screenshots: their size, and the box that the image goes to (left, top, right, bottom).
_SCREENSHOTS: Mapping[str, tuple[Size, tuple[int, int, int, int]]] = {
    "mobile": ((414, 736), (27, 411, 389, 689)),
    "web": ((1200, 736), (254, 424, 783, 710)),
}


def output_size(op: Op, size: Size) -> Size:
    """Predict the size in pixels (width, height) of an op's result, or a bound on it.

    Raises what arithmetic raises for parameters that make no sense.
    """
    rule = _RULES.get(op.name)
    return size if rule is None else rule(op.params, *size)


def _pad(params: Mapping[str, Any], width: int, height: int) -> Size:
    return width + 2 * int(params["w_factor"] * width), height + 2 * int(params["h_factor"] * height)


def _square(_: Mapping[str, Any], width: int, height: int) -> Size:
    return max(width, height), max(width, height)


def _resize(params: Mapping[str, Any], width: int, height: int) -> Size:
    return params.get("width") or width, params.get("height") or height


def _scale(params: Mapping[str, Any], width: int, height: int) -> Size:
    return int(width * params["factor"]), int(height * params["factor"])


def _aspect(params: Mapping[str, Any], width: int, height: int) -> Size:
    new_width = int(math.sqrt(params["ratio"] * width * height))
    return new_width, int(width * height / new_width)


def _clip(params: Mapping[str, Any], width: int, height: int) -> Size:
    factor = math.sqrt(max(1.0, (params.get("min_resolution") or 0) / (width * height)))
    return int(width * factor), int(height * factor)


def _meme(params: Mapping[str, Any], width: int, height: int) -> Size:
    return width, height + params["caption_height"]


def _background(params: Mapping[str, Any], width: int, height: int) -> Size:
    if not params.get("scale_bg"):
        return width, height  # the background's own size, which is bounded when it is read
    return math.floor(width / params["overlay_size"]), math.floor(height / params["overlay_size"])


def _screenshot(params: Mapping[str, Any], width: int, height: int) -> Size:
    (template_width, template_height), (left, top, right, bottom) = _SCREENSHOTS[params["template_filepath"]]
    if params.get("resize_src_to_match_template", True):
        return template_width, template_height
    choose = min if params.get("crop_src_to_fit") else max
    factor = choose(width / (right - left), height / (bottom - top))
    if limit := params.get("max_image_size_pixels"):
        factor = min(factor, math.sqrt(limit / (template_width * template_height)))
    return int(template_width * factor), int(template_height * factor)


_RULES: Mapping[str, Callable[[Mapping[str, Any], int, int], Size]] = {
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
