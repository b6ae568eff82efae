"""The runs of a comparison: which there are, and how they are trained, one after another or side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from augbuild.core.pool import map_pooled
from augbuild.core.progress import ProgressBar
from augbuild.errors import RunError, TrainerError
from trainer.comparison.design import Design, run_config, run_id
from trainer.data.samples import Sample, Table
from trainer.training.config import FitConfig
from trainer.training.run import RunFolder, read_epochs

_LOOK_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One training: one arm, one seed, and with folds the fold that it is tested on; `id` names its folder."""

    id: str
    config: FitConfig
    steps: int


@dataclass(frozen=True, slots=True)
class RunEnvironment:
    """What all runs share: where they go, the tables by manifest, the images to decode, the cache, devices, threads."""

    folder: Path
    tables: Mapping[str, Table]
    decoded: tuple[Sample, ...]
    cache: Path | None
    devices: tuple[int, ...]
    threads: int


def plan_runs(
    design: Design, steps: Mapping[tuple[str, int | None], int], folds: Sequence[int | None]
) -> list[PlannedRun]:
    """List all runs, seed by seed, so that a comparison cut short has whole pairs; `steps` are by arm and fold."""
    return [
        PlannedRun(
            run_id(arm.name, seed, fold), run_config(design, arm, seed, fold), steps[arm.name, fold]
        )
        for seed in design.seeds
        for fold in folds or (None,)
        for arm in design.arms
    ]


def train_runs(
    bench: RunEnvironment, runs: Sequence[PlannedRun], *, n_jobs: int, quiet: bool
) -> None:
    """Train what is not trained yet, `n_jobs` runs at a time; raises TrainerError naming the run that failed."""
    left = [each for each in runs if not _folder(bench, each).metrics.is_file()]
    with _progress(bench, left, quiet=quiet):
        for _ in map_pooled(partial(_train, bench), left, n_jobs=n_jobs):
            pass


def _folder(bench: RunEnvironment, planned: PlannedRun) -> RunFolder:
    return RunFolder(bench.folder / planned.id)


def _train(bench: RunEnvironment, planned: PlannedRun) -> None:
    from trainer.training.device import use_device
    from trainer.training.fit import fit_run

    use_device(bench.devices, bench.folder, bench.threads)
    out = _folder(bench, planned).root
    table = bench.tables[planned.config.manifest]
    try:
        fit_run(
            planned.config, out, cache=bench.cache, resume=True, table=table, decoded=bench.decoded
        )
    except TrainerError as error:
        raise RunError(f"{planned.id}: {error}") from error


@contextmanager
def _progress(bench: RunEnvironment, left: Sequence[PlannedRun], *, quiet: bool) -> Iterator[None]:
    """Show the steps taken in all runs together, as their folders tell them from whatever process."""
    folders = [_folder(bench, each) for each in left]
    before = sum(map(_steps_done, folders))
    total = sum(each.steps for each in left) - before
    over = threading.Event()

    def watch(bar: ProgressBar) -> None:
        shown = 0
        while not over.wait(_LOOK_EVERY_SECONDS):
            done = sum(map(_steps_done, folders)) - before
            bar.advance(done - shown)
            shown = done
        bar.advance(sum(map(_steps_done, folders)) - before - shown)

    with ProgressBar(f"training {len(left)} runs", total, "steps", quiet=quiet or not left) as bar:
        watcher = threading.Thread(target=watch, args=(bar,), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


def _steps_done(run_folder: RunFolder) -> int:
    epochs = read_epochs(run_folder.epochs)
    return epochs[-1].step if epochs else 0
