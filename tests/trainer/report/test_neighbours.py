"""The training images nearest to those that flipped: never their own kin."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import photo
from trainer.data.samples import Sample
from trainer.figures.flipped import Flip, HitCount
from trainer.report.neighbours import MOST_SEARCHED, picture_flips


def sample(path: Path, **changes: object) -> Sample:
    """Make the sample of an image."""
    return Sample(path, path.name, "cats", "train", 1, **changes)  # type: ignore[arg-type]


def flip(name: str) -> Flip:
    """Make a flip of an image."""
    return Flip(name, HitCount("cats", 1, 0), HitCount("cats", 1, 1))


def test_nearest_images_come_first_and_kin_never(tmp_path: Path) -> None:
    test = sample(photo(tmp_path / "test.png", 1), source="s", fold=0)
    same = sample(photo(tmp_path / "same.png", 1, (80, 60)), source="t", augmented=True)
    files = [photo(tmp_path / f"{number}.png", number) for number in range(2, 8)]
    others = [sample(file, augmented=True) for file in files]
    kin = [
        sample(photo(tmp_path / "variant.png", 1), source="s", augmented=True),
        sample(photo(tmp_path / "fold.png", 1), source="u", fold=0),
        test,
    ]
    (pictured,) = picture_flips([flip("test.png")], [test], [*others, *kin, same, same])
    names = [picture.name for picture in pictured.neighbours]
    assert names[0] == "same.png"
    assert len(set(names)) == 3
    assert not set(names) & {"variant.png", "fold.png", "test.png"}
    assert pictured.image.pixels.shape == (30, 40, 3)
    assert (pictured.image.name, pictured.image.label) == ("test.png", "cats")


@pytest.mark.parametrize(
    ("own", "other"),
    [({}, {}), ({"source": "s"}, {"source": "t"}), ({"fold": 0}, {"fold": 1}), ({"fold": 0}, {})],
)
def test_images_without_a_common_source_or_fold_are_no_kin(
    own: dict[str, object], other: dict[str, object], tmp_path: Path
) -> None:
    test = sample(photo(tmp_path / "test.png", 1), **own)
    train = sample(photo(tmp_path / "train.png", 1), **other)
    (pictured,) = picture_flips([flip("test.png")], [test], [train])
    assert [picture.name for picture in pictured.neighbours] == ["train.png"]


def test_near_is_near_whichever_is_the_brighter(tmp_path: Path) -> None:
    def plain(name: str, grey: int) -> Sample:
        Image.new("RGB", (20, 20), (grey,) * 3).save(tmp_path / name)
        return sample(tmp_path / name)

    train = [plain("far.png", 160), plain("darker.png", 90), plain("brighter.png", 130)]
    (pictured,) = picture_flips([flip("it.png")], [plain("it.png", 100)], train)
    names = [picture.name for picture in pictured.neighbours]
    assert names == ["darker.png", "brighter.png", "far.png"]


def test_of_images_as_near_the_first_of_the_manifest_comes_first(tmp_path: Path) -> None:
    test = sample(photo(tmp_path / "test.png", 1))
    train = [sample(photo(tmp_path / f"{name}.png", 2)) for name in "zam"]
    (pictured,) = picture_flips([flip("test.png")], [test], train)
    assert [picture.name for picture in pictured.neighbours] == ["z.png", "a.png", "m.png"]


def test_a_variant_of_the_same_name_is_not_the_test_image(tmp_path: Path) -> None:
    original = sample(photo(tmp_path / "a" / "it.png", 1, (50, 40)))
    variant = sample(photo(tmp_path / "b" / "it.png", 2), augmented=True)
    (pictured,) = picture_flips([flip("it.png")], [original, variant], [])
    assert pictured.image.pixels.shape == (40, 50, 3)


def test_pictures_are_small(tmp_path: Path) -> None:
    test = sample(photo(tmp_path / "test.png", 1, (900, 600)))
    (pictured,) = picture_flips([flip("test.png")], [test], [])
    assert pictured.image.pixels.shape == (128, 192, 3)
    assert pictured.neighbours == ()


def test_images_that_are_gone_or_damaged_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "damaged.png").write_bytes(b"no image")
    there, damaged = sample(photo(tmp_path / "there.png", 1)), sample(tmp_path / "damaged.png")
    gone = sample(tmp_path / "gone.png")
    flips = [flip(name) for name in ("gone.png", "damaged.png", "there.png", "unknown.png")]
    pictured = picture_flips(flips, [there, damaged, gone], [gone, damaged])
    assert [each.flip.name for each in pictured] == ["there.png"]
    assert pictured[0].neighbours == ()


@pytest.mark.parametrize(("place", "found"), [(0, ["near.png"]), (1, [])])
def test_of_many_training_images_a_spread_is_searched(
    place: int, found: list[str], tmp_path: Path
) -> None:
    test = sample(photo(tmp_path / "test.png", 1))
    near = sample(photo(tmp_path / "near.png", 1, (80, 60)))
    gone = [sample(tmp_path / f"{number}.png") for number in range(2 * MOST_SEARCHED)]
    train = [*gone[:place], near, *gone[place:]]  # every third of 2,001 is looked at
    (pictured,) = picture_flips([flip("test.png")], [test], train)
    assert [picture.name for picture in pictured.neighbours] == found


def test_as_many_as_can_be_searched_are_all_searched(tmp_path: Path) -> None:
    test = sample(photo(tmp_path / "test.png", 1))
    near = sample(photo(tmp_path / "near.png", 1, (80, 60)))
    gone = [sample(tmp_path / f"{number}.png") for number in range(MOST_SEARCHED - 1)]
    for place in (1, MOST_SEARCHED - 1):
        train = [*gone[:place], near, *gone[place:]]
        (pictured,) = picture_flips([flip("test.png")], [test], train)
        assert [picture.name for picture in pictured.neighbours] == ["near.png"]
