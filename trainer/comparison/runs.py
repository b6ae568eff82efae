"""The runs of a comparison: which there are, and how they are trained, several at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from msgspec import structs

from augbuild.core.pool import map_pooled
from augbuild.core.progress import ProgressBar
from augbuild.core.text import plural
from augbuild.errors import RunError, TrainerError, UsageError
from trainer.comparison.arms import ComparisonImages
from trainer.comparison.design import Arm, Design
from trainer.data.samples import Sample, Table
from trainer.training.config import FitConfig
from trainer.training.run import RunFolder, read_epochs

_SECONDS_BETWEEN_UPDATES = 1.0


@dataclass(frozen=True, slots=True)
class Workers:
    """How many runs are trained at a time, each on one of the CUDA devices listed, if any are."""

    n_jobs: int = 1
    devices: tuple[int, ...] = ()


def make_workers(jobs: int, devices: str | None) -> Workers:
    """Read how runs are shared out; each device listed takes one at a time. Raises UsageError."""
    if devices is None:
        return Workers(jobs)
    # Each once: two runs on one device would share its memory.
    listed = devices.split(",")
    if not all(each.isdecimal() for each in listed) or len(set(listed)) < len(listed):
        raise UsageError(
            f"--devices must be numbers of CUDA devices, with commas: 0,1 (got {devices!r})"
        )
    return Workers(len(listed), tuple(int(each) for each in listed))


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One training: an arm, a seed, and the fold that it is tested on; `id` names its folder."""

    id: str
    config: FitConfig
    steps: int


@dataclass(frozen=True, slots=True)
class RunEnvironment:
    """What all runs share: their folder, tables by manifest, pixels, devices and threads each.

    `decoded` are all images whose pixels the cache holds.
    """

    folder: Path
    tables: Mapping[str, Table]
    decoded: tuple[Sample, ...]
    cache: Path | None
    devices: tuple[int, ...]
    threads: int


def run_id(arm: str, seed: int, fold: int | None) -> str:
    """Return the name of a run, which is that of its folder."""
    return f"{arm}-seed{seed}" if fold is None else f"{arm}-fold{fold}-seed{seed}"


def run_config(design: Design, arm: Arm, seed: int, fold: int | None) -> FitConfig:
    """Return the configuration of one run; `trainer fit` alone would train it alike."""
    budget = design.budget
    assert budget is not None, "settled before any run"
    first = design.arms[0].manifest
    by_steps = budget.kind == "steps"
    return structs.replace(
        design.fit,
        manifest=arm.manifest,
        train_on=arm.train_on,
        seed=seed,
        fold=fold,
        holdout=0.0,
        test_manifest=None if arm.manifest == first else first,
        steps=budget.number if by_steps else None,
        epochs=design.fit.epochs if by_steps else budget.number,
    )


def plan_runs(
    design: Design, steps: Mapping[tuple[str, int | None], int], folds: Sequence[int | None]
) -> list[PlannedRun]:
    """List all runs, seed by seed; `steps` are by arm and fold."""
    runs = []
    # Seed by seed: what is interrupted has whole pairs to judge once it is resumed.
    for seed in design.seeds:
        for fold in folds or (None,):
            for arm in design.arms:
                name = run_id(arm.name, seed, fold)
                config = run_config(design, arm, seed, fold)
                runs.append(PlannedRun(name, config, steps[arm.name, fold]))
    return runs


def check_trainable(design: Design, images: ComparisonImages, workers: Workers) -> None:
    """Raise UsageError for what no run could be trained with.

    That is an unknown architecture, a device that is not there, and images that the model refuses.
    Raises RunError where a file of weights is missing.
    """
    from trainer.training.device import find_device
    from trainer.training.loop import check_smallest_batch
    from trainer.training.model import check_model

    check_model(design.fit.arch, design.fit.weights)
    # Where devices are listed, each worker takes one: torch must not have looked for any before.
    if not workers.devices:
        find_device(design.fit.device)
    seen: set[int] = set()
    for each in images.arms:
        config = run_config(design, each.arm, design.seeds[0], each.fold)
        # What a model takes depends on the size of the last batch alone.
        if len(each.train) not in seen:
            seen.add(len(each.train))
            check_smallest_batch(config, each.train, images.classes)


def train_runs(
    environment: RunEnvironment, runs: Sequence[PlannedRun], *, n_jobs: int, quiet: bool
) -> None:
    """Train the runs that are not finished, `n_jobs` at a time.

    Raises RunError that names the run that failed.
    """
    left = []
    for run in runs:
        folder = RunFolder(environment.folder / run.id)
        if not folder.metrics.is_file():
            left.append(run)
    with _progress(environment, left, quiet=quiet):
        for _ in map_pooled(partial(_train, environment), left, n_jobs=n_jobs):
            pass


def _train(environment: RunEnvironment, run: PlannedRun) -> None:
    # torch: `trainer report`, which imports this module, too, starts without it.
    from trainer.training.device import use_device
    from trainer.training.fit import fit_run

    use_device(environment.devices, environment.folder, environment.threads)
    try:
        fit_run(
            run.config,
            environment.folder / run.id,
            cache=environment.cache,
            resume=True,  # a run that was interrupted goes on from its last epoch
            table=environment.tables[run.config.manifest],
            decoded=environment.decoded,
        )
    except TrainerError as error:
        raise RunError(f"{run.id}: {error}") from error


@contextmanager
def _progress(
    environment: RunEnvironment, runs: Sequence[PlannedRun], *, quiet: bool
) -> Iterator[None]:
    """Show the steps taken in all runs together.

    They are read from the runs' folders, since workers are other processes.
    """
    folders = [RunFolder(environment.folder / run.id) for run in runs]
    before = _count_steps(folders)
    total = sum(run.steps for run in runs) - before
    is_over = threading.Event()

    def watch(bar: ProgressBar) -> None:
        shown = 0
        while not is_over.wait(_SECONDS_BETWEEN_UPDATES):
            done = _count_steps(folders) - before
            bar.advance(done - shown)
            shown = done
        bar.advance(_count_steps(folders) - before - shown)

    title = f"training {plural(len(runs), 'run')}"
    with ProgressBar(title, total, "steps", quiet=quiet or not runs) as bar:
        # A daemon, so that it keeps no process alive that is to end.
        watcher = threading.Thread(target=watch, args=(bar,), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            is_over.set()
            watcher.join()


def _count_steps(folders: Sequence[RunFolder]) -> int:
    steps = 0
    for folder in folders:
        epochs = read_epochs(folder.epochs)
        if epochs:
            steps += epochs[-1].step
    return steps
