"""Apply ops to images: the only door to AugLy, whose functions are the reference for every pixel.

AugLy checks with asserts, opens URLs, unpickles files beside fonts and re-seeds the global random generators. None of
that happens here: ops are checked against the catalogue, we open the assets, and what needs more is in
`augbuild.redrawn`.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from PIL import Image

from augbuild.catalogue.assets import asset_sha256, resolve_asset
from augbuild.catalogue.transforms import ASSET_KINDS, CATALOGUE, Op
from augbuild.errors import FIX_AND_RERUN, ApplyError, AugbuildError, ImageError, is_machine_error
from augbuild.pixels import exact as fastpaths
from augbuild.pixels import replaced as redrawn
from augbuild.pixels.codec import MAX_PIXELS, read_layer
from augbuild.pixels.limits import output_size, working_size

Function = Callable[..., Image.Image]

_MAX_WORKING_PIXELS = (
    4 * MAX_PIXELS
)  # turning a photo needs over twice its pixels, until it is cropped
# What AugLy, Pillow and NumPy raise for images and parameters that don't go together.
_FAILURES = (
    ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, SystemError, TypeError,
    ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


def apply(image: Image.Image, ops: Sequence[Op], assets: Path | None = None) -> Image.Image:
    """Apply ops in order to an 8-bit RGB image and return another, without metadata.

    `assets` is the folder below which ops find their images. Raises ApplyError, naming the op, where one is not what
    the catalogue says, fails, leaves no pixels or would make more than MAX_PIXELS; AugbuildError where the machine
    is at fault (too many open files); MemoryError passes through. No global random generator is touched.
    AUGBUILD_REFERENCE=1 runs AugLy's own functions where we have faster ones.
    """
    for op in ops:
        image = _apply_one(image, op, assets)
    return image


def _apply_one(image: Image.Image, op: Op, assets: Path | None) -> Image.Image:
    values = _checked(op)
    size = f"{image.width} x {image.height} pixels"
    try:
        arguments = {name: _argument(op, name, value, assets) for name, value in values.items()}
        _refuse_huge(op, arguments, image.size)
        result = _function(op.name)(image, **arguments)
    except _FAILURES as error:
        if is_machine_error(error):
            raise AugbuildError(
                f"{error.filename or op.name}: {error.strerror}; {FIX_AND_RERUN}"
            ) from error
        raise ApplyError(
            op.name, f"cannot be applied with these parameters to an image of {size}"
        ) from error
    if 0 in result.size:
        raise ApplyError(op.name, f"leaves nothing of an image of {size}")
    result = result if result.mode == "RGB" else result.convert("RGB")
    result.info = {}
    return result


def _checked(op: Op) -> dict[str, Any]:
    """Hold an op against the catalogue and give all its values: a manifest, unlike a recipe, comes unchecked."""
    info = CATALOGUE.get(op.name)
    if info is None or op.name == "random_crop":
        raise ApplyError(op.name, "is no op; `augbuild ops` lists them")
    hashes = {f"{name}_sha256" for name, param in info.params.items() if param.kind in ASSET_KINDS}
    if unknown := sorted(op.params.keys() - info.params.keys() - hashes):
        raise ApplyError(
            op.name, f"has no parameter {unknown[0]!r}; it has {', '.join(info.params) or 'none'}"
        )
    values = {name: op.params.get(name, param.default) for name, param in info.params.items()}
    for name, value in values.items():
        if not info.params[name].accepts(value):
            raise ApplyError(
                op.name,
                f"{name} cannot be {value!r:.80}; `augbuild ops {op.name}` says what it can be",
            )
    if pair := info.out_of_order(values):
        raise ApplyError(op.name, f"{pair[0]} must be below {pair[1]}")
    return values


def _argument(op: Op, name: str, value: Any, assets: Path | None) -> Any:
    """Give a value as the function wants it: a tuple for a list, and for an asset what it names, opened."""
    kind = CATALOGUE[op.name].params[name].kind
    if kind not in ASSET_KINDS:
        return tuple(value) if isinstance(value, list) else value
    try:
        path = resolve_asset(kind, value, assets)
        sha256 = asset_sha256(path)
        if op.params.get(f"{name}_sha256", sha256) != sha256:
            raise ApplyError(
                op.name, f"{name} {value!r} is not the file that the recipe was made with"
            )
        return _OPEN[kind](path, sha256)
    except (ImageError, ValueError) as error:
        raise ApplyError(op.name, f"{name} {error}") from error


def _refuse_huge(op: Op, arguments: Mapping[str, Any], size: tuple[int, int]) -> None:
    for predict, limit in ((output_size, MAX_PIXELS), (working_size, _MAX_WORKING_PIXELS)):
        made = predict(op.name, arguments, size)
        if math.prod(made) > limit:
            wanted = f"{made[0]} x {made[1]} pixels of {size[0]} x {size[1]}"
            raise ApplyError(op.name, f"would make {wanted}; at most {limit:,} are made")


def _function(name: str) -> Function:
    if name in redrawn.FUNCTIONS:
        return redrawn.FUNCTIONS[name]
    if name in fastpaths.FUNCTIONS and not os.environ.get("AUGBUILD_REFERENCE"):
        return fastpaths.FUNCTIONS[name]
    if name in _OPENED_BY_US:
        return _OPENED_BY_US[name]
    function: Function = getattr(_augly(), name)
    return function


def _overlay_emoji(
    image: Image.Image, emoji_path: Image.Image, emoji_size: float, **where: float
) -> Image.Image:
    """Do as AugLy's overlay_emoji, which opens a path itself and needs libmagic for that."""
    result: Image.Image = _augly().overlay_image(
        image, overlay=emoji_path, overlay_size=emoji_size, **where
    )
    return result


class _Screenshot(NamedTuple):
    image: Image.Image
    box: tuple[int, int, int, int]  # where the image goes: left, top, right, bottom


def _overlay_onto_screenshot(
    image: Image.Image,
    template_filepath: _Screenshot,
    max_image_size_pixels: int | None,
    crop_src_to_fit: bool,
    resize_src_to_match_template: bool,
) -> Image.Image:
    """Do as AugLy's overlay_onto_screenshot, which opens the template itself and leaves it open."""
    augly, (template, box) = _augly(), template_filepath
    if resize_src_to_match_template:
        image = augly.scale(
            image, factor=min((box[2] - box[0]) / image.width, (box[3] - box[1]) / image.height)
        )
        template = template.copy()
    else:
        template, box = augly.imutils.scale_template_image(
            image.width, image.height, template, box, max_image_size_pixels, crop_src_to_fit
        )
    fitted = augly.imutils.resize_and_pad_to_given_size(
        image, box[2] - box[0], box[3] - box[1], crop=crop_src_to_fit
    )
    template.paste(fitted, box=box)
    return template


_OPENED_BY_US: Mapping[str, Function] = {
    "overlay_emoji": _overlay_emoji,
    "overlay_onto_screenshot": _overlay_onto_screenshot,
}


@lru_cache(maxsize=64)
def _open_bundled(path: Path, _: str) -> Image.Image:
    with Image.open(
        path
    ) as image:  # not as a layer: AugLy scales an emoji's palette, without smoothing
        image.load()
        return image.copy()


def _open_screenshot(path: Path, sha256: str) -> _Screenshot:
    boxes = json.loads(path.with_name("bboxes.json").read_bytes())
    return _Screenshot(_open_bundled(path, sha256), tuple(boxes[path.name]))


@lru_cache(maxsize=2)
def _open_layer(path: Path, _: str) -> Image.Image:
    """Read a recipe's own image; the hash in the key sees that it has changed."""
    return read_layer(path)


_OPEN: Mapping[str, Callable[[Path, str], Any]] = {
    "emoji": _open_bundled,
    "font": lambda path, _: str(path),
    "image": _open_layer,
    "template": _open_screenshot,
}

_IMPORTING = threading.Lock()


@cache
def _augly() -> ModuleType:
    """Import AugLy without what its import does: it draws from the global generator and loads libmagic."""
    with _IMPORTING, _stand_in_for_magic():
        state = random.getstate()
        try:
            import augly.image.functional as functional
        finally:
            random.setstate(state)
    module: ModuleType = functional
    return module


class _Magic(ModuleType):
    """Stands in for python-magic, whose import fails without libmagic, until it is used: AugLy does for paths only."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("magic"), name)


@contextmanager
def _stand_in_for_magic() -> Iterator[None]:
    if "magic" in sys.modules:
        yield
        return
    sys.modules["magic"] = _Magic("magic")
    try:
        yield
    finally:
        del sys.modules["magic"]
