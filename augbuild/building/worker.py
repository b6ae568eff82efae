"""What a worker does: read one source once, make its outputs, and return what the state keeps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec
from PIL import Image

from augbuild.building.keys import encoding_of, ops_as_json
from augbuild.building.reuse import Earlier, Tree, files_to_keep
from augbuild.building.rows import encode_rows, row_context
from augbuild.core.files import Stamp, hash_bytes, link_atomic, write_atomic
from augbuild.dataset.results import BuiltFile, BuiltSource, Entry, RejectedSource, Row
from augbuild.errors import ApplyError, ImageError, OutputError, Reason
from augbuild.pixels.codec import encode, has_more_frames, shrink
from augbuild.pixels.decoding.traits import has_position, highest_value, is_flat
from augbuild.pixels.originals import decode_original, original_content
from augbuild.pixels.resize import fit_to
from augbuild.planning.plan import Output, make_task
from augbuild.recipe.model import Recipe
from augbuild.sources.boxes.box import photo_of
from augbuild.sources.dataset import Source


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What is the same for all sources of a build."""

    recipe: Recipe
    tree: Tree
    staging: Path
    run: int


class Assignment(NamedTuple):
    """One source to work on: nothing of it is drawn yet.

    `label` is its class index; `files` of it may be on disk, and those of `earlier` may be kept.
    """

    source: Source
    variants: int
    label: int
    key: str
    files: tuple[str, ...] = ()
    earlier: Earlier | None = None


class Outcome(NamedTuple):
    """A source that is done: its entry in the state, as a row, and its count of images.

    `made` were written; `images` are no longer to be made, since they were or the source cannot be
    used.
    """

    row: Row
    made: int
    images: int


@dataclass(frozen=True, slots=True)
class _Encoded:
    """One output that is not written yet."""

    file: BuiltFile
    content: bytes


def run_assignment(settings: WorkerSettings, assignment: Assignment) -> Outcome:
    """Make every output of one source that cannot be kept; or make none, and note why.

    What else may be on disk of the source is removed. Raises OutputError where an output cannot be
    written.
    """
    path = assignment.source.path
    # Before it is read: what changes from here on is seen by the next build.
    stamp = settings.tree.originals.stat(path)
    try:
        return _build(settings, assignment, stamp)
    except ImageError as error:
        reason = error.reason
        message = str(error)
    except ApplyError as error:
        reason, message = "op_failed", str(error)
    except MemoryError:
        reason = "out_of_memory"
        message = "there was not enough memory for this image and its ops"
    return _reject(settings, assignment, stamp, reason, message)


def reject_lost(settings: WorkerSettings, assignment: Assignment) -> Outcome:
    """Reject a source that has killed its worker process twice."""
    stamp = settings.tree.originals.stat(assignment.source.path)
    message = "it killed its worker process twice; there was probably not enough memory"
    return _reject(settings, assignment, stamp, "out_of_memory", message)


def _build(settings: WorkerSettings, assignment: Assignment, stamp: Stamp) -> Outcome:
    source = assignment.source
    earlier = assignment.earlier
    task = make_task(settings.recipe, source, assignment.variants)
    kept = files_to_keep(earlier, task.outputs, settings.tree) if earlier else {}
    missing = [output for output in task.outputs if output.file_name not in kept]
    if missing or earlier is None:
        data = settings.tree.originals.read(source.path)
        sha256 = hash_bytes(data)
        if earlier is not None and sha256 != earlier.built.sha256:
            # It has changed since the parent looked.
            return run_assignment(settings, assignment._replace(earlier=None))
        image = decode_original(data, source.path, settings.recipe.decoding)
        made = _make_outputs(settings, missing, image, original_content(data, source.path, image))
        # Only now: what fails above leaves no file behind.
        for output in made:
            if not _is_there(settings, assignment, output.file):
                _write(settings, source, output)
        described = _describe(source.path, data, sha256, image)
    else:
        made = []
        described = earlier.built
    files = kept | {output.file.file_name: output.file for output in made}
    result = msgspec.structs.replace(
        described,
        files=tuple(files[output.file_name] for output in task.outputs),
        ops=tuple(ops_as_json(output.ops) for output in task.outputs),
    )
    stamp = _after_linking(settings, source, stamp)
    row = _finish(settings, assignment, stamp, result)
    return Outcome(row, made=len(made), images=len(made))


def _describe(path: str, data: bytes, sha256: str, image: Image.Image) -> BuiltSource:
    """Return what is known of a source without its outputs."""
    # A box is written without metadata.
    keeps_position = photo_of(path) == path and has_position(data)
    size = image.size
    frames = has_more_frames(data)
    highest = highest_value(data)
    return BuiltSource(path, sha256, *size, frames, (), (), keeps_position, highest)


def _reject(
    settings: WorkerSettings, assignment: Assignment, stamp: Stamp, reason: Reason, message: str
) -> Outcome:
    row = _finish(settings, assignment, stamp, RejectedSource(reason, message))
    return Outcome(row, made=0, images=1 + assignment.variants)


def _finish(
    settings: WorkerSettings,
    assignment: Assignment,
    stamp: Stamp,
    result: BuiltSource | RejectedSource,
) -> Row:
    """Remove the files that a source has no more, and return its entry in the state."""
    files: tuple[str, ...] = ()
    rows = b""
    if isinstance(result, BuiltSource):
        files = tuple(file.file_name for file in result.files)
        rows = encode_rows(assignment.source, assignment.label, result)
    remove_files(settings.tree.root, set(assignment.files).difference(files))
    entry = Entry(
        path=assignment.source.path,
        status="built" if files else "rejected",
        key=assignment.key,
        encoding=encoding_of(settings.recipe.output, settings.recipe.decoding),
        stamp=stamp,
        run=settings.run,
        files=files,
        result=result,
        context=row_context(assignment.source, assignment.label),
        rows=rows,
    )
    return entry.to_row()


def remove_files(root: Path, names: Collection[str]) -> None:
    """Remove files of the tree, of which some may be gone already; raises OSError."""
    for name in names:
        (root / name).unlink(missing_ok=True)


def _make_outputs(
    settings: WorkerSettings, outputs: Sequence[Output], image: Image.Image, original: bytes
) -> list[_Encoded]:
    """Make and encode outputs before any is written: a source gives all of them or none.

    `original` is what the original among them has: the bytes of its file, or a box.
    """
    # AugLy takes a third of a second to import, which the parent of workers does not pay.
    from augbuild.pixels.apply import apply

    recipe = settings.recipe
    small = shrink(image, recipe.output.max_side)
    source_is_flat = is_flat(image)
    made = []
    for output in outputs:
        if output.variant is None and not output.framed:
            result, content, flat = image, original, False
        else:
            whole = image
            if not output.framed:
                limit = recipe.decoding.max_pixels
                whole = apply(small, output.ops, recipe.folder, max_pixels=limit)
            result = fit_to(whole, recipe.output.frame)
            content = encode(result, recipe.output.format, recipe.output.quality)
            flat = not source_is_flat and is_flat(result)
        file = BuiltFile(
            output.file_name,
            output.variant,
            *result.size,
            bytes=len(content),
            sha256=hash_bytes(content),
            flat=flat,
        )
        made.append(_Encoded(file, content))
    return made


def _is_there(settings: WorkerSettings, assignment: Assignment, file: BuiltFile) -> bool:
    """Check whether a file is on the disk just as it would be written.

    An interrupted build may have written it and not noted what it wrote.
    """
    if file.file_name not in assignment.files or not settings.tree.has(file, read_whole=True):
        return False
    return settings.tree.is_as_asked(file, assignment.source.path)


def _write(settings: WorkerSettings, source: Source, output: _Encoded) -> None:
    target = settings.tree.root / output.file.file_name
    try:
        if output.file.variant is None and settings.tree.link_originals:
            original = settings.tree.originals.local_path(source.path)
            if original is not None and link_atomic(target, original, settings.staging):
                return
        write_atomic(target, output.content, settings.staging)
    except OSError as error:
        raise OutputError(f"{target} could not be written: {error.strerror}") from error


def _after_linking(settings: WorkerSettings, source: Source, before: Stamp) -> Stamp:
    """Return the stamp of a source that may just have got another link, which changes its ctime."""
    if not settings.tree.link_originals:
        return before
    after = settings.tree.originals.stat(source.path)
    return after if after._replace(ctime_ns=before.ctime_ns) == before else before
