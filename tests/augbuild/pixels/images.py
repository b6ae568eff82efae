"""Small images, ops and encoded files for the tests of pixels."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from augbuild.catalogue.transforms import CATALOGUE, JsonValue, Op

ARROW = np.zeros((30, 40, 3), np.uint8)
ARROW[:10, :10] = (250, 20, 20)  # a red corner at the top left tells the eight orientations apart


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """Make an image in which every value occurs and no two pixels are alike."""
    generator = np.random.default_rng(seed)
    return Image.fromarray(generator.integers(0, 256, (height, width, 3), np.uint8))


def pixels(image: Image.Image) -> NDArray[np.int64]:
    """Return the values of an image as integers that can be subtracted."""
    return np.asarray(image).astype(np.int64)


def saved(image: Image.Image, format: str, **settings: object) -> bytes:
    """Encode an image with Pillow's own writers."""
    buffer = io.BytesIO()
    image.save(buffer, format=format, **settings)
    return buffer.getvalue()


def default_op(name: str, **params: JsonValue) -> Op:
    """Make an op with all defaults; parameters that have none get a value here."""
    given: dict[str, JsonValue] = {
        "seed": 7,
        "text": "Hello",
        "overlay": "layer.png",
        "background_image": "layer.png",
    }
    values: dict[str, JsonValue] = {}
    for key, param in CATALOGUE[name].params.items():
        needs_value = param.default is None and key in given
        values[key] = given[key] if needs_value else param.default
    return Op(name, values | params)


def write_layer(folder: Path) -> Path:
    """Write layer.png, an image to lay over others: half transparent, in part."""
    layer = noise(40, 30, seed=9).convert("RGBA")
    layer.paste((0, 0, 0, 128), (0, 0, 20, 15))
    layer.save(folder / "layer.png")
    return folder
