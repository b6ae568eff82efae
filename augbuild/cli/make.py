"""`augbuild make`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import click

from augbuild.cli import options
from augbuild.cli.output import (
    echo,
    echo_json,
    print_counts,
    print_findings,
    print_rejected,
    print_warnings,
)
from augbuild.core.text import plural

if TYPE_CHECKING:
    from augbuild.building.build import BuildReport

_EXIT_REJECTED = 3


@click.command(
    epilog="Examples:\n\n\b\n  augbuild make default\n"
    "  augbuild make recipes/lab.toml --source photos --out build/lab -j 4\n\n"
    "Exit code: 0 done, 1 an error, 2 a wrong recipe or command line, "
    "3 done but images were rejected."
)
@click.argument("recipe")
@options.source
@options.follow_links
@options.table_options
@click.option("--out", metavar="FOLDER", help="Build here, whatever the recipe says.")
@options.n_jobs
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
@options.rehash
@click.option("--allow-rejected", is_flag=True, help="Exit with 0 although images were rejected.")
@click.option("--quiet", is_flag=True, help="Print errors only.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def make(
    recipe: str,
    source: str | None,
    follow_links: bool,
    out: str | None,
    n_jobs: int | None,
    backend: Literal["loky", "threading"],
    limit: int | None,
    prune: bool,
    rebuild: bool,
    rehash: bool,
    allow_rejected: bool,
    quiet: bool,
    as_json: bool,
    tables: options.TableOptions,
) -> None:
    """Build the dataset that RECIPE describes: a file, or a shipped recipe: default, lab, strong, …

    Running it again does only what changed, and finishes what was interrupted.
    """
    from augbuild.building.build import build
    from augbuild.building.inputs import read_source_by
    from augbuild.core.processes.memory import keep_freed_memory

    keep_freed_memory()
    loaded = read_source_by(recipe, tables.over)
    report = build(
        loaded, source=source, out=out, n_jobs=n_jobs, backend=backend, limit=limit, prune=prune,
        rebuild=rebuild, rehash=rehash, follow_links=follow_links, quiet=quiet,
    )  # fmt: skip
    if as_json:
        echo_json(report.to_json())
    else:
        print_findings(report.findings)
        if not quiet:
            _print_report(report)
    if report.rejected and not allow_rejected:
        sys.exit(_EXIT_REJECTED)


def _print_report(report: BuildReport) -> None:
    print_warnings(report.warnings)
    print_rejected(report.rejected, "rejected.jsonl")
    print_counts(report.counts)
    pruned = ""
    if report.pruned:
        pruned = f", those of {plural(report.pruned, 'removed source')} pruned"
    echo(
        f"{report.out}: {report.made:,} images made, {report.kept:,} kept as they were{pruned}, "
        f"{report.seconds:.1f} s"
    )
