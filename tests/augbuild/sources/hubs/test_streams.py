"""Streams of Hugging Face: a stand-in that breaks off, and `datasets` itself on local files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from augbuild.core.documents import read_document
from augbuild.errors import SourceError
from augbuild.sources.hubs import streams
from augbuild.sources.hubs.streams import COPY, TABLE, Copy, copy_streams
from tests.augbuild.sources.hubs.stand_in import FEATURES, Image, Stream, Value, make_rows
from tests.conftest import photo, photos


def read_table(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / TABLE).read_text().splitlines()]


def test_splits_become_one_table_and_a_folder_of_images_each(tmp_path: Path) -> None:
    copy_streams(
        "hf:a/b",
        tmp_path,
        {"train": Stream(FEATURES, make_rows(4)), "test": Stream(FEATURES, make_rows(1, 4))},
    )
    table = read_table(tmp_path)
    assert [row["file_name"] for row in table] == [
        "train/0.png",
        "train/0_2.png",
        "train/0_3.png",
        "train/1.png",
        "test/1.png",
    ]
    assert table[1] == {"label": "dog", "age": 1, "file_name": "train/0_2.png", "split": "train"}
    for number, row in enumerate(table):
        assert (tmp_path / str(row["file_name"])).read_bytes() == b"\x89PNG %d" % number
    copy = read_document(tmp_path / COPY, Copy, SourceError)
    assert copy == Copy(splits=("train", "test"), image="image", license="cc0-1.0")


def test_a_single_split_is_none(tmp_path: Path) -> None:
    copy_streams("hf:a/b", tmp_path, {"train": Stream(FEATURES, make_rows(2))})
    assert not any("split" in row for row in read_table(tmp_path))


@pytest.mark.parametrize("fails_at", [0, 4, 5, 9])
def test_a_download_goes_on_from_where_it_stopped(
    tmp_path: Path, fails_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_ROWS_BETWEEN_NOTES", 2)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    first, second = make_rows(4), make_rows(10, 4)
    copy_streams(
        "hf:a/b", whole, {"train": Stream(FEATURES, first), "test": Stream(FEATURES, second)}
    )
    train, test = Stream(FEATURES, first), Stream(FEATURES, second, fails_at)
    message = r"hf:a/b cannot be downloaded: the network is down; check the name and the network; t"
    with pytest.raises(SourceError, match=message):
        copy_streams("hf:a/b", broken, {"train": train, "test": test})
    assert not (broken / COPY).exists()
    again = {"train": Stream(FEATURES, first), "test": Stream(FEATURES, second)}
    copy_streams("hf:a/b", broken, again)
    assert again["train"].read == 0
    assert again["test"].read == 10 - fails_at // 2 * 2
    assert read_table(broken) == read_table(whole)
    assert (broken / COPY).read_bytes() == (whole / COPY).read_bytes()
    for row in read_table(whole):
        name = str(row["file_name"])
        assert (broken / name).read_bytes() == (whole / name).read_bytes()


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    rows = make_rows(3)
    rows += [{**rows[0], "label": -1}, {**rows[0], "label": None}, {**rows[0], "image": None}]
    features = {**FEATURES, "mask": Image()}
    copy_streams("hf:a/b", tmp_path, {"train": Stream(features, rows)})
    copy = read_document(tmp_path / COPY, Copy, SourceError)
    assert (copy.unlabelled, copy.empty, copy.unread_images) == (2, 1, ("mask",))
    assert len(read_table(tmp_path)) == 3


def test_a_dataset_without_images_is_a_sentence(tmp_path: Path) -> None:
    features = {"text": Value(), "label": Value()}
    with pytest.raises(SourceError, match=r"^hf:a/b has no column of images; it has text, label$"):
        copy_streams("hf:a/b", tmp_path, {"train": Stream(features, [])})
    with pytest.raises(SourceError, match=r"^hf:a/b has no splits with rows$"):
        copy_streams("hf:a/b", tmp_path, {})


class TestDatasets:
    """`datasets` itself, offline: a local folder is to it what a repository of the hub is."""

    @pytest.fixture
    def datasets(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        return pytest.importorskip("datasets", reason="Hugging Face datasets is not installed")

    def test_folders_of_images(self, datasets: Any, tmp_path: Path) -> None:
        photos(tmp_path / "data" / "train", {"cats": 2, "dogs": 2})
        photos(tmp_path / "data" / "test", {"cats": 1, "dogs": 1})
        copy_streams(
            "hf:x", tmp_path, datasets.load_dataset(str(tmp_path / "data"), streaming=True)
        )
        table = read_table(tmp_path)
        assert [(row["label"], row["split"]) for row in table] == [
            *[("cats", "train")] * 2, *[("dogs", "train")] * 2, ("cats", "test"), ("dogs", "test"),
        ]  # fmt: skip
        assert table[0]["file_name"] == "train/cats_0.png"
        original = tmp_path / "data" / "train" / "cats" / "cats_0.png"
        assert (tmp_path / "train" / "cats_0.png").read_bytes() == original.read_bytes()

    @pytest.mark.parametrize("describes_itself", [True, False])
    def test_parquet_with_the_images_in_it(
        self,
        datasets: Any,
        tmp_path: Path,
        describes_itself: bool,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(streams, "_ROWS_BETWEEN_NOTES", 1)
        data, out = tmp_path / "data", tmp_path / "out"
        contents = [photo(tmp_path / "one.png", number).read_bytes() for number in range(6)]
        features = datasets.Features(
            {"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])}
        )
        for shard in range(2):
            schema = features.arrow_schema if describes_itself else None
            file = data / f"train-0000{shard}-of-00002.parquet"
            write_shard(file, contents, range(3 * shard, 3 * shard + 3), schema)
        # A shard that breaks off is what a network that breaks off comes to.
        last = data / "train-00001-of-00002.parquet"
        sound = last.read_bytes()
        last.write_bytes(sound[:-200])
        with pytest.raises(SourceError, match="hf:x cannot be downloaded: "):
            copy_streams("hf:x", out, datasets.load_dataset(str(data), streaming=True))
        assert json.loads((out / "train.note.json").read_text())["lines"] == 3
        last.write_bytes(sound)
        copy_streams("hf:x", out, datasets.load_dataset(str(data), streaming=True))
        table = read_table(out)
        labels = ["cat", "dog"] * 3 if describes_itself else [0, 1] * 3
        assert [row["label"] for row in table] == labels
        assert [(out / str(row["file_name"])).read_bytes() for row in table] == contents


def write_shard(file: Path, contents: list[bytes], numbers: range, schema: Any) -> None:
    """Write a Parquet file with images in it, with or without what `datasets` says of them."""
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra hf")
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra hf")
    rows = []
    for number in numbers:
        image = {"bytes": contents[number], "path": f"{number}.png"}
        rows.append({"image": image, "label": number % 2})
    table = pyarrow.Table.from_pylist(rows)
    if schema is not None:
        table = table.cast(schema)
    file.parent.mkdir(exist_ok=True)
    parquet.write_table(table, file)
