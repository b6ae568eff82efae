"""`augbuild plan`: nothing is written."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import augbuild
from augbuild.cli import main
from tests.augbuild.checking.test_audit import split_folder
from tests.conftest import RECIPE, photo, photos, write_recipe


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
    *table, images, cost = result.stdout.splitlines()
    assert table == [
        "class  before  train  augmented_train  test  after",
        "cats        3      3                6     1      9",
        "dogs        3      3                6     1      9",
        "all         6      6               12     2     18",
    ]
    assert images == "out: 20 images of 8 sources to make"
    pattern = (
        r"about [\d.]+ kB, and under a second on \d+ processors? for decoding and encoding alone, "
        r"without the transforms \(estimated from 8 sources\)"
    )
    assert re.fullmatch(pattern, cost)
    assert not (project / "out").exists()


def test_plan_explains(project: Path) -> None:
    augbuild.build("recipe.toml", n_jobs=1)
    assert run("plan", "recipe.toml").stdout.endswith("0 images of 0 sources to make\n")
    (project / "photos" / "cats" / "cats_0.png").rename(project / "photos" / "cats" / "x\x1b.png")
    lines = run("plan", "recipe.toml", "--explain").stdout.splitlines()
    assert lines[-4].endswith(" of 1 source to make, those of 1 removed source to prune")
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


def test_plan_counts_classes_before_and_after_a_balance(project: Path) -> None:
    photos(project / "photos", {"cats": 9, "dogs": 4})
    balanced = RECIPE.replace("variants = 2", "balance = { target = 5, cap_per_source = 1 }")
    write_recipe(project, balanced)
    result = run("plan", "recipe.toml")
    assert result.stdout.splitlines()[:4] == [
        "class  before  train  augmented_train  test  after",
        "cats        7      5                0     2      5",
        "dogs        3      3                2     1      5",
        "all        10      8                2     3     10",
    ]
    assert result.stderr.splitlines()[0] == (
        "found: 1 class has more train images than the balance's target of 5; "
        "2 train images are left out (cats 2); target = 7 keeps all"
    )


def test_plan_shows_ten_classes_and_counts_all(project: Path) -> None:
    photos(project / "photos", {f"class {number}": 2 for number in range(9)})
    lines = run("plan", "recipe.toml").stdout.splitlines()
    assert lines[10].startswith("class 8 ")
    assert lines[11].split()[:6] == ["all,", "with", "1", "more", "classes", "15"]


def test_plan_knows_the_rate_of_the_last_build(project: Path) -> None:
    augbuild.build("recipe.toml", n_jobs=1)
    last = project / "out" / ".augbuild" / "last-run.json"
    run_before = json.loads(last.read_text())
    assert run_before["images_per_second"] is None  # of 20 images there is none
    last.write_text(json.dumps({**run_before, "images_per_second": 0.25}))
    photo(project / "photos" / "cats" / "new.png", 4711)
    cost = run("plan", "recipe.toml").stdout.splitlines()[-1]
    end = r"about \d+ s \(at 0\.2 images a second, as in the last build\)"
    assert re.fullmatch(rf"about .* \(estimated from \d sources?\), {end}", cost)


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
