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

from augbuild.core.files import size_and_mtime
from augbuild.core.pool import available_cpus, chunked, map_pooled
from augbuild.core.progress import ProgressBar
from augbuild.errors import ImageError, TableError
from augbuild.pixels.codec import read_image
from trainer.data.samples import Sample

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, of values from 0 to 1, as torchvision's pretrained models expect them."""

_CHUNK = 16  # images that a worker decodes at a time
_POOL_PAYS_FROM = 200  # images; fewer are decoded before workers have started
_SPARE_BYTES = 1 << 30  # left free on the disk of the cache

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PixelStore:
    """Pixels of many images, decoded once: a file mapped into memory.

    `rows` maps a path to its row of `array`, of shape (images, size, size, 3). Without an array
    each image is decoded whenever it is needed, and `notes` say why if that was not asked for.
    """

    size: int
    rows: Mapping[Path, int]
    array: Pixels | None
    notes: tuple[str, ...] = ()

    def take(self, paths: Sequence[Path]) -> Pixels:
        """Return the pixels of some images, (images, size, size, 3)."""
        if self.array is None:
            decoded = [load_pixels(path, self.size) for path in paths]
            return np.stack(decoded)
        rows = [self.rows[path] for path in paths]
        return self.array[rows]


class ManifestDataset:
    """Images and targets as torchvision's ImageFolder has them.

    Indexing returns a uint8 array (size, size, 3) and its target. Several datasets may share a
    `store`.
    """

    def __init__(
        self, samples: Sequence[Sample], classes: Sequence[str], store: PixelStore
    ) -> None:
        self.classes = list(classes)
        self.class_to_idx = {label: index for index, label in enumerate(classes)}
        self.samples: list[tuple[str, int]] = []
        self.targets: list[int] = []
        self.names: list[str] = []
        self._paths: list[Path] = []
        self._store = store
        for sample in samples:
            target = self.class_to_idx[sample.label]
            self.samples.append((str(sample.path), target))
            self.targets.append(target)
            self.names.append(sample.name)
            self._paths.append(sample.path)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Pixels, int]:
        return self.pixels([index])[0], self.targets[index]

    def pixels(self, indices: Sequence[int]) -> Pixels:
        """Return the pixels of a batch, (images, size, size, 3)."""
        return self._store.take([self._paths[index] for index in indices])

    def batch(
        self, indices: Sequence[int], device: torch.device
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return normalised images (images, 3, size, size) and their targets, on a device."""
        pixels = torch.from_numpy(self.pixels(indices))
        chosen = [self.targets[index] for index in indices]
        targets = torch.tensor(chosen)
        if device.type == "cuda":  # only pinned memory is copied while the GPU computes
            pixels, targets = pixels.pin_memory(), targets.pin_memory()
        pixels = pixels.to(device, non_blocking=True)
        targets = targets.to(device, non_blocking=True)
        return normalise(pixels), targets


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    """Return bytes (images, height, width, 3) on ImageNet's scale, as (images, 3, height, width).

    The result lies in memory as channels_last, in which convolutions are fastest.
    """
    mean = torch.tensor(MEAN, device=pixels.device).mul(255.0)
    std = torch.tensor(STD, device=pixels.device).mul(255.0)
    scaled = pixels.float().sub_(mean).div_(std)
    return scaled.permute(0, 3, 1, 2)


def load_pixels(path: Path, size: int) -> Pixels:
    """Decode an image and resize it to a square, bilinearly, as the lab did; raises ImageError."""
    image = read_image(path)
    square = image.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(square)


def default_cache() -> Path:
    """Return the user's cache folder for pixels (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "augbuild" / "pixels"


def open_store(
    samples: Sequence[Sample], size: int, cache: Path | None, *, file: Path, quiet: bool = True
) -> PixelStore:
    """Decode and resize all images on all processors, or find that done before.

    Without a `cache` folder, or without room in it, each image is decoded whenever it is needed.
    Raises TableError naming the row of `file` whose image cannot be read.
    """
    rows: dict[Path, int] = {}
    where: dict[Path, str] = {}
    for sample in samples:
        rows.setdefault(sample.path, len(rows))
        where[sample.path] = f"{file}: row {sample.row}: {sample.name}"
    if cache is None:
        return PixelStore(size, rows, None)
    cache.mkdir(parents=True, exist_ok=True)
    paths = list(rows)
    target = cache / f"{_store_key(paths, size)}.pixels"
    needed = len(paths) * _image_bytes(size)
    found, _ = size_and_mtime(target)
    if found != needed:
        free = shutil.disk_usage(cache).free
        if free < needed + _SPARE_BYTES:
            note = (
                f"{cache} has no room for {needed / 1e9:.1f} GB of pixels; "
                "images are decoded whenever they are needed"
            )
            return PixelStore(size, rows, None, (note,))
        _fill_store(target, paths, size, where, quiet=quiet)
    array = np.memmap(target, np.uint8, "r", shape=(len(paths), size, size, 3))
    return PixelStore(size, rows, array)


def _image_bytes(size: int) -> int:
    return size * size * 3


def _store_key(paths: Sequence[Path], size: int) -> str:
    """Hash all that the pixels depend on: the files, by size and time, and how they are decoded."""
    # 1 is the version of this scheme: raise it when the same file comes out as other pixels.
    digest = hashlib.sha256(f"1 {size} bilinear {pillow_version}".encode())
    for path in paths:
        status = path.stat()
        size_and_time = f"{status.st_size}\x1f{status.st_mtime_ns}"
        line = f"{path.absolute()}\x1f{size_and_time}\n"
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()[:32]


def _fill_store(
    target: Path, paths: Sequence[Path], size: int, where: Mapping[Path, str], *, quiet: bool
) -> None:
    """Decode all images into a file that workers share, and put it in place once it is complete."""
    # Two runs may fill the same store at once: each its own file, and the bytes are the same.
    staged = target.with_suffix(f".{os.getpid()}.partial")
    n_jobs = 1 if len(paths) < _POOL_PAYS_FROM else available_cpus()
    fill = partial(_fill_chunk, staged, size)
    chunks = chunked(enumerate(paths), _CHUNK)
    try:
        with staged.open("wb") as file:
            file.truncate(len(paths) * _image_bytes(size))  # sparse: workers fill their rows in
        with ProgressBar("decoding", len(paths), "images", quiet=quiet) as progress:
            for failures in map_pooled(fill, chunks, n_jobs=n_jobs):
                for path, reason in failures:
                    raise TableError(f"{where[path]} is not a usable image: {reason}")
                progress.advance(_CHUNK)
        staged.replace(target)
    finally:
        staged.unlink(missing_ok=True)


def _fill_chunk(
    target: Path, size: int, items: Sequence[tuple[int, Path]]
) -> list[tuple[Path, str]]:
    """Decode some images into their rows of the file; return those that failed, with the reason."""
    failures = []
    with target.open("r+b") as file:
        for row, path in items:
            try:
                pixels = load_pixels(path, size)
            except ImageError as error:
                failures.append((path, str(error)))
                continue
            file.seek(row * _image_bytes(size))
            file.write(pixels.tobytes())
    return failures
