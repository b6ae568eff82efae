"""Frames: what mirrors, cuts, shears or surrounds an image, with AugLy's pixels."""

from __future__ import annotations

from PIL import Image

Colour = tuple[int, int, int]


def hflip(image: Image.Image) -> Image.Image:
    """Mirror left and right (AugLy's hflip)."""
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def vflip(image: Image.Image) -> Image.Image:
    """Mirror top and bottom (AugLy's vflip)."""
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def crop(image: Image.Image, x1: float, y1: float, x2: float, y2: float) -> Image.Image:
    """Cut out a rectangle given as fractions of the frame (AugLy's crop)."""
    width, height = image.size
    left = int(width * x1)
    top = int(height * y1)
    right = int(width * x2)
    bottom = int(height * y2)
    return image.crop((left, top, right, bottom))


def skew(image: Image.Image, skew_factor: float, axis: int) -> Image.Image:
    """Shear along the x axis (0) or the y axis (1), about the middle (AugLy's skew)."""
    width, height = image.size
    inverse: tuple[float, ...]
    if axis == 0:
        shift = -skew_factor * height / 2
        inverse = (1, skew_factor, shift, 0, 1, 0)
    else:
        shift = -skew_factor * width / 2
        inverse = (1, 0, 0, skew_factor, 1, shift)
    affine = Image.Transform.AFFINE
    bilinear = Image.Resampling.BILINEAR
    return image.transform(image.size, affine, inverse, bilinear)


def pad(image: Image.Image, w_factor: float, h_factor: float, color: Colour) -> Image.Image:
    """Add a border of two fractions of the image (AugLy's pad)."""
    width, height = image.size
    left = int(w_factor * width)
    top = int(h_factor * height)
    size = (width + 2 * left, height + 2 * top)
    padded = Image.new("RGB", size, color)
    padded.paste(image, (left, top))
    return padded


def pad_square(image: Image.Image, color: Colour) -> Image.Image:
    """Add borders to the shorter sides (AugLy's pad_square)."""
    width, height = image.size
    missing = abs(width - height)
    if width < height:
        w_factor = missing / (2 * width)
        return pad(image, w_factor, 0, color)
    h_factor = missing / (2 * height)
    return pad(image, 0, h_factor, color)
