"""What the commands print, all of it through one escape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from augbuild.core.text import printable

if TYPE_CHECKING:
    from augbuild.sources.dataset import Rejected
    from augbuild.sources.findings import Finding

MOST_SHOWN = 10
"""Of findings and classes: more would scroll the rest out of sight; --json prints them all."""


def echo(text: str, *, err: bool = False) -> None:
    """Print a line, with all escaped that could act on a terminal."""
    click.echo(printable(text), err=err)


def echo_json(value: object) -> None:
    """Print a value, or a struct as its document is written, as one line of JSON."""
    from augbuild.core.documents import to_plain  # msgspec: --help does without it

    echo(json.dumps(to_plain(value)))


def print_warnings(warnings: Sequence[str]) -> None:
    """Print warnings on standard error, one a line."""
    for warning in warnings:
        echo(f"warning: {warning}", err=True)


def print_findings(findings: Sequence[Finding]) -> None:
    """Print findings on standard error, one a line."""
    for finding in findings:
        echo(f"found: {finding.text()}", err=True)


def print_rejected(rejected: Sequence[Rejected], file: str = "") -> None:
    """Print the first of the images that cannot be used; `file` is one that has them all."""
    for each in rejected[:MOST_SHOWN]:
        echo(f"rejected: {each.source}: {each.reason}, {each.message}", err=True)
    more = len(rejected) - MOST_SHOWN
    if more > 0:
        where = f", all in {file}" if file else ""
        echo(f"rejected: and {more:,} more{where}", err=True)


def print_counts(counts: Mapping[str, Mapping[str, int]]) -> None:
    """Print a line for each folder: images in all, and of each class."""
    for folder, classes in counts.items():
        total = sum(classes.values())
        shown = [f"{label} {count:,}" for label, count in classes.items()]
        line = f"{folder:<16}{total:>9,}   "
        line += ", ".join(shown[:MOST_SHOWN])
        more = len(classes) - MOST_SHOWN
        if more > 0:
            line += f" and {more:,} more classes"
        echo(line)


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows as columns, the first aligned to the left and all others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [first.ljust(widths[0])]
        for cell, width in zip(others, widths[1:], strict=True):
            cells.append(cell.rjust(width))
        echo("  ".join(cells))
