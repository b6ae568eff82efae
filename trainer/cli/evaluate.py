"""`trainer evaluate`, `trainer predict` and `trainer export`: what a finished run is good for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from augbuild.cli.options import TableOptions, table_options
from augbuild.cli.output import echo, echo_json
from trainer import library
from trainer.cli.options import FOLDER, cache_option, skip_unreadable_option
from trainer.cli.output import print_metrics

if TYPE_CHECKING:
    from trainer.data.samples import Split


@click.command(
    epilog="Example:\n\n\b\n"
    "  trainer evaluate runs/first --manifest other/manifest.jsonl --split test"
)
@click.argument("run", type=FOLDER)
@click.option("--manifest", type=FOLDER, required=True, metavar="M", help="As for fit.")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "val", "test"]),
    default="test",
    show_default=True,
    help="val is validation.",
)
@table_options
@skip_unreadable_option
@cache_option
@click.option("--device", default="auto", show_default=True, help="As for fit.")
@click.option("--quiet", is_flag=True, help="Print errors only.")
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as one JSON object.")
def evaluate(
    run: Path,
    manifest: Path,
    split: Split | Literal["val"],
    cache: str | None,
    device: str,
    quiet: bool,
    as_json: bool,
    tables: TableOptions,
    skip_unreadable: bool | None,
) -> None:
    """Evaluate a finished RUN on another manifest; the results go to RUN/evaluations/."""
    from trainer.training.device import keep_freed_memory

    keep_freed_memory(device)
    chosen: Split = "validation" if split == "val" else split
    metrics, folder = library.evaluate(
        run, manifest, split=chosen, cache=cache, device=device, quiet=quiet or as_json,
        source=tables.for_training(), skip_unreadable=bool(skip_unreadable),
    )  # fmt: skip
    print_metrics(metrics, folder, quiet=quiet, as_json=as_json)


@click.command(epilog="Example:\n\n\b\n  trainer predict runs/first photo.jpg more-photos/ --top 3")
@click.argument("run", type=FOLDER)
@click.argument("images", type=FOLDER, nargs=-1, required=True)
@click.option(
    "--top", type=click.IntRange(1), default=5, show_default=True, help="How many classes."
)
@click.option("--device", default="auto", show_default=True, help="As for fit.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each image.")
def predict(run: Path, images: tuple[Path, ...], top: int, device: str, as_json: bool) -> None:
    """Predict the classes of IMAGES, files or folders, with a finished RUN."""
    from trainer.training.device import keep_freed_memory

    keep_freed_memory(device)
    results = library.predict(run, images, top=top, device=device)
    for result in results:
        if as_json:
            echo_json(result)
        elif result.error is not None:
            echo(f"{result.image}: {result.error}")
        else:
            best = [f"{each.label} {each.probability:.3f}" for each in result.top]
            echo(f"{result.image}: {', '.join(best)}")
    if any(result.error is not None for result in results):
        sys.exit(1)


@click.command()
@click.argument("run", type=FOLDER)
@click.option("--to", type=click.Choice(["onnx"]), default="onnx", show_default=True)
@click.option("--out", type=FOLDER, metavar="FILE", help="[default: RUN/model.onnx]")
def export(run: Path, to: str, out: Path | None) -> None:
    """Write the model of a finished RUN in a format for other software."""
    file = library.export(run, out=out)
    echo(f"{file}: checked against torch ({to})")
