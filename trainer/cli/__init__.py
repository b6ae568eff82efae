"""The command line of trainer: parse, call, print."""

from __future__ import annotations

import os

import click

from augbuild.cli.group import CONTEXT, Group, verbose_option
from trainer.cli import compare, evaluate, fit


@click.group(
    name="trainer",
    cls=Group,
    context_settings=CONTEXT,
    epilog="Examples:\n\n\b\n"
    "  trainer fit --manifest build/default/manifest.jsonl --out runs/first\n"
    "  trainer evaluate runs/first --manifest other/manifest.jsonl\n"
    "  trainer predict runs/first photo.jpg\n"
    "  trainer compare --manifest build/default/manifest.jsonl --out runs/did-it-help",
)
@verbose_option
@click.version_option(package_name="augbuild", message="%(prog)s %(version)s")
def main() -> None:
    """Train an image classifier on any manifest, evaluate it properly, compare training sets."""
    # OpenMP's threads else spin while they wait for each other. On a machine that has other work,
    # too, they then wait for threads that are not even running: measured beside other work on two
    # cores, a step takes four times as long. It is read when torch is loaded, further down.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


for command in (
    fit.fit,
    evaluate.evaluate,
    evaluate.predict,
    compare.compare,
    compare.report,
    compare.power,
    evaluate.export,
):
    main.add_command(command)
