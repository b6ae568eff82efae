"""A recipe that was written for a folder passes `check` and builds, whatever the folder is like."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from augbuild.building.build import build
from augbuild.dataset.manifest import read_manifest
from augbuild.errors import OutputError, SourceError
from augbuild.recipe.load import load_recipe
from augbuild.recipe.model import Recipe
from augbuild.starting.start import start_recipe
from tests.conftest import photo, photos


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start_and_build(spec: str = "photos") -> tuple[Recipe, Counter[str]]:
    """Write a recipe and build it; return it, and how many images each folder got."""
    out = Path("recipe.toml")
    start_recipe(spec, out)
    recipe = load_recipe(out)
    assert recipe.warnings == ()
    report = build(out, n_jobs=1, quiet=True)
    assert report.warnings == ()
    rows = read_manifest(report.out / "manifest.jsonl")
    return recipe, Counter(row.file_name.rpartition("/")[0] for row in rows)


def test_a_folder_with_splits(project: Path) -> None:
    photos(project / "photos" / "train", {"cats": 4, "dogs": 3})
    photos(project / "photos" / "test", {"cats": 2, "dogs": 1})
    _, counts = start_and_build()
    assert counts == {
        "train/cats": 4, "train/dogs": 3, "test/cats": 2, "test/dogs": 1,
        "augmented_train/cats": 12, "augmented_train/dogs": 9,
    }  # fmt: skip


def test_a_folder_without_splits(project: Path) -> None:
    photos(project / "photos", {"cats": 50, "dogs": 50})
    _, counts = start_and_build()
    assert counts == {
        "train/cats": 40, "train/dogs": 40, "test/cats": 10, "test/dogs": 10,
        "augmented_train/cats": 120, "augmented_train/dogs": 120,
    }  # fmt: skip


def test_a_tiny_folder(project: Path) -> None:
    photos(project / "photos", {"cats": 3, "dogs": 2})
    recipe, counts = start_and_build()
    assert recipe.split.folds == 2
    assert (counts["train/cats"], counts["augmented_train/cats"]) == (3, 9)
    assert not [folder for folder in counts if folder.startswith("test/")]


def test_one_image_of_each_class(project: Path) -> None:
    photos(project / "photos", {"cats": 1, "dogs": 1})
    _, counts = start_and_build()
    assert counts["augmented_train/dogs"] == 3


def test_an_unbalanced_folder(project: Path) -> None:
    photos(project / "photos", {"few": 3, "many": 12})
    _, counts = start_and_build()
    assert counts["train/few"] + counts["augmented_train/few"] == 24
    assert counts["train/many"] + counts["augmented_train/many"] == 24


def test_a_folder_of_digits(project: Path) -> None:
    photos(project / "photos", {"6": 3, "9": 3})
    start_and_build()
    rows = read_manifest(project / "build" / "photos" / "manifest.jsonl")
    assert not [row for row in rows if any(op["op"] == "hflip" for op in row.ops)]


def test_a_letter_among_animals(project: Path) -> None:
    photos(project / "photos", {"b": 12, "cats": 12})
    start_and_build()
    rows = list(read_manifest(project / "build" / "photos" / "manifest.jsonl"))
    mirrored = {row.label_name for row in rows if any(op["op"] == "hflip" for op in row.ops)}
    assert mirrored == {"cats"}


def test_a_folder_of_large_photos(project: Path) -> None:
    for index, label in enumerate(["cats", "cats", "dogs", "dogs"]):
        photo(project / "photos" / label / f"{index}.jpg", index, (1400, 1050))
    start_and_build()
    rows = read_manifest(project / "build" / "photos" / "manifest.jsonl")
    assert max(row.width for row in rows if row.origin == "augmented") <= 512


def test_the_sample(project: Path) -> None:
    start_recipe("sample:emoji", Path("recipe.toml"))
    recipe = load_recipe("recipe.toml")
    assert (recipe.source.path, recipe.output.path) == ("sample:emoji", "build/emoji")
    assert not (project / "build").exists()


@pytest.mark.parametrize("name", ['a"b', "a'b", "naïve 字", "~", "new\nline", "$(x) #y", "xx:y"])
def test_odd_names_of_folders_and_classes(name: str, project: Path) -> None:
    photos(project / name, {f"{name}1": 2, f"{name}2": 2})
    # "~" alone is the user's home, and "xx:y" may be a kind of source, as in a recipe.
    spec = f"./{name}" if ":" in name else str(project / name)
    _, counts = start_and_build(spec)
    assert counts[f"augmented_train/{name}1"] == 6


def test_a_recipe_inside_its_own_source(project: Path) -> None:
    photos(project / "photos", {"cats": 2, "dogs": 2})
    start_recipe("photos", project / "photos" / "recipe.toml")
    report = build(project / "photos" / "recipe.toml", n_jobs=1, quiet=True)
    assert report.out == project / "build" / "photos"


def test_folders_for_the_recipe_are_made(project: Path) -> None:
    photos(project / "photos", {"cats": 2, "dogs": 2})
    start = start_recipe("photos", Path("my/recipes/p.toml"))
    assert load_recipe(start.recipe).source.path == "../../photos"


def test_what_exists_is_left_as_it_is(project: Path) -> None:
    photos(project / "photos", {"cats": 2, "dogs": 2})
    (project / "mine.toml").write_text("mine")
    (project / "link.toml").symlink_to("nowhere")
    for name in ("mine.toml", "link.toml", "photos"):
        with pytest.raises(OutputError, match=f"^{name} exists already .* with --out$"):
            start_recipe("photos", Path(name))
    assert (project / "mine.toml").read_text() == "mine"
    assert not (project / "nowhere").exists()


def test_no_recipe_for_what_could_not_be_built(project: Path) -> None:
    photos(project / "photos" / "train", {"cats": 2})
    photos(project / "photos" / "test", {"dogs": 2})
    with pytest.raises(SourceError, match="class 'dogs' has no image in train/"):
        start_recipe("photos", Path("new/recipe.toml"))
    with pytest.raises(SourceError, match="does not exist"):
        start_recipe("nothing", Path("new/recipe.toml"))
    assert not (project / "new").exists()
