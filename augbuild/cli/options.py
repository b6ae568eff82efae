"""The options that several commands of augbuild take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click
import msgspec

from augbuild.sources.dataset import SourceOptions
from augbuild.sources.decoding import MOST_PIXELS, Decoding

n_jobs = click.option(
    "-j",
    "--n-jobs",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Worker processes.  [default: all CPUs]",
)
source = click.option(
    "--source", metavar="PATH", help="Take the images from here, whatever the recipe says."
)
follow_links = click.option(
    "--follow-links/--no-follow-links",
    default=True,
    help="Follow symbolic links, each real folder once.  [default: follow]",
)
rehash = click.option(
    "--rehash",
    is_flag=True,
    help="Read every source to see whether it changed, not only its size and time.",
)

_TABLE_OPTIONS = (
    click.option("--path-column", metavar="NAME", help="The column of a table with the images."),
    click.option("--label-column", metavar="NAME", help="The column of a table with the labels."),
    click.option(
        "--split-column", metavar="NAME", help="The column with the splits; none leaves it unused."
    ),
    click.option("--group-column", metavar="NAME", help="The column of what no split may part."),
    click.option("--images", metavar="DIR", help="What the paths of a table are relative to."),
    click.option("--suffix", metavar=".jpg", help="What the names in a table lack at their end."),
    click.option("--labels", metavar="MAP.json", help='Names of labels: {"0": "cat", "1": "dog"}.'),
    click.option(
        "--max-pixels",
        type=click.IntRange(1, MOST_PIXELS),
        metavar="N",
        help="Read images of up to N pixels.  [default: 50000000]",
    ),
    click.option(
        "--depth",
        type=click.IntRange(1, 16),
        metavar="BITS",
        help="The bits that 16-bit images really use.  [default: 16]",
    ),
    click.option(
        "--margin",
        type=click.FloatRange(0, 10),
        metavar="SHARE",
        help="Cut boxes out with this share of their size on each side.  [default: 0]",
    ),
    click.option(
        "--min-size",
        type=click.IntRange(1, 10_000),
        metavar="PIXELS",
        help="Reject boxes whose shorter side has fewer pixels.  [default: 1]",
    ),
)


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How the command line says that a table is read; None where it does not say."""

    path_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None
    group_column: str | None = None
    images: str | None = None
    suffix: str | None = None
    labels: str | None = None
    max_pixels: int | None = None
    depth: int | None = None
    margin: float | None = None
    min_size: int | None = None

    def over(self, options: SourceOptions) -> SourceOptions:
        """Return the options of a source with those of the command line in their place.

        Files are relative to the working directory.
        """
        columns = msgspec.structs.asdict(options.columns)
        for name in columns:
            given = getattr(self, f"{name}_column")
            if given is not None:
                columns[name] = given
        replaced = msgspec.structs.replace(
            options, columns=msgspec.structs.replace(options.columns, **columns)
        )
        if self.images is not None:
            replaced = msgspec.structs.replace(replaced, images=str(Path.cwd() / self.images))
        if self.labels is not None:
            replaced = msgspec.structs.replace(replaced, labels=str(Path.cwd() / self.labels))
        others: dict[str, object] = {}
        for name in ("suffix", *Decoding.__struct_fields__):
            given = getattr(self, name)
            if given is not None:
                others[name] = given
        return msgspec.structs.replace(replaced, **others)

    def for_training(self) -> SourceOptions | None:
        """Return the options of a source where the command line gives any."""
        return None if self == TableOptions() else self.over(SourceOptions())


def table_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of reading a table; the command takes them as one, `tables`."""

    @wraps(command)
    def with_tables(**given: Any) -> None:  # what click has made of each option
        tables = {each.name: given.pop(each.name) for each in fields(TableOptions)}
        command(tables=TableOptions(**tables), **given)

    decorated: Callable[..., None] = with_tables
    for option in reversed(_TABLE_OPTIONS):
        decorated = option(decorated)
    return decorated
