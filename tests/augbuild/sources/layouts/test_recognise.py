"""Which layout is recognised, and which is asked about: by paths alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.dataset import LayoutName, SourceOptions
from augbuild.sources.layouts.layout import Layout
from augbuild.sources.layouts.recognise import recognise_layout
from augbuild.sources.open import open_source
from tests.augbuild.sources.fixtures import touch


def layout_of(*images: str, layout: LayoutName = "auto", anew: bool = False) -> Layout:
    return recognise_layout(Path("root"), images, name=layout, ignore_existing=anew)


def refusal_of(*images: str, layout: LayoutName = "auto", anew: bool = False) -> str:
    with pytest.raises(SourceError) as error:
        layout_of(*images, layout=layout, anew=anew)
    return str(error.value)


@dataclass(frozen=True)
class Case:
    """A layout as people bring it: its classes and splits, each with its images."""

    name: str
    images: tuple[str, ...]
    kind: str
    splits: frozenset[str | None] = frozenset({"train", "test"})


def in_each(*folders: str) -> tuple[str, ...]:
    """Return an image of each of two classes in each folder; {} stands for the class."""
    return tuple(
        folder.format(label) + f"/{number}.jpg"
        for number, folder in enumerate(folders)
        for label in ("cats", "dogs")
    )


NO_SPLITS: frozenset[str | None] = frozenset({None})
LAYOUTS = [
    Case("class folders", in_each("{}"), "classes", NO_SPLITS),
    Case("class folders with folders of their own", in_each("{}/x", "{}"), "classes", NO_SPLITS),
    Case("images/ in each class", in_each("{}/images"), "classes", NO_SPLITS),
    Case("train and test", in_each("train/{}", "test/{}"), "splits"),
    Case("brain tumours", in_each("Training/{}", "Testing/{}"), "splits"),
    Case("one folder down", in_each("data/training_set/{}", "data/test_set/{}"), "splits"),
    Case("two down", in_each("archive/dataset/train/{}", "archive/dataset/test/{}"), "splits"),
    Case(
        "Intel", in_each("seg_train/seg_train/{}", "seg_test/seg_test/{}"), "splits"
    ),
    Case("twice", in_each("train/train/{}", "test/test/{}"), "splits"),
    Case(
        "Roboflow",
        in_each("train/{}", "valid/{}", "test/{}"),
        "splits",
        frozenset({"train", "validation", "test"}),
    ),
    Case("dev", in_each("TRAIN/{}", "Dev/{}"), "splits", frozenset({"train", "validation"})),
    Case("years", in_each("train2017/{}", "val2017/{}"), "splits",
         frozenset({"train", "validation"})),
    Case("affixes", in_each("xray_train/{}", "xray_test/{}"), "splits"),
    Case("train in train", in_each("train/train/{}", "train/test/{}"), "splits"),
    Case("class first", in_each("{}/train", "{}/test"), "class-splits"),
    Case("class first, one down", in_each("pets/{}/Train", "pets/{}/Test"), "class-splits"),
    Case("only train", in_each("train/{}"), "splits", frozenset({"train"})),
]  # fmt: skip


@pytest.mark.parametrize("case", LAYOUTS, ids=[case.name for case in LAYOUTS])
def test_layouts(case: Case, tmp_path: Path) -> None:
    layout = layout_of(*case.images)
    assert layout == layout_of(*reversed(case.images))
    assert layout.kind == case.kind
    dataset = open_source(".", touch(tmp_path, *case.images))
    assert dataset.classes == ("cats", "dogs")
    assert {source.split for source in dataset.sources} == case.splits
    assert sorted(source.path for source in dataset.sources) == sorted(case.images)
    assert dataset.ignored == {}


@pytest.mark.parametrize("case", LAYOUTS, ids=[case.name for case in LAYOUTS])
def test_splits_may_be_passed_over(case: Case, tmp_path: Path) -> None:
    dataset = open_source(".", touch(tmp_path, *case.images), ignore_existing=True)
    assert dataset.classes == ("cats", "dogs")
    assert len(dataset.sources) == len(case.images)
    assert not dataset.is_split


@pytest.mark.parametrize(
    ("images", "kind"),
    [
        ([], "classes"),
        (["1.jpg"], "classes"),
        (["train/1.jpg", "bus/1.jpg"], "classes"),
        (["train/1.jpg", "train/more/1.jpg", "bus/1.jpg"], "classes"),
        (["train/train/1.jpg", "train/bus/1.jpg", "test/bus/1.jpg"], "splits"),
        (["train/cats/1.jpg", "train/dogs/1.jpg", "sheet.jpg"], "splits"),
        (["train/cats/1.jpg", "train/dogs/1.jpg", "train/sheet.jpg"], "splits"),
        (["bullet_train/1.jpg", "steam_train/1.jpg"], "classes"),
        (["a/left/1.jpg", "a/right/1.jpg", "b/up/1.jpg"], "classes"),
    ],
)
def test_what_is_clear(images: list[str], kind: str) -> None:
    assert layout_of(*images).kind == kind


TREE = """\
photos: it is unclear which folders are the classes: site1/ and site2/ hold the same folders \
(cats, dogs), which may be the classes, too

  photos/  4 images
    site1/  2
      cats/  1
      dogs/  1
    site2/  2
      cats/  1
      dogs/  1

write one of these into [source] of the recipe:
  layout = "classes"  for 2 classes: site1, site2
  layout = "leaf"  for 2 classes: cats, dogs"""


def test_the_tree_and_the_lines_to_write_are_shown() -> None:
    with pytest.raises(SourceError) as error:
        recognise_layout(Path("photos"), in_each("site1/{}", "site2/{}"))
    assert str(error.value) == TREE


DOUBTS = [
    (["cats/1.jpg"], "cats/ would be the only one"),
    (["dataset/cats/1.jpg", "dataset/dogs/1.jpg"], "dataset/ would be the only one"),
    (["cats/train/1.jpg", "cats/test/2.jpg"], "cats/ would be the only one"),
    (["train/cats/1.jpg", "test/cats/1.jpg"], "cats/ would be the only one"),
    (["train/images/cats/1.jpg", "train/images/dogs/1.jpg"], "images/ would be the only one"),
    (["cats/train/1.jpg", "dogs/1.jpg"], "cats/ holds train/, which is named like a split"),
    (["cats/1.jpg", "cats/x/val/1.jpg", "dogs/1.jpg"], "cats/ holds val/, which is named"),
    (["cats/train/1.jpg", "cats/x/2.jpg", "dogs/train/1.jpg"], "cats/ holds train/, which is"),
    (["train/1.jpg", "test/1.jpg"], "images lie directly in test/ and train/, without a class"),
    (["train/a/1.jpg", "train/b/1.jpg", "test/1.jpg"], "images lie directly in test/, without"),
    (["train/a/1.jpg", "train/b/1.jpg", "x/1.jpg"], "there is x/ beside train/, as of splits"),
    (["train/steam/1.jpg", "bus/1.jpg"], "there is bus/ beside train/, as of splits"),
    (list(in_each("a/{}", "b/{}", "c/{}")[:-1]), "a/ and b/ hold the same folders (cats, dogs)"),
    (list(in_each("s/train/{}", "s/test/{}", "t/train/{}", "t/test/{}")), "s/ holds t"),
    (
        [*in_each("seg_train/{}", "seg_test/{}"), "seg_pred/1.jpg"],
        "there is seg_pred/ beside seg_test/ and seg_train/, as of splits",
    ),
]


@pytest.mark.parametrize(("images", "why"), DOUBTS, ids=[" ".join(each) for each, _ in DOUBTS])
def test_what_is_asked_about(images: list[str], why: str) -> None:
    message = refusal_of(*images)
    assert message.startswith("root: it is unclear which folders are the classes: ")
    assert why in message
    assert message == refusal_of(*reversed(images))


@pytest.mark.parametrize(("images", "why"), DOUBTS, ids=[" ".join(each) for each, _ in DOUBTS])
def test_every_line_that_is_offered_ends_the_doubt(
    images: list[str], why: str, tmp_path: Path
) -> None:
    root = touch(tmp_path / "photos", *images)
    with pytest.raises(SourceError, match="unclear") as error:
        open_source(str(root), tmp_path)
    lines = str(error.value).splitlines()
    offered = [line.strip() for line in lines if line.startswith(("  layout", "  exclude", "or "))]
    assert offered, why
    for line in offered:
        if line.startswith("or "):
            dataset = open_source(line.rpartition(" ")[2], tmp_path)
        elif line.startswith("exclude"):
            pattern = line.split('"')[1]
            dataset = open_source(str(root), tmp_path, SourceOptions(exclude=(pattern,)))
        else:
            name: LayoutName = line.split('"')[1]  # type: ignore[assignment]  # one of them
            dataset = open_source(str(root), tmp_path, SourceOptions(layout=name))
            assert f": {', '.join(dataset.classes)}" in line
        assert dataset.sources


def test_a_layout_that_is_named_is_not_doubted() -> None:
    same = in_each("s1/{}", "s2/{}")
    assert layout_of(*same, layout="classes") == Layout("classes")
    assert layout_of(*same, layout="leaf") == Layout("leaf")
    mixed = ["train/a/1.jpg", "x/b/1.jpg"]
    assert layout_of(*mixed, layout="splits") == Layout("splits", {"train": "train"})
    first = ["a/train/1.jpg", "a/1.jpg", "b/train/x/1.jpg"]
    assert layout_of(*first, layout="class-splits") == Layout("class-splits", {"train": "train"})


def test_a_leaf_keeps_the_splits_above_it() -> None:
    images = in_each("train/images/{}", "test/images/{}")
    layout = layout_of(*images, layout="leaf")
    assert layout == Layout("leaf", {"train": "train", "test": "test"})


@pytest.mark.parametrize(
    ("layout", "why"),
    [
        ("splits", "no folder is named like a split (train, validation, test …)"),
        ("class-splits", "no class folder has folders named like splits (train, test …)"),
    ],
)
def test_a_layout_that_is_named_but_not_there(layout: LayoutName, why: str) -> None:
    message = refusal_of("cats/1.jpg", "dogs/1.jpg", layout=layout)
    assert message.startswith(f'root: [source] says layout = "{layout}", but {why}\n\n  root/  2')


def test_images_without_a_folder_have_no_layout() -> None:
    why = 'root: [source] says layout = "leaf", but no image lies in a folder'
    assert refusal_of("1.jpg", layout="leaf").startswith(why)


def test_two_folders_of_one_split_are_refused(tmp_path: Path) -> None:
    images = in_each("train/{}", "val/{}", "validation/{}")
    assert refusal_of(*images) == (
        "root has more than one folder of validation images, val/ and validation/; merge them, or "
        'leave one out: exclude = ["val/*"] in [source]'
    )
    assert not layout_of(*images, anew=True).keeps_splits
    dataset = open_source(".", touch(tmp_path, *images), SourceOptions(exclude=("val/*",)))
    assert len(dataset.sources) == 4


def test_two_folders_of_one_split_in_each_class(tmp_path: Path) -> None:
    images = in_each("{}/train", "{}/val", "{}/valid")
    assert 'exclude = ["*/val/*"]' in refusal_of(*images)
    dataset = open_source(".", touch(tmp_path, *images), SourceOptions(exclude=("*/val/*",)))
    assert len(dataset.sources) == 4


def test_splits_need_train() -> None:
    images = in_each("val/{}", "Test/{}")
    assert refusal_of(*images) == (
        "root has Test/ and val/ but no train/; add one, or split all of its images anew: "
        "ignore_existing = true in [split]"
    )
    assert layout_of(*images, anew=True).kind == "splits"
