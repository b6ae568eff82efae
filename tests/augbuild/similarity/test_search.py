"""Near-duplicates: found across sizes and encodings, and not invented."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from augbuild.similarity import search
from augbuild.similarity.groups import group_pairs
from augbuild.similarity.hashes import TURNS, Turn, signature, turned_signatures
from augbuild.similarity.search import (
    NearDuplicate,
    near_duplicates_across,
    near_duplicates_within,
    sign_all,
)
from augbuild.sources.open import open_source
from augbuild.sources.originals import FolderOriginals
from tests.conftest import photo

from .pictures import prints_of, turned


def pairs_in(root: Path) -> list[tuple[str, str]]:
    return near_duplicates_within(FolderOriginals(root), prints_of(root))


class TestPairs:
    def test_other_sizes_encodings_and_slight_retouches(self, tmp_path: Path) -> None:
        original = Image.open(photo(tmp_path / "a.png", 1, (640, 480)))
        original.resize((320, 240), Image.Resampling.LANCZOS).save(tmp_path / "half.png")
        original.resize((150, 113), Image.Resampling.BILINEAR).save(
            tmp_path / "small.jpg", quality=40
        )
        original.convert("L").save(tmp_path / "grey.webp", quality=60)
        original.point([min(255, value + 3) for value in range(256)] * 3).save(
            tmp_path / "lighter.bmp"
        )
        for seed in range(2, 12):
            photo(tmp_path / f"other_{seed}.png", seed, (640, 480))
        groups = group_pairs(pairs_in(tmp_path))
        assert groups == dict.fromkeys(
            ["a.png", "half.png", "small.jpg", "grey.webp", "lighter.bmp"], "a.png"
        )

    def test_upright_by_its_exif_orientation(self, tmp_path: Path) -> None:
        original = Image.open(photo(tmp_path / "a.png", 1, (300, 200)))
        exif = Image.Exif()
        exif[0x0112] = 6
        original.transpose(Image.Transpose.ROTATE_90).save(
            tmp_path / "turned.jpg", exif=exif, quality=95
        )
        assert pairs_in(tmp_path) == [("a.png", "turned.jpg")]

    def test_copies_are_joined_by_as_few_pairs_as_it_takes(self, tmp_path: Path) -> None:
        original = photo(tmp_path / "0.png", 1)
        for number in range(1, 30):
            shutil.copyfile(original, tmp_path / f"{number}.png")
        pairs = pairs_in(tmp_path)
        assert len(pairs) == 29
        assert set(group_pairs(pairs).values()) == {"0.png"}

    def test_pictures_on_a_plain_background_are_not_the_same(self, tmp_path: Path) -> None:
        for number in range(40):
            picture = Image.new("RGB", (200, 200), "white")
            x, y = 20 * (number % 8), 30 * (number // 8)
            ImageDraw.Draw(picture).rectangle((x, y, x + 55, y + 70), fill=(40, 5 * number, 90))
            picture.save(tmp_path / f"{number:02}.jpg")
        assert pairs_in(tmp_path) == []

    def test_noise_on_a_flat_picture_changes_no_bit(self, tmp_path: Path) -> None:
        flat = np.full((90, 90, 3), 128)
        for seed in range(2):
            noise = np.random.default_rng(seed).normal(0, 6, flat.shape)
            Image.fromarray((flat + noise).clip(0, 255).astype(np.uint8)).save(
                tmp_path / f"{seed}.png"
            )
        first, second = prints_of(tmp_path).values()
        assert first[:8] == second[:8] == bytes(8)
        assert pairs_in(tmp_path) == [("0.png", "1.png")]

    @pytest.mark.parametrize(("step", "same"), [(5, True), (7, False)])
    def test_the_limit_is_six_grey_levels(self, tmp_path: Path, step: int, same: bool) -> None:
        pixels = np.asarray(Image.open(photo(tmp_path / "a.png", 1, (320, 320)))).clip(10, 240)
        for name, shift in (("a.png", 0), ("b.png", step)):
            Image.fromarray((pixels + shift).astype(np.uint8)).save(tmp_path / name)
        assert pairs_in(tmp_path) == ([("a.png", "b.png")] if same else [])

    def test_equal_fingerprints_need_not_be_equal_pictures(self, tmp_path: Path) -> None:
        """Two of three differ in a pattern too fine for a sketch: the odd one out hides no pair."""
        fine = np.indices((288, 288)).sum(axis=0) // 9 % 2 * 120 + 60
        for name, pixels in (("1", fine), ("2", 240 - fine), ("3", fine)):
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"{name}.png")
        prints = prints_of(tmp_path)
        assert len(set(prints.values())) == 1
        assert near_duplicates_within(FolderOriginals(tmp_path), prints) == [("1.png", "3.png")]


class TestNearDuplicates:
    def test_nothing_and_one(self, tmp_path: Path) -> None:
        assert near_duplicates_within(FolderOriginals(tmp_path), {}) == []
        assert near_duplicates_within(FolderOriginals(tmp_path), {"a.png": bytes(72)}) == []

    def test_a_picture_that_is_gone_is_like_nothing(self, tmp_path: Path) -> None:
        for name in ("1.png", "2.png", "3.png"):
            photo(tmp_path / name, 1)
        prints = prints_of(tmp_path)
        (tmp_path / "1.png").unlink()
        assert near_duplicates_within(FolderOriginals(tmp_path), prints) == [("2.png", "3.png")]
        (tmp_path / "2.png").unlink()
        assert near_duplicates_within(FolderOriginals(tmp_path), prints) == []

    def test_order_is_nothing(self, tmp_path: Path) -> None:
        for number in range(12):
            photo(tmp_path / f"{number}.png", number // 3)
        prints = prints_of(tmp_path)
        assert near_duplicates_within(FolderOriginals(tmp_path), prints) == near_duplicates_within(
            FolderOriginals(tmp_path), dict(reversed(prints.items()))
        )

    def test_thousands_that_are_the_same(self, tmp_path: Path) -> None:
        photo(tmp_path / "0.png", 1)
        known = signature(tmp_path / "0.png")
        assert known is not None
        for number in range(1, 1500):
            (tmp_path / f"{number}.png").symlink_to("0.png")
        pairs = near_duplicates_within(
            FolderOriginals(tmp_path), {path.name: known for path in tmp_path.iterdir()}
        )
        assert len(pairs) == 1499


class TestTwins:
    @pytest.mark.parametrize("turn", TURNS)
    @pytest.mark.parametrize("size", [(640, 480), (300, 500)])
    def test_all_flips_and_turns_at_another_size(
        self, tmp_path: Path, turn: Turn, size: tuple[int, int]
    ) -> None:
        trains = [photo(tmp_path / f"{seed}.png", seed, size) for seed in range(6)]
        small = turned(Image.open(trains[3]), turn).reduce(3)
        small.save(tmp_path / "test.jpg", quality=60)
        other = photo(tmp_path / "other.png", 99, size)
        found = list(near_duplicates_across([other, tmp_path / "test.jpg"], trains, n_jobs=1))
        assert found == [NearDuplicate(tmp_path / "test.jpg", trains[3], turn)]

    def test_the_order_of_both_sets_and_each_pair_once(self, tmp_path: Path) -> None:
        """A picture that is its own mirror image is upright."""
        half = np.asarray(Image.open(photo(tmp_path / "half.png", 1, (150, 200))))
        for name in "bca":
            Image.fromarray(np.hstack([half, half[:, ::-1]])).save(tmp_path / f"{name}.png")
        a, b, c = (tmp_path / f"{name}.png" for name in "abc")
        found = list(near_duplicates_across([b, a], [c, b], n_jobs=1))
        assert found == [
            NearDuplicate(first, second, "upright")
            for first, second in ((b, c), (b, b), (a, c), (a, b))
        ]

    def test_the_order_is_that_of_the_sets_and_not_of_the_turns(self, tmp_path: Path) -> None:
        upright, mirrored = photo(tmp_path / "1.png", 1), tmp_path / "2.png"
        turned(Image.open(upright), "mirrored").save(mirrored)
        assert list(near_duplicates_across([upright], [mirrored, upright], n_jobs=1)) == [
            NearDuplicate(upright, mirrored, "mirrored"), NearDuplicate(upright, upright, "upright")
        ]  # fmt: skip

    def test_nothing_and_what_cannot_be_read(self, tmp_path: Path) -> None:
        broken, whole = tmp_path / "broken.jpg", photo(tmp_path / "a.png", 1)
        broken.write_bytes(b"no picture")
        assert list(near_duplicates_across([], [whole], n_jobs=1)) == []
        assert list(near_duplicates_across([whole], [], n_jobs=1)) == []
        assert list(
            near_duplicates_across(
                [broken, whole], [tmp_path / "missing.png", broken, whole], n_jobs=1
            )
        ) == [NearDuplicate(whole, whole, "upright")]

    def test_a_picture_that_is_gone_is_like_nothing(self, tmp_path: Path) -> None:
        first, second = photo(tmp_path / "1.png", 1), photo(tmp_path / "2.png", 2)
        found = near_duplicates_across([first, second], [first, second], n_jobs=1)
        assert next(found) == NearDuplicate(first, first, "upright")
        second.unlink()
        assert list(found) == []

    def test_a_thumbnail_confirms(self, tmp_path: Path) -> None:
        """Equal fingerprints, and a pattern that is another."""
        fine = np.indices((288, 288)).sum(axis=0) // 9 % 2 * 120 + 60
        for name, pixels in (("1", fine), ("2", 240 - fine)):
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"{name}.png")
        first, second = tmp_path / "1.png", tmp_path / "2.png"
        assert signature(first) == signature(second)
        found = near_duplicates_across([first], [first, second], n_jobs=1)
        assert [(each.second, each.turn) for each in found] == [
            (first, "upright"),
            (second, "turned by 90°"),
        ]

    def test_any_number_of_processes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(search, "_POOL_PAYS_FROM", 2)
        paths = [photo(tmp_path / f"{number}.png", number // 2) for number in range(8)]
        alone = list(near_duplicates_across(paths[::2], paths, n_jobs=1))
        assert len(alone) == 8
        assert list(near_duplicates_across(paths[::2], paths, n_jobs=2)) == alone


CATS_AND_DOGS_IN_TEST = [
    ("cats/cat_203", "cats/cat_446"),
    ("cats/cat_464", "cats/cat_468"),
    ("dogs/dog_219", "dogs/dog_443"),
]
LEAKS = {
    "cats": [18, 281, 384, 417],
    "dogs": [44, 124, 236, 303, 344, 415, 522],
}  # fmt: skip


class TestRealPhotos:
    def pairs(self, root: Path) -> list[tuple[str, str]]:
        dataset = open_source(".", root)
        prints = {source.path: signature(root / source.path) for source in dataset.sources}
        return near_duplicates_within(
            FolderOriginals(root), {path: known for path, known in prints.items() if known}
        )

    def test_twins_within_the_lab_photos(self, shared_data: Path) -> None:
        pairs = self.pairs(shared_data / "cats-dogs" / "test")
        assert pairs == [
            (f"{first}.jpg", f"{second}.jpg") for first, second in CATS_AND_DOGS_IN_TEST
        ]

    def test_leaks_from_train_into_test(self, shared_data: Path) -> None:
        pairs = self.pairs(shared_data / "cats-dogs")
        assert (
            len(pairs) == 35
        )  # their thumbnails differ by 1.6 of 255 at the most, the next pair by 9.5
        across = [
            pair for pair in pairs if pair[0].startswith("test/") and pair[1].startswith("train/")
        ]
        expected = sorted(
            f"test/{label}/{label[:-1]}_{number}.jpg" for label in LEAKS for number in LEAKS[label]
        )
        assert [first for first, _ in across] == expected

    def test_clothes_on_plain_backgrounds(self, shared_data: Path) -> None:
        assert self.pairs(shared_data / "clothing") == []

    def twins(self, root: Path) -> list[tuple[str, str]]:
        tests, trains = (sorted((root / split).rglob("*.jpg")) for split in ("test", "train"))
        return [
            (twin.first.stem, twin.turn) for twin in near_duplicates_across(tests, trains, n_jobs=1)
        ]

    def test_no_test_photo_is_a_train_photo_mirrored_or_turned(self, shared_data: Path) -> None:
        expected = sorted(f"{label[:-1]}_{number}" for label in LEAKS for number in LEAKS[label])
        assert self.twins(shared_data / "cats-dogs") == [(name, "upright") for name in expected]

    def test_no_garment_is_another_mirrored_or_turned(self, shared_data: Path) -> None:
        assert self.twins(shared_data / "clothing") == []


class TestSignAll:
    def test_in_order_and_none_where_a_picture_cannot_be_read(self, tmp_path: Path) -> None:
        first, second = photo(tmp_path / "1.png", 1), photo(tmp_path / "2.png", 2)
        files = [second, tmp_path / "missing.png", first]
        assert sign_all(files, n_jobs=1) == [signature(second), None, signature(first)]
        turned_second, nothing = sign_all(files[:2], sign=turned_signatures, n_jobs=1)
        assert turned_second == turned_signatures(second)
        assert nothing is None

    def test_any_number_of_processes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(search, "_POOL_PAYS_FROM", 2)
        files = [photo(tmp_path / f"{number}.png", number) for number in range(6)]
        assert sign_all(files, n_jobs=2) == sign_all(files, n_jobs=1)
