"""The run folder: configuration, epochs, metrics and predictions as JSON and CSV, weights as safetensors."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augbuild.errors import RunError


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of one run."""

    root: Path

    @property
    def config(self) -> Path:
        """Give the configuration and what it met: classes, images, versions, the manifest's hash."""
        return self.root / "config.json"

    @property
    def epochs(self) -> Path:
        """Give the reports of all epochs, a line of JSON each."""
        return self.root / "epochs.jsonl"

    @property
    def weights(self) -> Path:
        """Give the final weights."""
        return self.root / "model.safetensors"

    @property
    def checkpoint(self) -> Path:
        """Give the state that an interrupted run goes on from; gone when it is finished."""
        return self.root / "checkpoint.safetensors"

    @property
    def metrics(self) -> Path:
        """Give the metrics, written last: they are there = the run is finished."""
        return self.root / "metrics.json"

    def evaluation(self, name: str) -> RunFolder:
        """Give the folder of a later evaluation, apart from the run's own."""
        return RunFolder(self.root / "evaluations" / name)


def open_run(root: Path, config: Mapping[str, Any], *, resume: bool) -> RunFolder:
    """Make a run folder, or with `resume` go on in one that was begun alike; raises RunError; overwrites nothing."""
    run = RunFolder(root)
    if root.exists() and (not root.is_dir() or (any(root.iterdir()) and not run.config.is_file())):
        raise RunError(f"{root} is not empty and is no run; choose another folder with --out")
    if run.config.is_file():
        if not resume:
            state = (
                "a finished run"
                if run.metrics.is_file()
                else "a run that was not finished; --resume goes on with it"
            )
            raise RunError(f"{root} holds {state}; choose another folder with --out")
        before = read_json(run.config)
        for name, value in config.items():
            if before.get(name) != value:
                raise RunError(
                    f"{root} was begun with {name} {before.get(name)!r}, not {value!r}; use another folder"
                )
    root.mkdir(parents=True, exist_ok=True)
    return run


@contextmanager
def hold_folder(root: Path) -> Iterator[None]:
    """Hold a folder for this process while it works there; raises RunError where another one does.

    The lock (flock, on the folder itself) goes with the process that holds it, however that ends.
    """
    lock = os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lock(lock, root)
        yield
    finally:
        os.close(lock)


def _lock(descriptor: int, root: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunError(
            f"another process is at work in {root}; wait for it, or choose another folder with --out"
        ) from error


def write_text(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    staged = file.with_name(f".{file.name}.partial")
    staged.write_text(text, encoding="utf-8", newline="")
    staged.replace(file)


def write_json(file: Path, values: Mapping[str, Any]) -> None:
    """Write JSON whole or not at all."""
    write_text(file, json.dumps(values, indent=2, ensure_ascii=False) + "\n")


def read_json(file: Path) -> dict[str, Any]:
    """Read JSON that a run wrote; raises RunError."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(
            f"{file} does not exist; {file.parent} is no finished run of trainer"
        ) from error
    except (OSError, ValueError) as error:
        raise RunError(f"{file} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise RunError(f"{file} is not what trainer writes")
    return values


def write_epochs(file: Path, epochs: Sequence[Mapping[str, Any]]) -> None:
    """Write all epochs so far, a line of JSON each."""
    write_text(file, "".join(json.dumps(epoch) + "\n" for epoch in epochs))


def read_epochs(file: Path) -> list[dict[str, Any]]:
    """Read the epochs of a run that was begun; none where there is no such file."""
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
