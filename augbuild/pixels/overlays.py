"""Open what ops lay over an image: emoji, fonts, screenshot templates and a recipe's own images.

AugLy would open them itself: by path, of any format, through libmagic, and from the network.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from augbuild.catalogue.assets import asset_sha256, resolve_asset
from augbuild.catalogue.transforms import Kind
from augbuild.errors import ImageError
from augbuild.pixels.codec import read_layer

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels."""


class Screenshot(NamedTuple):
    """A template and the box in it where the image goes."""

    template: Image.Image
    box: Box


def open_asset(
    kind: Kind,
    name: str,
    folder: Path | None,
    sha256: object,
) -> object:
    """Open an asset as the function of its op takes it: an image, a Screenshot or a font's path.

    `folder` is where a recipe's own images are. `sha256` is what the file must have, or None for
    any. Raises ValueError, whose message continues a sentence that begins with the parameter.
    """
    path = resolve_asset(kind, name, folder)
    found = asset_sha256(path)
    if sha256 is not None and sha256 != found:
        raise ValueError(f"{name!r} is not the file that the recipe was made with")
    try:
        return _OPEN[kind](path, found)
    except ImageError as error:
        raise ValueError(f"{name!r} cannot be used: {error}") from error


# The hash is part of each cache's key, so that a file that has changed is opened again.


@lru_cache(maxsize=64)
def _open_bundled(path: Path, _sha256: str) -> Image.Image:
    # Not read_layer: AugLy scales an emoji's palette, without smoothing.
    with Image.open(path) as image:
        image.load()
        return image.copy()


@lru_cache(maxsize=2)
def _open_layer(path: Path, _sha256: str) -> Image.Image:
    return read_layer(path)


def _open_screenshot(path: Path, sha256: str) -> Screenshot:
    content = path.with_name("bboxes.json").read_bytes()
    left, top, right, bottom = json.loads(content)[path.name]
    template = _open_bundled(path, sha256)
    return Screenshot(template, (left, top, right, bottom))


Open = Callable[[Path, str], object]

_OPEN: Mapping[Kind, Open] = {
    "emoji": _open_bundled,
    "font": lambda path, _: str(path),
    "image": _open_layer,
    "template": _open_screenshot,
}
