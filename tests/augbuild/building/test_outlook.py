"""What a build would do: as the build then does it, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augbuild.building.build import build
from augbuild.building.outlook import plan_build
from augbuild.dataset.state import State
from tests.augbuild.building.fixtures import change_unseen
from tests.conftest import RECIPE, photo, photos, tree, write_recipe


def test_before_the_first_build(project: Path) -> None:
    outlook = plan_build(project / "recipe.toml")
    assert not (project / "out").exists()
    report = build(project / "recipe.toml")
    assert outlook.out == report.out
    assert outlook.counts == report.counts
    assert outlook.counts["augmented_train"] == {"cats": 12, "dogs": 6}
    assert outlook.images == report.made == 30
    assert len(outlook.pending) == 12
    assert {cause for _, cause in outlook.pending} == {"new"}
    assert (outlook.stale, outlook.warnings) == ((), ())


def test_counts_leave_out_what_gets_no_variants(project: Path) -> None:
    write_recipe(project, RECIPE.replace("variants = 2", "variants = 0"))
    assert set(plan_build(project / "recipe.toml").counts) == {"train", "test"}


def test_after_a_build_and_a_change(split_project: Path) -> None:
    out = build(split_project / "recipe.toml").out
    assert plan_build(split_project / "recipe.toml").pending == ()
    before = tree(out)
    cats = split_project / "photos" / "train" / "cats"
    photo(cats / "new.png", 4711)
    (cats / "cats_1.png").unlink()
    outlook = plan_build(split_project / "recipe.toml")
    assert outlook.pending == (("train/cats/new.png", "new"),)
    assert outlook.stale == ("train/cats/cats_1.png",)
    assert outlook.images == 3
    assert tree(out) == before


def test_rehash_looks_into_files(split_project: Path) -> None:
    build(split_project / "recipe.toml")
    change_unseen(split_project, "train/cats/cats_1.png")
    assert plan_build(split_project / "recipe.toml").pending == ()
    expected = (("train/cats/cats_1.png", "source changed"),)
    assert plan_build(split_project / "recipe.toml", rehash=True).pending == expected


def test_an_interrupted_run_is_looked_into(split_project: Path) -> None:
    out = build(split_project / "recipe.toml").out
    output = next(out.glob("augmented_train/cats/cats_1_*_aug0.jpg"))
    output.write_bytes(bytes(output.stat().st_size))
    assert plan_build(split_project / "recipe.toml").pending == ()
    with State(out / ".augbuild" / "state.sqlite") as state:
        state.set_note("running", 1)
    expected = (("train/cats/cats_1.png", "interrupted"),)
    assert plan_build(split_project / "recipe.toml").pending == expected


def test_source_and_output_may_be_others(project: Path, tmp_path: Path) -> None:
    photos(tmp_path / "others", {"ants": 4, "birds": 4})
    outlook = plan_build(
        project / "recipe.toml", source=str(tmp_path / "others"), out=tmp_path / "x"
    )
    assert outlook.counts["train"] == {"ants": 3, "birds": 3}
    assert outlook.out == tmp_path / "x"


def test_links_are_followed_unless_told(project: Path, tmp_path: Path) -> None:
    photos(tmp_path / "others", {"x": 4})
    (project / "photos" / "dogs" / "more").symlink_to(tmp_path / "others" / "x")
    images = plan_build(project / "recipe.toml", follow_links=False).images
    assert plan_build(project / "recipe.toml").images > images


@pytest.mark.parametrize("built", [False, True])
def test_as_json(project: Path, built: bool) -> None:
    if built:
        build(project / "recipe.toml")
    outlook = plan_build(project / "recipe.toml")
    values = json.loads(json.dumps(outlook.to_json()))
    assert values["out"] == str(project / "out")
    assert values["images"] == (0 if built else 30)
    assert values["counts"] == outlook.counts
