"""Every way in which a test image can be known from training."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from augbuild.building.build import build
from augbuild.errors import TableError
from tests.augbuild.similarity.drawing import MOVED, SAME_FRAME, crop, scene
from tests.conftest import RECIPE, photo, write_recipe
from tests.trainer.comparison.guarded import arm, edited, folder_arm, found_in
from trainer.comparison.guards import GuardedArm, GuardFinding
from trainer.data.samples import Sample, Table
from trainer.data.tables import read_table


class TestWithoutFindings:
    def test_a_build_leaks_nothing(self, built: Table) -> None:
        assert (
            found_in(
                [
                    arm(built, name)
                    for name in ("original", "augmented", "original+augmented", "placebo")
                ]
            )
            == []
        )

    def test_a_split_of_copies_by_the_builder(self, tmp_path: Path) -> None:
        """Mirrored, lit, cropped and framed copies: what the split keeps together is no leak."""
        copies = {**SAME_FRAME, **MOVED}
        kinds = ("darker", "contrast", "cropped by 10 %", "framed")
        for number in range(40):
            folder = tmp_path / "photos" / ("cats" if number % 2 else "dogs")
            folder.mkdir(parents=True, exist_ok=True)
            ImageOps.mirror(scene(number)).save(folder / f"{number}.png")
            for kind in kinds:
                copies[kind](scene(number)).save(folder / f"{number} {kind}.png")
        recipe = RECIPE.replace('"none"', '"near-duplicates"').replace(
            "variants = 2", "variants = 0"
        )
        tree = build(write_recipe(tmp_path, recipe), n_jobs=1).out
        table = read_table(tree / "manifest.jsonl")
        assert len(table.of("test")) >= 40
        assert found_in([arm(table, "original")]) == []

    def test_a_folder_that_leaks_nothing(self, plain: Path) -> None:
        assert found_in([folder_arm(plain)]) == []

    def test_no_arms(self) -> None:
        assert found_in([]) == []

    def test_a_test_image_twice_is_no_leak(self, plain: Path) -> None:
        shutil.copy(plain / "test/cats/0.png", plain / "test/cats/copy.png")
        assert found_in([folder_arm(plain)]) == []


class TestLineage:
    def test_a_variant_of_the_same_source(self, built: Table) -> None:
        """As if someone had made variants of a test image, or moved an original."""
        variant = next(each for each in built.samples if each.augmented)
        original = next(
            each for each in built.samples if each.source == variant.source and not each.augmented
        )
        moved = edited(built, original.name, split="test")
        found = found_in(
            [arm(moved, name) for name in ("original", "augmented", "original+augmented")]
        )
        assert found == [
            GuardFinding(
                "leak",
                "augmented, original+augmented",
                f"test image {original.name} is of the same source as the training image "
                f"{variant.name}",
            )
        ]

    def test_the_same_group(self, built: Table) -> None:
        test, trained = built.of("test")[0], built.of("train")[0]
        grouped = edited(edited(built, test.name, group="twins"), trained.name, group="twins")
        assert found_in([arm(grouped, "original")]) == [
            GuardFinding(
                "leak",
                "original",
                f"test image {test.name} is of the same group as the training image {trained.name}",
            )
        ]

    def test_two_groups_are_two(self, built: Table) -> None:
        test, trained = built.of("test")[0], built.of("train")[0]
        assert (
            found_in(
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
        assert found_in([arm(grouped, "original", [foreign])]) == []

    def test_an_image_that_is_trained_and_tested_on(self, built: Table) -> None:
        trained = built.of("train")[0]
        found = found_in([arm(built, "original", [trained])])
        assert [each.message for each in found] == [
            f"test image {trained.name} is itself a training image"
        ]


class TestBytes:
    def test_a_copy_in_a_folder(self, plain: Path) -> None:
        shutil.copy(plain / "train/dogs/1.png", plain / "test/cats/0.png")
        assert found_in([folder_arm(plain)]) == [
            GuardFinding(
                "leak",
                "original",
                "test image test/cats/0.png has the same bytes as the training image "
                "train/dogs/1.png",
            )
        ]

    def test_what_is_no_picture_has_bytes_too(self, plain: Path) -> None:
        for name in ("train/cats/0.png", "test/cats/0.png"):
            (plain / name).write_bytes(b"no picture")
        assert [each.message.split()[4:8] for each in found_in([folder_arm(plain)])] == [
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
        assert found_in([arm(built, name, test) for name in ("original", "augmented")]) == [
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
            for each in found_in(
                [GuardedArm("a", claimed, claimed.of("train"), claimed.of("test"))]
            )
        ] == ["leak"]

    @pytest.mark.parametrize("order", [1, -1])
    def test_a_manifest_is_taken_at_its_word_for_other_tables_too(
        self, plain: Path, order: int
    ) -> None:
        table = read_table(plain)
        claimed = edited(
            edited(table, "test/cats/0.png", sha256="ab"), "train/cats/0.png", sha256="ab"
        )
        arms = [
            GuardedArm("a", claimed, claimed.of("train"), claimed.of("test")),
            folder_arm(plain, "b"),
        ]
        (finding,) = found_in(arms[::order])
        assert (finding.guard, set(finding.arm.split(", "))) == ("leak", {"a", "b"})

    def test_a_path_in_both_splits_of_a_table(self, plain: Path) -> None:
        table = read_table(plain)
        test = replace(table.of("train")[0], split="test", row=99)
        found = found_in([GuardedArm("a", table, table.of("train"), (test,))])
        assert [each.message for each in found] == [
            f"test image {test.name} is itself a training image"
        ]

    def test_a_file_that_is_gone(self, plain: Path) -> None:
        checked = folder_arm(plain)
        (plain / "test/cats/0.png").unlink()
        with pytest.raises(TableError, match=r"test/cats/0\.png cannot be read: No such file"):
            found_in([checked])


class TestSight:
    def test_a_crop(self, tmp_path: Path) -> None:
        for split in ("train", "test"):
            for number in range(6):
                path = tmp_path / split / "ab"[number % 2] / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                scene(number + 50 * (split == "test")).save(path)
        crop(scene(3), 0.85).save(tmp_path / "test" / "b" / "crop.png")
        assert [finding.message for finding in found_in([folder_arm(tmp_path)])] == [
            "test image test/b/crop.png is the training image train/b/3.png, "
            "cropped, framed or tilted"
        ]

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
        assert found_in([folder_arm(plain)]) == [
            GuardFinding(
                "leak",
                "original",
                f"test image test/dogs/small.png is the training image train/dogs/1.png, {how}",
            )
        ]

    def test_the_original_stands_for_its_variants(self, built: Table, tmp_path: Path) -> None:
        """No variant resembles it any more; the arm that learns from them knows it all the same."""
        variant = next(each for each in built.samples if each.augmented)
        original = next(
            each for each in built.samples if each.source == variant.source and not each.augmented
        )
        Image.open(original.path).resize((80, 60)).save(tmp_path / "large.png")
        test = [Sample(tmp_path / "large.png", "large.png", original.label, "test", 1)]
        arms = [arm(built, name, test) for name in ("original", "augmented", "original+augmented")]
        message = (
            f"test image large.png is the training image {original.name}, "
            "at another size or encoding"
        )
        expected = [GuardFinding("leak", "original, augmented, original+augmented", message)]
        assert found_in(arms) == expected
        turned = replace(built, samples=built.samples[::-1])
        arms = [arm(turned, name, test) for name in ("original", "augmented", "original+augmented")]
        assert found_in(arms) == expected, "whatever the order of the manifest"

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
        message = (
            f"test image again.png is the training image {variant.name}, "
            "at another size or encoding"
        )
        assert found_in([arm(orphans, "augmented", test)]) == [
            GuardFinding("leak", "augmented", message)
        ]

    def test_what_lineage_told_is_not_told_again(self, plain: Path) -> None:
        """Groups name near-duplicates: one that straddles is one leak, not two."""
        Image.open(plain / "train/dogs/1.png").resize((60, 40)).save(plain / "test/dogs/small.png")
        table = read_table(plain)
        grouped = edited(
            edited(table, "test/dogs/small.png", group="g"), "train/dogs/1.png", group="g"
        )
        found = found_in([GuardedArm("a", grouped, grouped.of("train"), grouped.of("test"))])
        assert [each.message for each in found] == [
            "test image test/dogs/small.png is of the same group as the training image "
            "train/dogs/1.png"
        ]

    def test_only_the_arm_that_saw_it(self, plain: Path) -> None:
        Image.open(plain / "train/dogs/1.png").resize((60, 40)).save(plain / "test/dogs/small.png")
        whole = folder_arm(plain)
        without = replace(
            whole,
            name="few",
            train=tuple(each for each in whole.train if each.name[-5:] != "1.png"),
        )
        assert [each.arm for each in found_in([without, whole])] == ["original"]

    def test_one_finding_for_a_test_image(self, plain: Path) -> None:
        original = Image.open(plain / "train/dogs/1.png")
        for width in (30, 60, 90):
            original.resize((width, width * 2 // 3)).save(plain / f"train/dogs/{width}.png")
        original.resize((45, 30)).save(plain / "test/dogs/small.png")
        assert len(found_in([folder_arm(plain)])) == 1

    def test_a_weaker_reason_by_another_image_is_told_too(self, plain: Path) -> None:
        shutil.copy(plain / "train/dogs/1.png", plain / "test/dogs/copy.png")
        Image.open(plain / "train/dogs/1.png").resize((60, 40)).save(plain / "train/dogs/small.png")
        hows = [
            each.message.removeprefix("test image test/dogs/copy.png ")
            for each in found_in([folder_arm(plain)])
        ]
        assert hows == [
            "has the same bytes as the training image train/dogs/1.png",
            "is the training image train/dogs/small.png, at another size or encoding",
        ]


class TestRealPhotos:
    def test_the_eleven_of_cats_and_dogs(self, shared_data: Path) -> None:
        whole = folder_arm(shared_data / "cats-dogs")
        arms = [whole, replace(whole, name="placebo", train=whole.train * 2)]
        started = time.perf_counter()
        found = found_in(arms)
        assert time.perf_counter() - started < 30  # 3 seconds on an idle core
        assert {(each.guard, each.arm) for each in found} == {("leak", "original, placebo")}
        assert len(found) == 11
        assert found[0].message == (
            "test image test/cats/cat_18.jpg is the training image train/cats/cat_327.jpg, at "
            "another size or encoding"
        )
