"""Bring the images of an output folder up to date with the plan, and note each in the state."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import compress

import msgspec

from augbuild.building.changes import ChangeDetector, Changes, ops_as_json, outputs_fingerprint
from augbuild.building.claim import make_folders
from augbuild.building.room import check_room
from augbuild.building.worker import WorkerSettings, reject_lost, run_task
from augbuild.core.pool import Backend, available_cpus, chunked, map_resilient
from augbuild.core.progress import Progress, ProgressBar
from augbuild.dataset.layout import OutputFolder
from augbuild.dataset.results import BuiltSource, PendingSource, RejectedSource
from augbuild.dataset.state import Entry
from augbuild.errors import OutputError
from augbuild.sources.dataset import Rejected

# Source bytes times outputs: a second or two of work, about what a pool costs to start.
_POOL_PAYS_FROM = 30_000_000
_CHUNK = 8  # sources: a second of work at most, and the progress moves with each
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
    state, folder = detector.state, detector.folder
    check_room(detector, changes)
    if folder.manifest.exists():
        folder.manifest.replace(folder.set_aside)
    run = state.start_run()
    for chunk in chunked(_pending_entries(detector, changes, run), _NOTED_AT_ONCE):
        state.put(chunk)
    # Before any file is written: after a power cut, too, what is ours is known as ours.
    state.sync()
    make_folders(folder, detector.plan.class_folders())
    made = 0
    with (
        ProgressBar("augbuild", changes.images, "images", quiet=quiet) as progress,
        closing(_run_pending(detector, changes, n_jobs or available_cpus(), backend)) as batches,
    ):
        for results in batches:
            made += _settle(detector, results, progress)
    for path in changes.stale:
        if entry := state.get(path):
            _remove_files(folder, entry.files)
    state.forget(changes.stale)
    return made


def _pending_entries(detector: ChangeDetector, changes: Changes, run: int) -> Iterator[Entry]:
    """Yield the entries of what is pending, for the state to know our files before they exist.

    Raises OutputError where a file that is not ours has the name of one.
    """
    plan, root = detector.plan, detector.folder.root
    for index, source in enumerate(plan.sources):
        if changes.cause(index) is None:
            continue
        task = plan.task(source)
        before = detector.state.get(source.path)
        files = set(before.files if before else ())
        for output in task.outputs:
            path = root / output.file_name
            if output.file_name not in files and (path.exists() or path.is_symlink()):
                raise OutputError(
                    f"{path} was not made by augbuild; move it, or choose another folder with --out"
                )
        files.update(output.file_name for output in task.outputs)
        size, mtime_ns = plan.dataset.originals.stat(source.path)
        yield Entry(
            path=source.path,
            fingerprint=outputs_fingerprint(task, plan.recipe.output, plan.dataset.decoding),
            size=size,
            mtime_ns=mtime_ns,
            run=run,
            files=tuple(sorted(files)),
            result=PendingSource(tuple(ops_as_json(output.ops) for output in task.outputs)),
        )


def _run_pending(
    detector: ChangeDetector, changes: Changes, n_jobs: int, backend: Backend
) -> Generator[list[BuiltSource | Rejected], None, None]:
    """Run what is pending and yield the results in plan order, a list at a time.

    A small job runs in this process, where a pool would not pay.
    """
    plan, folder = detector.plan, detector.folder
    output = plan.recipe.output
    settings = WorkerSettings(
        originals=plan.dataset.originals,
        out=folder.root,
        staging=folder.staging,
        assets=plan.recipe.folder,
        format=output.format,
        quality=output.quality,
        max_side=output.max_side,
        decoding=plan.dataset.decoding,
        link_originals=output.originals == "link",
    )
    tasks = (plan.task(source) for source in compress(plan.sources, changes.codes))
    n_jobs = 1 if changes.weight < _POOL_PAYS_FROM else max(1, min(n_jobs, changes.pending))
    size = max(1, min(_CHUNK, changes.pending // (4 * n_jobs)))
    work = partial(run_task, settings)
    return map_resilient(work, tasks, n_jobs=n_jobs, backend=backend, size=size, lost=reject_lost)


def _settle(
    detector: ChangeDetector, results: Sequence[BuiltSource | Rejected], progress: Progress
) -> int:
    """Note results in the state, and return how many images were made.

    Removes the files of an earlier build that this one did not make.
    """
    entries = []
    made = done = 0
    for result in results:
        path = result.source if isinstance(result, Rejected) else result.path
        before = detector.state.get(path)
        assert before is not None, "noted before it was run, and the lock keeps others away"
        assert isinstance(before.result, PendingSource)
        done += len(before.result.ops)
        if isinstance(result, Rejected):
            files: tuple[str, ...] = ()
            settled: BuiltSource | RejectedSource = RejectedSource(result.reason, result.message)
        else:
            files = tuple(file.file_name for file in result.files)
            settled = result
        made += len(files)
        _remove_files(detector.folder, set(before.files).difference(files))
        entries.append(msgspec.structs.replace(before, files=files, result=settled))
    detector.state.put(entries)
    progress.advance(done)
    return made


def _remove_files(folder: OutputFolder, names: Iterable[str]) -> None:
    for name in names:
        (folder.root / name).unlink(missing_ok=True)
