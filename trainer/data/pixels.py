"""Images as tensors: decoded once, kept as bytes, normalised where the model is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from augbuild.core.files import size_and_mtime
from augbuild.errors import TableError
from trainer.data.decode import (
    Failures,
    Images,
    decode_all,
    fill_store,
    image_bytes,
    load_pixels,
    store_key,
)
from trainer.data.decode import Pixels as Pixels
from trainer.data.samples import Sample

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, of values from 0 to 1, as torchvision's pretrained models expect them."""

_SPARE_BYTES = 1 << 30  # left free on the disk of the cache

_NAMED = 10  # images in a message; the rest is counted


@dataclass(frozen=True, slots=True)
class PixelStore:
    """Pixels of many images, decoded once: a file mapped into memory.

    `rows` maps a path to its row of `array`, of shape (images, size, size, 3). Without an array
    each image is decoded whenever it is needed, as `images` says, and `notes` say why if that was
    not asked for.
    """

    size: int
    rows: Mapping[Path, int]
    array: Pixels | None
    notes: tuple[str, ...] = ()
    images: Images = field(default_factory=dict)

    def take(self, paths: Sequence[Path]) -> Pixels:
        """Return the pixels of some images, (images, size, size, 3)."""
        if self.array is None:
            decoded = [load_pixels(path, self.size, self.images[path]) for path in paths]
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


def default_cache() -> Path:
    """Return the user's cache folder for pixels (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "augbuild" / "pixels"


def open_store(
    samples: Sequence[Sample],
    size: int,
    cache: Path | None,
    *,
    file: Path,
    checked: bool = False,
    quiet: bool = True,
) -> PixelStore:
    """Decode and resize all images on all processors, or find that done before.

    Without a `cache` folder, or without room in it, each image is decoded whenever it is needed,
    and once here, unless all are `checked`. Raises TableError naming the rows of `file` whose
    images cannot be read.
    """
    first: dict[Path, Sample] = {}
    for sample in samples:
        first.setdefault(sample.path, sample)
    images = {path: sample.decoding for path, sample in first.items()}
    rows = {path: row for row, path in enumerate(images)}
    needed = len(images) * image_bytes(size)
    notes: tuple[str, ...] = ()
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        target = cache / f"{store_key(images, size)}.pixels"
        found, _ = size_and_mtime(target)
        has_room = found == needed or shutil.disk_usage(cache).free >= needed + _SPARE_BYTES
        if has_room:
            if found != needed:
                _check_failures(fill_store(target, images, size, quiet=quiet), first, file)
            array = np.memmap(target, np.uint8, "r", shape=(len(images), size, size, 3))
            return PixelStore(size, rows, array, images=images)
        note = (
            f"{cache} has no room for {needed / 1e9:.1f} GB of pixels; "
            "images are decoded whenever they are needed"
        )
        notes = (note,)
    if not checked:
        _check_failures(decode_all(None, images, size, quiet=quiet), first, file)
    return PixelStore(size, rows, None, notes, images)


def _check_failures(failures: Failures, first: Mapping[Path, Sample], file: Path) -> None:
    """Raise TableError where images could not be decoded, naming the first ten."""
    lines = []
    ordered = sorted(failures, key=lambda failure: first[failure[0]].row)
    for path, reason in ordered[:_NAMED]:
        sample = first[path]
        lines.append(f"row {sample.row}: {sample.name} is not a usable image: {reason}")
    if len(lines) == 1:
        raise TableError(f"{file}: {lines[0]}")
    if len(failures) > _NAMED:
        lines.append(f"and {len(failures) - _NAMED:,} more")
    if not lines:
        return
    listed = "\n  ".join(lines)
    raise TableError(f"{file}: {len(failures):,} images cannot be used:\n  {listed}")
