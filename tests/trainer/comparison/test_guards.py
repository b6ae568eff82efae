"""Before any training: every way in which a test image can be known, and arms that are not asked the same."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from augbuild.building.build import build
from augbuild.errors import TableError
from tests.conftest import photo, photos, write_recipe
from trainer.comparison.guards import GuardedArm, GuardFinding, check_arms
from trainer.data.samples import Sample, Split, Table, TrainOn, training_samples
from trainer.data.tables import read_table


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A manifest of augbuild: 12 sources, 3 of them test images, two variants of each other."""
    folder = tmp_path_factory.mktemp("built")
    photos(folder / "photos", {"cats": 8, "dogs": 4})
    return read_table(build(write_recipe(folder)).out)


def arm(table: Table, train_on: TrainOn, test: Sequence[Sample] | None = None) -> GuardedArm:
    chosen = training_samples(table, train_on)
    return GuardedArm(train_on, table, chosen, table.of("test") if test is None else tuple(test))


def folder_arm(root: Path, name: str = "original") -> GuardedArm:
    """Read a plain folder: no source, no hash, no group."""
    table = read_table(root)
    return GuardedArm(name, table, table.of("train"), table.of("test"))


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A folder with train and test splits, in which nothing leaks."""
    for number, split in enumerate(("train", "test")):
        for index, label in enumerate(("cats", "dogs")):
            for each in range(3):
                photo(
                    tmp_path / split / label / f"{each}.png",
                    100 * number + 10 * index + each,
                    (120, 80),
                )
    return tmp_path


def told(arms: Sequence[GuardedArm]) -> list[GuardFinding]:
    return check_arms(arms, n_jobs=1)


def edited(table: Table, name: str, **changes: Any) -> Table:
    """Give a table in which one row is another."""
    samples = tuple(
        replace(each, **changes) if each.name == name else each for each in table.samples
    )
    return replace(table, samples=samples)


class TestWithoutFindings:
    def test_a_build_leaks_nothing(self, built: Table) -> None:
        assert (
            told(
                [
                    arm(built, name)
                    for name in ("original", "augmented", "original+augmented", "placebo")
                ]
            )
            == []
        )

    def test_a_folder_that_leaks_nothing(self, plain: Path) -> None:
        assert told([folder_arm(plain)]) == []

    def test_no_arms(self) -> None:
        assert told([]) == []

    def test_a_test_image_twice_is_no_leak(self, plain: Path) -> None:
        shutil.copy(plain / "test/cats/0.png", plain / "test/cats/copy.png")
        assert told([folder_arm(plain)]) == []


class TestLineage:
    def test_a_variant_of_the_same_source(self, built: Table) -> None:
        """As if someone had made variants of a test image, or moved an original."""
        variant = next(each for each in built.samples if each.augmented)
        original = next(
            each for each in built.samples if each.source == variant.source and not each.augmented
        )
        moved = edited(built, original.name, split="test")
        found = told([arm(moved, name) for name in ("original", "augmented", "original+augmented")])
        assert found == [
            GuardFinding(
                "leak",
                "augmented, original+augmented",
                f"test image {original.name} is of the same source as the training image {variant.name}",
            )
        ]

    def test_the_same_group(self, built: Table) -> None:
        test, trained = built.of("test")[0], built.of("train")[0]
        grouped = edited(edited(built, test.name, group="twins"), trained.name, group="twins")
        assert told([arm(grouped, "original")]) == [
            GuardFinding(
                "leak",
                "original",
                f"test image {test.name} is of the same group as the training image {trained.name}",
            )
        ]

    def test_two_groups_are_two(self, built: Table) -> None:
        test, trained = built.of("test")[0], built.of("train")[0]
        assert (
            told(
                [
                    arm(
                        edited(edited(built, test.name, group="a"), trained.name, group="b"),
                        "original",
                    )
                ]
            )
            == []
        )

    def test_of_another_table_the_same_name_is_another_source(
        self, built: Table, tmp_path: Path
    ) -> None:
        trained = built.of("train")[0]
        foreign = replace(
            trained,
            path=photo(tmp_path / "a.png", 77),
            name="a.png",
            split="test",
            sha256=None,
            group="g",
        )
        grouped = edited(built, trained.name, group="g")
        assert told([arm(grouped, "original", [foreign])]) == []

    def test_an_image_that_is_trained_and_tested_on(self, built: Table) -> None:
        trained = built.of("train")[0]
        found = told([arm(built, "original", [trained])])
        assert [each.message for each in found] == [
            f"test image {trained.name} is itself a training image"
        ]


class TestBytes:
    def test_a_copy_in_a_folder(self, plain: Path) -> None:
        shutil.copy(plain / "train/dogs/1.png", plain / "test/cats/0.png")
        assert told([folder_arm(plain)]) == [
            GuardFinding(
                "leak",
                "original",
                "test image test/cats/0.png has the same bytes as the training image train/dogs/1.png",
            )
        ]

    def test_what_is_no_picture_has_bytes_too(self, plain: Path) -> None:
        for name in ("train/cats/0.png", "test/cats/0.png"):
            (plain / name).write_bytes(b"no picture")
        assert [each.message.split()[4:8] for each in told([folder_arm(plain)])] == [
            ["the", "same", "bytes", "as"]
        ]

    def test_an_original_of_which_only_variants_are_trained_on(
        self, built: Table, tmp_path: Path
    ) -> None:
        variant = next(each for each in built.samples if each.augmented)
        original = next(
            each for each in built.samples if each.source == variant.source and not each.augmented
        )
        copy = Path(shutil.copy(original.path, tmp_path / "copy.png"))
        test = [Sample(copy, "copy.png", original.label, "test", 1)]
        assert told([arm(built, name, test) for name in ("original", "augmented")]) == [
            GuardFinding(
                "leak",
                "original, augmented",
                f"test image copy.png has the same bytes as the training image {original.name}",
            )
        ]

    def test_a_manifest_is_taken_at_its_word(self, plain: Path) -> None:
        """What the manifest has a hash for is not read again."""
        table = read_table(plain)
        claimed = edited(
            edited(table, "test/cats/0.png", sha256="ab"), "train/cats/0.png", sha256="ab"
        )
        assert [
            each.guard
            for each in told([GuardedArm("a", claimed, claimed.of("train"), claimed.of("test"))])
        ] == ["leak"]

    def test_a_path_in_both_splits_of_a_table(self, plain: Path) -> None:
        table = read_table(plain)
        test = replace(table.of("train")[0], split="test", row=99)
        found = told([GuardedArm("a", table, table.of("train"), (test,))])
        assert [each.message for each in found] == [
            f"test image {test.name} is itself a training image"
        ]

    def test_a_file_that_is_gone(self, plain: Path) -> None:
        checked = folder_arm(plain)
        (plain / "test/cats/0.png").unlink()
        with pytest.raises(TableError, match=r"test/cats/0\.png cannot be read: No such file"):
            told([checked])


class TestSight:
    @pytest.mark.parametrize(
        ("method", "how"),
        [
            (None, "at another size or encoding"),
            (Image.Transpose.FLIP_LEFT_RIGHT, "mirrored"),
            (Image.Transpose.ROTATE_270, "turned by 90°"),  # Pillow turns the other way
        ],
    )
    def test_a_planted_duplicate(
        self, plain: Path, method: Image.Transpose | None, how: str
    ) -> None:
        original = Image.open(plain / "train/dogs/1.png")
        picture = original if method is None else original.transpose(method)
        picture.resize((picture.width // 2, picture.height // 2)).save(
            plain / "test/dogs/small.png"
        )
        assert told([folder_arm(plain)]) == [
            GuardFinding(
                "leak",
                "original",
                f"test image test/dogs/small.png is the training image train/dogs/1.png, {how}",
            )
        ]

    def test_the_original_stands_for_its_variants(self, built: Table, tmp_path: Path) -> None:
        """No variant resembles it any more, and the arm that learns from them knows it all the same."""
        variant = next(each for each in built.samples if each.augmented)
        original = next(
            each for each in built.samples if each.source == variant.source and not each.augmented
        )
        Image.open(original.path).resize((80, 60)).save(tmp_path / "large.png")
        test = [Sample(tmp_path / "large.png", "large.png", original.label, "test", 1)]
        arms = [arm(built, name, test) for name in ("original", "augmented", "original+augmented")]
        message = f"test image large.png is the training image {original.name}, at another size or encoding"
        assert told(arms) == [
            GuardFinding("leak", "original, augmented, original+augmented", message)
        ]

    def test_a_variant_without_its_original_is_looked_at_itself(
        self, built: Table, tmp_path: Path
    ) -> None:
        variant = next(each for each in built.samples if each.augmented)
        orphans = replace(
            built,
            samples=tuple(each for each in built.samples if each.augmented or each.split == "test"),
        )
        Image.open(variant.path).save(tmp_path / "again.png")
        test = [Sample(tmp_path / "again.png", "again.png", variant.label, "test", 1)]
        message = f"test image again.png is the training image {variant.name}, at another size or encoding"
        assert told([arm(orphans, "augmented", test)]) == [
            GuardFinding("leak", "augmented", message)
        ]

    def test_what_lineage_told_is_not_told_again(self, plain: Path) -> None:
        """Groups name near-duplicates: one that straddles is one leak, not two."""
        Image.open(plain / "train/dogs/1.png").resize((60, 40)).save(plain / "test/dogs/small.png")
        table = read_table(plain)
        grouped = edited(
            edited(table, "test/dogs/small.png", group="g"), "train/dogs/1.png", group="g"
        )
        found = told([GuardedArm("a", grouped, grouped.of("train"), grouped.of("test"))])
        assert [each.message for each in found] == [
            "test image test/dogs/small.png is of the same group as the training image train/dogs/1.png"
        ]

    def test_only_the_arm_that_saw_it(self, plain: Path) -> None:
        Image.open(plain / "train/dogs/1.png").resize((60, 40)).save(plain / "test/dogs/small.png")
        whole = folder_arm(plain)
        without = replace(
            whole,
            name="few",
            train=tuple(each for each in whole.train if each.name[-5:] != "1.png"),
        )
        assert [each.arm for each in told([without, whole])] == ["original"]

    def test_one_finding_for_a_test_image(self, plain: Path) -> None:
        original = Image.open(plain / "train/dogs/1.png")
        for width in (30, 60, 90):
            original.resize((width, width * 2 // 3)).save(plain / f"train/dogs/{width}.png")
        original.resize((45, 30)).save(plain / "test/dogs/small.png")
        assert len(told([folder_arm(plain)])) == 1

    def test_a_weaker_reason_by_another_image_is_told_too(self, plain: Path) -> None:
        shutil.copy(plain / "train/dogs/1.png", plain / "test/dogs/copy.png")
        Image.open(plain / "train/dogs/1.png").resize((60, 40)).save(plain / "train/dogs/small.png")
        hows = [
            each.message.removeprefix("test image test/dogs/copy.png ")
            for each in told([folder_arm(plain)])
        ]
        assert hows == [
            "has the same bytes as the training image train/dogs/1.png",
            "is the training image train/dogs/small.png, at another size or encoding",
        ]


def table_of(root: Path, classes: Sequence[str], rows: Sequence[tuple[str, str, Split]]) -> Table:
    samples = tuple(
        Sample(root / name, name, label, split, row)
        for row, (name, label, split) in enumerate(rows, start=1)
    )
    return Table(root / "table.csv", samples, tuple(classes), "")


class TestTestSets:
    def test_the_same_pictures_under_other_names_and_in_another_order(self, plain: Path) -> None:
        first = folder_arm(plain)
        shutil.copytree(plain / "test", plain.parent / "elsewhere" / "test")
        moved = [
            replace(each, path=plain.parent / "elsewhere" / each.name, name="x" + each.name)
            for each in first.test
        ]
        assert told([first, replace(first, name="moved", test=tuple(reversed(moved)))]) == []
        shutil.rmtree(plain.parent / "elsewhere")

    def test_what_is_missing_and_what_is_new(self, plain: Path) -> None:
        first = folder_arm(plain)
        photo(plain / "test/cats/new.png", 55)
        new = Sample(plain / "test/cats/new.png", "test/cats/new.png", "cats", "test", 9)
        others = [replace(first, name=name, test=(*first.test[2:], new)) for name in ("b", "c")]
        assert told([first, *others]) == [
            GuardFinding(
                "test-set",
                "b, c",
                "against the test set of original, this lacks test/cats/0.png (cats) and 1 more"
                " and has besides test/cats/new.png (cats)",
            )
        ]

    def test_another_label(self, plain: Path) -> None:
        first = folder_arm(plain)
        other = replace(
            first, name="b", test=(replace(first.test[0], label="dogs"), *first.test[1:])
        )
        assert [each.message for each in told([first, other])] == [
            "against the test set of original, this lacks test/cats/0.png (cats) and has besides test/cats/0.png (dogs)"
        ]

    def test_twice_is_not_once(self, plain: Path) -> None:
        first = folder_arm(plain)
        other = replace(first, name="b", test=(*first.test, first.test[0]))
        assert [each.guard for each in told([first, other])] == ["test-set"]

    @given(st.permutations([0, 0, 1, 2, 3]), st.lists(st.integers(0, 3), max_size=6))
    def test_the_same_multiset(self, first: list[int], second: list[int]) -> None:
        """Two test sets agree when they are the same but for their order."""
        table = table_of(Path("nowhere"), ["a", "b"], [])

        def of(name: str, numbers: Sequence[int]) -> GuardedArm:
            tests = (
                Sample(Path(f"{number}.png"), f"{number}", "a", "test", 1, sha256=f"{number}")
                for number in numbers
            )
            return GuardedArm(name, table, (), tuple(tests))

        assert bool(told([of("a", first), of("b", second)])) == (sorted(first) != sorted(second))


class TestClasses:
    @pytest.mark.parametrize(
        ("classes", "difference"),
        [
            (("dogs", "cats"), "class 0 is 'cats' in {0}, but 'dogs' in {1}"),
            (("cats",), "class 1 is 'dogs' in {0}, but missing in {1}"),
            (("cats", "dogs", "pigs"), "class 2 is missing in {0}, but 'pigs' in {1}"),
        ],
    )
    def test_other_classes_or_another_order(
        self, plain: Path, classes: tuple[str, ...], difference: str
    ) -> None:
        first = folder_arm(plain)
        other = replace(
            first, name="b", table=replace(first.table, file=Path("other.csv"), classes=classes)
        )
        assert told([first, first, other]) == [
            GuardFinding("classes", "b", difference.format(plain, "other.csv"))
        ]


class TestRealPhotos:
    def test_the_eleven_of_cats_and_dogs(self, shared_data: Path) -> None:
        whole = folder_arm(shared_data / "cats-dogs")
        arms = [whole, replace(whole, name="placebo", train=whole.train * 2)]
        started = time.perf_counter()
        found = told(arms)
        assert time.perf_counter() - started < 30  # 3 seconds on an idle core
        assert {(each.guard, each.arm) for each in found} == {("leak", "original, placebo")}
        assert len(found) == 11
        assert found[0].message == (
            "test image test/cats/cat_18.jpg is the training image train/cats/cat_327.jpg, at another size or encoding"
        )
