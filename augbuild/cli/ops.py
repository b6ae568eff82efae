"""`augbuild ops`."""

from __future__ import annotations

import click

from augbuild.cli.output import echo


@click.command()
@click.argument("name", required=False)
def ops(name: str | None) -> None:
    """List the transforms that a recipe can name, or explain one: parameters, ranges, examples."""
    from augbuild.catalogue.help import describe_transform, list_transforms

    if name is None:
        echo(list_transforms())
    else:
        echo(describe_transform(name))
