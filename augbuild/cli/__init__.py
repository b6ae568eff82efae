"""The command line: parse, call, print."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from augbuild.core.signals import StopRequested, handle_stop_signals, ignore_stop_signals
from augbuild.core.text import printable
from augbuild.errors import AugbuildError

if TYPE_CHECKING:
    from augbuild.building.build import BuildReport

_EXIT_REJECTED = 3
_SHOWN = 10


class _Group(click.Group):
    """A command group at whose edge every error of ours, and every signal, becomes a sentence and an exit code."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Run as a program does, and exit."""
        try:
            return super().__call__(*args, **options)
        finally:
            ignore_stop_signals()

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with handle_stop_signals():
                return super().invoke(ctx)
        except StopRequested as stopped:
            with suppress(OSError):  # a terminal that hung up hears nothing
                click.echo(f"augbuild: {stopped}", err=True)
            ctx.exit(stopped.exit_code)
        except AugbuildError as error:
            click.echo(f"augbuild: {printable(str(error))}", err=True)
            ctx.exit(error.exit_code)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # whoever read our output has seen enough: click ends in silence
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"augbuild: {printable(where)}{error.strerror or error}", err=True)
            ctx.exit(AugbuildError.exit_code)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Examples:\n\n\b\n  augbuild make default                      the shipped recipe on the sample images\n"
    "  augbuild make my.toml --source photos -j 4   your recipe on your photos\n"
    "  augbuild ops rotate                        what a transform does and how to write it",
)
@click.version_option(package_name="augbuild", message="%(prog)s %(version)s")
def main() -> None:
    """Build an augmented image dataset from a folder of images and a recipe."""


_n_jobs_option = click.option(
    "-j",
    "--n-jobs",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Worker processes.  [default: all CPUs]",
)


def _source_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--follow-links",
            is_flag=True,
            help="Follow symbolic links to folders; those to files always are.",
        ),
        click.option(
            "--source", metavar="PATH", help="Take the images from here, whatever the recipe says."
        ),
    ):
        command = option(command)
    return command


@main.command(
    epilog="Examples:\n\n\b\n  augbuild make default\n"
    "  augbuild make recipes/lab.toml --source photos --out build/lab -j 4\n\n"
    "Exit code: 0 done, 1 an error, 2 a wrong recipe or command line, 3 done but images were rejected."
)
@click.argument("recipe")
@_source_options
@click.option("--out", metavar="FOLDER", help="Build here, whatever the recipe says.")
@_n_jobs_option
@click.option(
    "--backend",
    type=click.Choice(["loky", "threading"]),
    default="loky",
    show_default=True,
    help="How joblib runs the workers.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help="Use only N sources, evenly over the classes: a quick look.",
)
@click.option(
    "--prune",
    is_flag=True,
    help="Allow the images of many removed sources, or of another build, to be removed.",
)
@click.option("--rebuild", is_flag=True, help="Make all images again.")
@click.option(
    "--rehash",
    is_flag=True,
    help="Read every source to see whether it changed, not only its size and time.",
)
@click.option("--allow-rejected", is_flag=True, help="Exit with 0 although images were rejected.")
@click.option("--quiet", is_flag=True, help="Print errors only.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def make(recipe: str, allow_rejected: bool, quiet: bool, as_json: bool, **options: Any) -> None:
    """Build the dataset that RECIPE describes: a file, or the name of a shipped recipe (default, lab, strong).

    Running it again does only what changed, and finishes what was interrupted.
    """
    from augbuild.building.build import build

    report = build(recipe, quiet=quiet, **options)
    if as_json:
        click.echo(json.dumps(report.to_json()))
    elif not quiet:
        _print_report(report)
    if report.rejected and not allow_rejected:
        sys.exit(_EXIT_REJECTED)


def _print_report(report: BuildReport) -> None:
    _print_warnings(report.warnings)
    for rejected in report.rejected[:_SHOWN]:
        click.echo(
            f"rejected: {printable(rejected.source)}: {rejected.reason}, {printable(rejected.message)}",
            err=True,
        )
    if len(report.rejected) > _SHOWN:
        click.echo(
            f"rejected: and {len(report.rejected) - _SHOWN:,} more, all in rejected.jsonl", err=True
        )
    _print_counts(report.counts)
    pruned = f", those of {report.pruned:,} removed sources pruned" if report.pruned else ""
    click.echo(
        f"{report.out}: {report.made:,} images made, {report.kept:,} kept as they were{pruned}, {report.seconds:.1f} s"
    )


def _print_warnings(warnings: Sequence[str]) -> None:
    for warning in warnings:
        click.echo(f"warning: {printable(warning)}", err=True)


def _print_counts(counts: Mapping[str, Mapping[str, int]]) -> None:
    for folder, classes in counts.items():
        shown = ", ".join(
            f"{printable(label)} {count:,}" for label, count in list(classes.items())[:_SHOWN]
        )
        more = f" and {len(classes) - _SHOWN:,} more classes" if len(classes) > _SHOWN else ""
        click.echo(f"{folder:<16}{sum(classes.values()):>9,}   {shown}{more}")


@main.command()
@click.argument("recipe")
@_source_options
def check(recipe: str, source: str | None, follow_links: bool) -> None:
    """Check RECIPE and the source it names: every problem at once, nothing is written."""
    from augbuild.building.inputs import open_source_of
    from augbuild.planning.plan import check_classes
    from augbuild.recipe.load import load_recipe

    loaded = load_recipe(recipe)
    dataset = open_source_of(loaded, source=source, follow_links=follow_links)
    check_classes(loaded, dataset)
    _print_warnings((*loaded.warnings, *dataset.warnings))
    click.echo(
        f"{recipe} is a valid recipe of {len(loaded.transforms)} transforms; its source has {len(dataset.sources):,} "
        f"images in {len(dataset.classes):,} classes"
    )


@main.command()
@click.argument("recipe")
@_source_options
@click.option(
    "--out", metavar="FOLDER", help="Hold the plan against this folder, whatever the recipe says."
)
@click.option(
    "--rehash",
    is_flag=True,
    help="Read every source to see whether it changed, not only its size and time.",
)
@click.option(
    "--explain", is_flag=True, help="Name the sources that a build would work on, and why."
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as one JSON object.")
def plan(recipe: str, explain: bool, as_json: bool, **options: Any) -> None:
    """Show what RECIPE would make, and what of it is still to do, without making it."""
    from augbuild.building.outlook import plan_build

    outlook = plan_build(recipe, **options)
    if as_json:
        click.echo(json.dumps(outlook.to_json()))
        return
    _print_warnings(outlook.warnings)
    _print_counts(outlook.counts)
    gone = f", those of {len(outlook.stale):,} removed sources to prune" if outlook.stale else ""
    click.echo(
        f"{outlook.out}: {outlook.images:,} images of {len(outlook.pending):,} sources to make{gone}"
    )
    if explain:
        for path, why in outlook.pending:
            click.echo(f"{why:<16}{printable(path)}")
        for path in outlook.stale:
            click.echo(f"{'gone':<16}{printable(path)}")


@main.command(
    epilog="Exit code: 0 all as it was built, 1 damage, 2 it could not be checked.\n\n"
    "To repair a tree, remove what is damaged or extra and run the same `augbuild make` again."
)
@click.argument("out", type=click.Path())
@click.option(
    "--quick", is_flag=True, help="Compare the sizes of the images only, without reading them."
)
@_n_jobs_option
@click.option("--quiet", is_flag=True, help="Print findings only.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def verify(out: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Hold the built tree OUT against its manifest: every byte of every image, and every file that is not in it."""
    from augbuild.checking.verify import verify

    report = verify(out, quiet=quiet, **options)
    if as_json:
        click.echo(json.dumps(report.to_json()))
    else:
        for finding in report.findings[:_SHOWN]:
            click.echo(f"{finding.kind:<12}{printable(finding.file)}: {printable(finding.message)}")
        if len(report.findings) > _SHOWN:
            click.echo(f"and {len(report.findings) - _SHOWN:,} more; --json gives all")
        if not quiet:
            click.echo(printable(report.summary()))
    sys.exit(report.exit_code)


@main.command(epilog="Exit code: 0 the same image, 1 another one, 2 it could not be made again.")
@click.argument("file", type=click.Path())
@click.option(
    "--source",
    metavar="PATH",
    help="Read the source from this dataset, not the original beside the image.",
)
@click.option(
    "--assets",
    "recipe_folder",
    metavar="FOLDER",
    help="Where the images are that the recipe lays over others.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def replay(file: str, as_json: bool, **options: Any) -> None:
    """Make one image of a built tree again, as the manifest says that FILE was made, and compare the two."""
    from augbuild.checking.replay import replay

    report = replay(file, **options)
    click.echo(json.dumps(report.to_json()) if as_json else printable(report.summary()))
    sys.exit(report.exit_code)


@main.command()
@click.argument("name", required=False)
def ops(name: str | None) -> None:
    """List the transforms that a recipe can name, or explain one: parameters, ranges, and how to write it."""
    from augbuild.catalogue.help import describe_transform, list_transforms

    click.echo(list_transforms() if name is None else describe_transform(name))
