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
    box = (
        int(image.width * x1),
        int(image.height * y1),
        int(image.width * x2),
        int(image.height * y2),
    )
    return image.crop(box)


def skew(image: Image.Image, skew_factor: float, axis: int) -> Image.Image:
    """Shear along the x axis (0) or the y axis (1), about the middle (AugLy's skew)."""
    inverse: tuple[float, ...]
    if axis == 0:
        inverse = (1, skew_factor, -skew_factor * image.height / 2, 0, 1, 0)
    else:
        inverse = (1, 0, 0, skew_factor, 1, -skew_factor * image.width / 2)
    return image.transform(image.size, Image.Transform.AFFINE, inverse, Image.Resampling.BILINEAR)


def pad(image: Image.Image, w_factor: float, h_factor: float, color: Colour) -> Image.Image:
    """Add a border of two fractions of the image (AugLy's pad)."""
    left = int(w_factor * image.width)
    top = int(h_factor * image.height)
    size = (image.width + 2 * left, image.height + 2 * top)
    padded = Image.new("RGB", size, color)
    padded.paste(image, (left, top))
    return padded


def pad_square(image: Image.Image, color: Colour) -> Image.Image:
    """Add borders to the shorter sides (AugLy's pad_square)."""
    width, height = image.size
    if width < height:
        return pad(image, (height - width) / (2 * width), 0, color)
    return pad(image, 0, (width - height) / (2 * height), color)
