"""`trainer compare`, `trainer report` and `trainer power`: did the augmentation help?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from augbuild.cli.options import TableOptions, table_options
from augbuild.cli.output import echo, echo_json
from trainer import library
from trainer.cli.options import (
    FOLDER,
    comparing_options,
    running_options,
    skip_unreadable_option,
    test_split_option,
    training_options,
)


@click.command(
    epilog="Examples:\n\n\b\n"
    "  trainer compare --manifest build/lab/manifest.jsonl --out runs/lab\n"
    "  trainer compare --manifest build/lab/manifest.jsonl --budget epochs:10 "
    "--arch resnet18 --out runs/by-epochs\n"
    "  trainer compare --arm weak=build/a/manifest.jsonl --arm strong=build/b/manifest.jsonl "
    "--out runs/which\n"
    "  trainer compare --manifest build/folds/manifest.jsonl --folds --out runs/folds\n"
    "  trainer compare --ablate lab --source photos --out runs/which-transform\n\n"
    "Exit code: 0 judged, 1 an error, or a guard stopped it, 2 a wrong command line."
)
@comparing_options
@table_options
@skip_unreadable_option
@test_split_option
@training_options
@running_options
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the comparison in --out; nothing finished is done again.",
)
def compare(
    out: Path,
    quiet: bool,
    as_json: bool,
    tables: TableOptions,
    **options: Any,
) -> None:
    """Judge whether the augmentation helped: arms by seeds, trained and tested alike."""
    from trainer.training.device import keep_freed_memory

    # Where devices are listed, each worker takes one: torch must not have looked for any before.
    if options["devices"] is None:
        keep_freed_memory(options["device"] or "auto")
    result = library.compare(
        out=out, quiet=quiet or as_json, tables=tables.for_training(), **options
    )
    if as_json:
        echo_json(result)
    elif not quiet:
        from trainer.cli.verdict_text import as_text

        echo(f"{as_text(result)}\n\n{out}: report.html, report.md and comparison.json")
    if result.verdict.outcome == "INVALID":
        sys.exit(1)


@click.command(epilog="Example:\n\n\b\n  trainer report runs/lab")
@click.argument("folder", type=FOLDER, metavar="DIR")
def report(folder: Path) -> None:
    """Judge the finished comparison in DIR again and write its report; nothing is trained."""
    markdown, page = library.write_report(folder)
    echo(f"{page} and {markdown.name}")


@click.command(epilog="Example:\n\n\b\n  trainer power --gain 0.05 --disagree 0.3 --images 28")
@click.option(
    "--gain", type=float, default=0.05, show_default=True, help="In accuracy: 0.05 is five points."
)
@click.option(
    "--disagree",
    type=float,
    default=0.3,
    show_default=True,
    help="Share of test images that only one of the models gets right.",
)
@click.option(
    "--images",
    type=click.IntRange(1),
    metavar="N",
    help="Show also what a test set of this size can see.",
)
@click.option(
    "--comparison",
    type=FOLDER,
    metavar="DIR",
    help="Plan with the variances of a finished comparison.",
)
def power(gain: float, disagree: float, images: int | None, comparison: Path | None) -> None:
    """Show how many test images it takes to see a gain, before training for it."""
    echo(library.power(gain, disagree=disagree, images=images, comparison=comparison))
