"""Images decoded and resized, into memory or into a file that later runs find again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL import __version__ as pillow_version

from augbuild.core.pool import available_cpus, chunked, map_pooled
from augbuild.core.progress import ProgressBar
from augbuild.errors import ImageError
from augbuild.pixels.originals import read_picture
from augbuild.sources.boxes.box import photo_of
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding

_CHUNK = 16  # images that a worker decodes at a time
_POOL_PAYS_FROM = 200  # images; fewer are decoded before workers have started

Pixels = NDArray[np.uint8]
Failures = list[tuple[Path, str]]  # images that could not be decoded, with the reason

Images = Mapping[Path, Decoding]
"""Paths of images, of which some may name boxes of photos, each with how it is decoded."""


def load_pixels(path: Path, size: int, decoding: Decoding = DEFAULT_DECODING) -> Pixels:
    """Decode an image and resize it to a square, bilinearly, as the lab did; raises ImageError."""
    image = read_picture(path, decoding)
    square = image.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(square)


def image_bytes(size: int) -> int:
    """Return how many bytes the pixels of a square image take."""
    return size * size * 3


def store_key(images: Images, size: int) -> str:
    """Hash all that the pixels depend on: the files, by size and time, and how they are decoded."""
    # 1 is the version of this scheme: raise it when the same file comes out as other pixels.
    digest = hashlib.sha256(f"1 {size} bilinear {pillow_version}".encode())
    for path, decoding in images.items():
        # Of a box it is the photo that lies on the disk.
        status = Path(photo_of(str(path))).stat()
        size_and_time = f"{status.st_size}\x1f{status.st_mtime_ns}"
        line = f"{path.absolute()}\x1f{size_and_time}\n"
        if decoding != DEFAULT_DECODING:
            line = f"{decoding}\x1f{line}"
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()[:32]


def fill_store(target: Path, images: Images, size: int, *, quiet: bool) -> Failures:
    """Decode all images into a file, put in place once it is complete; return what failed."""
    # Two runs may fill the same store at once: each its own file, and the bytes are the same.
    staged = target.with_suffix(f".{os.getpid()}.partial")
    try:
        with staged.open("wb") as file:
            file.truncate(len(images) * image_bytes(size))  # sparse: workers fill their rows in
        failures = decode_all(staged, images, size, quiet=quiet)
        if not failures:
            staged.replace(target)
    finally:
        staged.unlink(missing_ok=True)
    return failures


def decode_all(target: Path | None, images: Images, size: int, *, quiet: bool) -> Failures:
    """Decode all images, into a file that workers share if there is one; return what failed."""
    n_jobs = 1 if len(images) < _POOL_PAYS_FROM else available_cpus()
    decode = partial(_decode_chunk, target, size)
    chunks = chunked(enumerate(images.items()), _CHUNK)
    failures: Failures = []
    with ProgressBar("decoding", len(images), "images", quiet=quiet) as progress:
        for failed in map_pooled(decode, chunks, n_jobs=n_jobs):
            failures += failed
            progress.advance(_CHUNK)
    return failures


def _decode_chunk(
    target: Path | None, size: int, items: Sequence[tuple[int, tuple[Path, Decoding]]]
) -> Failures:
    """Decode some images, into their rows of the file if there is one; return what failed."""
    failures = []
    with target.open("r+b") if target is not None else nullcontext() as file:
        for row, (path, decoding) in items:
            try:
                pixels = load_pixels(path, size, decoding)
            except ImageError as error:
                failures.append((path, str(error)))
                continue
            if file is not None:
                file.seek(row * image_bytes(size))
                file.write(pixels.tobytes())
    return failures
