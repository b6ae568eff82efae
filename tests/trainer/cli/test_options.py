"""The options that several commands share: order in --help, types, no defaults of their own."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from trainer.cli import main
from trainer.cli.options import cache_option, comparing_options, running_options, training_options


def names(command: click.Command) -> list[str | None]:
    """Return the names of a command's parameters, in the order of --help."""
    return [parameter.name for parameter in command.params]


def test_options_are_listed_in_the_order_they_are_written() -> None:
    @click.command()
    @training_options
    @running_options
    def command() -> None:
        """Do nothing."""

    assert names(command)[:3] == ["batch_size", "lr", "optimizer"]
    assert names(command)[-5:] == ["config", "cache", "verify", "quiet", "as_json"]


def test_comparing_options_begin_with_the_manifest() -> None:
    @click.command()
    @comparing_options
    @cache_option
    def command() -> None:
        """Do nothing."""

    assert names(command)[:2] == ["manifest", "arms"]
    assert names(command)[-1] == "cache"


@pytest.mark.parametrize("name", ["fit", "compare"])
def test_training_options_have_no_defaults_of_their_own(name: str) -> None:
    """A default here would override the configuration file."""
    shared = names(training_options(click.Command("x", params=[])))
    # click keeps the first help option that it makes: without these names, -h is gone afterwards.
    options = ["--out", "x"]
    given = (
        main.commands[name].make_context(name, options, help_option_names=["-h", "--help"]).params
    )
    assert {option: given[str(option)] for option in shared} == dict.fromkeys(shared)


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_is_explained(name: str) -> None:
    result = CliRunner().invoke(main, [name, "-h"])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: trainer {name} ")


def test_help_lists_every_command() -> None:
    printed = CliRunner().invoke(main, ["--help"]).stdout
    assert main.commands.keys() == {
        "compare", "evaluate", "export", "fit", "power", "predict", "report",
    }  # fmt: skip
    assert all(f"  {name} " in printed for name in main.commands)
