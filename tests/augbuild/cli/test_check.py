"""`augbuild check`: every problem at once, nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from augbuild.cli import main
from tests.conftest import RECIPE, photos, write_recipe


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


def test_check_counts_what_it_found(project: Path) -> None:
    result = run("check", "recipe.toml")
    assert (result.exit_code, result.output) == (
        0,
        "recipe.toml is a valid recipe of 3 transforms; its source has 8 images in 2 classes\n",
    )
    assert not (project / "out").exists()


def test_check_reads_the_source_it_is_given(project: Path) -> None:
    photos(project / "other", {"one": 2, "two": 2})
    photos(project / "far", {"three": 2})
    (project / "other" / "three").symlink_to(project / "far" / "three")
    plain = run("check", "recipe.toml", "--source", "other", "--no-follow-links")
    assert "4 images in 2 classes" in plain.output
    assert plain.stderr.startswith("found: 1 link is left out (three)")
    for follow in ([], ["--follow-links"]):
        linked = run("check", "recipe.toml", "--source", "other", *follow)
        assert "6 images in 3 classes" in linked.output
        assert linked.stderr.startswith("found: 1 link leads out of the source (three)")


def test_check_prints_findings(project: Path) -> None:
    (project / "photos" / "empty").mkdir()
    result = run("check", "recipe.toml")
    assert result.exit_code == 0
    assert result.stderr.startswith("found: ")
    assert "empty" in result.stderr


def test_check_names_what_is_wrong(project: Path) -> None:
    (project / "recipe.toml").write_text('name = "x"\n', encoding="utf-8")
    result = run("check", "recipe.toml")
    assert result.exit_code == 2
    assert result.stderr.startswith("augbuild: recipe.toml")


def test_check_shows_what_is_wrong_with_recipe_and_source_at_once(project: Path) -> None:
    wrong = RECIPE.replace("seed = 7", "seed = -7").replace('"photos"', '"nowhere"')
    write_recipe(project, wrong.replace("var = 0.001", "vra = 0.001").lstrip())
    result = run("check", "recipe.toml")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "augbuild: recipe.toml:2: seed must be from 0 to 9223372036854775807 (got -7)",
        'recipe.toml:20: transforms[2].vra is an unknown key; did you mean "var"?',
        "nowhere does not exist; the source is a folder with a folder of images for each class",
    ]


def test_check_shows_classes_that_are_not_there_beside_the_rest(project: Path) -> None:
    write_recipe(project, f"{RECIPE.strip()}\nx = 1\n[classes.cat]\ndeny = []\n")
    first, second = run("check", "recipe.toml").stderr.splitlines()
    assert first.startswith("augbuild: recipe.toml:21: transforms[2].x is an unknown key")
    assert second == (
        "recipe.toml:22: classes.cat is not a class of the source; did you mean 'cats'?"
    )


@pytest.mark.usefixtures("project")
def test_check_of_a_missing_source_alone() -> None:
    result = run("check", "recipe.toml", "--source", "nowhere")
    assert result.exit_code == 1
    assert "nowhere does not exist" in result.stderr


def test_check_opens_no_source_that_is_wrongly_described(project: Path) -> None:
    write_recipe(project, RECIPE.replace('"photos"', '"nowhere"\nlayout = "auo"').lstrip())
    (line,) = run("check", "recipe.toml").stderr.splitlines()
    assert line.startswith("augbuild: recipe.toml:5: source.layout must be ")


def test_check_prints_warnings_and_rejected_images(project: Path) -> None:
    (project / "photos.csv").write_text("path,label\nphotos/cats/cats_0.png,a\ngone.png,b\n")
    with (project / "photos.csv").open("a") as table:
        table.write("photos/cats/cats_1.png,b\n")
    text = RECIPE.replace('path = "photos"', 'path = "photos.csv"').replace("p = 0.5", "p = 0")
    write_recipe(project, text.lstrip())
    result = run("check", "recipe.toml")
    warning, rejected = result.stderr.splitlines()
    assert warning == "warning: recipe.toml:15: transforms[1] never fires: its p is 0"
    assert rejected.startswith("rejected: gone.png: unreadable, ")
    report = json.loads(run("check", "recipe.toml", "--json").stdout)
    assert (report["transforms"], report["images"], report["classes"]) == (3, 2, ["a", "b"])
    assert [each["source"] for each in report["rejected"]] == ["gone.png"]
    assert report["warnings"] == [warning.removeprefix("warning: ")]
    assert report["findings"] == []
