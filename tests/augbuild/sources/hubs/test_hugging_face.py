"""Hugging Face's datasets, with a stand-in of `datasets`: names, copies, errors, whole builds."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

import augbuild
from augbuild.core.files import hold_lock
from augbuild.errors import SourceError
from augbuild.sources.hubs.hugging_face import download_hugging_face
from augbuild.sources.hubs.streams import COPY
from augbuild.sources.open import open_source
from tests.augbuild.sources.hubs.stand_in import FEATURES, Image, Row, Stream, make_rows
from tests.conftest import RECIPE, photo, write_recipe
from trainer.data.samples import check_files
from trainer.data.tables import read_table


class Hub(ModuleType):
    """A module in the place of `datasets`, with the repositories of a hub."""

    def __init__(self) -> None:
        super().__init__("datasets")
        self.repositories: dict[tuple[str, str | None], dict[str, Stream]] = {}
        self.asked: list[tuple[str, str | None]] = []

    def load_dataset(
        self, path: str, name: str | None = None, *, streaming: bool
    ) -> dict[str, Stream]:
        assert streaming
        self.asked.append((path, name))
        if (path, name) not in self.repositories:
            raise FileNotFoundError(f"Dataset '{path}' doesn't exist on the Hub")
        return self.repositories[path, name]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    module = Hub()
    monkeypatch.setitem(sys.modules, "datasets", module)
    return module


def photo_rows(folder: Path, count: int, start: int) -> list[Row]:
    """Make rows of real pictures."""
    rows: list[Row] = []
    for number in range(start, start + count):
        content = photo(folder / "one.png", number).read_bytes()
        image = {"bytes": content, "path": f"{number}.png"}
        rows.append({"image": image, "label": number % 2, "age": 1, "box": []})
    return rows


def test_a_dataset_builds_and_trains_by_its_name(hub: Hub, tmp_path: Path) -> None:
    hub.repositories["a/b", None] = {
        "train": Stream(FEATURES, photo_rows(tmp_path, 6, 0)),
        "validation": Stream(FEATURES, photo_rows(tmp_path, 2, 6)),
        "test": Stream(FEATURES, photo_rows(tmp_path, 2, 8)),
    }
    recipe = write_recipe(tmp_path, RECIPE.replace('"photos"', '"hf:a/b"'))
    out = augbuild.build(recipe, n_jobs=1).out
    text = (out / "dataset.json").read_text(encoding="utf-8")
    assert "hf:a/b (https://huggingface.co/datasets/a/b), licence: cc0-1.0" in text
    assert str(tmp_path) not in text
    counts = augbuild.plan(recipe).counts
    assert counts["train"] == {"cat": 3, "dog": 3}
    assert counts["validation"] == counts["test"] == {"cat": 1, "dog": 1}
    assert augbuild.plan(recipe).images == 0
    assert augbuild.verify(out).clean
    table = read_table(Path("hf:a/b"))
    assert (table.classes, len(table.samples)) == (("cat", "dog"), 10)
    check_files(table, table.samples)
    assert hub.asked == [("a/b", None)]


def test_a_copy_needs_no_network(hub: Hub) -> None:
    hub.repositories["a/b", None] = {"train": Stream(FEATURES, make_rows(2))}
    first = download_hugging_face("a/b")
    del hub.repositories["a/b", None]
    assert download_hugging_face("a/b") == first
    (first.folder / COPY).unlink()
    with pytest.raises(SourceError) as caught:
        download_hugging_face("a/b")
    assert str(caught.value) == (
        "hf:a/b cannot be downloaded: Dataset 'a/b' doesn't exist on the Hub; check the name and "
        "the network; the same command goes on from where it stopped"
    )


def test_a_configuration_is_a_copy_of_its_own(hub: Hub) -> None:
    hub.repositories["a/b", "small"] = {"train": Stream(FEATURES, make_rows(2))}
    hub.repositories["mnist", None] = {"train": Stream(FEATURES, make_rows(1))}
    small = download_hugging_face("a/b/small")
    assert small.attribution.startswith("hf:a/b/small (https://huggingface.co/datasets/a/b)")
    assert download_hugging_face("mnist").folder != small.folder


def test_what_is_not_used_is_found(hub: Hub) -> None:
    rows = [*make_rows(2), {**make_rows(1)[0], "label": -1}, {**make_rows(1)[0], "image": None}]
    for row in rows:
        assert isinstance(row, dict)
        row["mask"] = None
    features = {**FEATURES, "mask": Image()}
    hub.repositories["a/b", None] = {"train": Stream(features, rows)}
    texts = [finding.text() for finding in open_source("hf:a/b", Path()).findings]
    assert texts == [
        "column 'mask' has images, too, and is not used; 'image' is read, the first of them",
        "1 image without a label; their classes are kept secret by whoever published them",
        "1 row without an image; there is nothing to do about it here",
    ]


@pytest.mark.parametrize("name", ["", "a/b/c/d", "a b", "../x", "a/..", "https://x", "/etc"])
def test_what_is_no_name_is_a_sentence(name: str, hub: Hub) -> None:
    with pytest.raises(SourceError, match="is not the name of a dataset; expected hf:OWNER/NAME"):
        download_hugging_face(name)
    assert hub.asked == []


def test_a_folder_of_that_name_is_not_taken_for_it(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(SourceError, match=r"^hf:a/b: a/b is a folder here, too; give that, or go"):
        download_hugging_face("a/b")
    assert hub.asked == []


def test_one_process_downloads_at_a_time(hub: Hub) -> None:
    hub.repositories["a/b", None] = {"train": Stream(FEATURES, make_rows(2))}
    folder = download_hugging_face("a/b").folder
    (folder / COPY).unlink()
    with (
        hold_lock(folder / ".lock"),
        pytest.raises(SourceError, match="hf:a/b is being downloaded by another process; wait"),
    ):
        download_hugging_face("a/b")


def test_a_cache_that_cannot_be_written(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")
    with pytest.raises(SourceError, match=r"hf:a/b cannot be stored: .*; fix this, then rerun"):
        download_hugging_face("a/b")
    assert hub.asked == []


@pytest.mark.usefixtures("hub")
def test_without_the_extra_it_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SourceError, match=r"hf:a/b needs datasets; pip install 'augbuild\[hf\]'"):
        download_hugging_face("a/b")
