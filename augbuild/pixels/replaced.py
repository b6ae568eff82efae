"""Transforms of AugLy that are written anew, because its own cannot be called.

Two fail on current Pillow and NumPy (meme_format, perspective_transform), two re-seed NumPy's global generator
(random_noise, shuffle_pixels), and overlay_text unpickles a file beside its font.
"""

from __future__ import annotations

import io
from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from augbuild.errors import ApplyError

Colour = tuple[int, int, int]
_BAND = 1 << 18  # values of noise at a time: AugLy takes 85 bytes of memory a pixel


def random_noise(image: Image.Image, mean: float, var: float, seed: int) -> Image.Image:
    """Add Gaussian noise of a mean and variance on a scale of 0 to 1: AugLy's pixels, with a generator of our own.

    Drawn band by band: consecutive draws of a RandomState are the same values as one large draw.
    """
    generator, sigma = np.random.RandomState(seed), var**0.5
    values = np.asarray(image)
    result = np.empty_like(values)
    rows = max(1, _BAND // (3 * image.width))
    for top in range(0, image.height, rows):
        band = values[top : top + rows].astype(np.float32) / np.float32(255.0)
        noisy = np.clip(band + generator.normal(mean, sigma, band.shape), 0.0, 1.0) * 255.0
        result[top : top + rows] = noisy.astype(np.uint8)
    return Image.fromarray(result)


def shuffle_pixels(image: Image.Image, factor: float, seed: int) -> Image.Image:
    """Move a share of the pixels to each other's places: AugLy's pixels, with a generator of our own."""
    generator = np.random.RandomState(seed)
    # Each pixel is one number: AugLy shuffles rows of an array, in the same order but one Python call at a time.
    pixels = np.array(image.convert("RGBA")).view(np.uint32).reshape(-1)
    chosen = generator.choice(len(pixels), size=int(factor * len(pixels)), replace=False)
    moved = pixels[chosen]
    generator.shuffle(moved)
    pixels[chosen] = moved
    return Image.fromarray(pixels.view(np.uint8).reshape(image.height, image.width, 4)).convert(
        "RGB"
    )


def perspective_transform(
    image: Image.Image,
    sigma: float,
    dx: float,
    dy: float,
    seed: int,
    crop_out_black_border: bool = False,
) -> Image.Image:
    """Move each corner by a Gaussian shift of `sigma` pixels, and all by (dx, dy), as AugLy's perspective_transform.

    Raises ApplyError where nothing is left without a black border.
    """
    generator = np.random.RandomState(seed)
    width, height = image.size
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    moved = [(generator.normal(x, sigma) + dx, generator.normal(y, sigma) + dy) for x, y in corners]
    result = image.transform(
        image.size,
        Image.Transform.PERSPECTIVE,
        _coefficients(corners, moved),
        Image.Resampling.BICUBIC,
    )
    if not crop_out_black_border:
        return result
    left_top, right_top, right_bottom, left_bottom = moved
    left, right = max(0, left_top[0], left_bottom[0]), min(width, right_top[0], right_bottom[0])
    top, bottom = max(0, left_top[1], right_top[1]), min(height, left_bottom[1], right_bottom[1])
    if left >= right or top >= bottom:
        raise ApplyError(
            "perspective_transform",
            f"nothing of {width} x {height} pixels is left inside a black border",
        )
    return result.crop((round(left), round(top), round(right), round(bottom)))


def _coefficients(corners: list[tuple[int, int]], moved: list[tuple[float, float]]) -> list[float]:
    """Solve for the eight coefficients of the projection that maps `moved` back to `corners`."""
    rows, values = [], []
    for (u, v), (x, y) in zip(corners, moved, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved = np.linalg.solve(np.array(rows, dtype=np.float64), np.array(values, dtype=np.float64))
    # The last bits differ between processors. Ten digits hardly ever do, and no pixel needs more; dust of 1e-19 would
    # even move pixels whose place is exact.
    return [round(float(f"{value:.10g}"), 15) for value in solved]


def overlay_text(
    image: Image.Image,
    text: str,
    font_file: str,
    font_size: float,
    opacity: float,
    color: Colour,
    x_pos: float,
    y_pos: float,
) -> Image.Image:
    """Write `text` at a position and size given as fractions of the frame, as AugLy's overlay_text does with indices.

    Raises ApplyError where the letters would be less than a pixel high.
    """
    size = int(min(image.size) * font_size)
    if not size:
        raise ApplyError(
            "overlay_text",
            f"its letters are less than a pixel high on {image.width} x {image.height}",
        )
    font = _font(font_file, size)
    written = image.copy()
    draw = ImageDraw.Draw(written)
    for number, line in enumerate(text.split("\n")):
        draw.text(
            (x_pos * image.width, y_pos * image.height + number * (size + 5)),
            line,
            fill=color,
            font=font,
        )
    return Image.blend(image, written, opacity)


def meme_format(
    image: Image.Image,
    text: str,
    font_file: str,
    opacity: float,
    text_color: Colour,
    caption_height: int,
    meme_bg_color: Colour,
) -> Image.Image:
    """Put a bar with `text` above the image, in the largest letters that fit, as AugLy's meme_format.

    Raises ApplyError where no letters fit.
    """
    meme = Image.new("RGB", (image.width, image.height + caption_height), meme_bg_color)
    meme.paste(image, (0, caption_height))
    written = meme.copy()
    draw = ImageDraw.Draw(written)

    def extent(size: int) -> tuple[float, float]:
        return draw.multiline_textbbox((0, 0), text, font=_font(font_file, size), align="center")[
            2:
        ]

    def fits(size: int) -> bool:
        width, height = extent(size)
        return width <= image.width - 10 and height <= caption_height - 10

    sizes = range(caption_height - 10, 0, -5)
    best = bisect_left(sizes, True, key=fits)
    if best == len(sizes):
        raise ApplyError(
            "meme_format",
            f"the text does not fit on a bar of {image.width} x {caption_height} pixels",
        )
    width, height = extent(sizes[best])
    place = round((image.width - width) / 2), round((caption_height - height) / 2)
    draw.multiline_text(
        place, text, font=_font(font_file, sizes[best]), fill=text_color, align="center"
    )
    return Image.blend(meme, written, opacity)


def _font(file: str, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout is the one that every build of Pillow has: the same letters everywhere.
    return ImageFont.truetype(io.BytesIO(_read(file)), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=16)
def _read(file: str) -> bytes:
    """Read a font ourselves: FreeType says only that it cannot, and not why."""
    return Path(file).read_bytes()


FUNCTIONS: Mapping[str, Callable[..., Image.Image]] = {
    "meme_format": meme_format,
    "overlay_text": overlay_text,
    "perspective_transform": perspective_transform,
    "random_noise": random_noise,
    "shuffle_pixels": shuffle_pixels,
}
