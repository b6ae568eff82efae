"""What a build would do: as the build then does it, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augbuild.building.build import build
from augbuild.building.inputs import plan_recipe
from augbuild.building.outlook import estimate_cost, plan_build
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


def test_cost_is_estimated_from_a_few_sources(project: Path) -> None:
    outlook = plan_build(project / "recipe.toml")
    estimate = outlook.estimate
    assert estimate is not None
    report = build(project / "recipe.toml")
    written = sum(path.stat().st_size for path in report.out.glob("*/*/*"))
    assert estimate.bytes == pytest.approx(written, rel=0.5)
    assert (estimate.sampled, estimate.rate) == (8, None)
    assert estimate.seconds > 0
    assert plan_build(project / "recipe.toml").estimate is None


def test_links_take_no_room(project: Path) -> None:
    copied = plan_build(project / "recipe.toml").estimate
    write_recipe(project, RECIPE.replace("[output]", '[output]\noriginals = "link"'))
    linked = plan_build(project / "recipe.toml").estimate
    assert copied is not None
    assert linked is not None
    size = sum(path.stat().st_size for path in (project / "photos").glob("*/*"))
    assert copied.bytes - linked.bytes == size


def test_an_estimate_leaves_out_what_cannot_be_read(project: Path) -> None:
    for path in (project / "photos" / "cats").iterdir():
        path.write_bytes(b"no image")
    estimate = plan_build(project / "recipe.toml").estimate
    assert estimate is not None
    assert 0 < estimate.sampled < 8
    for path in (project / "photos" / "dogs").iterdir():
        path.write_bytes(b"no image")
    assert plan_build(project / "recipe.toml").estimate is None


def test_a_known_rate_tells_the_time(project: Path) -> None:
    plan = plan_recipe(project / "recipe.toml", source=None, follow_links=True, n_jobs=1)
    estimate = estimate_cost(plan, plan.sources, images=30, rate=0.5)
    assert estimate is not None
    assert (estimate.seconds, estimate.rate) == (60, 0.5)


def test_of_a_source_that_lacks_some_images_only_those_cost(project: Path) -> None:
    plan = plan_recipe(project / "recipe.toml", source=None, follow_links=True, n_jobs=1)
    whole = estimate_cost(plan, plan.sources, images=30, rate=None)
    half = estimate_cost(plan, plan.sources, images=15, rate=None)
    assert whole is not None
    assert half is not None
    assert half.bytes == pytest.approx(whole.bytes / 2, abs=1)


def test_train_images_before_and_after(project: Path) -> None:
    balance = "balance = { target = 5, cap_per_source = 8 }"
    write_recipe(project, RECIPE.replace("variants = 2", balance))
    outlook = plan_build(project / "recipe.toml")
    assert outlook.before == {"cats": 6, "dogs": 3}
    assert outlook.after == {"cats": 5, "dogs": 5}
    assert outlook.counts["train"] == {"cats": 5, "dogs": 3}
    assert [each.kind for each in outlook.findings] == [
        "undersampled classes",
        "class without variants",
    ]
    report = build(project / "recipe.toml")
    assert report.counts["train"] == outlook.counts["train"]
    assert report.counts["augmented_train"] == {"cats": 0, "dogs": 2}
    assert report.findings == outlook.findings


def test_a_balance_that_lost_images_to_rejection_says_so_and_the_advice_helps(
    project: Path,
) -> None:
    balance = "balance = { target = 7, cap_per_source = 8 }"
    text = RECIPE.replace("variants = 2", balance).replace("test = 0.25", "test = 0")
    write_recipe(project, text)
    (project / "photos" / "dogs" / "dogs_0.png").write_bytes(b"no image")
    (finding, *_) = [
        each
        for each in build(project / "recipe.toml").findings
        if each.kind == "balance not reached"
    ]
    assert finding.examples == ("dogs 5 of 7",)
    exclude = 'path = "photos"\nexclude = ["dogs/dogs_0.png"]'
    write_recipe(project, text.replace('path = "photos"', exclude))
    report = build(project / "recipe.toml", prune=True)
    assert "balance not reached" not in {each.kind for each in report.findings}
    assert report.counts["train"]["dogs"] + report.counts["augmented_train"]["dogs"] == 7
