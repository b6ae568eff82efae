"""Bring the images of an output folder up to date with the plan, and remember each in the state."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from functools import partial

from augbuild.building.changes import ChangeDetector, Changes, ops_as_json, outputs_digest
from augbuild.building.claim import make_folders
from augbuild.building.room import check_room
from augbuild.building.worker import TaskResult, WorkerSettings, run_task
from augbuild.core.files import size_and_mtime
from augbuild.core.pool import Backend, available_cpus, chunked, map_resilient
from augbuild.core.progress import ProgressBar
from augbuild.dataset.layout import OutputFolder
from augbuild.dataset.state import Entry, State
from augbuild.errors import OutputError
from augbuild.planning.plan import Output, Task
from augbuild.sources.dataset import Rejected

_POOL_PAYS_FROM = 30_000_000  # source bytes times outputs: a second or two of work, about what a pool costs to start
_CHUNK = 8  # sources: a second of work at most, and the progress moves with each
_NOTED_AT_ONCE = 1000


def execute_changes(
    inspector: ChangeDetector,
    changes: Changes,
    *,
    n_jobs: int | None,
    backend: Backend,
    quiet: bool,
) -> int:
    """Make what is pending, remove what is stale, and return how many images were made; raises OutputError.

    Meanwhile the manifest is away, so that no reader takes a half-made tree for a whole one, and the state says that a
    build is under way. Whatever interrupts it, the same call finishes it.
    """
    state, folder = inspector.state, inspector.folder
    check_room(inspector, changes)
    if folder.manifest.exists():
        folder.manifest.replace(folder.set_aside)
    number = _start_run(state)
    for chunk in chunked(_pending(inspector, changes, number), _NOTED_AT_ONCE):
        state.put(chunk)
    state.sync()
    make_folders(folder, inspector.plan.class_folders())
    made = 0
    with (
        ProgressBar("augbuild", changes.images, "images", quiet=quiet) as progress,
        closing(_outcomes(inspector, changes, n_jobs or available_cpus(), backend)) as every,
    ):
        for outcomes in every:
            settled = [_settle(inspector, outcome) for outcome in outcomes]
            state.put(entry for entry, _ in settled)
            made += sum(len(entry.files) for entry, _ in settled)
            progress.advance(sum(images for _, images in settled))
    for path in changes.stale:
        if entry := state.get(path):
            _remove(folder, entry.files)
    state.forget(changes.stale)
    return made


def _start_run(state: State) -> int:
    """Number this run, and remember the first since the last that ended well: nothing has been synced from there on."""
    number = int(state.fact("runs", 0)) + 1
    state.set_fact("runs", number)
    if state.fact("running") is None:
        state.set_fact("running", number)
    return number


def _pending(inspector: ChangeDetector, changes: Changes, number: int) -> Iterator[Entry]:
    """Note what will be written before it is: whatever happens then, each file of ours is known as ours."""
    plan = inspector.plan
    for index, source in enumerate(plan.sources):
        if not changes.codes[index]:
            continue
        task, before = plan.task(source), inspector.state.get(source.path)
        known = frozenset(before.files if before else ())
        _refuse_foreign(inspector.folder, task.outputs, known)
        files = tuple(sorted(known.union(output.file_name for output in task.outputs)))
        size, mtime_ns = size_and_mtime(plan.dataset.root / source.path)
        mark = outputs_digest(task, plan.recipe.output)
        ops = [ops_as_json(output.ops) for output in task.outputs]
        yield Entry(source.path, "pending", mark, size, mtime_ns, number, files, {"ops": ops})


def _refuse_foreign(folder: OutputFolder, outputs: Sequence[Output], known: frozenset[str]) -> None:
    for output in outputs:
        path = folder.root / output.file_name
        if output.file_name not in known and (path.exists() or path.is_symlink()):
            raise OutputError(
                f"{path} is in the way and not ours; move it, or choose another folder with --out"
            )


def _outcomes(
    inspector: ChangeDetector, changes: Changes, n_jobs: int, backend: Backend
) -> Generator[list[TaskResult], None, None]:
    """Run what is pending, in this process where a pool would not pay, and give the outcomes in plan order."""
    plan, folder, output = inspector.plan, inspector.folder, inspector.plan.recipe.output
    workshop = WorkerSettings(
        sources=plan.dataset.root,
        out=folder.root,
        staging=folder.staging,
        assets=plan.recipe.folder,
        format=output.format,
        quality=output.quality,
        max_side=output.max_side,
        link_originals=output.originals == "link",
    )
    tasks = (
        plan.task(source) for code, source in zip(changes.codes, plan.sources, strict=True) if code
    )
    n_jobs = 1 if changes.weight < _POOL_PAYS_FROM else max(1, min(n_jobs, changes.pending))
    size = max(1, min(_CHUNK, changes.pending // (4 * n_jobs)))
    return map_resilient(
        partial(run_task, workshop), tasks, n_jobs=n_jobs, backend=backend, size=size, lost=_lost
    )


def _lost(task: Task) -> TaskResult:
    return Rejected(
        task.source.path,
        "out_of_memory",
        "it killed its worker process twice, most likely for want of memory",
    )


def _settle(inspector: ChangeDetector, outcome: TaskResult) -> tuple[Entry, int]:
    """Turn an outcome into its entry, and remove what an earlier build made of the source and this one did not."""
    before = inspector.state.get(outcome.source if isinstance(outcome, Rejected) else outcome.path)
    assert before is not None  # noted by _pending, and the lock keeps others away
    images = len(before.result["ops"])
    if isinstance(outcome, Rejected):
        _remove(inspector.folder, before.files)
        result = {"reason": outcome.reason, "message": outcome.message}
        return replace(before, status="rejected", files=(), result=result), images
    files = tuple(file.file_name for file in outcome.files)
    _remove(inspector.folder, set(before.files).difference(files))
    result = {**asdict(outcome), "ops": before.result["ops"]}
    return replace(before, status="built", files=files, result=result), images


def _remove(folder: OutputFolder, names: Iterable[str]) -> None:
    for name in names:
        (folder.root / name).unlink(missing_ok=True)
