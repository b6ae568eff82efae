"""Bring the images of an output folder up to date with the plan, and note each in the state."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from functools import partial
from itertools import chain

from augbuild.building.changes import ChangeDetector, Changes
from augbuild.building.guards.claim import make_folders
from augbuild.building.guards.room import check_room
from augbuild.building.worker import (
    Assignment,
    Outcome,
    WorkerSettings,
    reject_lost,
    remove_files,
    run_assignment,
)
from augbuild.core.pool import Backend, available_cpus, chunked, map_resilient
from augbuild.core.progress import ProgressBar
from augbuild.dataset.layout import IMAGE_FOLDERS, OutputFolder
from augbuild.dataset.results import Entry
from augbuild.errors import OutputError
from augbuild.sources.dataset import Source

# Source bytes times outputs: seconds of work. Below, the work itself says whether a pool pays:
# small pictures take longer for their bytes, and some recipes take a hundred times others' time.
_POOL_PAYS_FROM = 30_000_000
_POOL_COSTS_SECONDS = 1.0  # until two workers have started and imported what they need: 0.9 s seen
_TRIAL_SECONDS = 0.2
# A fraction of a second of work: the progress moves with each chunk, and a chunk costs the parent
# a millisecond, however much is in it.
_CHUNK_WEIGHT = 4_000_000
_CHUNK = 64
_CHUNK_ALONE = 4
_NOTED_AT_ONCE = 1000


def execute_changes(
    detector: ChangeDetector,
    changes: Changes,
    *,
    n_jobs: int | None,
    backend: Backend,
    quiet: bool,
) -> int:
    """Make what is pending, remove what is stale and return how many images were made.

    Meanwhile the manifest is away, so that no reader takes a half-made tree for a whole one, and
    the state notes that a build is under way. Whatever interrupts it, the same call finishes it.
    Raises OutputError.
    """
    state = detector.state
    folder = detector.folder
    check_room(detector, changes)
    if folder.manifest.exists():
        folder.manifest.replace(folder.set_aside)
    run = state.start_run()
    for chunk in chunked(_files_to_be(detector, changes), _NOTED_AT_ONCE):
        state.begin(run, chunk)
    # Before any file is written: after a power cut, too, what is ours is known as ours.
    state.sync()
    make_folders(folder, detector.plan.class_folders())
    made = 0
    with (
        ProgressBar("augbuild", changes.images, "images", quiet=quiet) as progress,
        closing(_run_pending(detector, changes, run, n_jobs, backend)) as batches,
    ):
        for outcomes in batches:
            state.put_rows(outcome.row for outcome in outcomes)
            made += sum(outcome.made for outcome in outcomes)
            progress.advance(sum(outcome.images for outcome in outcomes))
    for path in changes.stale:
        if entry := state.get(path):
            remove_files(folder.root, entry.files)
    state.forget(changes.stale)
    _remove_empty_folders(folder)
    return made


def _remove_empty_folders(folder: OutputFolder) -> None:
    """Remove the class folders that have no image, and the folders of splits without classes.

    A class that was renamed or rejected as a whole would else stay a class for those who list
    folders, such as torchvision's ImageFolder.
    """
    for name in IMAGE_FOLDERS:
        split = folder.root / name
        if not split.is_dir() or split.is_symlink():
            continue
        for each in (*split.iterdir(), split):
            if each.is_dir() and not each.is_symlink():
                with suppress(OSError):  # it is not empty
                    each.rmdir()


def _pending_sources(
    detector: ChangeDetector, changes: Changes
) -> Iterator[tuple[Source, Entry | None]]:
    """Yield the sources to work on in plan order, each with what was known of it before."""
    for index, source in enumerate(detector.plan.sources):
        cause = changes.cause(index)
        if cause is None:
            continue
        entry = None if cause == "new" else detector.state.get(source.path)
        yield source, entry


def _files_to_be(detector: ChangeDetector, changes: Changes) -> Iterator[tuple[str, set[str]]]:
    """Yield what is pending with all files that it has or will have, for the state to know.

    Raises OutputError where a file that is not ours has the name of one.
    """
    root = detector.folder.root
    for source, entry in _pending_sources(detector, changes):
        files = set(entry.files if entry else ())
        for name in detector.plan.output_names(source):
            path = f"{root}/{name}"
            if name not in files and os.path.lexists(path):
                raise OutputError(
                    f"{path} was not made by augbuild; move it, or choose another folder with --out"
                )
            files.add(name)
        yield source.path, files


def _assignments(detector: ChangeDetector, changes: Changes) -> Iterator[Assignment]:
    """Yield the work on each pending source; called from the threads of a pool, too."""
    plan = detector.plan
    labels = {label: index for index, label in enumerate(plan.dataset.classes)}
    for source, entry in _pending_sources(detector, changes):
        files: tuple[str, ...] = ()
        earlier = None
        if entry is not None:
            files = entry.files
            stamp = plan.dataset.originals.stat(source.path)
            earlier = detector.earlier(source, entry, stamp)
        yield Assignment(
            source=source,
            variants=plan.variants(source),
            label=labels[source.label],
            key=detector.keys.key_of(source),
            files=files,
            earlier=earlier,
        )


def _run_pending(
    detector: ChangeDetector, changes: Changes, run: int, n_jobs: int | None, backend: Backend
) -> Generator[list[Outcome], None, None]:
    """Run what is pending and yield the outcomes in plan order, a list at a time."""
    settings = WorkerSettings(
        recipe=detector.plan.recipe,
        tree=detector.tree,
        staging=detector.folder.staging,
        run=run,
    )
    work = partial(run_assignment, settings)
    lost = partial(reject_lost, settings)
    assignments: Iterator[Assignment] = _assignments(detector, changes)
    n_jobs = max(1, min(n_jobs or available_cpus(), changes.pending))
    if n_jobs > 1 and changes.weight < _POOL_PAYS_FROM:
        yield from _run_alone(work, assignments, changes.images, n_jobs)
        first_left = next(assignments, None)
        if first_left is None:
            return
        assignments = chain([first_left], assignments)
    size = _CHUNK_ALONE
    if n_jobs > 1:
        heavy = changes.weight // _CHUNK_WEIGHT
        size = changes.pending // max(4 * n_jobs, heavy)
        size = max(1, min(_CHUNK, size))
    yield from map_resilient(
        work, assignments, n_jobs=n_jobs, backend=backend, size=size, lost=lost
    )


def _run_alone(
    work: Callable[[Assignment], Outcome],
    assignments: Iterator[Assignment],
    images: int,
    n_jobs: int,
) -> Iterator[list[Outcome]]:
    """Work without a pool, until the time that it takes says that a pool would pay.

    The first chunk says nothing: much is imported on the way, which workers have to import as well.
    """
    left = images
    timed = 0
    start = math.inf
    for chunk in chunked(assignments, _CHUNK_ALONE):
        outcomes = [work(assignment) for assignment in chunk]
        yield outcomes
        done = sum(outcome.images for outcome in outcomes)
        left -= done
        if start == math.inf:
            start = time.monotonic()
            continue
        timed += done
        elapsed = time.monotonic() - start
        seconds_left = left * elapsed / max(timed, 1)
        saved = seconds_left - seconds_left / n_jobs
        if elapsed > _TRIAL_SECONDS and saved > _POOL_COSTS_SECONDS:
            return
