"""Images as tensors: decoded and resized once, kept as bytes, normalised where the model is."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from PIL import __version__ as pillow_version

from augbuild.core.pool import available_cpus, chunked, map_pooled
from augbuild.core.progress import ProgressBar
from augbuild.errors import ImageError, TableError
from augbuild.pixels.codec import read_image
from trainer.data.samples import Sample

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, of values from 0 to 1, as torchvision's pretrained models expect them."""

_CHUNK = 16
_POOL_PAYS_FROM = 200
_SPARE_BYTES = 1 << 30

Pixels = NDArray[np.uint8]


class ManifestDataset:
    """Images and targets as torchvision's ImageFolder has them; indexing gives a uint8 array (height, width, 3).

    `pixels` maps a path to its row in `store`, an array (images, size, size, 3) that other datasets may share.
    """

    def __init__(
        self, samples: Sequence[Sample], classes: Sequence[str], store: PixelStore
    ) -> None:
        self.classes = list(classes)
        self.class_to_idx = {label: index for index, label in enumerate(classes)}
        self.samples = [(str(sample.path), self.class_to_idx[sample.label]) for sample in samples]
        self.targets = [target for _, target in self.samples]
        self.names = [sample.name for sample in samples]
        self._store, self._paths = store, [sample.path for sample in samples]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Pixels, int]:
        return self.pixels([index])[0], self.targets[index]

    def pixels(self, indices: Sequence[int]) -> Pixels:
        """Give a batch of pixels, (images, size, size, 3)."""
        return self._store.take([self._paths[index] for index in indices])

    def batch(
        self, indices: Sequence[int], device: torch.device
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Give normalised images (images, 3, size, size) in channels_last order, and targets, on a device."""
        pixels = torch.from_numpy(self.pixels(indices))
        targets = torch.tensor([self.targets[index] for index in indices])
        if device.type == "cuda":
            pixels, targets = pixels.pin_memory(), targets.pin_memory()
        return normalise(pixels.to(device, non_blocking=True)), targets.to(
            device, non_blocking=True
        )


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    """Turn bytes (images, height, width, 3) into what the model takes: (images, 3, height, width), ImageNet's scale."""
    mean = torch.tensor(MEAN, device=pixels.device).mul(255.0)
    std = torch.tensor(STD, device=pixels.device).mul(255.0)
    return pixels.float().sub_(mean).div_(std).permute(0, 3, 1, 2)


def load_pixels(path: Path, size: int) -> Pixels:
    """Decode an image and resize it to a square, bilinearly, as the lab did; raises ImageError."""
    return np.asarray(read_image(path).resize((size, size), Image.Resampling.BILINEAR))


@dataclass(frozen=True, slots=True)
class PixelStore:
    """Pixels of many images, decoded once: a file mapped into memory, or None to decode each time anew."""

    size: int
    rows: Mapping[Path, int]
    array: Pixels | None

    def take(self, paths: Sequence[Path]) -> Pixels:
        """Give the pixels of some images."""
        if self.array is None:
            return np.stack([load_pixels(path, self.size) for path in paths])
        return self.array[[self.rows[path] for path in paths]]


def open_store(
    samples: Sequence[Sample], size: int, cache: Path | None, *, file: Path, quiet: bool = True
) -> tuple[PixelStore, str | None]:
    """Decode and resize all images on all processors, or find that done before; say so if the disk is too small.

    Without a `cache` folder, each image is decoded whenever it is needed. Raises TableError naming the row of an image
    that cannot be read.
    """
    paths = list(dict.fromkeys(sample.path for sample in samples))
    rows = {path: row for row, path in enumerate(paths)}
    where = {sample.path: f"{file}: row {sample.row}: {sample.name}" for sample in samples}
    needed = len(paths) * size * size * 3
    if cache is None:
        return PixelStore(size, rows, None), None
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / f"{_key(paths, size)}.pixels"
    if not (target.is_file() and target.stat().st_size == needed):
        if shutil.disk_usage(cache).free < needed + _SPARE_BYTES:
            word = f"{cache} has no room for {needed / 1e9:.1f} GB of pixels; images are decoded whenever they are needed"
            return PixelStore(size, rows, None), word
        _fill(target, paths, size, where, quiet=quiet)
    array = np.memmap(target, np.uint8, "r", shape=(len(paths), size, size, 3))
    return PixelStore(size, rows, array), None


def _key(paths: Sequence[Path], size: int) -> str:
    """Name a store by all that its pixels depend on: the files, by size and time, and how they are decoded."""
    digest = hashlib.sha256(f"1 {size} bilinear {pillow_version}".encode())
    for path in paths:
        status = path.stat()
        digest.update(
            f"{path.absolute()}\x1f{status.st_size}\x1f{status.st_mtime_ns}\n".encode(
                errors="surrogateescape"
            )
        )
    return digest.hexdigest()[:32]


def _fill(
    target: Path, paths: Sequence[Path], size: int, where: Mapping[Path, str], *, quiet: bool
) -> None:
    partial_file = target.with_suffix(f".{os.getpid()}.partial")
    try:
        with partial_file.open("wb") as file:
            file.truncate(len(paths) * size * size * 3)
        n_jobs = 1 if len(paths) < _POOL_PAYS_FROM else available_cpus()
        chunks = chunked(enumerate(paths), _CHUNK)
        with ProgressBar("decoding", len(paths), "images", quiet=quiet) as progress:
            for failures in map_pooled(
                partial(_fill_chunk, partial_file, size), chunks, n_jobs=n_jobs
            ):
                for path, reason in failures:
                    raise TableError(f"{where[path]} is no usable image: {reason}")
                progress.advance(_CHUNK)
        partial_file.replace(target)
    finally:
        partial_file.unlink(missing_ok=True)


def _fill_chunk(
    target: Path, size: int, items: Sequence[tuple[int, Path]]
) -> list[tuple[Path, str]]:
    """Decode some images into their rows of the file; give those that could not be."""
    failures, row_bytes = [], size * size * 3
    with target.open("r+b") as file:
        for row, path in items:
            try:
                pixels = load_pixels(path, size)
            except ImageError as error:
                failures.append((path, str(error)))
            else:
                file.seek(row * row_bytes)
                file.write(pixels.tobytes())
    return failures
