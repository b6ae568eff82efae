"""Audits: every copy named, and each piece of advice followed until the finding is gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from augbuild.building.build import BuildReport, build
from augbuild.checking.audit import Audit, audit
from augbuild.errors import OutputError, SourceError
from augbuild.recipe.load import load_recipe
from augbuild.similarity.duplicates import LEFT_OUT
from augbuild.sources.dataset import SourceOptions
from tests.conftest import RECIPE, photo, photos, write_recipe


def split_folder(root: Path) -> Path:
    """Make a folder with splits: two copies across, one within train, one under two labels."""
    for number in range(5):
        photo(root / "train" / "cats" / f"{number}.png", number)
        photo(root / "train" / "dogs" / f"{number}.png", 10 + number)
        photo(root / "test" / "cats" / f"{number}.png", 20 + number)
        photo(root / "test" / "dogs" / f"{number}.png", 30 + number)
    copies = {
        "test/cats/0.png": "train/cats/copy0.png",
        "test/dogs/1.png": "train/dogs/copy1.png",
        "train/cats/2.png": "train/cats/copy2.png",
        "train/cats/3.png": "train/dogs/copy3.png",
    }
    for original, copy in copies.items():
        shutil.copyfile(root / original, root / copy)
    return root


def kinds(report: Audit | BuildReport) -> list[str]:
    return [finding.kind for finding in report.findings]


def test_a_folder_with_splits(tmp_path: Path) -> None:
    report = audit(split_folder(tmp_path / "photos"))
    assert report.exit_code == 1
    assert report.images == 24
    assert kinds(report) == ["duplicates across splits", "contradicting labels", "duplicates"]
    flags = [(pair.across_splits, pair.labels_differ) for pair in report.pairs]
    assert flags == [(True, False), (True, False), (False, False), (False, True)]
    assert [(pair.first, pair.second) for pair in report.pairs] == [
        ("test/cats/0.png", "train/cats/copy0.png"),
        ("test/dogs/1.png", "train/dogs/copy1.png"),
        ("train/cats/2.png", "train/cats/copy2.png"),
        ("train/cats/3.png", "train/dogs/copy3.png"),
    ]
    assert {each.how for each in report.pairs} == {"the same frame"}
    assert report.exclusions == {
        "train/cats/3.png": "one of a picture's several labels; see train/dogs/copy3.png",
        "train/cats/copy0.png": "the same picture as test/cats/0.png",
        "train/cats/copy2.png": "the same picture as train/cats/2.png",
        "train/dogs/copy1.png": "the same picture as test/dogs/1.png",
        "train/dogs/copy3.png": "one of a picture's several labels; see train/cats/3.png",
    }


def test_a_folder_without_splits(tmp_path: Path) -> None:
    root = photos(tmp_path / "photos", {"cats": 4, "dogs": 4})
    assert audit(root).findings == ()
    assert audit(root).exit_code == 0
    shutil.copyfile(root / "cats" / "cats_1.png", root / "cats" / "copy.png")
    report = audit(root)
    (finding,) = report.findings
    assert finding.text() == (
        "1 pair of images of one label shows the same picture "
        "(cats/cats_1.png = cats/copy.png); leave out what --write lists; "
        "a split of augbuild's own keeps them together"
    )


RECIPE_WITH_SPLITS = RECIPE.replace('group = "none"', "").replace("test = 0.25", "")


def test_leaving_out_what_an_audit_lists_ends_every_finding(tmp_path: Path) -> None:
    root = split_folder(tmp_path / "photos")
    before = build(write_recipe(tmp_path, RECIPE_WITH_SPLITS), n_jobs=1)
    assert kinds(before) == ["duplicates across splits", "contradicting labels"]
    audit(root).write(tmp_path / "copies.txt")
    text = RECIPE_WITH_SPLITS.replace(
        'path = "photos"', 'path = "photos"\nexclude_file = "copies.txt"'
    )
    after = build(write_recipe(tmp_path, text), n_jobs=1, prune=True)
    assert after.findings == ()
    assert sum(after.counts["train"].values()) == 14 - 5
    assert sum(after.counts["test"].values()) == 10
    tree = audit(after.out)
    assert (tree.findings, tree.images) == ((), 19)


def test_leaving_out_train_copies_ends_the_finding(tmp_path: Path) -> None:
    split_folder(tmp_path / "photos")
    text = RECIPE_WITH_SPLITS.replace("[split]", '[split]\non_duplicates = "drop-train"')
    report = build(write_recipe(tmp_path, text), n_jobs=1)
    assert kinds(report) == ["duplicates across splits", "contradicting labels"]
    assert report.findings[0].text() == (
        "2 train images were left out as copies of 2 validation or test images "
        "(test/cats/0.png = train/cats/copy0.png, test/dogs/1.png = train/dogs/copy1.png)"
    )
    assert not any(pair.across_splits for pair in audit(report.out).pairs)
    info = (report.out / "dataset.json").read_text()
    assert LEFT_OUT in info


def test_copies_across_splits_as_an_error(tmp_path: Path) -> None:
    split_folder(tmp_path / "photos")
    text = RECIPE_WITH_SPLITS.replace("[split]", '[split]\non_duplicates = "error"')
    with pytest.raises(SourceError, match=r"^2 validation or test images have copies in another"):
        build(write_recipe(tmp_path, text), n_jobs=1)
    assert not (tmp_path / "out").exists()


def test_the_key_changes_no_recipe(tmp_path: Path) -> None:
    """What is written into every tree of version 0.1 stays as it was."""
    plain = load_recipe(write_recipe(tmp_path, RECIPE))
    text = RECIPE.replace("[split]", '[split]\non_duplicates = "drop-train"')
    assert load_recipe(write_recipe(tmp_path, text)).sha256 == plain.sha256


def test_a_tree_by_the_paths_of_its_source(tmp_path: Path) -> None:
    root = photos(tmp_path / "photos", {"cats": 8, "dogs": 8})
    shutil.copyfile(root / "cats" / "cats_1.png", root / "dogs" / "copy.png")
    tree = build(write_recipe(tmp_path, RECIPE), n_jobs=1).out
    report = audit(tree)
    assert report.images == 17
    assert [(pair.first, pair.second) for pair in report.pairs] == [
        ("cats/cats_1.png", "dogs/copy.png")
    ]


def test_options_of_the_source(tmp_path: Path) -> None:
    root = photos(tmp_path / "photos", {"x/cats": 3, "x/dogs": 3, "y/birds": 3})
    report = audit(root, SourceOptions(layout="leaf"))
    assert report.images == 9


def test_a_list_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    report = audit(split_folder(tmp_path / "photos"))
    report.write(tmp_path / "copies.txt")
    with pytest.raises(OutputError, match="exists"):
        report.write(tmp_path / "copies.txt")


def test_the_lab_photos(shared_data: Path) -> None:
    report = audit(shared_data / "cats-dogs", n_jobs=2)
    across = [pair for pair in report.pairs if pair.across_splits]
    within_test = [
        pair for pair in report.pairs if not pair.across_splits and pair.first.startswith("test")
    ]
    assert (len(across), len(within_test)) == (11, 3)
