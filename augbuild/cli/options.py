"""The options that several commands of augbuild take."""

from __future__ import annotations

import click

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
