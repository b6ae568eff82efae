"""`augbuild init`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from augbuild.cli import options
from augbuild.cli.output import echo, echo_json, print_counts, print_findings, print_rejected
from augbuild.core.text import plural

if TYPE_CHECKING:
    from augbuild.sources.dataset import LayoutName
    from augbuild.starting.survey import Survey


@click.command(
    epilog="Examples:\n\n\b\n  augbuild init photos\n"
    "  augbuild init photos --out recipes/photos.toml\n\n"
    "Exit code: 0 done, 1 an error, a file that exists among them, 2 a wrong command line."
)
@click.argument("folder")
@click.option(
    "--out",
    default="recipe.toml",
    show_default=True,
    metavar="FILE",
    help="Write the recipe here; a file that exists is left as it is.",
)
@click.option(
    "--layout",
    type=click.Choice(["auto", "classes", "splits", "class-splits", "leaf"]),
    default="auto",
    show_default=True,
    help="How the folders are meant, where that cannot be seen.",
)
@options.follow_links
@click.option("--json", "as_json", is_flag=True, help="Print what was seen as one JSON object.")
def init(folder: str, out: str, layout: LayoutName, follow_links: bool, as_json: bool) -> None:
    """Write a commented recipe that fits the images in FOLDER, and say what was seen."""
    from augbuild.sources.dataset import SourceOptions
    from augbuild.starting.start import start_recipe

    read_as = SourceOptions(layout=layout, follow_links=follow_links)
    start = start_recipe(folder, Path(out), read_as)
    if as_json:
        echo_json(start.to_json())
        return
    print_findings(start.survey.findings)
    _print_survey(folder, start.survey)
    echo(f"wrote {start.recipe}; read it through, then: augbuild make {shlex.quote(out)}")


def _print_survey(folder: str, survey: Survey) -> None:
    images = plural(survey.images, "image")
    classes = plural(len(survey.classes), "class", "classes")
    splits = "with splits of their own" if survey.is_split else "without splits"
    echo(f"{folder}: {images} in {classes}, {splits}")
    print_counts(survey.counts)
    if survey.median_size is not None:
        width, height = survey.median_size
        looked_at = plural(len(survey.sizes), "file")
        echo(f"typical size: {width:,} x {height:,} pixels, of {looked_at} looked at")
    if survey.unread:
        looked_at = plural(survey.unread + len(survey.sizes), "file")
        echo(f"{survey.unread:,} of {looked_at} looked at cannot be read as an image", err=True)
    print_rejected(survey.rejected)
    if survey.ignored and not any(each.kind == "files left out" for each in survey.findings):
        kinds = [f"{count:,} {kind}" for kind, count in survey.ignored.items()]
        echo(f"left out: {', '.join(kinds)}", err=True)
