"""Apply ops to images: the only door to AugLy, whose functions are the reference for every pixel.

AugLy checks with asserts, opens URLs, unpickles files beside fonts and re-seeds the global random generators. None of
that happens here: parameters come checked against the catalogue, we open the assets, and what needs more is in
`augbuild.redrawn`.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from PIL import Image

from augbuild import fastpaths, redrawn
from augbuild.assets import asset_sha256, resolve_asset
from augbuild.errors import ApplyError, ImageError
from augbuild.images import MAX_PIXELS, read_layer
from augbuild.sizes import output_size
from augbuild.transforms import ASSET_KINDS, CATALOGUE, JsonValue, Op, Param

# What AugLy, Pillow and NumPy raise for parameters and sizes that they cannot handle.
_FAILURES = (
    ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, SystemError, TypeError, ValueError,
)  # fmt: skip

Function = Callable[..., Image.Image]


def apply(image: Image.Image, ops: Sequence[Op], assets: Path | None = None) -> Image.Image:
    """Apply ops in order to an 8-bit RGB image and return another, without metadata.

    `assets` is the folder below which ops find their images. Raises ApplyError, naming the op, where one fails, makes
    an image without pixels or would make one of more than MAX_PIXELS; MemoryError passes through. No global random
    generator is touched. Set AUGBUILD_REFERENCE=1 to run AugLy's own functions where we have faster ones.
    """
    for op in ops:
        image = _apply_one(image, op, assets)
    return image


def _apply_one(image: Image.Image, op: Op, assets: Path | None) -> Image.Image:
    function, known = _find(op)
    size = f"{image.width} x {image.height} pixels"
    try:
        width, height = output_size(op, image.size)
        if width * height > MAX_PIXELS:
            raise ApplyError(
                op.name, f"would make {width} x {height} pixels of {size}; at most {MAX_PIXELS:,} are made"
            )
        result = function(image, **{name: _argument(op, name, known[name], assets) for name in known})
    except ImageError as error:
        raise ApplyError(op.name, f"its asset is unusable: {error}") from error
    except _FAILURES as error:
        raise ApplyError(op.name, f"cannot be applied with these parameters to an image of {size}") from error
    if 0 in result.size:
        raise ApplyError(op.name, f"leaves nothing of an image of {size}")
    result = result if result.mode == "RGB" else result.convert("RGB")
    result.info = {}
    return result


def _find(op: Op) -> tuple[Function, Mapping[str, Param]]:
    """Find the function for an op and those of its parameters that are given."""
    info = CATALOGUE.get(op.name)
    if info is None or op.name == "random_crop":
        raise ApplyError(op.name, "is no op; `augbuild ops` lists them")
    hashes = {f"{name}_sha256" for name, param in info.params.items() if param.kind in ASSET_KINDS}
    if unknown := sorted(op.params.keys() - info.params.keys() - hashes):
        raise ApplyError(op.name, f"has no parameter {unknown[0]!r}; it has {', '.join(info.params) or 'none'}")
    given = {name: param for name, param in info.params.items() if name in op.params}
    if op.name in redrawn.FUNCTIONS:
        return redrawn.FUNCTIONS[op.name], given
    if op.name in fastpaths.FUNCTIONS and not os.environ.get("AUGBUILD_REFERENCE"):
        return fastpaths.FUNCTIONS[op.name], given
    if op.name == "overlay_emoji":
        return _overlay_emoji, given
    return getattr(_augly(), op.name), given


def _overlay_emoji(image: Image.Image, emoji_path: Image.Image, emoji_size: float, **where: float) -> Image.Image:
    """Do as AugLy's overlay_emoji, which opens a path itself and needs libmagic for that."""
    result: Image.Image = _augly().overlay_image(image, overlay=emoji_path, overlay_size=emoji_size, **where)
    return result


def _argument(op: Op, name: str, param: Param, assets: Path | None) -> Any:
    """Give a parameter as the function wants it: tuples for lists, and for assets what they name, opened."""
    value = op.params[name]
    if param.kind not in ASSET_KINDS:
        return _as_tuples(value)
    if not isinstance(value, str):
        raise ApplyError(op.name, f"{name} must be the name of an asset")
    try:
        path = resolve_asset(param.kind, value, assets)
    except ValueError as error:
        raise ApplyError(op.name, f"{name} {error}") from error
    if op.params.get(f"{name}_sha256", asset_sha256(path)) != asset_sha256(path):
        raise ApplyError(op.name, f"{name}: {value!r} is not the file that the recipe was made with")
    if param.kind in {"font", "template"}:
        return str(path)  # AugLy's own file
    return _open_layer(path, param.kind == "emoji")


@lru_cache(maxsize=8)
def _open_layer(path: Path, bundled: bool) -> Image.Image:
    if not bundled:
        return read_layer(path)
    with Image.open(path) as image:  # as AugLy opens it: a palette image, which is scaled without smoothing
        image.load()
        return image.copy()


def _as_tuples(value: JsonValue) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(map(_as_tuples, value))
    return value


@lru_cache(maxsize=1)
def _augly() -> ModuleType:
    """Import AugLy without what its import does to the process.

    It draws from the global generator, and imports python-magic, which fails where libmagic is not installed. That is
    only ever called for paths, and we pass none.
    """
    state, lacks_magic = random.getstate(), "magic" not in sys.modules
    try:
        if lacks_magic:
            sys.modules["magic"] = ModuleType("magic")
        import augly.image.functional as functional
    finally:
        random.setstate(state)
        if lacks_magic:
            sys.modules.pop("magic", None)
    module: ModuleType = functional
    return module
