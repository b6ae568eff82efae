"""The run folder: its files, their types, and who may work in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from augbuild.core.documents import decode, encode, read_document
from augbuild.core.files import LockedError, hold_lock, write_atomic
from augbuild.core.ranges import Count, Positive, Share
from augbuild.core.text import duration
from augbuild.errors import RunError
from trainer.data.samples import Decoding
from trainer.training.config import FitConfig, differing_options

LOCK_NAME = ".lock"
"""The lock file of a folder that a process works in; it stays there, empty."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of one run."""

    root: Path

    @property
    def config(self) -> Path:
        """Return the configuration, a `RunConfig`."""
        return self.root / "config.json"

    @property
    def epochs(self) -> Path:
        """Return the reports of all epochs so far, an `EpochReport` a line."""
        return self.root / "epochs.jsonl"

    @property
    def weights(self) -> Path:
        """Return the final weights."""
        return self.root / "model.safetensors"

    @property
    def checkpoint(self) -> Path:
        """Return the state that an interrupted run resumes from; removed once it is finished."""
        return self.root / "checkpoint.safetensors"

    @property
    def predictions(self) -> Path:
        """Return what was predicted for each test image, a `PredictionTable`."""
        return self.root / "predictions.csv"

    @property
    def metrics(self) -> Path:
        """Return the metrics, a `Metrics`; written last, so a run that has them is finished."""
        return self.root / "metrics.json"

    def evaluation(self, name: str) -> RunFolder:
        """Return the folder of a later evaluation, apart from the run's own files."""
        return RunFolder(self.root / "evaluations" / name)


class SplitCounts(Struct, frozen=True):
    """The number of images in each split."""

    train: Count
    validation: Count
    test: Count


class Resolved(Struct, frozen=True):
    """What `auto` came to on the machine that trained the run."""

    device: str
    precision: Literal["fp32", "bf16"]
    processes: Positive
    threads: Positive


class RunConfig(FitConfig, frozen=True, kw_only=True):
    """config.json of a run: how it was asked for, and what it found when it began.

    `images` counts what the run used, `images_per_class` all images of the manifest. `turns` is how
    a source's images take turns in a run by steps: version 0.1 showed them in their order.
    """

    manifest_sha256: str
    classes: tuple[str, ...]
    images: SplitCounts
    images_per_class: dict[str, Count]
    resolved: Resolved
    versions: dict[str, str]
    decoding: Decoding | UnsetType = UNSET  # where not the default; `predict` does the same
    turns: Literal["drawn"] | UnsetType = UNSET


class ValidationScore(Struct, frozen=True):
    """Loss and accuracy on the validation split after an epoch."""

    loss: float
    accuracy: Share


class EpochReport(Struct, frozen=True, omit_defaults=True):
    """A line of epochs.jsonl: one epoch's training, and its validation if there is that split.

    `step` counts from the beginning of the run, `steps` those of this epoch. `loss` and `accuracy`
    were measured while the weights were changing.
    """

    epoch: Positive
    step: Positive
    steps: Positive
    lr: Annotated[float, Meta(ge=0.0)]
    loss: float
    accuracy: Share
    seconds: Annotated[float, Meta(ge=0.0)]
    validation: ValidationScore | None = None

    def as_line(self, total_steps: int) -> str:
        """Return the report as a line for people, with the time that is left."""
        parts = [
            f"epoch {self.epoch:>3}  step {self.step:>5} of {total_steps}",
            f"loss {self.loss:.4f}  accuracy {self.accuracy:.3f}",
        ]
        score = self.validation
        if score is not None:
            parts.append(f"validation loss {score.loss:.4f}")
            parts.append(f"validation accuracy {score.accuracy:.3f}")
        seconds_left = (total_steps - self.step) * self.seconds / self.steps
        parts.append(f"{self.seconds:.1f} s, {duration(seconds_left)} left")
        return "  ".join(parts)


def write_run_config(run: RunFolder, config: RunConfig) -> None:
    """Write a run's config.json."""
    write_atomic(run.config, encode(config, indent=2))


def read_run_config(run: RunFolder) -> RunConfig:
    """Read a run's config.json; raises RunError.

    An option that the file lacks, since its version of trainer did not have it, has its default.
    """
    if not run.config.exists():
        raise RunError(f"{run.config} does not exist; {run.root} is not a run of trainer")
    return read_document(run.config, RunConfig, RunError)


def write_epochs(file: Path, epochs: Sequence[EpochReport]) -> None:
    """Write the reports of all epochs so far."""
    write_atomic(file, b"".join(encode(epoch) for epoch in epochs))


def read_epochs(file: Path) -> list[EpochReport]:
    """Read the epochs of a run, none where there is no such file yet; raises RunError."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{file} cannot be read: {error.strerror}") from error
    lines = enumerate(content.splitlines(), start=1)
    return [decode(line, EpochReport, f"{file}: row {row}", RunError) for row, line in lines]


class DataFound(Struct, frozen=True):
    """What a run has found where its configuration says that its images are."""

    manifest_sha256: str
    classes: tuple[str, ...]
    images: SplitCounts


def open_run(root: Path, config: FitConfig, data: DataFound, *, resume: bool) -> RunFolder:
    """Check that a run may use a folder, which it need not make yet, or resume the one there.

    Nothing that was trained is overwritten. Raises RunError where the folder holds something else,
    another run, or one that should have been resumed.
    """
    run = RunFolder(root)
    if not root.exists():
        return run
    if not root.is_dir():
        raise RunError(f"{root} is a file; choose a folder with --out")
    if is_vacant(root):
        return run
    if not run.config.is_file():
        raise RunError(f"{root} is not empty and is not a run; choose another folder with --out")
    if not resume:
        state = "an unfinished run; --resume continues it"
        if run.metrics.is_file():
            state = "a finished run"
        raise RunError(f"{root} holds {state}; choose another folder with --out")
    _check_begun_alike(run, config, data)
    return run


def _check_begun_alike(run: RunFolder, config: FitConfig, data: DataFound) -> None:
    """Raise RunError for another option or other images; the same images may have moved."""
    begun = read_run_config(run)
    names = differing_options(begun, config)
    # Where both differ, a path says more than a hash does.
    if begun.manifest_sha256 != data.manifest_sha256 and begun.manifest != config.manifest:
        names.append("manifest")
    now = {**structs.asdict(config), **structs.asdict(data)}
    for name in (*names, *data.__struct_fields__):
        before = getattr(begun, name)
        if before != now[name]:
            difference = f"{name} {before!r}, not {now[name]!r}"
            raise RunError(f"{run.root} was begun with {difference}; use another folder")
    if config.steps is not None and begun.turns is UNSET and not run.metrics.is_file():
        raise RunError(f"{run.root} was begun by version 0.1 in another order; use another folder")


def is_vacant(folder: Path) -> bool:
    """Check whether a folder has nothing but the lock and configuration of a run without epochs."""
    run = RunFolder(folder)
    names = {each.name for each in folder.iterdir()} - {LOCK_NAME}
    if names != {run.config.name}:
        return not names
    try:
        read_run_config(run)
    except RunError:  # somebody else's config.json
        return False
    return True


@contextmanager
def hold_folder(root: Path) -> Iterator[None]:
    """Make a folder and lock it while this process works in it.

    The lock is released with the process that holds it, however that ends. Raises RunError where
    another process works there.
    """
    root.mkdir(parents=True, exist_ok=True)
    try:
        with hold_lock(root / LOCK_NAME):
            yield
    except LockedError as error:
        raise RunError(
            f"another process is working in {root}; wait for it, or choose another folder "
            "with --out"
        ) from error
