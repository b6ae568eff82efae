"""`augbuild init`: what it prints, and that the next command is the right one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from augbuild.cli import main
from tests.conftest import photos


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with photos of two classes."""
    photos(tmp_path / "photos", {"cats": 4, "dogs": 3})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, arguments)


@pytest.mark.usefixtures("project")
def test_init_prints_what_it_saw_and_what_comes_next() -> None:
    result = run("init", "photos")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "photos: 7 images in 2 classes, without splits\n"
        "images                  7   cats 4, dogs 3\n"
        "typical size: 40 x 30 pixels, of 7 files looked at\n"
        "wrote recipe.toml; read it through, then: augbuild make recipe.toml\n"
    )
    checked = run("check", "recipe.toml")
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert run("make", "recipe.toml", "-j", "1").exit_code == 0


def test_init_keeps_nothing_back(project: Path) -> None:
    (project / "photos" / "empty").mkdir()
    (project / "photos" / "cats" / "notes.txt").touch()
    (project / "photos" / "cats" / "a.jpg").write_bytes(b"none")
    for number in range(11):
        (project / "photos" / "cats" / f"gone{number:02}.jpg").symlink_to("nowhere")
    stderr = run("init", "photos").stderr.splitlines()
    assert [line for line in stderr if line.startswith("found: ") and "empty" in line]
    assert "1 of 8 files looked at cannot be read as an image" in stderr
    rejected = [line for line in stderr if line.startswith("rejected: ")]
    assert rejected[0].startswith("rejected: cats/gone00.jpg: unreadable, ")
    assert rejected[-1] == "rejected: and 1 more"
    assert len(rejected) == 11
    assert len([line for line in stderr if ".txt" in line]) == 1


@pytest.mark.usefixtures("project")
def test_init_prints_json() -> None:
    result = run("init", "photos", "--json", "--out", "a b.toml")
    printed = json.loads(result.stdout)
    assert printed["recipe"] == "a b.toml"
    assert printed["counts"] == {"images": {"cats": 4, "dogs": 3}}


@pytest.mark.usefixtures("project")
def test_next_command_can_be_pasted() -> None:
    assert run("init", "photos", "--out", "a b.toml").stdout.endswith("augbuild make 'a b.toml'\n")


def test_init_names_splits(project: Path) -> None:
    photos(project / "set" / "train", {"cats": 2, "dogs": 1})
    photos(project / "set" / "test", {"cats": 1, "dogs": 1})
    assert "set: 5 images in 2 classes, with splits of their own\n" in run("init", "set").stdout


def test_init_overwrites_nothing(project: Path) -> None:
    (project / "recipe.toml").write_text("mine")
    result = run("init", "photos")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "augbuild: recipe.toml exists already and is left as it is; "
        "choose another file with --out\n"
    )
    assert (project / "recipe.toml").read_text() == "mine"


def test_layout_that_was_said_stands_in_the_recipe(project: Path) -> None:
    run("init", "photos", "--layout", "classes")
    assert 'layout = "classes"\n' in (project / "recipe.toml").read_text()
    assert run("init", "photos", "--layout", "odd").exit_code == 2


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", ["make", "check", "plan"])
def test_a_folder_in_place_of_a_recipe_is_led_here(command: str) -> None:
    result = run(command, "photos")
    assert result.exit_code == 2
    assert result.stderr == (
        "augbuild: photos is a folder, not a recipe; `augbuild init photos` writes one for it\n"
    )
