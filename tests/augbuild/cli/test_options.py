"""Options of reading a table: the same words in both programs."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from augbuild import cli
from augbuild.cli.options import TableOptions
from augbuild.sources.dataset import Columns, SourceOptions
from trainer.cli import main as trainer

NAMES = {
    "path_column", "label_column", "split_column", "group_column", "images", "suffix", "labels",
}  # fmt: skip


@pytest.mark.parametrize("command", ["make", "check", "plan"])
def test_commands_of_augbuild_take_them(command: str) -> None:
    assert {parameter.name for parameter in cli.main.commands[command].params} >= NAMES


@pytest.mark.parametrize("command", ["fit", "evaluate"])
def test_commands_of_trainer_take_them(command: str) -> None:
    assert {parameter.name for parameter in trainer.commands[command].params} >= NAMES


def test_each_option_has_its_place() -> None:
    given = TableOptions("p", "l", "s", "g", "images", ".png", "map.json")
    before = SourceOptions(layout="leaf", follow_links=True)
    assert given.over(before) == SourceOptions(
        layout="leaf",
        follow_links=True,
        columns=Columns("p", "l", "s", "g"),
        images=str(Path.cwd() / "images"),
        suffix=".png",
        labels=str(Path.cwd() / "map.json"),
    )


def test_what_is_not_given_stays() -> None:
    before = SourceOptions(columns=Columns("p", "l", "s", "g"), images="i", suffix=".a", labels="m")
    assert TableOptions().over(before) == before
    assert TableOptions().for_training() is None
    assert TableOptions(suffix=".png").for_training() == SourceOptions(suffix=".png")


def test_check_reads_a_table_by_options(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").touch()
    (tmp_path / "t.csv").write_text("key;what;x\na;cat;1\nb;dog;2\n")
    columns = ["--path-column", "key", "--label-column", "what", "--suffix", ".png"]
    arguments = ["check", "default", "--source", str(tmp_path / "t.csv"), *columns]
    done = CliRunner().invoke(cli.main, arguments)
    assert done.exit_code == 0, done.output
    assert "its source has 2 images in 2 classes" in done.output
