"""A small build, and one finished comparison of it: real runs of a small model, made once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from augbuild.building.build import build
from tests.conftest import photo, photos, write_recipe
from tests.trainer.comparison.small import RECIPE, design, measured
from tests.trainer.fixtures import dataset
from trainer.comparison.result import ComparisonResult
from trainer.data.samples import Table
from trainer.data.tables import read_table


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of a build with a test split: 20 train images, 40 variants, 8 test images."""
    folder = tmp_path_factory.mktemp("toy")
    dataset(folder / "photos")
    return build(write_recipe(folder, RECIPE)).out / "manifest.jsonl"


@dataclass(frozen=True)
class Finished:
    """A finished comparison: its folder, its result, and the manifest that it was made of."""

    out: Path
    result: ComparisonResult
    manifest: Path


@pytest.fixture(scope="session")
def finished(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A finished comparison, the first look at its test images; no test changes it."""
    folder = tmp_path_factory.mktemp("finished")
    own = copytree(manifest.parent, folder / "build", ignore=ignore_patterns("looks.jsonl"))
    out = folder / "comparison"
    result = measured(design(own / "manifest.jsonl"), out)
    return Finished(out, result, own / "manifest.jsonl")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A manifest of augbuild: 12 sources, 3 of them test images, two variants of each other."""
    folder = tmp_path_factory.mktemp("built")
    photos(folder / "photos", {"cats": 8, "dogs": 4})
    return read_table(build(write_recipe(folder)).out)


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


@pytest.fixture(scope="session")
def folded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of a build with three folds of 18 images."""
    folder = tmp_path_factory.mktemp("folded")
    dataset(folder / "photos", train=9, test=0)
    (folder / "photos" / "train").rename(folder / "flat")
    recipe = RECIPE.replace('"photos"', '"flat"') + "[split]\nfolds = 3\n"
    return build(write_recipe(folder, recipe)).out / "manifest.jsonl"
