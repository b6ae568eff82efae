"""Images in and out: safe, upright, 8-bit RGB on the way in; deterministic and atomic on the way out."""

from __future__ import annotations

import io
import os
import stat
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from augbuild.errors import FIX_AND_RERUN, ImageError, SourceError, is_machine_error

Format = Literal["jpeg", "png", "webp"]

MAX_PIXELS = 50_000_000
"""Larger images are rejected before they are decoded, and so are ops that would make one."""

MAX_FILE_BYTES = 1 << 30

_FORMATS = (
    "JPEG",
    "PNG",
    "PPM",
    "BMP",
    "TIFF",
    "WEBP",
)  # Pillow opens 43; most of its CVEs are in the others
_BACKGROUND = (255, 255, 255)  # what shows through transparent pixels
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_EXIF_ORIENTATION = 0x0112
_TRANSPARENT_MODES = frozenset({"RGBA", "LA", "La", "RGBa", "PA"})
# The closed set that a million mutated files raised in Pillow's decoders.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, EOFError, struct.error,
    zlib.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip

_STDERR = threading.Lock()

# Pillow warns about odd files (bombs, broken EXIF); we decide on each ourselves and say so in rejected.jsonl.
warnings.filterwarnings("ignore", module=r"PIL\.")


def read_bytes(path: Path) -> bytes:
    """Read a regular file whole; raises ImageError (empty, unreadable, too_large).

    Raises SourceError, which stops a build, where the machine is at fault and not the file: too many open files.
    """
    try:
        with open(path, "rb", opener=_open_without_blocking) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ImageError("unreadable", "not a regular file")
            if status.st_size > MAX_FILE_BYTES:
                raise ImageError(
                    "too_large", f"the file has {status.st_size:,} bytes; at most 1 GiB is read"
                )
            data = file.read()
    except OSError as error:
        why = error.strerror or type(error).__name__
        if is_machine_error(error):
            raise SourceError(f"{path}: {why}; {FIX_AND_RERUN}") from error
        raise ImageError("unreadable", f"cannot be read: {why}") from error
    if not data:
        raise ImageError("empty", "the file is empty")
    return data


def read_image(file: Path | bytes) -> Image.Image:
    """Decode an image: upright, 8-bit RGB, first frame, no metadata; raises ImageError.

    16-bit values are scaled (Pillow's own conversion clips them), transparency is composited on white, CMYK is
    converted by Pillow's formula without its ICC profile. At most MAX_PIXELS pixels are decoded.
    """
    return _decode(_bytes_of(file), draft=None)


def read_layer(file: Path | bytes) -> Image.Image:
    """Decode an image to lay over another: as `read_image`, but RGBA where it has transparency; raises ImageError."""
    data = _bytes_of(file)
    opaque = read_image(data)
    with _quiet_libtiff(data), _identify(data) as image:
        if image.mode not in _TRANSPARENT_MODES and "transparency" not in image.info:
            return opaque
        layer = image.convert("RGBA")
        return _upright(image, layer)


def read_grey(file: Path | bytes, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Decode a grey thumbnail of `size` (width, height), upright, as a uint8 array (height, width); raises ImageError.

    A JPEG is decoded at a fraction of its scale, so this costs far less than `read_image`.
    """
    image = _decode(_bytes_of(file), draft=size)
    # reducing_gap shrinks by whole factors first: the box filter then sees few pixels.
    return np.asarray(image.convert("L").resize(size, Image.Resampling.BOX, reducing_gap=3.0))


def has_more_frames(data: bytes) -> bool:
    """Tell whether an encoded image is animated or has several pages, of which only the first is read.

    A JPEG's embedded previews and gain maps (MPO) don't count.
    """
    if data.startswith(b"\xff\xd8"):
        return False
    with _quiet_libtiff(data):
        try:
            with _open(data) as image:
                return bool(getattr(image, "is_animated", False))
        except _DECODER_ERRORS:
            return False


def _open_without_blocking(path: str, flags: int) -> int:
    return os.open(
        path, flags | getattr(os, "O_NONBLOCK", 0)
    )  # a FIFO would otherwise wait for a writer, for ever


@contextmanager
def _quiet_libtiff(data: bytes) -> Iterator[None]:
    """Keep libtiff from writing to our standard error: it prints from C, thousands of lines for one hostile file."""
    if not data.startswith((b"II", b"MM")):
        yield
        return
    with (
        _STDERR,
        Path(os.devnull).open("wb") as nowhere,
    ):  # one thread at a time: the descriptor is the process's
        saved = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _bytes_of(file: Path | bytes) -> bytes:
    return file if isinstance(file, bytes) else read_bytes(file)


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=_FORMATS)


def _decode(data: bytes, draft: tuple[int, int] | None) -> Image.Image:
    with _quiet_libtiff(data), _identify(data) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise ImageError(
                "too_large", f"{width} x {height} pixels; at most {MAX_PIXELS:,} are decoded"
            )
        try:
            if draft:
                image.draft("RGB", draft)
            image.load()
            return _upright(image, _to_rgb(image))
        except MemoryError as error:
            raise ImageError(
                "out_of_memory", f"{width} x {height} pixels did not fit into memory"
            ) from error
        except _DECODER_ERRORS as error:
            raise ImageError("truncated", "the image data is cut short or damaged") from error


def _identify(data: bytes) -> Image.Image:
    try:
        return _open(data)
    except UnidentifiedImageError as error:
        raise ImageError("not_an_image", "not a JPEG, PNG, PPM, BMP, TIFF or WebP image") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError("too_large", f"more than {MAX_PIXELS:,} pixels") from error
    except _DECODER_ERRORS as error:
        raise ImageError("not_an_image", "its header is damaged") from error


def _upright(image: Image.Image, pixels: Image.Image) -> Image.Image:
    """Turn `pixels` as the EXIF orientation of `image` says; malformed EXIF counts as upright."""
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION)
    except _DECODER_ERRORS:
        orientation = None
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    turned = pixels if turn is None else pixels.transpose(turn)
    turned.info = {}
    return turned


def _to_rgb(image: Image.Image) -> Image.Image:
    mode = image.mode
    if mode == "RGB" and "transparency" not in image.info:
        return image.copy()
    if mode.startswith("I;16") or mode in {"I", "F"}:
        return Image.fromarray(_scale_to_8_bits(np.asarray(image))).convert("RGB")
    if mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(*profiles, "LAB", "RGB")
        return ImageCms.applyTransform(image, transform) or image
    if mode in _TRANSPARENT_MODES or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(
            Image.new("RGBA", layer.size, (*_BACKGROUND, 255)), layer
        ).convert("RGB")
    try:
        return image.convert("RGB")
    except ValueError as error:
        raise ImageError("unsupported_mode", f"pixels of mode {mode} cannot be made RGB") from error


def _scale_to_8_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale deep grey values to 0..255: from 16 bits where they fit, else from their own range."""
    grey = np.nan_to_num(values.astype(np.float64))
    low, high = float(grey.min()), float(grey.max())
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif values.dtype.itemsize > 2 and low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    elif low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    scaled = (grey - low) * (255.0 / max(high - low, 1e-300))
    return np.rint(scaled).clip(0, 255).astype(np.uint8)


def encode(image: Image.Image, format: Format, quality: int) -> bytes:
    """Encode an RGB image, deterministically and without metadata; `quality` (1 to 100) is for JPEG and WebP."""
    # Every setting is spelled out: a default that changes between Pillow releases would change every file.
    settings: dict[str, object] = {
        "jpeg": {
            "quality": quality,
            "subsampling": "4:2:0",
            "optimize": False,
            "progressive": False,
            "comment": b"",
        },
        "png": {"compress_level": 6, "optimize": False},
        "webp": {"quality": quality, "method": 4, "lossless": False, "exact": False},
    }[format]  # type: ignore[assignment]  # a table of keyword arguments
    buffer = io.BytesIO()
    image.save(buffer, format=format.upper(), exif=b"", icc_profile=None, **settings)
    return buffer.getvalue()


def shrink(image: Image.Image, max_side: int | None) -> Image.Image:
    """Shrink an image whose longer side has more than `max_side` pixels, as variants are before their first op."""
    if max_side is None or max(image.size) <= max_side:
        return image
    factor = max_side / max(image.size)
    size = tuple(max(1, round(side * factor)) for side in image.size)
    return image.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=3.0)
