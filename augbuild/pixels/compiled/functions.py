"""The compiled functions, by the name of their op; the import of this module imports numba."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PIL import Image

from augbuild.pixels.compiled import blurring, colours, noise

Function = Callable[..., Image.Image]

FUNCTIONS: Mapping[str, Function] = {
    "blur": blurring.blur,
    "color_jitter": colours.color_jitter,
    "random_noise": noise.random_noise,
}
