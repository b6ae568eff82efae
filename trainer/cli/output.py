"""What several commands of trainer print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from augbuild.cli.output import echo, echo_json

_FILES = (
    "metrics.json",
    "predictions.csv",
    "model.safetensors",
    "curves.png",
    "confusion_matrix.png",
)
"""What a run leaves; an evaluation leaves some of them."""


def print_metrics(metrics: dict[str, Any], folder: Path, *, quiet: bool, as_json: bool) -> None:
    """Print what came of a run or an evaluation, in the first of several processes only."""
    from trainer.training.device import is_main_process

    if not is_main_process():
        return
    if as_json:
        echo_json(metrics)
    elif not quiet:
        from trainer.statistics.metrics import as_table

        echo(f"\n{as_table(metrics)}\n" if metrics else "")
        *names, last = [name for name in _FILES if (folder / name).is_file()]
        echo(f"{folder}: {', '.join(names)} and {last}" if names else f"{folder}: {last}")
