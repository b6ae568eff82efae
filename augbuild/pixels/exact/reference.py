"""AugLy's own functions, which are the reference for every pixel: the only door to AugLy.

It is imported when one of them is called, since that takes a third of a second.
"""

from __future__ import annotations

import importlib
import random
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import ModuleType

from PIL import Image

from augbuild.pixels.overlays import Screenshot

Function = Callable[..., Image.Image]


def find_reference(name: str) -> Function:
    """Find AugLy's function of an op; those that open files get them opened."""
    if name in _WITH_OPENED_ASSETS:
        return _WITH_OPENED_ASSETS[name]
    function: Function = getattr(_import_augly(), name)
    return function


def _overlay_emoji(
    image: Image.Image,
    emoji_path: Image.Image,
    emoji_size: float,
    **where: float,
) -> Image.Image:
    """Overlay an emoji as AugLy's overlay_emoji, which opens a path and needs libmagic for that."""
    overlay: Function = _import_augly().overlay_image
    return overlay(image, overlay=emoji_path, overlay_size=emoji_size, **where)


def _overlay_onto_screenshot(
    image: Image.Image,
    template_filepath: Screenshot,
    max_image_size_pixels: int | None,
    crop_src_to_fit: bool,
    resize_src_to_match_template: bool,
) -> Image.Image:
    """Fit an image into a screenshot as AugLy's overlay_onto_screenshot, which leaves it open."""
    augly = _import_augly()
    template, box = template_filepath
    left, top, right, bottom = box
    if resize_src_to_match_template:
        to_width = (right - left) / image.width
        to_height = (bottom - top) / image.height
        image = augly.scale(image, factor=min(to_width, to_height))
        template = template.copy()
    else:
        template, box = augly.imutils.scale_template_image(
            image.width, image.height, template, box, max_image_size_pixels, crop_src_to_fit
        )
        left, top, right, bottom = box
    fitted = augly.imutils.resize_and_pad_to_given_size(
        image, right - left, bottom - top, crop=crop_src_to_fit
    )
    template.paste(fitted, box=box)
    return template


_WITH_OPENED_ASSETS: Mapping[str, Function] = {
    "overlay_emoji": _overlay_emoji,
    "overlay_onto_screenshot": _overlay_onto_screenshot,
}

_IMPORTING = threading.Lock()


@cache
def _import_augly() -> ModuleType:
    """Import AugLy without what its import does: draw from the global generator, load libmagic."""
    with _IMPORTING, _stand_in_for_magic():
        state = random.getstate()
        try:
            import augly.image.functional as functional
        finally:
            random.setstate(state)
    module: ModuleType = functional
    return module


class _LazyMagic(ModuleType):
    """Stands in for python-magic until it is used, which AugLy does for paths only.

    The import of python-magic fails on a machine without libmagic.
    """

    def __getattr__(self, name: str) -> object:
        return getattr(importlib.import_module("magic"), name)


@contextmanager
def _stand_in_for_magic() -> Iterator[None]:
    if "magic" in sys.modules:
        yield
        return
    sys.modules["magic"] = _LazyMagic("magic")
    try:
        yield
    finally:
        del sys.modules["magic"]
