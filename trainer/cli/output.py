"""What several commands of trainer print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from augbuild.cli.output import echo, echo_json

if TYPE_CHECKING:
    from trainer.statistics.metrics import Metrics

_FILES = (
    "metrics.json",
    "predictions.csv",
    "model.safetensors",
    "curves.png",
    "confusion_matrix.png",
)
"""What a run leaves; an evaluation leaves some of them."""


def print_metrics(metrics: Metrics | None, folder: Path, *, quiet: bool, as_json: bool) -> None:
    """Print what came of a run or an evaluation, in the first of several processes only."""
    from trainer.training.device import is_main_process

    if not is_main_process():
        return
    if as_json:
        echo_json({} if metrics is None else metrics)
    elif not quiet:
        from trainer.statistics.metrics import as_table

        echo("" if metrics is None else f"\n{as_table(metrics)}\n")
        *names, last = [name for name in _FILES if (folder / name).is_file()]
        echo(f"{folder}: {', '.join(names)} and {last}" if names else f"{folder}: {last}")
