"""`augbuild audit`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from augbuild.cli import options
from augbuild.cli.output import echo, echo_json, print_findings
from augbuild.core.text import plural

if TYPE_CHECKING:
    from augbuild.sources.dataset import LayoutName


@click.command(
    epilog="Examples:\n\n\b\n  augbuild audit photos\n"
    "  augbuild audit photos --write copies.txt      what [source] exclude_file may name\n"
    "  augbuild audit build/photos                   the originals of a built tree\n\n"
    "Exit code: 0 nothing found, 1 findings, or an error, 2 a wrong command line."
)
@click.argument("source")
@click.option(
    "--layout",
    type=click.Choice(["auto", "classes", "splits", "class-splits", "leaf"]),
    default="auto",
    show_default=True,
    help="How the folders are meant, where that cannot be seen.",
)
@options.follow_links
@options.table_options
@click.option(
    "--write",
    metavar="FILE",
    help="Write the list of images to leave out so that no copy is left, for exclude_file.",
)
@options.n_jobs
@click.option("--quiet", is_flag=True, help="Print findings only, not the pairs.")
@click.option("--json", "as_json", is_flag=True, help="Print the audit as one JSON object.")
def audit(
    source: str,
    layout: LayoutName,
    follow_links: bool,
    write: str | None,
    n_jobs: int | None,
    quiet: bool,
    as_json: bool,
    tables: options.TableOptions,
) -> None:
    """Look for copies in SOURCE, and for all else that is odd: a dataset, or a built tree.

    Copies are found at another size, in another encoding or light, mirrored, turned, cropped or
    framed; across splits they make a test easier than it looks.
    """
    from augbuild.checking.audit import audit as audit_source
    from augbuild.sources.dataset import SourceOptions

    read_as = tables.over(SourceOptions(layout=layout, follow_links=follow_links))
    report = audit_source(source, read_as, n_jobs=n_jobs, quiet=quiet or as_json)
    if write is not None:
        report.write(Path(write))
    if as_json:
        echo_json(report.to_json())
        sys.exit(report.exit_code)
    print_findings(report.findings)
    if not quiet:
        for pair in report.pairs:
            marks = "across" if pair.across_splits else "within"
            if pair.labels_differ:
                marks += ", two labels"
            echo(f"{marks:<20}{pair.first} = {pair.second} ({pair.how})")
        images = plural(report.images, "image")
        pairs = plural(len(report.pairs), "pair")
        echo(f"{source}: {images}, {pairs} of the same picture")
    if write is not None and not quiet:
        echo(f"wrote {write}: {plural(len(report.exclusions), 'image')} to leave out")
    sys.exit(report.exit_code)
