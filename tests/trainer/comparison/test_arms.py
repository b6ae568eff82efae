"""The images of each arm: what it trains on, what all are tested on, and for how many steps."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from augbuild.errors import TableError
from tests.trainer.comparison.small import design
from tests.trainer.fixtures import dataset
from trainer.comparison.arms import (
    check_arm_files,
    count_steps,
    find_unseen,
    load_arms,
    number_groups,
    settle_budget,
    summarize_arms,
    summarize_test,
)
from trainer.comparison.design import Budget
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
    assert sizes == [(20, 20, 0, 6), (40, 20, 40, 6), (60, 20, 40, 6)]
    assert [arm.seen for arm in summaries] == [20, 40, 40], "two passes show two of three"
    assert [arm.constant_loss for arm in summaries] == pytest.approx([math.log(2)] * 3)
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


def test_arms_that_are_not_seen_whole_are_named(manifest: Path) -> None:
    planned = design(manifest, arms="original,original+augmented", budget="steps:8")
    (report,) = find_unseen(planned, load_arms(planned), overridden=True)
    assert (report.name, report.count, report.overridden) == ("exposure", 1, True)
    seen = steps_order(load_arms(planned).arms[1].train, 8, 0).count_seen(8)
    assert 40 < seen < 60
    assert report.findings == (
        f"original+augmented shows {seen} of its 60 training images in 8 steps; "
        "--budget steps:9 shows them all",
    )
    enough = design(manifest, arms="original,original+augmented", budget="steps:9")
    assert find_unseen(enough, load_arms(enough), overridden=False) == ()
    epochs = design(manifest, arms="original,original+augmented", budget="epochs:1")
    assert find_unseen(epochs, load_arms(epochs), overridden=False) == ()


def test_the_loss_of_the_constant_answer_is_that_of_what_is_seen(tmp_path: Path) -> None:
    """Three of one class and one of another: the entropy of a quarter."""
    dataset(tmp_path, train=3, test=1)
    first, *others = sorted((tmp_path / "train" / "red").iterdir())
    for other in others:
        other.unlink()
    assert first.exists()
    planned = design(tmp_path, arms="original,original+augmented", budget="epochs:1")
    (original, _) = summarize_arms(planned, load_arms(planned))
    assert original.constant_loss == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))


def test_groups_of_test_images_are_numbered(manifest: Path) -> None:
    assert number_groups(load_arms(design(manifest))) == (), "each is its own"
    images = load_arms(design(manifest))
    arms = []
    for arm in images.arms:
        test = tuple(replace(sample, group=sample.label) for sample in arm.test)
        arms.append(replace(arm, test=test))
    labels = [sample.label for sample in images.test]
    numbers = number_groups(replace(images, arms=tuple(arms)))
    assert [labels[0] == label for label in labels] == [number == 0 for number in numbers]
    assert len(set(numbers)) == 2
