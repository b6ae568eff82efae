"""The command line of augbuild: parse, call, print."""

from __future__ import annotations

import click

from augbuild.cli import audit, check, init, make, ops, plan, verify
from augbuild.cli.group import CONTEXT, Group, verbose_option


@click.group(
    name="augbuild",
    cls=Group,
    context_settings=CONTEXT,
    epilog="Examples:\n\n\b\n"
    "  augbuild make default                      the shipped recipe on the sample images\n"
    "  augbuild make my.toml --source photos -j 4   your recipe on your photos\n"
    "  augbuild init photos                       a first recipe that fits your photos\n"
    "  augbuild ops rotate                        what a transform does and how to write it",
)
@verbose_option
@click.version_option(package_name="augbuild", message="%(prog)s %(version)s")
def main() -> None:
    """Build an augmented image dataset from a folder of images and a recipe."""


for command in (
    make.make,
    init.init,
    check.check,
    plan.plan,
    audit.audit,
    verify.verify,
    verify.replay,
    ops.ops,
):
    main.add_command(command)
