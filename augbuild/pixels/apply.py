"""Apply ops to images; AugLy's functions are the reference for every pixel.

AugLy checks with asserts, opens URLs, unpickles files beside fonts and re-seeds the global random
generators. None of that happens here: ops are checked against the catalogue, we open the assets,
what AugLy cannot do is in `augbuild.pixels.replaced`, and what takes less than its own functions
for the same pixels in `augbuild.pixels.exact` and, compiled, in `augbuild.pixels.compiled`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from augbuild.catalogue.transforms import ASSET_KINDS, CATALOGUE, JsonValue, Op
from augbuild.errors import FIX_AND_RERUN, ApplyError, AugbuildError, is_machine_error
from augbuild.pixels import replaced
from augbuild.pixels.compiled.choice import Choice
from augbuild.pixels.exact.functions import FUNCTIONS, Function
from augbuild.pixels.exact.reference import find_reference
from augbuild.pixels.limits import Arguments, output_size, working_size
from augbuild.pixels.overlays import open_asset
from augbuild.pixels.quiet import ignore_pillow_warnings
from augbuild.sources.decoding import MAX_PIXELS

Values = Mapping[str, JsonValue]

# Turning a photo needs over twice its pixels, until it is cropped.
_LIMITS = (
    (output_size, 1),
    (working_size, 4),
)
"""How large results and what is made on the way may be, times `max_pixels`."""

_COMPILED = Choice()
# What AugLy, Pillow and NumPy raise for images and parameters that don't go together.
_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def apply(
    image: Image.Image,
    ops: Sequence[Op],
    assets: Path | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Image.Image:
    """Apply ops in order to an 8-bit RGB image and return another, without metadata.

    `assets` is the folder below which ops find their images. No global random generator is touched.
    AUGBUILD_REFERENCE=1 runs AugLy's own functions where we have faster ones, and nothing compiled.

    Raises ApplyError, naming the op, where one is not what the catalogue says, fails, leaves no
    pixels or would make more than `max_pixels`; AugbuildError where the machine is at fault (too
    many open files). MemoryError passes through.
    """
    with ignore_pillow_warnings():
        for op in ops:
            image = _apply_one(image, op, assets, max(max_pixels, MAX_PIXELS))
    return image


def _apply_one(image: Image.Image, op: Op, assets: Path | None, max_pixels: int) -> Image.Image:
    values = _check(op)
    size = f"{image.width} x {image.height} pixels"
    try:
        arguments = _open_arguments(op, values, assets)
        _refuse_huge(op, arguments, image.size, max_pixels)
        result = _find_function(op.name, image.size)(image, **arguments)
    except _FAILURES as error:
        if is_machine_error(error):
            where = error.filename or op.name
            raise AugbuildError(f"{where}: {error.strerror}; {FIX_AND_RERUN}") from error
        message = f"cannot be applied with these parameters to an image of {size}"
        raise ApplyError(op.name, message) from error
    if 0 in result.size:
        raise ApplyError(op.name, f"leaves nothing of an image of {size}")
    if result.mode != "RGB":
        result = result.convert("RGB")
    result.info = {}
    return result


def _check(op: Op) -> Values:
    """Return all values of an op, defaults filled in; raises ApplyError.

    Each is checked against the catalogue: an op of a manifest, unlike one of a recipe, is not.
    """
    info = CATALOGUE.get(op.name)
    if info is None or op.name == "random_crop":
        raise ApplyError(op.name, "is not an op; `augbuild ops` lists all of them")
    unknown = set(op.params)
    values = {}
    for name, param in info.params.items():
        unknown.discard(name)
        if param.kind in ASSET_KINDS:
            unknown.discard(f"{name}_sha256")
    if unknown:
        known = ", ".join(info.params) or "none"
        raise ApplyError(op.name, f"has no parameter {min(unknown)!r}; it has {known}")
    for name, param in info.params.items():
        value = op.params.get(name, param.default)
        if not param.accepts(value):
            advice = f"`augbuild ops {op.name}` describes it"
            raise ApplyError(op.name, f"{name} cannot be {value!r:.80}; {advice}")
        values[name] = value
    pair = info.out_of_order(values)
    if pair is not None:
        low, high = pair
        raise ApplyError(op.name, f"{low} must be below {high}")
    return values


def _open_arguments(op: Op, values: Values, assets: Path | None) -> Arguments:
    """Return the values as the op's function takes them: tuples for lists, and assets opened."""
    params = CATALOGUE[op.name].params
    arguments: dict[str, object] = {}
    for name, value in values.items():
        kind = params[name].kind
        if kind in ASSET_KINDS:
            asset = str(value)
            sha256 = op.params.get(f"{name}_sha256")
            try:
                arguments[name] = open_asset(kind, asset, assets, sha256)
            except ValueError as error:
                raise ApplyError(op.name, f"{name} {error}") from error
        elif isinstance(value, list):
            arguments[name] = tuple(value)
        else:
            arguments[name] = value
    return arguments


def _refuse_huge(op: Op, arguments: Arguments, size: tuple[int, int], max_pixels: int) -> None:
    """Raise ApplyError where an op would make an image, at its end or on the way, that is huge."""
    for predict, times in _LIMITS:
        limit = times * max_pixels
        width, height = predict(op.name, arguments, size)
        if width * height > limit:
            made = f"{width} x {height} pixels of {size[0]} x {size[1]}"
            raise ApplyError(op.name, f"would make {made}; at most {limit:,} are made")


def _find_function(name: str, size: tuple[int, int]) -> Function:
    wants_reference = bool(os.environ.get("AUGBUILD_REFERENCE"))
    if not wants_reference:
        compiled = _COMPILED.find(name, size)
        if compiled is not None:
            return compiled
    if name in replaced.FUNCTIONS:
        return replaced.FUNCTIONS[name]
    if name in FUNCTIONS and not wants_reference:
        return FUNCTIONS[name]
    return find_reference(name)
