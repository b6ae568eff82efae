"""Others read what we build: Hugging Face by the card's configs, torchvision by the folders."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from augbuild.building.build import build
from augbuild.dataset.manifest import read_manifest
from tests.conftest import RECIPE, photo, photos, write_recipe

CLASSES = ["[brackets] *", "__hidden__", "a class", "cats", "test", "train", "猫"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built dataset whose names of classes and files look like those of splits."""
    folder = tmp_path_factory.mktemp("names")
    photos(folder / "photos", dict.fromkeys(CLASSES, 4))
    for label in CLASSES:
        photo(folder / "photos" / label / "my_test_7.png", 99)
        photo(folder / "photos" / label / "validation.png", 100)
    return build(write_recipe(folder)).out


def expected(out: Path, *origins: str) -> dict[str, Counter[str]]:
    rows = [
        json.loads(line)
        for line in (out / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        if row["split"] != "train" or row["origin"] in origins:
            counts.setdefault(row["split"], Counter())[row["label_name"]] += 1
    return counts


@pytest.mark.parametrize(
    ("config", "origins"),
    [(None, ("source", "augmented")), ("original", ("source",)), ("augmented", ("augmented",))],
)
def test_hugging_face_loads_the_right_rows_splits_and_classes(
    built: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: str | None,
    origins: tuple[str, ...],
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason="Hugging Face datasets is not installed")
    root = shutil.copytree(built, tmp_path / "dataset")
    loaded = datasets.load_dataset(str(root), config, cache_dir=str(tmp_path / "cache"))
    found = {
        split: Counter(rows.features["label"].int2str(rows["label"][:]))
        for split, rows in loaded.items()
    }
    assert found == expected(built, *origins)
    assert loaded["train"].features["label"].names == sorted(CLASSES)
    assert loaded["train"][0]["image"].size


def test_hugging_face_keeps_the_label_of_a_single_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason="Hugging Face datasets is not installed")
    photos(tmp_path / "photos", {"only": 4})
    one_class = RECIPE.replace('path = "photos"', 'path = "photos"\nlayout = "classes"')
    out = build(write_recipe(tmp_path, one_class)).out
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"].features["label"].names == ["only"]
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 9, "test": 1}


@pytest.mark.parametrize("folder", ["augmented_train", "train"])
def test_torchvision_finds_our_class_indices(built: Path, folder: str) -> None:
    torchvision = pytest.importorskip("torchvision", reason="torchvision is not installed")
    dataset = torchvision.datasets.ImageFolder(str(built / folder))
    rows = [
        json.loads(line)
        for line in (built / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    labels = {row["file_name"]: row["label"] for row in rows}
    assert dataset.classes == sorted(CLASSES)
    assert {str(Path(path).relative_to(built)): target for path, target in dataset.samples} == {
        name: label for name, label in labels.items() if name.startswith(f"{folder}/")
    }


UNEVEN = RECIPE.replace("test = 0.25", "test = 0.2").replace(
    "variants = 2", "balance = { target = 8 }"
)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset whose first class has no variants, and its second no test images."""
    folder = tmp_path_factory.mktemp("uneven")
    photos(folder / "photos", {"a": 10, "b": 2, "c": 5})
    report = build(write_recipe(folder, UNEVEN))
    counts = {
        "train": {"a": 8, "b": 2, "c": 4},
        "augmented_train": {"a": 0, "b": 6, "c": 4},
        "test": {"a": 2, "b": 0, "c": 1},
    }
    assert report.counts == counts
    kinds = {each.kind for each in report.findings}
    assert kinds == {"class without variants", "class without test images"}
    return report.out


def snippets(out: Path) -> dict[str, str]:
    """Return the Python of a card, by the library that it loads the dataset with."""
    card = (out / "README.md").read_text(encoding="utf-8")
    codes = re.findall(r"```python\n(.*?)```", card, flags=re.DOTALL)
    codes = [code.replace("path/to/this/folder", str(out)) for code in codes]
    paths, hugging_face, torchvision = codes
    return {"datasets": paths + hugging_face, "torchvision": paths + torchvision}


def targets(out: Path, folder: str) -> Counter[int]:
    return Counter(
        record.label for record in read_manifest(out / "manifest.jsonl") if record.folder == folder
    )


def test_the_card_loads_a_class_without_variants_with_torchvision(uneven: Path) -> None:
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    names: dict[str, Any] = {}
    exec(snippets(uneven)["torchvision"], names)
    labels = {record.file_name: record.label for record in read_manifest(uneven / "manifest.jsonl")}
    for part, folder in zip(names["train"].datasets, ("train", "augmented_train"), strict=True):
        found = {str(Path(path).relative_to(uneven)): target for path, target in part.samples}
        expected = {name: label for name, label in labels.items() if name.startswith(f"{folder}/")}
        assert found == expected
    assert Counter(names["test"].targets) == targets(uneven, "test") == {0: 2, 2: 1}


def test_the_card_loads_a_class_without_variants_with_hugging_face(
    uneven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason="Hugging Face datasets is not installed")
    root = shutil.copytree(uneven, tmp_path / "dataset")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    names: dict[str, Any] = {}
    exec(snippets(root)["datasets"], names)
    originals = Counter(names["originals"]["train"]["label"][:])
    assert originals == targets(root, "train")
    everything = Counter(names["dataset"]["train"]["label"][:])
    assert everything == targets(root, "train") + targets(root, "augmented_train")
    augmented = datasets.load_dataset(str(root), "augmented", features=names["features"])
    assert Counter(augmented["train"]["label"][:]) == targets(root, "augmented_train")
    assert Counter(augmented["test"]["label"][:]) == targets(root, "test")
