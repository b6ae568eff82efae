"""`augbuild ops`, and the help of the whole program."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from augbuild.catalogue.transforms import CATALOGUE
from augbuild.cli import main

COMMANDS = ("audit", "check", "init", "make", "ops", "plan", "replay", "verify")


def test_all_transforms_are_listed() -> None:
    lines = CliRunner().invoke(main, ["ops"]).stdout.splitlines()
    assert CATALOGUE.keys() <= {line.split(" ")[0] for line in lines}


def test_one_transform_is_explained() -> None:
    result = CliRunner().invoke(main, ["ops", "rotate"])
    assert result.exit_code == 0
    assert "degrees" in result.stdout


def test_unknown_transform_is_an_error() -> None:
    result = CliRunner().invoke(main, ["ops", "rotat"])
    assert result.exit_code == 2
    assert result.stderr.startswith("augbuild: ")
    assert "rotate" in result.stderr


def test_help_lists_every_command() -> None:
    printed = CliRunner().invoke(main, ["--help"]).stdout
    assert all(f"  {name} " in printed for name in main.commands)
    assert main.commands.keys() == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_explained(name: str) -> None:
    result = CliRunner().invoke(main, [name, "-h"])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: augbuild {name} ")
    options = [each for each in main.commands[name].params if each.param_type_name == "option"]
    assert all(option.to_info_dict()["help"] for option in options)


def test_version_is_that_of_the_package() -> None:
    import augbuild

    result = CliRunner().invoke(main, ["--version"], prog_name="augbuild")
    assert result.stdout == f"augbuild {augbuild.__version__}\n"
