"""Bring the images of an output folder up to date with the plan, and remember each in the state."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from functools import partial

from augbuild.changes import Changes, Inspector, fingerprint, ops_as_json, stat_of
from augbuild.errors import OutputError
from augbuild.output import OutputFolder, make_folders
from augbuild.parallel import Backend, available_cpus, chunked, run_surely
from augbuild.plan import Output, Task
from augbuild.progress import ProgressBar
from augbuild.sources import Rejected
from augbuild.space import refuse_full_disk
from augbuild.state import Entry, State
from augbuild.worker import Outcome, Workshop, run_task

_POOL_PAYS_FROM = 30_000_000  # source bytes times outputs: a second or two of work, about what a pool costs to start
_CHUNK = 8  # sources: a second of work at most, and the progress moves with each
_NOTED_AT_ONCE = 1000


def change_tree(inspector: Inspector, changes: Changes, *, n_jobs: int | None, backend: Backend, quiet: bool) -> int:
    """Make what is pending, remove what is stale, and return how many images were made; raises OutputError.

    Meanwhile the manifest is away, so that no reader takes a half-made tree for a whole one, and the state says that a
    build is under way. Whatever interrupts it, the same call finishes it.
    """
    state, folder = inspector.state, inspector.folder
    refuse_full_disk(inspector, changes)
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


def _pending(inspector: Inspector, changes: Changes, number: int) -> Iterator[Entry]:
    """Note what will be written before it is: whatever happens then, each file of ours is known as ours."""
    plan = inspector.plan
    for index, source in enumerate(plan.sources):
        if not changes.codes[index]:
            continue
        task, before = plan.task(source), inspector.state.get(source.path)
        known = frozenset(before.files if before else ())
        _refuse_foreign(inspector.folder, task.outputs, known)
        files = tuple(sorted(known.union(output.file_name for output in task.outputs)))
        size, mtime_ns = stat_of(plan.dataset.root / source.path)
        mark = fingerprint(task, plan.recipe.output)
        ops = [ops_as_json(output.ops) for output in task.outputs]
        yield Entry(source.path, "pending", mark, size, mtime_ns, number, files, {"ops": ops})


def _refuse_foreign(folder: OutputFolder, outputs: Sequence[Output], known: frozenset[str]) -> None:
    for output in outputs:
        path = folder.root / output.file_name
        if output.file_name not in known and (path.exists() or path.is_symlink()):
            raise OutputError(f"{path} is in the way and not ours; move it, or choose another folder with --out")


def _outcomes(
    inspector: Inspector, changes: Changes, n_jobs: int, backend: Backend
) -> Generator[list[Outcome], None, None]:
    """Run what is pending, in this process where a pool would not pay, and give the outcomes in plan order."""
    plan, folder, output = inspector.plan, inspector.folder, inspector.plan.recipe.output
    workshop = Workshop(
        sources=plan.dataset.root,
        out=folder.root,
        staging=folder.staging,
        assets=plan.recipe.folder,
        format=output.format,
        quality=output.quality,
        max_side=output.max_side,
        link_originals=output.originals == "link",
    )
    tasks = (plan.task(source) for code, source in zip(changes.codes, plan.sources, strict=True) if code)
    n_jobs = 1 if changes.weight < _POOL_PAYS_FROM else max(1, min(n_jobs, changes.pending))
    size = max(1, min(_CHUNK, changes.pending // (4 * n_jobs)))
    return run_surely(partial(run_task, workshop), tasks, n_jobs=n_jobs, backend=backend, size=size, lost=_lost)


def _lost(task: Task) -> Outcome:
    return Rejected(
        task.source.path, "out_of_memory", "it killed its worker process twice, most likely for want of memory"
    )


def _settle(inspector: Inspector, outcome: Outcome) -> tuple[Entry, int]:
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
