"""Tables divided anew: folds, a share held out, validation in the place of test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.building.build import build
from augbuild.errors import TableError
from tests.conftest import photos, write_recipe
from tests.trainer.data.made import make_sample, make_table
from trainer.data.divide import divide, hold_out, take_fold, validation_as_test
from trainer.data.tables import read_table


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    photos(folder / "photos", {"cats": 8, "dogs": 4})
    return build(write_recipe(folder)).out


class TestFold:
    def test_its_originals_are_the_test_split_and_all_else_is_trained_on(self) -> None:
        a, b = replace(make_sample("a"), fold=0), replace(make_sample("b"), fold=1)
        of_a = replace(a, name="a0", augmented=True)
        of_b = replace(b, name="b0", augmented=True)
        table = take_fold(make_table(a, of_a, b, of_b), 1)
        assert [(sample.name, sample.split) for sample in table.samples] == [
            ("a", "train"),
            ("a0", "train"),
            ("b", "test"),
        ]

    def test_that_is_not_there_is_an_error(self) -> None:
        samples = [replace(make_sample(str(n)), fold=n) for n in range(3)]
        with pytest.raises(TableError, match=r"t.csv has no fold 3; it has folds 0 to 2$"):
            take_fold(make_table(*samples), 3)
        with pytest.raises(TableError, match=r"has no folds; \[split\] folds = 5 in a recipe"):
            take_fold(make_table(make_sample("a")), 0)


class TestHoldOut:
    def test_takes_no_variants_and_keeps_sources_together(self, built: Path) -> None:
        table = hold_out(read_table(built), 0.34, seed=1)
        held = {sample.source for sample in table.of("test")}
        assert not held & {sample.source for sample in table.of("train")}
        assert not any(sample.augmented for sample in table.of("test"))
        assert {sample.label for sample in table.of("train")} == {"cats", "dogs"}

    @pytest.mark.parametrize(
        ("count", "share", "held"),
        [
            (5, 0.5, 3),
            (3, 0.5, 2),
            (4, 0.1, 0),
            (5, 0.1, 1),
            (10, 0.34, 3),
            (4, 0.9, 3),
            (1, 0.9, 0),
        ],
    )
    def test_rounds_halves_up_and_leaves_one_to_train_on(
        self, count: int, share: float, held: int
    ) -> None:
        table = make_table(*(make_sample(f"{n}.jpg") for n in range(count)))
        assert len(hold_out(table, share, seed=0).of("test")) == held

    def test_counts_class_by_class(self) -> None:
        cats = [make_sample(f"c{n}") for n in range(10)]
        dogs = [make_sample(f"d{n}", "dog") for n in range(4)]
        held = hold_out(make_table(*cats, *dogs), 0.5, seed=0).of("test")
        assert sorted(sample.label for sample in held) == ["cat"] * 5 + ["dog"] * 2

    @given(st.integers(0, 20))
    def test_keeps_groups_together(self, seed: int) -> None:
        grouped = [make_sample(f"{number}.jpg") for number in range(12)]
        samples = [replace(each, group=f"g{n // 3}") for n, each in enumerate(grouped)]
        table = hold_out(make_table(*samples), 0.5, seed)
        held = {sample.group for sample in table.of("test")}
        assert len(table.of("test")) == 6
        assert len(held) == 2
        assert not held & {sample.group for sample in table.of("train")}

    def test_keeps_variants_with_a_source_that_has_no_group(self) -> None:
        samples = []
        for number in range(8):
            source = make_sample(f"{number}.jpg")
            samples += [source, replace(source, name=f"{number}_0.jpg", augmented=True)]
        table = hold_out(make_table(*samples), 0.25, seed=0)
        held = {sample.source for sample in table.of("test")}
        assert len(held) == 2
        assert not held & {sample.source for sample in table.of("train")}
        assert len(table.of("train")) == 12

    def test_of_a_table_without_sources_goes_by_name(self) -> None:
        samples = [replace(make_sample(f"{n}.jpg"), source="", split=None) for n in range(10)]
        table = hold_out(make_table(*samples), 0.2, seed=0)
        assert (len(table.of("train")), len(table.of("test"))) == (8, 2)

    def test_depends_on_the_seed_and_moves_little_when_a_source_goes(self) -> None:
        samples = [make_sample(f"{n}.jpg") for n in range(40)]

        def held(seed: int, count: int = 40) -> set[str]:
            table = hold_out(make_table(*samples[:count]), 0.25, seed)
            return {sample.name for sample in table.of("test")}

        assert held(0) != held(1)
        assert held(0) == held(0)
        assert len(held(0) ^ held(0, 39)) <= 2

    def test_leaves_other_splits_alone(self) -> None:
        fixed = [make_sample("v", split="validation"), make_sample("t", split="test")]
        trained = [make_sample(f"{n}") for n in range(4)]
        table = hold_out(make_table(*fixed, *trained), 0.5, seed=0)
        assert len(table.of("validation")) == 1
        assert len(table.of("test")) == 3
        assert len(table.samples) == 6


class TestValidationInPlaceOfTest:
    def test_former_test_images_are_left_out(self) -> None:
        table = make_table(
            make_sample("a"),
            make_sample("v", split="validation"),
            make_sample("t", split="test"),
            make_sample("n", split=None),
        )
        divided = validation_as_test(table)
        assert [(sample.name, sample.split) for sample in divided.samples] == [
            ("a", "train"),
            ("v", "test"),
            ("n", None),
        ]

    def test_without_validation_images_is_an_error(self) -> None:
        table = make_table(make_sample("a"), make_sample("t", split="test"))
        with pytest.raises(TableError, match=r"t.csv has no validation images to test on"):
            validation_as_test(table)


def test_nothing_is_divided_where_nothing_is_asked_for() -> None:
    table = make_table(make_sample("a"), make_sample("b", split="test"))
    assert divide(table, holdout=0.0, fold=None, seed=0) == table


def test_no_class_is_emptied_by_way_of_others() -> None:
    """Photos with boxes of several classes: the rare one is in one photo of the common one."""
    for seed in range(20):
        common = [replace(make_sample(f"c{n}", "common"), group=f"photo{n}") for n in range(8)]
        rare = replace(make_sample("r", "rare"), group="photo3")
        table = hold_out(make_table(*common, rare), 0.5, seed)
        assert {sample.label for sample in table.of("train")} == {"common", "rare"}
        assert len(table.of("test")) >= 3
