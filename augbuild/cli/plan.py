"""`augbuild plan`: what a recipe asks for, without making it."""

from __future__ import annotations

import click

from augbuild.cli import options
from augbuild.cli.output import echo, echo_json, print_counts, print_findings, print_warnings
from augbuild.core.text import plural


@click.command()
@click.argument("recipe")
@options.source
@options.follow_links
@options.table_options
@click.option(
    "--out", metavar="FOLDER", help="Compare the plan with this folder, whatever the recipe says."
)
@options.rehash
@click.option(
    "--explain", is_flag=True, help="List the sources that a build would work on, and why."
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as one JSON object.")
def plan(
    recipe: str,
    source: str | None,
    follow_links: bool,
    out: str | None,
    rehash: bool,
    explain: bool,
    as_json: bool,
    tables: options.TableOptions,
) -> None:
    """Show what RECIPE would make, and what of it is still to do, without making it."""
    from augbuild.building.inputs import read_source_by
    from augbuild.building.outlook import plan_build

    loaded = read_source_by(recipe, tables.over)
    outlook = plan_build(
        loaded, source=source, out=out, rehash=rehash, follow_links=follow_links, quiet=as_json
    )
    if as_json:
        echo_json(outlook.to_json())
        return
    print_warnings(outlook.warnings)
    print_findings(outlook.findings)
    print_counts(outlook.counts)
    images = plural(outlook.images, "image")
    sources = plural(len(outlook.pending), "source")
    stale = ""
    if outlook.stale:
        stale = f", those of {plural(len(outlook.stale), 'removed source')} to prune"
    echo(f"{outlook.out}: {images} of {sources} to make{stale}")
    if explain:
        for path, why in outlook.pending:
            echo(f"{why:<16}{path}")
        for path in outlook.stale:
            echo(f"{'gone':<16}{path}")
