"""What a worker does: read one source once, make all its outputs, and return what was made."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from augbuild.building.changes import ops_as_json
from augbuild.core.files import hash_bytes, write_atomic
from augbuild.dataset.results import BuiltFile, BuiltSource
from augbuild.errors import ApplyError, ImageError, OutputError
from augbuild.pixels.codec import Format, encode, has_more_frames, shrink
from augbuild.pixels.decoding.traits import has_position, highest_value
from augbuild.pixels.originals import decode_original, original_content
from augbuild.planning.plan import Task
from augbuild.sources.boxes.box import photo_of
from augbuild.sources.dataset import Rejected
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding
from augbuild.sources.originals import Originals

_PROBES = 4  # in each direction


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The folders and the encoding of a build, the same for all its tasks."""

    originals: Originals
    out: Path
    staging: Path
    assets: Path
    format: Format
    quality: int
    max_side: int | None
    link_originals: bool
    decoding: Decoding = DEFAULT_DECODING


@dataclass(frozen=True, slots=True)
class _Encoded:
    """One output that is not written yet."""

    file: BuiltFile
    content: bytes


def run_task(settings: WorkerSettings, task: Task) -> BuiltSource | Rejected:
    """Make every output of one source; or make none, and return why.

    Raises OutputError where an output cannot be written.
    """
    path = task.source.path
    try:
        data = settings.originals.read(path)
        image = decode_original(data, path, settings.decoding)
        outputs = _make_outputs(settings, task, image, data)
    except ImageError as error:
        return Rejected(path, error.reason, str(error))
    except ApplyError as error:
        return Rejected(path, "op_failed", str(error))
    except MemoryError:
        return Rejected(
            path, "out_of_memory", "there was not enough memory for this image and its ops"
        )
    # Only now: what fails above leaves no file behind.
    for output in outputs:
        _write(settings, task, output)
    return BuiltSource(
        path=path,
        sha256=hash_bytes(data),
        width=image.width,
        height=image.height,
        more_frames=has_more_frames(data),
        files=tuple(output.file for output in outputs),
        ops=tuple(ops_as_json(output.ops) for output in task.outputs),
        # A box is written without metadata.
        has_position=photo_of(path) == path and has_position(data),
        highest=highest_value(data),
    )


def reject_lost(task: Task) -> Rejected:
    """Return the rejection of a task that has killed its worker process twice."""
    return Rejected(
        task.source.path,
        "out_of_memory",
        "it killed its worker process twice; there was probably not enough memory",
    )


def _make_outputs(
    settings: WorkerSettings, task: Task, image: Image.Image, data: bytes
) -> list[_Encoded]:
    """Make and encode every output before any is written: a source gives all of them or none."""
    # AugLy takes a third of a second to import, which the parent of workers does not pay.
    from augbuild.pixels.apply import apply

    small = shrink(image, settings.max_side)
    source_is_flat = _is_flat(image)
    made = []
    for output in task.outputs:
        if output.variant is None:
            content = original_content(data, task.source.path, image)
            result, flat = image, False
        else:
            limit = settings.decoding.max_pixels
            result = apply(small, output.ops, settings.assets, max_pixels=limit)
            content = encode(result, settings.format, settings.quality)
            flat = not source_is_flat and _is_flat(result)
        file = BuiltFile(
            file_name=output.file_name,
            variant=output.variant,
            width=result.width,
            height=result.height,
            bytes=len(content),
            sha256=hash_bytes(content),
            flat=flat,
        )
        made.append(_Encoded(file, content))
    return made


def _is_flat(image: Image.Image) -> bool:
    """Check whether an RGB image is all one colour."""
    # A few pixels nearly always tell, and cost far less than to look at all of them.
    corner = image.getpixel((0, 0))
    for row in range(_PROBES):
        for column in range(_PROBES):
            x = column * (image.width - 1) // (_PROBES - 1)
            y = row * (image.height - 1) // (_PROBES - 1)
            if image.getpixel((x, y)) != corner:
                return False
    return all(low == high for low, high in image.getextrema())  # type: ignore[misc]  # a pair a band


def _write(settings: WorkerSettings, task: Task, output: _Encoded) -> None:
    target = settings.out / output.file.file_name
    try:
        if output.file.variant is None and settings.link_originals:
            original = settings.originals.local_path(task.source.path)
            if original is not None and _link(original, target, settings.staging):
                return
        write_atomic(target, output.content, settings.staging)
    except OSError as error:
        raise OutputError(f"{target} could not be written: {error.strerror}") from error


def _link(original: Path, target: Path, staging: Path) -> bool:
    """Hard-link an original into place; return False where the file system cannot."""
    staged = staging / f"{target.name[-60:]}.{os.getpid()}.link"
    try:
        staged.unlink(missing_ok=True)
        os.link(original.resolve(), staged)
        staged.replace(target)
        # POSIX: to rename a link over another one of the same file does nothing, and leaves both.
        staged.unlink(missing_ok=True)
    except OSError:
        return False
    return True
