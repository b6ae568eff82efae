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
    "max_pixels", "depth", "box_margin", "min_size",
}  # fmt: skip


@pytest.mark.parametrize("command", ["make", "check", "plan"])
def test_commands_of_augbuild_take_them(command: str) -> None:
    assert {parameter.name for parameter in cli.main.commands[command].params} >= NAMES


@pytest.mark.parametrize("command", ["fit", "evaluate", "compare"])
def test_commands_of_trainer_take_them(command: str) -> None:
    assert {parameter.name for parameter in trainer.commands[command].params} >= NAMES


def test_each_option_has_its_place() -> None:
    given = TableOptions("p", "l", "s", "g", "images", ".png", "map.json", 60_000_000, 12, 0.5, 4)
    before = SourceOptions(layout="leaf", follow_links=True)
    assert given.over(before) == SourceOptions(
        layout="leaf",
        follow_links=True,
        columns=Columns("p", "l", "s", "g"),
        images=str(Path.cwd() / "images"),
        suffix=".png",
        labels=str(Path.cwd() / "map.json"),
        max_pixels=60_000_000,
        depth=12,
        margin=0.5,
        min_size=4,
    )


def test_what_is_not_given_stays() -> None:
    columns = Columns("p", "l", "s", "g")
    before = SourceOptions(columns=columns, images="i", suffix=".a", labels="m", depth=12, margin=1)
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


def test_no_option_has_two_meanings() -> None:
    for program in (cli.main, trainer):
        for command in program.commands.values():
            names = [name for each in command.params for name in each.opts]
            assert len(names) == len(set(names))
