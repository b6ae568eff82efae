"""Ours against AugLy's own: the same pixels, or the same error, for any op on any image."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from PIL import Image

from augbuild.catalogue.transforms import CATALOGUE, Op, Param
from augbuild.errors import ApplyError
from augbuild.pixels.apply import apply
from tests.augbuild.pixels.images import noise

IMAGES = [
    noise(64, 48),
    noise(47, 61, seed=1),
    noise(1, 1),
    noise(1, 50),
    noise(50, 1),
    noise(700, 500),
]
IMAGES += [Image.new("RGB", (31, 17), colour) for colour in ("black", "white", "red", "#010203")]

EMOJI = ["smileys/grinning_face", "flags/germany", "symbols/aquarius"]
LONGEST_SIDE = 600
# Higher is as true, but takes gigabytes of pixels.
LARGEST_FACTOR = {"scale": 2.0, "pad": 1.0}


def images() -> st.SearchStrategy[Image.Image]:
    """Draw one of a few odd images, or noise of any small size."""
    sides = st.integers(1, 90)
    return st.sampled_from(IMAGES) | st.builds(noise, sides, sides, st.integers(0, 9))


def ops(name: str) -> st.SearchStrategy[Op]:
    """Draw an op with any legal parameters."""
    params = {}
    for key, param in CATALOGUE[name].params.items():
        drawn = values(name, param)
        params[key] = drawn | st.none() if param.optional else drawn
    return st.fixed_dictionaries(params).map(lambda drawn: Op(name, drawn))


def values(name: str, param: Param) -> st.SearchStrategy[Any]:
    match param.kind:
        case "choice":
            return st.sampled_from(param.choices)
        case "boolean":
            return st.booleans()
        case "colour":
            return st.lists(st.integers(0, 255), min_size=3, max_size=3)
        case "matrix":
            numbers = st.floats(-2, 2)
            return st.lists(numbers, min_size=12, max_size=12)
        case "emoji":
            return st.sampled_from(EMOJI)
        case "image":
            return st.just("layer.png")
        case "template":
            return st.sampled_from(["web", "mobile"])
        case "integer":
            return st.integers(int(param.low), min(int(param.high), LONGEST_SIDE))
    high = LARGEST_FACTOR.get(name, param.high)
    ends = {param.default, (param.low + high) / 2}
    ends |= set() if param.open_low else {param.low}
    ends |= set() if param.open_high else {high}
    between = st.floats(param.low, high, exclude_min=param.open_low, exclude_max=param.open_high)
    return between | st.sampled_from(sorted(end for end in ends if isinstance(end, int | float)))


@contextmanager
def reference() -> Iterator[None]:
    """Run AugLy's own functions while the block runs."""
    before = os.environ.get("AUGBUILD_REFERENCE")
    os.environ["AUGBUILD_REFERENCE"] = "1"
    try:
        yield
    finally:
        del os.environ["AUGBUILD_REFERENCE"]
        if before is not None:
            os.environ["AUGBUILD_REFERENCE"] = before


def outcome(image: Image.Image, op: Op, layers: Path | None) -> tuple[object, bytes | str]:
    """Return size and pixels of a result, or the error."""
    try:
        result = apply(image, [op], layers)
    except ApplyError as error:
        return "error", str(error)
    return result.size, result.tobytes()


def assert_as_auglys(image: Image.Image, op: Op, layers: Path | None = None) -> None:
    """Apply an op both ways; the results must be equal, and the image untouched."""
    before = image.tobytes()
    ours = outcome(image, op, layers)
    with reference():
        auglys = outcome(image, op, layers)
    assert ours[0] == auglys[0]
    # Not compared by pytest, which would print megabytes.
    is_equal = ours[1] == auglys[1]
    assert is_equal, f"{op} on {image.size}"
    assert image.tobytes() == before
