"""Opening what a recipe names: which kind of source it is, and what cannot be opened yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.dataset import SourceOptions
from augbuild.sources.decoding import Decoding
from augbuild.sources.open import open_source
from tests.augbuild.sources.fixtures import findings_of, touch


def test_relative_absolute_and_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "photos/cats/1.jpg", "photos/dogs/1.jpg").joinpath("recipes").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    for spec in ("../photos", str(tmp_path / "photos"), "~/photos"):
        assert open_source(spec, tmp_path / "recipes").root == tmp_path / "photos"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nope", "{root}/nope does not exist; {wanted}"),
        ("x.jpg", "{root}/x.jpg is a file, not a folder; {wanted}"),
        ("x.zip", "{root}/x.zip is not a zip archive, or it is damaged; download or pack it again"),
        ("x.7z", "{root}/x.7z is of a kind that is not read ({archives}); {unpack}"),
        ("x.tar.ZST", "{root}/x.tar.ZST is of a kind that is not read ({archives}); {unpack}"),
        ("x.csv", "{root}/x.csv has no rows"),
        ("hf:", "hf: is not the name of a dataset; expected hf:OWNER/NAME or hf:OWNER/NAME/CONFIG"),
        ("~nobody-here/x", "~nobody-here/x does not exist: its home folder is not known"),
        (
            "sample:emojis",
            'unknown sample dataset "emojis"; there are sample:emoji and sample:digits',
        ),
    ],
)
def test_what_cannot_be_opened(tmp_path: Path, spec: str, message: str) -> None:
    touch(tmp_path, "x.zip", "x.7z", "x.tar.ZST", "x.csv", "x.jpg")
    with pytest.raises(SourceError) as error:
        open_source(spec, tmp_path)
    assert str(error.value) == message.format(
        root=tmp_path,
        wanted="the source is a folder with a folder of images for each class",
        archives="as .zip, .tar or .tar.gz are",
        unpack="unpack it and give the folder",
    )


def test_a_folder_may_have_the_name_of_an_archive(tmp_path: Path) -> None:
    for folder in ("photos.zip", "photos.csv"):
        touch(tmp_path / folder, "cats/1.jpg", "dogs/1.jpg")
    assert len(open_source("photos.zip", tmp_path).sources) == 2
    assert len(open_source("photos.csv", tmp_path).sources) == 2


def test_options_are_handed_on(tmp_path: Path) -> None:
    touch(tmp_path, "photos/train/cats/1.jpg", "elsewhere/2.jpg")
    (tmp_path / "photos" / "train" / "dogs").symlink_to("../../elsewhere")
    dataset = open_source(
        "photos", tmp_path, SourceOptions(follow_links=True), ignore_existing=True
    )
    assert [source.path for source in dataset.sources] == ["train/cats/1.jpg", "train/dogs/2.jpg"]
    assert not dataset.is_split


def test_decoding_is_that_of_the_options(tmp_path: Path) -> None:
    touch(tmp_path, "cats/1.jpg", "dogs/1.jpg")
    dataset = open_source(".", tmp_path, SourceOptions(depth=12, max_pixels=7))
    assert dataset.decoding == Decoding(depth=12, max_pixels=7)
    assert dataset.findings == ()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            SourceOptions(margin=0.1),
            "margin does nothing: only annotations have boxes; remove margin from [source]",
        ),
        (
            SourceOptions(margin=0.1, min_size=2),
            "margin and min_size do nothing: only annotations have boxes; "
            "remove margin and min_size from [source]",
        ),
    ],
)
def test_keys_for_boxes_are_told_where_there_are_none(
    tmp_path: Path, options: SourceOptions, text: str
) -> None:
    touch(tmp_path, "cats/1.jpg", "dogs/1.jpg")
    assert findings_of(open_source(".", tmp_path, options)) == [text]


def test_imports_are_light() -> None:
    heavy = "{'PIL', 'numpy', 'augly', 'joblib'} & sys.modules.keys()"
    code = f"import sys, augbuild.sources.open; print({heavy})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"
