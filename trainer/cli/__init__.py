"""The command line of trainer: parse, call, print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from augbuild.core.documents import to_plain
from augbuild.errors import AugbuildError, TrainerError
from trainer.cli.options import comparing_options, running_options, training_options

if TYPE_CHECKING:
    from trainer.comparison.result import ComparisonResult, StoppedResult
    from trainer.statistics.metrics import Metrics

_FOLDER = click.Path(path_type=Path)


class _Group(click.Group):
    """A command group at whose edge every error of ours becomes a sentence and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (TrainerError, AugbuildError) as error:
            click.echo(f"trainer: {_printable(str(error))}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo(
                "trainer: interrupted; the same command with --resume goes on from the last epoch",
                err=True,
            )
            ctx.exit(130)


def _printable(text: str) -> str:
    return "".join(
        each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text
    )


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Examples:\n\n\b\n  trainer fit --manifest build/default/manifest.jsonl --out runs/first\n"
    "  trainer evaluate runs/first --manifest other/manifest.jsonl\n"
    "  trainer predict runs/first photo.jpg\n"
    "  trainer compare --manifest build/default/manifest.jsonl --out runs/did-it-help",
)
@click.version_option(package_name="augbuild", message="%(prog)s %(version)s")
def main() -> None:
    """Train an image classifier on any manifest, evaluate it properly, and compare training sets honestly."""


@main.command(
    epilog="Examples:\n\n\b\n"
    "  trainer fit --manifest build/lab/manifest.jsonl --train-on augmented --out runs/augmented --seed 0\n"
    "  trainer fit --manifest photos.csv --holdout 0.2 --arch resnet18 --image-size 64 --out runs/small\n"
    "  torchrun --nproc-per-node 2 -m trainer fit --manifest build/lab/manifest.jsonl --out runs/two"
)
@click.option(
    "--manifest",
    metavar="M",
    help="An augbuild manifest, a CSV, TSV, JSONL or Parquet table, or a folder.",
)
@click.option("--out", type=_FOLDER, required=True, metavar="RUN", help="The folder of the run.")
@click.option(
    "--train-on",
    type=click.Choice(["original", "augmented", "original+augmented", "placebo"]),
    help="Which training images; placebo: the originals, as often as they have variants.  [default: all there are]",
)
@click.option("--test-manifest", metavar="T", help="Take the test images from here.")
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
    out: Path,
    config: Path | None,
    cache: str | None,
    resume: bool,
    verify: bool,
    quiet: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Train on a manifest and evaluate on its test split, once, with the last step's weights."""
    from trainer.training.config import make_config

    given["compile"] = given.pop("compile_")
    chosen = make_config(given, config)
    from trainer.training.fit import fit_run

    metrics = fit_run(
        chosen, out, cache=_cache(cache), resume=resume, verify=verify, quiet=quiet or as_json
    )
    _print_metrics(metrics, out, quiet=quiet, as_json=as_json)


def _cache(given: str | None) -> Path | None:
    from trainer.training.fit import default_cache

    if given == "none":
        return None
    return default_cache() if given is None else Path(given)


def _print_metrics(metrics: Metrics | None, out: Path, *, quiet: bool, as_json: bool) -> None:
    from trainer.training.device import is_main_process

    if not is_main_process():
        return
    if as_json:
        click.echo(json.dumps({} if metrics is None else to_plain(metrics)))
    elif not quiet:
        from trainer.statistics.metrics import as_table

        click.echo(f"\n{_printable(as_table(metrics))}\n" if metrics else "")
        click.echo(
            f"{out}: metrics.json, predictions.csv, model.safetensors, curves.png and confusion_matrix.png"
        )


@main.command(
    epilog="Example:\n\n\b\n  trainer evaluate runs/first --manifest other/manifest.jsonl --split test"
)
@click.argument("run", type=_FOLDER)
@click.option("--manifest", type=_FOLDER, required=True, metavar="M", help="As for fit.")
@click.option(
    "--split", type=click.Choice(["train", "validation", "test"]), default="test", show_default=True
)
@click.option(
    "--cache",
    metavar="DIR|none",
    help="Where decoded pixels are kept.  [default: the user's cache folder]",
)
@click.option("--device", default="auto", show_default=True)
@click.option("--quiet", is_flag=True, help="Print errors only.")
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as one JSON object.")
def evaluate(
    run: Path,
    manifest: Path,
    split: str,
    cache: str | None,
    device: str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Evaluate a finished RUN on another manifest; what comes of it goes to RUN/evaluations/."""
    from trainer.training.evaluate import evaluate_run

    metrics, folder = evaluate_run(
        run, manifest, split=split, cache=_cache(cache), device=device, quiet=quiet or as_json
    )
    _print_metrics(metrics, folder, quiet=quiet, as_json=as_json)


@main.command(epilog="Example:\n\n\b\n  trainer predict runs/first photo.jpg more-photos/ --top 3")
@click.argument("run", type=_FOLDER)
@click.argument("images", type=_FOLDER, nargs=-1, required=True)
@click.option(
    "--top", type=click.IntRange(1), default=5, show_default=True, help="How many classes."
)
@click.option("--device", default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each image.")
def predict(run: Path, images: tuple[Path, ...], top: int, device: str, as_json: bool) -> None:
    """Predict the classes of IMAGES, files or folders, with a finished RUN."""
    from trainer.training.evaluate import predict_images

    results = predict_images(run, images, top=top, device=device)
    for result in results:
        if as_json:
            click.echo(json.dumps(to_plain(result)))
            continue
        shown = (f"{each.label} {each.probability:.3f}" for each in result.top)
        click.echo(_printable(f"{result.image}: {', '.join(shown) or result.error}"))
    if any(result.error is not None for result in results):
        sys.exit(1)


@main.command(
    epilog="Examples:\n\n\b\n"
    "  trainer compare --manifest build/lab/manifest.jsonl --out runs/lab\n"
    "  trainer compare --manifest build/lab/manifest.jsonl --budget epochs:10 --arch resnet18 --out runs/by-epochs\n"
    "  trainer compare --arm weak=build/a/manifest.jsonl --arm strong=build/b/manifest.jsonl --out runs/which\n"
    "  trainer compare --manifest build/folds/manifest.jsonl --folds --out runs/folds\n"
    "  trainer compare --ablate lab --source photos --out runs/which-transform\n\n"
    "Exit code: 0 judged, 1 an error, or a guard stopped it, 2 a wrong command line."
)
@comparing_options
@training_options
@running_options
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the comparison in --out; nothing finished is done again.",
)
def compare(
    out: Path,
    cache: str | None,
    resume: bool,
    verify: bool,
    quiet: bool,
    as_json: bool,
    override: tuple[str, ...],
    jobs: int,
    devices: str | None,
    source: str | None,
    **given: Any,
) -> None:
    """Say whether the augmentation helped: arms by seeds, trained alike, tested on the same images."""
    from trainer.comparison.compare import check_folder
    from trainer.comparison.compare import compare as compare_arms
    from trainer.comparison.design import from_options
    from trainer.comparison.runs import make_workers

    design, workers = from_options(**given), make_workers(jobs, devices)
    if given["ablate"]:
        from trainer.comparison.arms import make_ablation

        check_folder(out, resume=resume)
        design = make_ablation(design, given["ablate"], out, source=source, quiet=quiet or as_json)
    result = compare_arms(
        design, out, cache=_cache(cache), resume=resume, workers=workers, override=override, verify=verify,
        quiet=quiet or as_json,
    )  # fmt: skip
    _print_comparison(result, out, quiet=quiet, as_json=as_json)


def _print_comparison(
    result: ComparisonResult | StoppedResult, out: Path, *, quiet: bool, as_json: bool
) -> None:
    from trainer.comparison.judge import as_text
    from trainer.report.report import write_report

    write_report(out)
    if as_json:
        click.echo(json.dumps(to_plain(result)))
    elif not quiet:
        click.echo(
            f"{_printable(as_text(result))}\n\n{out}: report.html, report.md and comparison.json"
        )
    if result.verdict.outcome == "INVALID":
        sys.exit(1)


@main.command(epilog="Example:\n\n\b\n  trainer report runs/lab")
@click.argument("folder", type=_FOLDER, metavar="DIR")
def report(folder: Path) -> None:
    """Judge the finished comparison in DIR again and write its report: figures, Markdown and a page, no training."""
    from trainer.comparison.compare import rebuild
    from trainer.report.report import write_report

    rebuild(folder)
    markdown, page = write_report(folder)
    click.echo(f"{page} and {markdown.name}")


@main.command(epilog="Example:\n\n\b\n  trainer power --gain 0.05 --disagree 0.3 --images 28")
@click.option(
    "--gain", type=float, default=0.05, show_default=True, help="In accuracy: 0.05 is five points."
)
@click.option(
    "--disagree",
    type=float,
    default=0.3,
    show_default=True,
    help="Test images only one model gets right.",
)
@click.option(
    "--images",
    type=click.IntRange(1),
    metavar="N",
    help="Say what a test set of this size can see.",
)
@click.option(
    "--comparison",
    type=_FOLDER,
    metavar="DIR",
    help="Plan with the variances of a finished comparison.",
)
def power(gain: float, disagree: float, images: int | None, comparison: Path | None) -> None:
    """Say how many test images it takes to see a gain, before training for it."""
    from trainer.comparison.compare import judge_again
    from trainer.statistics.power import power_of, power_text

    if comparison is None:
        click.echo(power_text(gain, disagree, images))
        return
    result = judge_again(comparison)
    click.echo(power_of(result.contrasts, result.test.images, len(result.seeds), gain))


@main.command()
@click.argument("run", type=_FOLDER)
@click.option("--to", type=click.Choice(["onnx"]), default="onnx", show_default=True)
@click.option("--out", type=_FOLDER, metavar="FILE", help="[default: RUN/model.onnx]")
def export(run: Path, to: str, out: Path | None) -> None:
    """Hand the model of a finished RUN on to other software."""
    from trainer.training.export import export_run

    click.echo(f"{export_run(run, out)}: checked against torch ({to})")
