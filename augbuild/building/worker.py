"""What a worker does: read one source once, make all its outputs, and tell what came of it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from augbuild.core.files import write_atomic
from augbuild.errors import ApplyError, ImageError, OutputError
from augbuild.pixels.codec import Format, encode, has_more_frames, read_bytes, read_image, shrink
from augbuild.planning.plan import Output, Task
from augbuild.sources.dataset import Rejected


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Where a worker finds and leaves things, and how it encodes: the same for all tasks of a build."""

    sources: Path
    out: Path
    staging: Path
    assets: Path
    format: Format
    quality: int
    max_side: int | None
    link_originals: bool


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One output as it was written; `flat`: all one colour, though its source is not."""

    file_name: str
    variant: int | None
    width: int
    height: int
    bytes: int
    sha256: str
    flat: bool = False


@dataclass(frozen=True, slots=True)
class BuiltSource:
    """What came of a task that went well; `more_frames`: the source has others than the one used."""

    path: str
    sha256: str
    width: int
    height: int
    more_frames: bool
    files: tuple[BuiltFile, ...]


TaskResult = BuiltSource | Rejected


def run_task(workshop: WorkerSettings, task: Task) -> TaskResult:
    """Make every output of one source, or none and the reason; raises OutputError where one cannot be written."""
    path = task.source.path
    try:
        data = read_bytes(workshop.sources / path)
        image = read_image(data)
        encoded = _make(workshop, task, image, data)
    except ImageError as error:
        return Rejected(path, error.reason, str(error))
    except ApplyError as error:
        return Rejected(path, "op_failed", str(error))
    except MemoryError:
        return Rejected(
            path, "out_of_memory", "there was not enough memory for this image and its ops"
        )
    files = tuple(file for file, _ in encoded)
    for file, content in encoded:
        _write(workshop, task, file, content)
    return BuiltSource(
        path, hashlib.sha256(data).hexdigest(), *image.size, has_more_frames(data), files
    )


def _make(
    workshop: WorkerSettings, task: Task, image: Image.Image, data: bytes
) -> list[tuple[BuiltFile, bytes]]:
    small = shrink(image, workshop.max_side)
    uniform = _is_flat(image)
    made = []
    for output in task.outputs:
        result, content = image, data
        if output.variant is not None:
            result = _apply(output, small, workshop.assets)
            content = encode(result, workshop.format, workshop.quality)
        flat = output.variant is not None and not uniform and _is_flat(result)
        digest = hashlib.sha256(content).hexdigest()
        made.append(
            (
                BuiltFile(
                    output.file_name, output.variant, *result.size, len(content), digest, flat
                ),
                content,
            )
        )
    return made


def _apply(output: Output, image: Image.Image, assets: Path) -> Image.Image:
    from augbuild.pixels.apply import (
        apply,
    )  # AugLy: a third of a second that the parent of workers does not pay

    return apply(image, output.ops, assets)


def _is_flat(image: Image.Image) -> bool:
    corner = image.getpixel((0, 0))
    if any(image.getpixel((x * (image.width - 1) // 3, y * (image.height - 1) // 3)) != corner
           for x in range(4) for y in range(4)):  # fmt: skip
        return False  # as good as always, and far cheaper than looking at every pixel
    return all(low == high for low, high in image.getextrema())  # type: ignore[misc]  # RGB: a pair per band


def _write(workshop: WorkerSettings, task: Task, file: BuiltFile, content: bytes) -> None:
    target = workshop.out / file.file_name
    try:
        if file.variant is None and workshop.link_originals and _link(workshop, task, target):
            return
        write_atomic(target, content, workshop.staging)
    except OSError as error:
        raise OutputError(f"{target} could not be written: {error.strerror}") from error


def _link(workshop: WorkerSettings, task: Task, target: Path) -> bool:
    """Hard-link an original into place; False where the file system cannot."""
    staged = workshop.staging / f"{target.name[-60:]}.{os.getpid()}.link"
    try:
        staged.unlink(missing_ok=True)
        os.link((workshop.sources / task.source.path).resolve(), staged)
        staged.replace(target)
        staged.unlink(missing_ok=True)  # replacing a link by another to the same file leaves both
    except OSError:
        return False
    return True
