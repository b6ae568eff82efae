"""`augbuild verify` and `augbuild replay`: a built tree, or one image, against its manifest."""

from __future__ import annotations

import sys

import click

from augbuild.cli import options
from augbuild.cli.output import MOST_SHOWN, echo, echo_json


@click.command(
    epilog="Exit code: 0 all as it was built, 1 damage, 2 it could not be checked.\n\n"
    "To repair a tree, remove what is damaged or extra and run the same `augbuild make` again."
)
@click.argument("out", type=click.Path())
@click.option(
    "--quick", is_flag=True, help="Compare the sizes of the images only, without reading them."
)
@options.n_jobs
@click.option("--quiet", is_flag=True, help="Print findings only.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def verify(out: str, quick: bool, n_jobs: int | None, quiet: bool, as_json: bool) -> None:
    """Check the built tree OUT against its manifest: every byte, and files that are not in it."""
    from augbuild.checking.verify import verify as verify_tree

    report = verify_tree(out, quick=quick, n_jobs=n_jobs, quiet=quiet)
    if as_json:
        echo_json(report.to_json())
    else:
        for finding in report.findings[:MOST_SHOWN]:
            echo(f"{finding.kind:<12}{finding.file}: {finding.message}")
        if len(report.findings) > MOST_SHOWN:
            echo(f"and {len(report.findings) - MOST_SHOWN:,} more; --json gives all")
        if not quiet:
            echo(report.summary())
    sys.exit(report.exit_code)


@click.command(epilog="Exit code: 0 the same image, 1 another one, 2 it could not be made again.")
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
    help="The folder of the images that the recipe lays over others.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def replay(file: str, source: str | None, recipe_folder: str | None, as_json: bool) -> None:
    """Make one image of a built tree, FILE, again as its manifest row says, and compare the two."""
    from augbuild.checking.replay import replay as replay_file

    report = replay_file(file, source=source, recipe_folder=recipe_folder)
    if as_json:
        echo_json(report.to_json())
    else:
        echo(report.summary())
    sys.exit(report.exit_code)
