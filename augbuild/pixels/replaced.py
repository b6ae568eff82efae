"""Transforms of AugLy that are written anew, because its own cannot be called.

Two re-seed NumPy's global generator (random_noise, shuffle_pixels), perspective_transform fails on
current NumPy; those that write text are in `augbuild.pixels.lettering`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image

from augbuild.errors import ApplyError
from augbuild.pixels.lettering import meme_format, overlay_text

Point = tuple[float, float]

# Values of noise that are drawn at a time: AugLy takes 85 bytes of memory a pixel.
_VALUES_AT_ONCE = 1 << 18


def random_noise(image: Image.Image, mean: float, var: float, seed: int) -> Image.Image:
    """Add Gaussian noise of a mean and variance on a scale of 0 to 1, as AugLy's random_noise.

    The pixels are AugLy's, with a generator of our own. Drawn band by band: consecutive draws of a
    RandomState are the same values as one large draw.
    """
    generator = np.random.RandomState(seed)
    sigma = var**0.5
    values = np.asarray(image)
    result = np.empty_like(values)
    values_in_row = 3 * image.width
    rows = max(1, _VALUES_AT_ONCE // values_in_row)
    for top in range(0, image.height, rows):
        band = slice(top, top + rows)
        scaled = values[band].astype(np.float32)
        scaled /= np.float32(255.0)
        noise = generator.normal(mean, sigma, scaled.shape)
        noisy = np.clip(scaled + noise, 0.0, 1.0)
        noisy *= 255.0
        result[band] = noisy.astype(np.uint8)
    return Image.fromarray(result)


def shuffle_pixels(image: Image.Image, factor: float, seed: int) -> Image.Image:
    """Move a share of the pixels to each other's places, as AugLy's shuffle_pixels.

    The pixels are AugLy's, with a generator of our own.
    """
    generator = np.random.RandomState(seed)
    # Each pixel is one number: AugLy shuffles rows of an array, in the same order but with one
    # Python call for each.
    rgba = np.array(image.convert("RGBA"))
    pixels = rgba.view(np.uint32)
    pixels = pixels.reshape(-1)
    total = len(pixels)
    count = int(factor * total)
    chosen = generator.choice(total, size=count, replace=False)
    moved = pixels[chosen]
    generator.shuffle(moved)
    pixels[chosen] = moved
    return Image.fromarray(rgba).convert("RGB")


def perspective_transform(
    image: Image.Image,
    sigma: float,
    dx: float,
    dy: float,
    seed: int,
    crop_out_black_border: bool = False,
) -> Image.Image:
    """Move each corner by a Gaussian shift of `sigma` pixels, and all of them by (dx, dy).

    As AugLy's perspective_transform. With `crop_out_black_border`, raises ApplyError where nothing
    is left inside it.
    """
    generator = np.random.RandomState(seed)
    width, height = image.size
    corners: list[Point] = [
        (0, 0),
        (width, 0),
        (width, height),
        (0, height),
    ]
    moved: list[Point] = []
    for x, y in corners:
        new_x = generator.normal(x, sigma) + dx
        new_y = generator.normal(y, sigma) + dy
        moved.append((new_x, new_y))
    result = image.transform(
        image.size,
        Image.Transform.PERSPECTIVE,
        _solve_projection(corners, moved),
        Image.Resampling.BICUBIC,
    )
    if crop_out_black_border:
        return _crop_inside(result, moved)
    return result


def _solve_projection(corners: Sequence[Point], moved: Sequence[Point]) -> list[float]:
    """Return the eight coefficients of the projection that maps `moved` back to `corners`."""
    rows: list[list[float]] = []
    values: list[float] = []
    for corner, place in zip(corners, moved, strict=True):
        u, v = corner
        x, y = place
        across = [x, y, 1, 0, 0, 0, -u * x, -u * y]
        down = [0, 0, 0, x, y, 1, -v * x, -v * y]
        rows += [across, down]
        values += [u, v]
    matrix = np.array(rows, dtype=np.float64)
    wanted = np.array(values, dtype=np.float64)
    solved = np.linalg.solve(matrix, wanted)
    # The last bits differ between processors. Ten digits hardly ever do, and no pixel needs more;
    # dust of 1e-19 would even move pixels whose place is exact.
    coefficients = []
    for value in solved:
        ten_digits = float(f"{value:.10g}")
        without_dust = round(ten_digits, 15)
        coefficients.append(without_dust)
    return coefficients


def _crop_inside(image: Image.Image, corners: Sequence[Point]) -> Image.Image:
    """Cut out the upright box between four corners, clockwise from the left upper one.

    Raises ApplyError where there is none.
    """
    width, height = image.size
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = corners
    left = max(0, x1, x4)
    right = min(width, x2, x3)
    top = max(0, y1, y2)
    bottom = min(height, y3, y4)
    if left >= right or top >= bottom:
        message = f"nothing of {width} x {height} pixels is left inside a black border"
        raise ApplyError("perspective_transform", message)
    box = (
        round(left),
        round(top),
        round(right),
        round(bottom),
    )
    return image.crop(box)


Function = Callable[..., Image.Image]

FUNCTIONS: Mapping[str, Function] = {
    "meme_format": meme_format,
    "overlay_text": overlay_text,
    "perspective_transform": perspective_transform,
    "random_noise": random_noise,
    "shuffle_pixels": shuffle_pixels,
}
