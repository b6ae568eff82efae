"""`trainer fit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from augbuild.cli.options import TableOptions, table_options
from trainer import library
from trainer.cli.options import (
    FOLDER,
    running_options,
    skip_unreadable_option,
    test_split_option,
    training_options,
)
from trainer.cli.output import print_metrics


@click.command(
    epilog="Examples:\n\n\b\n"
    "  trainer fit --manifest build/lab/manifest.jsonl --train-on augmented "
    "--out runs/augmented --seed 0\n"
    "  trainer fit --manifest photos.csv --holdout 0.2 --arch resnet18 --image-size 64 "
    "--out runs/small\n"
    "  torchrun --nproc-per-node 2 -m trainer fit --manifest build/lab/manifest.jsonl "
    "--out runs/two"
)
@click.option(
    "--manifest",
    metavar="M",
    help="An augbuild manifest, a table, a folder, an archive, or whatever augbuild builds from.",
)
@table_options
@skip_unreadable_option
@click.option("--out", type=FOLDER, required=True, metavar="RUN", help="The folder of the run.")
@click.option(
    "--train-on",
    type=click.Choice(["original", "augmented", "original+augmented", "placebo"]),
    help="Which training images; placebo: the originals, as often as they have variants.  "
    "[default: all there are]",
)
@click.option("--test-manifest", metavar="T", help="Take the test images from here.")
@test_split_option
@click.option(
    "--holdout",
    type=float,
    metavar="SHARE",
    help="Hold a share of the training sources out as the test set.",
)
@click.option(
    "--fold",
    type=int,
    metavar="N",
    help="Test on the originals of this fold, train on the other folds.",
)
@click.option("--seed", type=int, help="Governs initial weights and order.  [default: 0]")
@click.option("--epochs", type=int, help="Passes over the training images.  [default: 10]")
@click.option(
    "--steps",
    type=int,
    help="Optimiser steps, instead of epochs; sources then take turns with their variants.",
)
@training_options
@running_options
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
def fit(
    manifest: str | None,
    out: Path,
    config: Path | None,
    cache: str | None,
    resume: bool,
    verify: bool,
    quiet: bool,
    as_json: bool,
    tables: TableOptions,
    **training: Any,
) -> None:
    """Train on a manifest and evaluate on its test split, once, with the last step's weights."""
    from trainer.training.config import make_config

    training["source"] = tables.for_training()
    chosen = make_config({**training, "manifest": manifest}, config)
    from trainer.training.device import keep_freed_memory  # torch: a wrong option is named first

    keep_freed_memory(chosen.device)
    metrics = library.fit(
        manifest, out=out, config=config, cache=cache, resume=resume, verify=verify,
        quiet=quiet or as_json, **training,
    )  # fmt: skip
    print_metrics(metrics, out, quiet=quiet, as_json=as_json)
