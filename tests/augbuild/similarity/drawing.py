"""Pictures for the tests of similarity: drawn, turned and signed."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from augbuild.similarity.pictures.signatures import Signatures, parse_signatures, signature
from augbuild.similarity.pictures.turns import Turn

# Pillow turns the other way.
CLOCKWISE = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


def turned(picture: Image.Image, turn: Turn) -> Image.Image:
    """Do with Pillow what a turn says."""
    if turn.startswith("mirrored"):
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for degrees, method in CLOCKWISE.items():
        if f"by {degrees}°" in turn:
            return picture.transpose(method)
    return picture


def scene(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Draw a picture like a photo: shapes of all sizes on a shaded ground, and a little grain."""
    random = np.random.default_rng(seed)
    width, height = size
    ground = np.linspace(60, 180, height)[:, None, None] + random.uniform(-40, 40, 3)
    pixels = np.broadcast_to(ground, (height, width, 3)) + random.normal(0, 4, (height, width, 3))
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for extent in (0.5, 0.3, 0.3, *[0.2] * 6, *[0.1] * 14):
        x, y = random.uniform(-0.1, 0.9, 2) * size
        across, down = random.uniform(0.4, 1, 2) * extent * width
        colour = tuple(random.integers(0, 256, 3).tolist())
        shape = draw.ellipse if random.random() < 0.5 else draw.rectangle
        shape((x, y, x + across, y + down), fill=colour)
    return picture


def crop(picture: Image.Image, share: float, at: tuple[float, float] = (0.5, 0.5)) -> Image.Image:
    """Cut out a part that has `share` of each side; `at` says where, from 0 to 1."""
    width, height = picture.size
    across, down = round(width * share), round(height * share)
    left, top = round((width - across) * at[0]), round((height - down) * at[1])
    return picture.crop((left, top, left + across, top + down))


def tilted(picture: Image.Image, degrees: float) -> Image.Image:
    """Turn by a few degrees, with black corners."""
    return picture.rotate(degrees, Image.Resampling.BICUBIC)


def captioned(picture: Image.Image) -> Image.Image:
    """Lay a black bar with a text over the bottom."""
    captioned = picture.copy()
    width, height = picture.size
    draw = ImageDraw.Draw(captioned)
    draw.rectangle((0, height * 0.9, width, height), fill="black")
    draw.text((10, height * 0.92), "somewhere by the sea", fill="white")
    return captioned


SAME_FRAME: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "smaller": lambda picture: picture.reduce(2),
    "stretched": lambda picture: picture.resize((320, 320)),
    "grey": lambda picture: picture.convert("L"),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.7),
    "contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(1.4),
    "captioned": captioned,
}
MOVED: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "cropped by 10 %": lambda picture: crop(picture, 0.9, (0.2, 0.9)),
    "cropped by 30 %": lambda picture: crop(picture, 0.7, (0.3, 0.6)),
    "square": lambda picture: picture.crop((40, 0, 280, 240)),
    "padded": lambda picture: ImageOps.pad(picture, (320, 320), color="white"),
    "framed": lambda picture: ImageOps.expand(picture, 20, "black"),
    "tilted": lambda picture: tilted(picture, 3),
}


def encoded(picture: Image.Image, quality: int = 90) -> bytes:
    """Encode a picture as JPEG."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def signed(picture: Image.Image) -> bytes:
    """Sign a picture as a JPEG file of it."""
    found = signature(encoded(picture))
    assert found is not None
    return found


def signatures_of(*pictures: Image.Image) -> Signatures:
    """Sign pictures, as a set."""
    return parse_signatures([signed(picture) for picture in pictures])


def signed_below(root: Path) -> dict[str, bytes]:
    """Sign the pictures below a folder that can be read."""
    found = {}
    for path in sorted(root.rglob("*")):
        known = signature(path) if path.is_file() else None
        if known is not None:
            found[path.relative_to(root).as_posix()] = known
    return found
