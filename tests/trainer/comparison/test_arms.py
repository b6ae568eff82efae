"""The images of each arm: what it trains on, what all are tested on, and for how many steps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from augbuild.errors import TableError, UsageError
from augbuild.recipe.load import load_recipe
from augbuild.recipe.model import Recipe
from tests.conftest import write_recipe
from tests.trainer.comparison.small import RECIPE, design, fit_config, measured
from tests.trainer.fixtures import dataset
from trainer.comparison.arms import (
    ablations,
    check_arm_files,
    count_steps,
    load_arms,
    make_ablation,
    settle_budget,
    summarize_arms,
    summarize_test,
)
from trainer.comparison.design import Budget, make_design
from trainer.data.order import epochs_order, steps_order
from trainer.data.samples import training_samples
from trainer.data.tables import read_table


def test_arms_of_one_manifest_share_its_table_and_test(manifest: Path) -> None:
    images = load_arms(design(manifest))
    assert list(images.tables) == [str(manifest)]
    assert [arm.arm.name for arm in images.arms] == ["original", "augmented"]
    assert [len(arm.train) for arm in images.arms] == [20, 40]
    assert images.arms[0].test == images.arms[1].test == images.test
    assert len(images.test) == 8
    assert images.classes == ("blue", "red")
    assert images.folds == ()
    assert {arm.fold for arm in images.arms} == {None}


def test_every_image_is_there_once(manifest: Path) -> None:
    images = load_arms(design(manifest, arms="original,augmented,placebo", budget="epochs:1"))
    paths = [sample.path for sample in images.every_image]
    assert len(paths) == len(set(paths)) == 20 + 40 + 8


def test_validation_images_are_read_by_every_run(manifest: Path) -> None:
    table = read_table(manifest)
    moved = [replace(sample, split="validation") for sample in table.of("test")[:2]]
    kept = [sample for sample in table.samples if sample.path not in {each.path for each in moved}]
    images = load_arms(design(manifest))
    altered = replace(table, samples=(*kept, *moved))
    images = replace(images, tables={str(manifest): altered}, arms=images.arms[1:])
    assert {sample.path for sample in moved} <= {sample.path for sample in images.every_image}


def test_folds_test_every_image_once_and_never_train_on_it(folded: Path) -> None:
    images = load_arms(design(folded, folds=True))
    assert images.folds == (0, 1, 2)
    assert [(arm.fold, arm.arm.name) for arm in images.arms] == [
        (fold, name) for fold in (0, 1, 2) for name in ("original", "augmented")
    ]
    names = [sample.name for sample in images.test]
    assert len(names) == len(set(names)) == 18
    for arm in images.arms:
        trained = {sample.source for sample in arm.train}
        assert trained.isdisjoint(sample.source for sample in arm.test)
        assert not any(sample.augmented for sample in arm.test)


def test_what_cannot_be_compared_is_a_sentence(tmp_path: Path, manifest: Path) -> None:
    untested = tmp_path / "t.csv"
    untested.write_text("path,label\na.png,x\nb.png,y\n", encoding="utf-8")
    with pytest.raises(TableError, match="has no test images; use a manifest with a test split"):
        load_arms(design(untested))
    with pytest.raises(TableError, match=r"has no folds; a recipe with `\[split\] folds = 5`"):
        load_arms(design(manifest, folds=True))


def test_a_test_class_without_training_images_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = ["path,label,split", "a,x,train", "b,y,train", "c,z,test"]
    table.write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(TableError, match="'z', a class that no training image has"):
        load_arms(design(table, arms=None, named=[f"a={table}", f"b={table}"]))


class TestBudget:
    def test_is_ten_epochs_of_the_largest_arm(self, manifest: Path) -> None:
        free = design(manifest, budget=None)
        settled = settle_budget(free, load_arms(free))
        assert settled.budget == Budget("steps", 10 * 5)  # 40 images in batches of 8

    def test_that_was_asked_for_stays(self, manifest: Path) -> None:
        asked = design(manifest, budget="epochs:2")
        assert settle_budget(asked, load_arms(asked)) is asked

    def test_of_steps_is_the_same_for_all(self, manifest: Path) -> None:
        by_steps = design(manifest, budget="steps:7")
        images = load_arms(by_steps)
        assert [count_steps(by_steps, arm) for arm in images.arms] == [7, 7]

    def test_of_epochs_grows_with_the_arm(self, manifest: Path) -> None:
        """20 images are two batches of 8 and one of 4."""
        by_epochs = design(manifest, budget="epochs:3")
        images = load_arms(by_epochs)
        assert [count_steps(by_epochs, arm) for arm in images.arms] == [3 * 3, 3 * 5]


def test_arms_are_summarized_with_their_sizes(manifest: Path) -> None:
    planned = design(manifest, arms="original,augmented,original+augmented")
    summaries = summarize_arms(planned, load_arms(planned))
    sizes = [(arm.images, arm.sources, arm.augmented, arm.steps) for arm in summaries]
    assert sizes == [(20, 20, 0, 3), (40, 20, 40, 3), (60, 20, 40, 3)]
    assert [arm.name for arm in summaries] == ["original", "augmented", "original+augmented"]
    assert {arm.manifest for arm in summaries} == {str(manifest)}


def test_arms_of_folds_are_summarized_by_the_first_fold(folded: Path) -> None:
    planned = design(folded, folds=True)
    images = load_arms(planned)
    summaries = summarize_arms(planned, images)
    assert len(summaries) == 2
    assert [arm.images for arm in summaries] == [len(arm.train) for arm in images.arms[:2]]


def test_the_test_set_is_summarized_by_class(manifest: Path, folded: Path) -> None:
    test = summarize_test(load_arms(design(manifest)))
    assert (test.images, test.majority) == (8, 0.5)
    assert test.per_class == {"blue": 4, "red": 4}
    assert summarize_test(load_arms(design(folded, folds=True))).images == 18


def test_the_largest_class_is_the_majority(tmp_path: Path) -> None:
    dataset(tmp_path, train=3, test=2)
    (tmp_path / "test" / "red" / "red_0.png").unlink()
    planned = design(tmp_path, arms=None, named=[f"a={tmp_path}", f"b={tmp_path}"])
    test = summarize_test(load_arms(planned))
    assert test.majority == pytest.approx(2 / 3)
    assert test.per_class == {"blue": 2, "red": 1}


class TestFiles:
    def test_of_the_first_arms_test_set_and_of_all_training_sets_are_checked(
        self, tmp_path: Path
    ) -> None:
        first, second = dataset(tmp_path / "1", 3, 2), dataset(tmp_path / "2", 3, 2)
        named = [f"a={first}", f"b={second}"]
        images = load_arms(design(first, arms=None, named=named))
        check_arm_files(images, verify=False)
        (second / "test" / "red" / "red_0.png").unlink()
        check_arm_files(images, verify=False)
        for gone in (first / "test", second / "train"):
            file = gone / "red" / "red_1.png"
            content = file.read_bytes()
            file.unlink()
            with pytest.raises(TableError, match=r"red_1\.png cannot be read"):
                check_arm_files(images, verify=False)
            file.write_bytes(content)

    def test_are_hashed_where_asked(self, manifest: Path) -> None:
        images = load_arms(design(manifest))
        check_arm_files(images, verify=True)
        first = images.arms[0]
        wrong = replace(first.train[0], sha256="0" * 64)
        altered = replace(first, train=(wrong, *first.train[1:]))
        images = replace(images, arms=(altered, *images.arms[1:]))
        check_arm_files(images, verify=False)
        with pytest.raises(TableError, match="sha256 differs"):
            check_arm_files(images, verify=True)


def test_arms_see_their_sources_in_the_same_order(manifest: Path) -> None:
    table = read_table(manifest)
    original, augmented, placebo = (
        training_samples(table, arm) for arm in ("original", "augmented", "placebo")
    )
    for step in range(7):
        seen = []
        for samples in (original, augmented, placebo):
            batch = steps_order(samples, 8, seed=5).batch(step)
            seen.append([samples[index].source for index in batch])
        assert seen[0] == seen[1] == seen[2]
        by_epoch = []
        for samples in (augmented, placebo):
            batch = epochs_order(samples, 8, seed=5).batch(step)
            by_epoch.append([samples[index].source for index in batch])
        assert by_epoch[0] == by_epoch[1]
    assert {sample.variant for sample in placebo} == {-1}


def read_ops(build: Path) -> dict[tuple[str, int], list[dict[str, object]]]:
    """Read the ops of each variant of a build."""
    ops = {}
    for line in (build / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["origin"] == "augmented":
            ops[row["source"], row["variant"]] = row["ops"]
    return ops


def test_one_transform_is_left_out_and_the_draws_of_the_others_stay(tmp_path: Path) -> None:
    dataset(tmp_path / "photos", train=4)
    recipe = write_recipe(tmp_path, RECIPE)
    one = make_design(fit_config(recipe), arms="augmented", seeds=3, budget="steps:2", ablate=True)
    planned = make_ablation(one, recipe, tmp_path / "out")
    assert [arm.name for arm in planned.arms] == ["whole", "without-rotate", "without-hflip"]
    assert {arm.train_on for arm in planned.arms} == {"augmented"}
    assert planned.contrasts == (("whole", "without-rotate"), ("whole", "without-hflip"))
    builds = tmp_path / "out" / "builds"
    whole = read_ops(builds / "whole")
    for arm, gone in (("without-rotate", "rotate"), ("without-hflip", "hflip")):
        expected = {}
        for key, ops in whole.items():
            expected[key] = [op for op in ops if op["op"] != gone]
        assert read_ops(builds / arm) == expected
    result = measured(planned, tmp_path / "out")
    assert [contrast.adjusted_p is not None for contrast in result.contrasts] == [True, True]


def test_images_may_come_from_elsewhere(tmp_path: Path) -> None:
    dataset(tmp_path / "elsewhere", train=2, test=1)
    recipe = write_recipe(tmp_path, RECIPE)
    one = make_design(fit_config(recipe), budget="steps:2", ablate=True)
    source = str(tmp_path / "elsewhere")
    planned = make_ablation(one, recipe, tmp_path / "out", source=source)
    assert len(read_ops(tmp_path / "out" / "builds" / "whole")) == 2 * 2 * 2
    assert len(planned.arms) == 3


def names(recipe: Recipe) -> list[str]:
    """List the names of a recipe's ablations."""
    return [name for name, _ in ablations(recipe)]


def test_nested_picks_are_left_out_one_by_one() -> None:
    named = dict(ablations(load_recipe("lab")))
    assert len(named) == 9
    assert named["whole"] == load_recipe("lab")
    (pick,) = named["without-blur"].transforms
    (whole,) = load_recipe("lab").transforms
    assert len(pick.entries) == len(whole.entries) - 1 == 7  # type: ignore[union-attr]  # a pick


def test_a_transform_that_is_there_twice_is_left_out_twice(tmp_path: Path) -> None:
    twice = RECIPE + '[[transforms]]\nop = "rotate"\ndegrees = 3\n'
    recipe = load_recipe(write_recipe(tmp_path, twice))
    assert names(recipe) == ["whole", "without-rotate", "without-hflip", "without-rotate-2"]


def test_fewer_than_two_transforms_cannot_be_told_apart() -> None:
    lab, default = load_recipe("lab"), load_recipe("default")
    with pytest.raises(UsageError, match="has 1 transforms; leaving one out takes two"):
        names(replace(lab, transforms=default.transforms[:1]))
