"""Options that several commands share are one and the same: name, kind and words."""

from __future__ import annotations

import click
import pytest

from augbuild.cli import main, options

SHARED = ("--n-jobs", "--source", "--follow-links", "--rehash")


@pytest.mark.parametrize("flag", SHARED)
def test_an_option_says_the_same_in_every_command(flag: str) -> None:
    every = [option for command in main.commands.values() for option in command.params]
    found = [(each.opts, each.type.name, each.metavar) for each in every if flag in each.opts]
    assert len(found) > 1, "an option of one command belongs to that command"
    assert all(each == found[0] for each in found)


def test_a_number_of_workers_is_at_least_one() -> None:
    @click.command()
    @options.n_jobs
    def command(n_jobs: int | None) -> None:
        click.echo(str(n_jobs))

    from click.testing import CliRunner

    assert CliRunner().invoke(command, ["-j", "3"]).output == "3\n"
    assert CliRunner().invoke(command, []).output == "None\n"
    for wrong in ("0", "-1", "1025", "2.5"):
        assert CliRunner().invoke(command, ["-j", wrong]).exit_code == 2
