"""`augbuild plan`: nothing is written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import augbuild
from augbuild.cli import main
from tests.augbuild.checking.test_audit import split_folder
from tests.conftest import photos, write_recipe


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe and photos of two classes, and the working folder."""
    photos(tmp_path / "photos", {"cats": 4, "dogs": 4})
    write_recipe(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, arguments)


def test_a_group_by_pattern_answers_names_that_look_augmented(project: Path) -> None:
    for number in range(3):
        name = project / "photos" / "cats" / f"cats_{number}.png"
        name.with_name(f"cats_{number}_flip.png").write_bytes(name.read_bytes())
    (warned,) = run("check", "recipe.toml").stderr.splitlines()
    assert "3 images look already augmented by name" in warned
    assert run("plan", "recipe.toml").stderr.splitlines() == [warned]
    pattern = warned.split("group = ")[1].split(" in [split]")[0]
    recipe = project / "recipe.toml"
    text = recipe.read_text(encoding="utf-8").replace('group = "none"', f"group = {pattern}")
    recipe.write_text(text, encoding="utf-8")
    assert run("check", "recipe.toml").stderr == ""
    assert run("plan", "recipe.toml").stderr == ""


def test_plan_counts_what_is_to_do(project: Path) -> None:
    result = run("plan", "recipe.toml")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "out: 20 images of 8 sources to make"
    assert not (project / "out").exists()


def test_plan_explains(project: Path) -> None:
    augbuild.build("recipe.toml", n_jobs=1)
    assert run("plan", "recipe.toml").stdout.endswith("0 images of 0 sources to make\n")
    (project / "photos" / "cats" / "cats_0.png").rename(project / "photos" / "cats" / "x\x1b.png")
    lines = run("plan", "recipe.toml", "--explain").stdout.splitlines()
    assert lines[-3].endswith(" of 1 source to make, those of 1 removed source to prune")
    assert lines[-2] == "new             cats/x\\x1b.png"
    assert lines[-1] == "gone            cats/cats_0.png"
    assert "gone" not in run("plan", "recipe.toml").stdout


def test_plan_compares_with_the_folder_it_is_given(project: Path) -> None:
    augbuild.build("recipe.toml", n_jobs=1)
    elsewhere = run("plan", "recipe.toml", "--out", "elsewhere").stdout
    assert "elsewhere: 20 images of 8 sources" in elsewhere
    photos(project / "other", {"one": 2, "two": 2})
    assert "of 4 sources" in run("plan", "recipe.toml", "--source", "other").stdout


def test_plan_rehashes_when_asked(project: Path) -> None:
    import os

    augbuild.build("recipe.toml", n_jobs=1)
    path = project / "photos" / "cats" / "cats_0.png"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=times)
    assert " 1 source to make" in run("plan", "recipe.toml", "--rehash").stdout


@pytest.mark.usefixtures("project")
def test_plan_as_json_is_the_outlook() -> None:
    report = json.loads(run("plan", "recipe.toml", "--json").stdout)
    assert (report["images"], len(report["pending"]), report["stale"]) == (20, 8, [])
    assert report["counts"] == augbuild.plan("recipe.toml").counts


@pytest.mark.parametrize("command", ["check", "plan"])
def test_copies_across_splits_are_named(tmp_path: Path, command: str) -> None:
    split_folder(tmp_path / "photos")
    recipe = write_recipe(tmp_path)
    result = run(command, str(recipe))
    assert result.exit_code == 0
    found = [line for line in result.stderr.splitlines() if line.startswith("found: ")]
    assert len(found) == 2
    assert found[0].startswith("found: 2 validation or test images have copies in another split")
    assert found[1].startswith("found: 1 pair of images shows the same picture under two labels")
    text = recipe.read_text().replace("[split]", '[split]\non_duplicates = "error"')
    recipe.write_text(text)
    result = run(command, str(recipe))
    assert result.exit_code == 1
    assert result.stderr.startswith("augbuild: 2 validation or test images have copies")


def test_check_leaves_the_pixels_of_a_source_without_splits_alone(project: Path) -> None:
    copy = project / "photos" / "dogs" / "copy.png"
    shutil.copyfile(project / "photos" / "cats" / "cats_1.png", copy)
    text = (project / "recipe.toml").read_text().replace('"none"', '"near-duplicates"')
    (project / "recipe.toml").write_text(text)
    assert run("check", "recipe.toml").stderr == ""
    assert "under two labels (cats/cats_1.png = dogs/copy.png)" in run("plan", "recipe.toml").stderr
