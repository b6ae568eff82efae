"""The originals of a dataset as pixels: a whole file, or the box of it that a path names."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from augbuild.errors import ImageError
from augbuild.pixels.codec import encode, is_upright, read_image, read_size
from augbuild.sources.boxes.box import Box, Region, region_of, split_box
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding
from augbuild.sources.originals import read_bytes


def decode_original(data: bytes, path: str, decoding: Decoding = DEFAULT_DECODING) -> Image.Image:
    """Decode the original that a path names, given the bytes of its file; raises ImageError."""
    _, box = split_box(path)
    if box is None:
        return read_image(data, decoding)
    region = _region_in(data, box, decoding)
    return read_image(data, decoding).crop(region)


def original_size(data: bytes, path: str, decoding: Decoding = DEFAULT_DECODING) -> tuple[int, int]:
    """Return width and height of an original by the header of its file; raises ImageError."""
    _, box = split_box(path)
    if box is None:
        return read_size(data)
    left, top, right, bottom = _region_in(data, box, decoding)
    return right - left, bottom - top


def original_content(data: bytes, path: str, image: Image.Image) -> bytes:
    """Return an original as it lies in a tree: its file's own bytes, or its box as a PNG.

    `image` is the original, decoded.
    """
    _, box = split_box(path)
    return data if box is None else encode(image, "png", quality=100)


def read_picture(path: Path, decoding: Decoding = DEFAULT_DECODING) -> Image.Image:
    """Read and decode a file, or the box of it that the path names; raises ImageError."""
    photo, _ = split_box(str(path))
    return decode_original(read_bytes(Path(photo)), str(path), decoding)


def _region_in(data: bytes, box: Box, decoding: Decoding) -> Region:
    # A photo that is stored on its side may have been annotated either way up, and tools differ:
    # LabelImg shows it as it is stored, CVAT as it is meant.
    if not is_upright(data):
        raise ImageError(
            "box_turned",
            "its photo is stored turned (EXIF orientation), so its boxes may be meant either way; "
            "save the photo upright, without that tag, and look whether its boxes fit",
        )
    return region_of(box, read_size(data), decoding)
