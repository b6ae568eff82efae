"""`augbuild check`: all that is wrong with a recipe and its source, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from augbuild.cli import options
from augbuild.cli.output import echo, echo_json, print_findings, print_rejected, print_warnings
from augbuild.core.text import plural
from augbuild.errors import AugbuildError, RecipeError

if TYPE_CHECKING:  # `augbuild --help` starts without them
    from augbuild.recipe.model import Recipe
    from augbuild.sources.dataset import SourceDataset


@click.command(
    epilog="Exit code: 0 nothing is wrong, 1 the source cannot be used, 2 the recipe is wrong."
)
@click.argument("recipe")
@options.source
@options.follow_links
@options.table_options
@click.option("--json", "as_json", is_flag=True, help="Print what was found as one JSON object.")
def check(
    recipe: str,
    source: str | None,
    follow_links: bool,
    as_json: bool,
    tables: options.TableOptions,
) -> None:
    """Check RECIPE and the source it names: every problem at once, nothing is written."""
    from augbuild.core.pool import available_cpus
    from augbuild.planning.plan import check_classes, remaining_findings
    from augbuild.similarity.duplicates import look_for_duplicates, settle_duplicates

    loaded, dataset = _read_both(recipe, tables, source=source, follow_links=follow_links)
    findings = [*remaining_findings(loaded, dataset)]
    # Of a source that is still to be split, only `plan` looks at the pixels.
    if dataset.is_split:
        cpus = available_cpus()
        looked = look_for_duplicates(loaded.split, dataset, n_jobs=cpus, quiet=as_json)
        remaining, found = settle_duplicates(loaded.split, dataset, looked)
        check_classes(loaded, remaining)
        findings += found
    if as_json:
        report = {"images": len(dataset.sources), "classes": dataset.classes}
        report |= {"findings": findings, "rejected": dataset.rejected}
        report |= {"transforms": len(loaded.transforms), "warnings": loaded.warnings}
        echo_json(report)
        return
    print_warnings(loaded.warnings)
    print_findings(findings)
    print_rejected(dataset.rejected)
    transforms = plural(len(loaded.transforms), "transform")
    images = plural(len(dataset.sources), "image")
    classes = plural(len(dataset.classes), "class", "classes")
    echo(f"{recipe} is a valid recipe of {transforms}; its source has {images} in {classes}")


def _read_both(
    recipe: str, tables: options.TableOptions, *, source: str | None, follow_links: bool
) -> tuple[Recipe, SourceDataset]:
    """Read a recipe and open its source; raises RecipeError with the problems of both."""
    from augbuild.building.inputs import open_source_of, read_source_by
    from augbuild.planning.plan import check_classes
    from augbuild.recipe.load import read_recipe

    reading = read_recipe(recipe)
    if not reading.has_source:
        reading.problems.raise_if_any()
    loaded = read_source_by(reading.recipe, tables.over)
    try:
        dataset = open_source_of(loaded, source=source, follow_links=follow_links)
        check_classes(loaded, dataset)
    except AugbuildError as error:
        if not reading.problems.count:
            raise
        raise RecipeError("\n".join([*reading.problems.messages(), str(error)])) from error
    reading.problems.raise_if_any()
    return loaded, dataset
