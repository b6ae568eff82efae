"""Kaggle's datasets, with a stand-in of kagglehub: what it is asked for, and what it may answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import augbuild
from augbuild.errors import SourceError
from augbuild.sources.dataset import SourceOptions
from augbuild.sources.hubs.kaggle import download_kaggle
from augbuild.sources.open import open_source
from tests.conftest import RECIPE, photos, write_recipe

# As kagglehub 1.0: one call, which returns the folder of its cache.
STAND_IN = """
from pathlib import Path

ROOT = Path({root!r})
asked = []


class KaggleApiHTTPError(Exception):
    pass


def dataset_download(handle, path=None, *, force_download=False):
    asked.append(handle)
    name = handle.partition("/versions/")[0]
    folder = ROOT / name
    if not folder.is_dir():
        raise KaggleApiHTTPError("404 Client Error.\\n\\nResource not found at URL: …")
    return str(folder)
"""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a hub; `kagglehub` takes datasets from there, as OWNER/NAME."""
    root = tmp_path / "hub"
    root.mkdir()
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "kagglehub.py").write_text(STAND_IN.format(root=str(root)), encoding="utf-8")
    monkeypatch.syspath_prepend(modules)
    monkeypatch.delitem(sys.modules, "kagglehub", raising=False)
    return root


def test_a_dataset_is_a_folder_and_known_by_its_name(hub: Path, tmp_path: Path) -> None:
    photos(hub / "someone" / "cats-dogs" / "train", {"cats": 2, "dogs": 2})
    photos(hub / "someone" / "cats-dogs" / "test", {"cats": 1, "dogs": 1})
    dataset = open_source("kaggle:someone/cats-dogs", tmp_path)
    assert dataset.identity == "kaggle:someone/cats-dogs"
    assert dataset.attribution == (
        "kaggle:someone/cats-dogs (https://www.kaggle.com/datasets/someone/cats-dogs)"
    )
    assert len(dataset.sources) == 6
    assert dataset.is_split
    inside = open_source("kaggle:someone/cats-dogs/versions/3/train", tmp_path)
    assert [source.path for source in inside.sources][:1] == ["cats/cats_0.png"]
    import kagglehub

    assert kagglehub.asked == ["someone/cats-dogs", "someone/cats-dogs/versions/3"]


def test_a_build_names_the_hub_and_no_folder_of_this_machine(hub: Path, tmp_path: Path) -> None:
    photos(hub / "a" / "b", {"cats": 4, "dogs": 4})
    recipe = write_recipe(tmp_path, RECIPE.replace('"photos"', '"kaggle:a/b"'))
    out = augbuild.build(recipe, n_jobs=1).out
    text = (out / "dataset.json").read_text(encoding="utf-8")
    assert json.loads(text)["attribution"].startswith("kaggle:a/b (https://www.kaggle.com/")
    assert str(hub) not in text
    assert "kaggle:a/b" in (out / "README.md").read_text(encoding="utf-8")
    assert augbuild.verify(out).clean


def test_a_table_in_a_dataset_is_named_after_it(hub: Path, tmp_path: Path) -> None:
    root = photos(hub / "a" / "b" / "images", {"x": 2})
    (hub / "a" / "b" / "train.csv").write_text("id,breed\nx/x_0,pug\nx/x_1,beagle\n")
    (tmp_path / "names.json").write_text('{"pug": "Pug", "beagle": "Beagle"}')
    options = SourceOptions(images="images", suffix=".png", labels="names.json")
    dataset = open_source("kaggle:a/b/train.csv", tmp_path, options)
    assert dataset.classes == ("Beagle", "Pug")
    assert dataset.originals.local_path(dataset.sources[0].path) == root / "x" / "x_0.png"


@pytest.mark.parametrize("name", ["", "a", "a/", "/b", "a/b/../c", "a b/c", "https://x/y"])
def test_what_is_no_name_is_a_sentence(name: str) -> None:
    with pytest.raises(SourceError, match="is not the name of a dataset; expected kaggle:OWNER/"):
        download_kaggle(name)


def test_what_cannot_be_downloaded_is_a_sentence(hub: Path) -> None:
    with pytest.raises(SourceError) as caught:
        download_kaggle("no/body")
    assert str(caught.value) == (
        "kaggle:no/body cannot be downloaded: 404 Client Error; check the name and the network, "
        "and for a private dataset the token of Kaggle; a version that was downloaded before needs "
        "neither: /versions/N"
    )
    with pytest.raises(SourceError, match=r"the token of Kaggle$"):
        download_kaggle("no/body/versions/1")
    photos(hub / "a" / "b", {"cats": 1})
    with pytest.raises(SourceError, match=r"kaggle:a/b has no nowhere; it has cats$"):
        download_kaggle("a/b/nowhere")


def test_without_the_extra_it_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(SourceError, match=r"a/b needs kagglehub; pip install 'augbuild\[kaggle\]'"):
        download_kaggle("a/b")
