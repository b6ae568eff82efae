"""Images in and out: safe, upright, 8-bit RGB on the way in; deterministic on the way out."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from augbuild.errors import ImageError
from augbuild.pixels.decoding.content import describe_content
from augbuild.pixels.decoding.modes import is_transparent, to_rgb
from augbuild.pixels.quiet import quiet_decoders
from augbuild.sources.decoding import DEFAULT_DECODING, MOST_PIXELS, Decoding
from augbuild.sources.folders.formats import has_heif
from augbuild.sources.originals import read_bytes

Format = Literal["jpeg", "png", "webp"]

# Pillow opens 43 formats; most of its CVEs are in the others.
_FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP")
_EXIF_ORIENTATION = 0x0112
_TURN_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_THEIR_SIDE = frozenset({5, 6, 7, 8})
# The closed set that a million mutated files raised in Pillow's decoders.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    EOFError,
    struct.error,
    RuntimeError,  # pillow-heif's
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def read_image(file: Path | bytes, decoding: Decoding = DEFAULT_DECODING) -> Image.Image:
    """Decode an image: upright, 8-bit RGB, first frame, no metadata; raises ImageError.

    16-bit values are scaled, transparency is composited on white, CMYK is converted by Pillow's
    formula without its ICC profile. At most `decoding.max_pixels` pixels are decoded.
    """
    return _decode(_content_of(file), decoding, draft=None)


def read_layer(file: Path | bytes) -> Image.Image:
    """Decode an image to lay over another: as `read_image`, but RGBA where it has transparency.

    Raises ImageError.
    """
    data = _content_of(file)
    opaque = read_image(data)
    with quiet_decoders(data), _identify(data) as image:
        if not is_transparent(image):
            return opaque
        layer = image.convert("RGBA")
        return _upright(image, layer)


def read_small(
    file: Path | bytes, size: tuple[int, int], decoding: Decoding = DEFAULT_DECODING
) -> NDArray[np.uint8]:
    """Decode an RGB thumbnail of `size` (width, height), upright; raises ImageError.

    Returns shape (height, width, 3). A JPEG is decoded at a fraction of its scale, so this costs
    far less than `read_image`.
    """
    image = _decode(_content_of(file), decoding, draft=size)
    # reducing_gap shrinks by whole factors first: the box filter then sees few pixels.
    small = image.resize(size, Image.Resampling.BOX, reducing_gap=3.0)
    return np.asarray(small)


def read_size(file: Path | bytes) -> tuple[int, int]:
    """Read width and height from an image's header, upright; raises ImageError."""
    data = _content_of(file)
    with quiet_decoders(data), _identify(data) as image:
        width, height = image.size
        if _orientation(image) in _ON_THEIR_SIDE:
            return height, width
        return width, height


def is_upright(data: bytes) -> bool:
    """Check whether an image is stored as it is shown; raises ImageError."""
    with quiet_decoders(data), _identify(data) as image:
        return _orientation(image) == 1


def has_more_frames(data: bytes) -> bool:
    """Check whether an encoded image is animated or has several pages; only the first is read.

    A JPEG's embedded previews and gain maps (MPO) don't count.
    """
    if data.startswith(b"\xff\xd8"):
        return False
    with quiet_decoders(data):
        try:
            with open_encoded(data) as image:
                return bool(getattr(image, "is_animated", False))
        except DECODER_ERRORS:
            return False


def encode(image: Image.Image, format: Format, quality: int) -> bytes:
    """Encode an RGB image, deterministically and without metadata.

    `quality` (1 to 100) is for JPEG and WebP.
    """
    buffer = io.BytesIO()
    settings = _encoder_settings(format, quality)
    image.save(buffer, format=format.upper(), exif=b"", icc_profile=None, **settings)
    return buffer.getvalue()


def shrink(image: Image.Image, max_side: int | None) -> Image.Image:
    """Shrink an image whose longer side has over `max_side` pixels; None leaves any as it is.

    Variants are shrunk before their first op.
    """
    longer = max(image.size)
    if max_side is None or longer <= max_side:
        return image
    factor = max_side / longer
    size = (
        max(1, round(image.width * factor)),
        max(1, round(image.height * factor)),
    )
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _content_of(file: Path | bytes) -> bytes:
    return file if isinstance(file, bytes) else read_bytes(file)


def open_encoded(data: bytes) -> Image.Image:
    """Open an encoded image of the formats that are read, to read its header; raises as Pillow."""
    formats: tuple[str, ...] = _FORMATS
    if data[4:8] == b"ftyp" and has_heif():
        # Registered by need: other images do not pay for its import.
        from pillow_heif import register_heif_opener

        register_heif_opener()
        formats = (*_FORMATS, "HEIF", "AVIF")
    return Image.open(io.BytesIO(data), formats=formats)


def _decode(data: bytes, decoding: Decoding, draft: tuple[int, int] | None) -> Image.Image:
    """Decode to upright RGB; with a `draft` size, a JPEG may come out smaller, but not below it."""
    with quiet_decoders(data), _identify(data) as image:
        width, height = image.size
        if width * height > decoding.max_pixels:
            limit = f"at most {decoding.max_pixels:,} are decoded"
            message = f"{width} x {height} pixels; {limit} (max_pixels in [source])"
            raise ImageError("too_large", message)
        try:
            if draft:
                image.draft("RGB", draft)
            image.load()
            return _upright(image, to_rgb(image, decoding.depth))
        except MemoryError as error:
            message = f"{width} x {height} pixels did not fit into memory"
            raise ImageError("out_of_memory", message) from error
        except DECODER_ERRORS as error:
            raise ImageError("truncated", "the image data is cut short or damaged") from error


def _identify(data: bytes) -> Image.Image:
    """Read an image's header; raises ImageError."""
    try:
        return open_encoded(data)
    except UnidentifiedImageError as error:
        message = describe_content(data) or "not a JPEG, PNG, PPM, BMP, TIFF or WebP image"
        raise ImageError("not_an_image", message) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError("too_large", f"more than {MOST_PIXELS:,} pixels") from error
    except DECODER_ERRORS as error:
        message = describe_content(data) or "its header is damaged"
        raise ImageError("not_an_image", message) from error


def _upright(image: Image.Image, pixels: Image.Image) -> Image.Image:
    """Turn `pixels` as the EXIF orientation of `image` says."""
    orientation = _orientation(image)
    if orientation in _TURN_UPRIGHT:
        pixels = pixels.transpose(_TURN_UPRIGHT[orientation])
    pixels.info = {}
    return pixels


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; malformed EXIF counts as upright, which is 1."""
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION)
    except DECODER_ERRORS:
        return 1
    if isinstance(orientation, int) and orientation in _TURN_UPRIGHT:
        return orientation
    return 1


def _encoder_settings(format: Format, quality: int) -> dict[str, object]:
    """Return every setting of an encoder.

    A default that changes between Pillow releases would change every file.
    """
    match format:
        case "jpeg":
            return {
                "quality": quality,
                "subsampling": "4:2:0",
                "optimize": False,
                "progressive": False,
                "comment": b"",
            }
        case "png":
            return {"compress_level": 6, "optimize": False}
        case "webp":
            return {"quality": quality, "method": 4, "lossless": False, "exact": False}
