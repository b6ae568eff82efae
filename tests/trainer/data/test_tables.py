"""Any manifest: what is read, and what is said about what cannot be."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from augbuild.building.build import build
from augbuild.errors import TableError, TrainerError, UsageError
from tests.conftest import photos, write_recipe
from tests.trainer.fixtures import dataset
from trainer.data.samples import check_classes, check_files, hold_out, training_samples
from trainer.data.tables import images_below, read_table


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    photos(folder / "photos", {"cats": 8, "dogs": 4})
    return build(write_recipe(folder)).out


def write_table(folder: Path, rows: list[dict[str, Any]], suffix: str = ".csv") -> Path:
    path = folder / f"table{suffix}"
    if suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif suffix == ".parquet":
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], delimiter="\t" if suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


def rows_of(root: Path) -> list[dict[str, Any]]:
    return [
        {
            "image": path.relative_to(root).as_posix(),
            "class": path.parent.name,
            "split": path.parent.parent.name,
        }
        for path in sorted(root.rglob("*.png"))
    ]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_kind_of_table_gives_the_same_images(tmp_path: Path, suffix: str) -> None:
    root = dataset(tmp_path, 3, 2)
    table = read_table(write_table(root, rows_of(root), suffix))
    assert table.classes == ("blue", "red")
    assert [len(table.of(split)) for split in ("train", "validation", "test")] == [6, 0, 4]
    assert [sample.row for sample in table.samples] == list(range(1, 11))
    check_files(table, table.samples)


@pytest.mark.parametrize("place", ["file_name", "path", "IMAGE", "Filename", "image_path"])
@pytest.mark.parametrize("label", ["label_name", "label", "Class", "target"])
def test_usual_column_names_are_recognised(tmp_path: Path, place: str, label: str) -> None:
    table = read_table(write_table(tmp_path, [{place: "a.png", label: "x", "other": 1}]))
    assert (table.samples[0].name, table.samples[0].label, table.has_splits) == (
        "a.png",
        "x",
        False,
    )


def test_absolute_paths_are_fine_in_a_table_of_ones_own(tmp_path: Path) -> None:
    root = dataset(tmp_path / "images", 2, 1)
    rows = [{**row, "image": str(root / row["image"])} for row in rows_of(root)]
    table = read_table(write_table(tmp_path, rows))
    check_files(table, table.samples)


def test_numbers_as_labels_are_sorted_by_value(tmp_path: Path) -> None:
    rows = [{"path": f"{number}.png", "label": number} for number in (10, 9, 2)]
    assert read_table(write_table(tmp_path, rows)).classes == ("2", "9", "10")


def test_folder_of_class_folders_and_its_metadata(tmp_path: Path) -> None:
    root = dataset(tmp_path / "images", 3, 2)
    table = read_table(root)
    assert (len(table.of("train")), len(table.of("test")), table.classes) == (6, 4, ("blue", "red"))
    write_table(root, [{"file_name": "train/red/red_0.png", "label": "other"}]).rename(
        root / "metadata.csv"
    )
    assert read_table(root).classes == ("other",)


def test_manifest_of_ours_knows_originals_and_variants(built: Path) -> None:
    table = read_table(built / "manifest.jsonl")
    assert read_table(built) == table
    chosen = {
        on: len(training_samples(table, on))
        for on in ("original", "augmented", "original+augmented", None)
    }  # type: ignore[arg-type]
    assert chosen == {"original": 9, "augmented": 18, "original+augmented": 27, None: 27}
    check_files(table, table.samples, verify=True)


def test_held_out_sources_take_their_variants_along(built: Path) -> None:
    table = hold_out(read_table(built), 0.34, seed=1)
    held = {sample.source for sample in table.of("test")}
    assert not held & {sample.source for sample in table.of("train")}
    assert not any(sample.augmented for sample in table.of("test"))
    assert {sample.label for sample in table.of("train")} == {"cats", "dogs"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no rows"),
        ("a,b\n1,2\n", "has no column with image paths: expected one of file_name, path, image"),
        (
            "path,b\nx.png,2\n",
            "has no column with labels: expected one of label_name, label, class",
        ),
        ("path,label\n,cat\n", "row 1 has no path in 'path'"),
        ("path,label\nx.png,\n", "row 1 has no label in 'label'"),
        (
            "path,label,split\nx.png,cat,trian\n",
            "row 1: split must be train, validation or test (got 'trian')",
        ),
        ('path,label\n"x.png,cat\n', "is not a table of .csv rows"),
    ],
)
def test_wrong_table_is_a_sentence(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(TableError) as caught:
        read_table(tmp_path / "t.csv")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.jsonl", b"{}\nnot json\n", "row 2 is not a line of JSON"),
        ("t.jsonl", b"[1]\n", "row 1 must be a JSON object"),
        ("t.csv", b"\xff\xfe\x00", "is not UTF-8 text"),
        ("t.txt", b"", "is no manifest: expected .csv, .tsv, .jsonl, .parquet or a folder"),
        ("t.parquet", b"PAR1", "is not a Parquet file"),
    ],
)
def test_wrong_file_is_a_sentence(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError) as caught:
        read_table(tmp_path / name)
    assert message in str(caught.value)


def test_missing_and_unfinished_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"manifest.jsonl does not exist$"):
        read_table(tmp_path / "manifest.jsonl")
    (tmp_path / ".augbuild").mkdir()
    for path in (tmp_path, tmp_path / "manifest.jsonl"):
        with pytest.raises(
            TableError, match=r"was not finished: run the same|not finished; run the same"
        ):
            read_table(path)


class TestFilesAreLookedAtFirst:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return dataset(tmp_path, 3, 2)

    def message(self, root: Path) -> str:
        table = read_table(
            write_table(root, rows_of(root) if not (root / "table.csv").is_file() else [])
        )
        with pytest.raises(TableError) as caught:
            check_files(table, table.samples)
        return str(caught.value)

    def test_missing_file(self, root: Path) -> None:
        path = write_table(
            root, [*rows_of(root), {"image": "gone.png", "class": "red", "split": "train"}]
        )
        table = read_table(path)
        with pytest.raises(
            TableError, match=r"table.csv: row 11: gone.png cannot be read: No such file"
        ):
            check_files(table, table.samples)

    def test_duplicate_row(self, root: Path) -> None:
        table = read_table(write_table(root, [*rows_of(root), rows_of(root)[0]]))
        with pytest.raises(
            TableError, match=r"row 1: .* stands in more than one row; remove one of them"
        ):
            check_files(table, table.samples)

    def test_no_plain_file(self, root: Path) -> None:
        os.mkfifo(root / "pipe.png")
        table = read_table(
            write_table(root, [{"image": "pipe.png", "class": "red", "split": "train"}])
        )
        with pytest.raises(TableError, match=r"row 1: pipe.png is not a plain file"):
            check_files(table, table.samples)

    def test_one_class_only(self, root: Path) -> None:
        table = read_table(
            write_table(root, [row for row in rows_of(root) if row["class"] == "red"])
        )
        with pytest.raises(
            TableError, match="all training images are 'red'; there must be two classes"
        ):
            training_samples(table, None)

    def test_empty_split(self, root: Path) -> None:
        table = read_table(
            write_table(root, [row for row in rows_of(root) if row["split"] == "test"])
        )
        with pytest.raises(TableError, match="has no images to train on"):
            training_samples(table, None)
        with pytest.raises(TableError, match="has no augmented images to train on"):
            training_samples(table, "augmented")

    def test_unknown_class_in_test(self, root: Path) -> None:
        path = write_table(
            root, [*rows_of(root), {"image": "x.png", "class": "green", "split": "test"}]
        )
        table = read_table(path)
        with pytest.raises(
            TableError, match=r"row 11: x.png is 'green', a class that no training image has"
        ):
            check_classes(training_samples(table, None), table.of("test"), table.file)


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../etc/passwd", "..\\x.png"])
def test_manifest_of_ours_never_leaves_its_folder(built: Path, tmp_path: Path, path: str) -> None:
    rows = [json.loads(line) for line in (built / "manifest.jsonl").read_text().splitlines()]
    hostile = tmp_path / "manifest.jsonl"
    hostile.write_text("".join(json.dumps({**row, "file_name": path}) + "\n" for row in rows))
    with pytest.raises(TableError, match=r"row 1: file_name must be a relative path"):
        read_table(hostile)


def test_manifest_of_ours_refuses_links_and_changed_files(built: Path, tmp_path: Path) -> None:
    import shutil

    root = shutil.copytree(built, tmp_path / "copy")
    table = read_table(root)
    victim = table.samples[0].path
    whole = victim.read_bytes()
    victim.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    check_files(table, table.samples)
    with pytest.raises(TableError, match=r"row 1: .* its sha256 differs"):
        check_files(table, table.samples, verify=True)
    victim.write_bytes(whole + b"x")
    with pytest.raises(TableError, match=r"it was changed; `augbuild verify` finds all"):
        check_files(table, table.samples)
    victim.unlink()
    victim.symlink_to("/etc/passwd")
    with pytest.raises(TableError, match="is not a plain file"):
        check_files(table, table.samples)


def test_images_below_expands_folders(tmp_path: Path) -> None:
    root = dataset(tmp_path, 2, 1)
    single = root / "train" / "red" / "red_0.png"
    assert images_below([single]) == [single]
    assert len(images_below([root])) == 6
    with pytest.raises(TrainerError, match=r"does not exist"):
        images_below([root / "gone"])


def test_errors_have_exit_codes() -> None:
    assert (TrainerError.exit_code, TableError.exit_code, UsageError.exit_code) == (1, 1, 2)


def test_photos_of_any_orientation_and_depth_are_read_alike(tmp_path: Path) -> None:
    """The same picture, turned by EXIF or 16 bits deep, gives the same pixels to either arm."""
    import numpy as np

    from trainer.data.pixels import load_pixels

    upright = Image.fromarray(
        np.arange(48 * 36, dtype=np.uint32).reshape(36, 48).astype(np.uint8)
    ).convert("RGB")
    upright.save(tmp_path / "upright.png")
    wanted = load_pixels(tmp_path / "upright.png", 24)
    inverse = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    for orientation, turn in inverse.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        upright.transpose(Image.Transpose(turn)).save(tmp_path / "turned.png", exif=exif)
        assert np.array_equal(load_pixels(tmp_path / "turned.png", 24), wanted)
    deep = np.asarray(upright)[..., 0].astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert np.array_equal(load_pixels(tmp_path / "deep.png", 24), wanted)
