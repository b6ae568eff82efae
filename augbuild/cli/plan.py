"""`augbuild plan`: what a recipe asks for, without making it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from augbuild.cli import options
from augbuild.cli.output import (
    MOST_SHOWN,
    echo,
    echo_json,
    print_findings,
    print_table,
    print_warnings,
)
from augbuild.core.text import duration, file_size, plural, shorten, visible

if TYPE_CHECKING:
    from augbuild.building.outlook import Estimate, Outlook

_WIDEST_CLASS = 40
_WHOLE_RATE = 10


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
    print_table(_class_rows(outlook))
    images = plural(outlook.images, "image")
    sources = plural(len(outlook.pending), "source")
    stale = ""
    if outlook.stale:
        stale = f", those of {plural(len(outlook.stale), 'removed source')} to prune"
    echo(f"{outlook.out}: {images} of {sources} to make{stale}")
    if outlook.estimate is not None:
        echo(_describe_cost(outlook.estimate))
    if explain:
        for path, why in outlook.pending:
            echo(f"{why:<16}{path}")
        for path in outlook.stale:
            echo(f"{'gone':<16}{path}")


def _class_rows(outlook: Outlook) -> list[list[str]]:
    """Return a row for each class: train images before and after, and each folder of the tree."""
    columns = {"before": outlook.before, **outlook.counts, "after": outlook.after}
    rows = [["class", *columns]]
    for label in list(outlook.before)[:MOST_SHOWN]:
        numbers = [f"{counts.get(label, 0):,}" for counts in columns.values()]
        rows.append([shorten(visible(label), _WIDEST_CLASS), *numbers])
    more = len(outlook.before) - MOST_SHOWN
    name = f"all, with {more:,} more classes" if more > 0 else "all"
    numbers = [f"{sum(counts.values()):,}" for counts in columns.values()]
    return [*rows, [name, *numbers]]


def _describe_cost(estimate: Estimate) -> str:
    """Return an estimate as a sentence that says what it rests on."""
    size = file_size(estimate.bytes)
    time = "under a second"
    if estimate.seconds >= 1:
        time = duration(estimate.seconds)
    sampled = plural(estimate.sampled, "source")
    if estimate.rate is not None:
        digits = 0 if estimate.rate >= _WHOLE_RATE else 1
        rate = f"at {estimate.rate:,.{digits}f} images a second, as in the last build"
        return f"about {size} (estimated from {sampled}), about {time} ({rate})"
    processors = plural(estimate.workers, "processor")
    return (
        f"about {size}, and {time} on {processors} for decoding and encoding alone, "
        f"without the transforms (estimated from {sampled})"
    )
