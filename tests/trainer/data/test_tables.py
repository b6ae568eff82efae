"""Any manifest: what is read, and what is said about what cannot be."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from augbuild.building.build import build
from augbuild.core.files import hash_file
from augbuild.errors import TableError, TrainerError
from tests.conftest import photos, write_recipe
from tests.trainer.fixtures import dataset, rows_of, write_table
from trainer.data.samples import check_files
from trainer.data.tables import images_below, read_table


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    photos(folder / "photos", {"cats": 8, "dogs": 4})
    return build(write_recipe(folder)).out


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
    assert table.classes == ("cats", "dogs")
    assert len(table.of("train")) == 27
    original, first, second = table.of("train")[:3]
    assert [each.variant for each in (original, first, second)] == [-1, 0, 1]
    assert [each.augmented for each in (original, first, second)] == [False, True, True]
    assert original.source == first.source == second.source
    assert original.size == original.path.stat().st_size
    assert original.sha256 == hash_file(original.path)
    assert original.row == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no rows"),
        ("a,b\n1,2\n", "has no column with image paths: expected one of file_name, path, image"),
        (
            "path,b,c\nx.png,2,3\n",
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
        ("t.csv", b"\xff\xfe\x00", "is not UTF-16 text"),
        ("t.md", b"", "is not a manifest: expected .csv, .tsv, .txt, .lst, .json, .jsonl"),
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
        with pytest.raises(TableError, match=r"unfinished(:| build;) run the same"):
            read_table(path)
    (tmp_path / "other.jsonl").unlink(missing_ok=True)
    with pytest.raises(TableError, match=r"other.jsonl does not exist$"):
        read_table(tmp_path / "other.jsonl")


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../etc/passwd", "..\\x.png"])
def test_manifest_of_ours_never_leaves_its_folder(built: Path, tmp_path: Path, path: str) -> None:
    rows = [json.loads(line) for line in (built / "manifest.jsonl").read_text().splitlines()]
    hostile = tmp_path / "manifest.jsonl"
    hostile.write_text("".join(json.dumps({**row, "file_name": path}) + "\n" for row in rows))
    with pytest.raises(TableError, match=r"row 1: file_name must be a relative path"):
        read_table(hostile)


def test_images_below_expands_folders(tmp_path: Path) -> None:
    root = dataset(tmp_path, 2, 1)
    single = root / "train" / "red" / "red_0.png"
    assert images_below([single]) == [single]
    assert len(images_below([root])) == 6
    with pytest.raises(TrainerError, match=r"does not exist"):
        images_below([root / "gone"])


def test_images_below_are_images_and_files(tmp_path: Path) -> None:
    (tmp_path / "album.jpg").mkdir()
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(TableError, match="no images were found there"):
        images_below([tmp_path])
    (tmp_path / "album.jpg" / "B.JPG").write_bytes(b"")
    assert images_below([tmp_path]) == [tmp_path / "album.jpg" / "B.JPG"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize(
    "name", ["a\u2028b.png", "a\x0bb.png", "a\x85b.png", "a\nb.png", "a\rb.png"]
)
def test_names_may_hold_line_ends_of_their_own(tmp_path: Path, name: str, suffix: str) -> None:
    rows = [{"path": name, "label": "x"}, {"path": "c.png", "label": "y"}]
    table = read_table(write_table(tmp_path, rows, suffix))
    assert [sample.name for sample in table.samples] == [name, "c.png"]


@pytest.mark.parametrize(
    ("given", "split"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("val", "validation"),
        ("valid", "validation"),
        ("dev", "validation"),
        ("validation", "validation"),
        ("TEST", "test"),
        ("testing", "test"),
        ("", None),
    ],
)
def test_usual_names_of_splits(tmp_path: Path, given: str, split: str | None) -> None:
    rows = [{"path": "a.png", "label": "x", "Split": given}]
    assert read_table(write_table(tmp_path, rows)).samples[0].split == split


@pytest.mark.parametrize("value", [None, "", 1.5, ["x"], {}])
def test_label_that_is_none(tmp_path: Path, value: object) -> None:
    table = write_table(tmp_path, [{"path": "a.png", "label": value}], ".jsonl")
    with pytest.raises(TableError, match=r"row 1 has no label in 'label'"):
        read_table(table)


def test_label_zero_is_a_label(tmp_path: Path) -> None:
    table = write_table(tmp_path, [{"path": "a.png", "label": 0}], ".jsonl")
    assert read_table(table).classes == ("0",)


@pytest.mark.parametrize("value", [None, "", 1.5, "a\0b"])
def test_path_that_is_none(tmp_path: Path, value: object) -> None:
    table = write_table(tmp_path, [{"path": value, "label": "x"}], ".jsonl")
    with pytest.raises(TableError, match=r"row 1 has no path in 'path'"):
        read_table(table)


def test_labels_and_names_of_a_manifest_must_match(built: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (built / "manifest.jsonl").read_text().splitlines()]
    manifest = tmp_path / "manifest.jsonl"
    changes: list[dict[str, object]] = [{"label": 7}, {"label_name": "same"}]
    for change in changes:
        manifest.write_text("".join(json.dumps({**row, **change}) + "\n" for row in rows))
        with pytest.raises(TableError, match="its labels and label names do not match"):
            read_table(manifest)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_byte_order_mark_is_no_part_of_a_column(tmp_path: Path, suffix: str) -> None:
    file = write_table(tmp_path, [{"path": "a.png", "label": "x"}], suffix)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert read_table(file).samples[0].name == "a.png"


def test_unreadable_files_are_left_out_where_asked(tmp_path: Path) -> None:
    root = dataset(tmp_path, 3, 2)
    gone = [{"image": f"{n}.png", "class": "red", "split": "train"} for n in range(2)]
    path = write_table(root, [*rows_of(root), *gone])
    table = read_table(path, skip_unreadable=True)
    check_files(table, table.samples)
    assert len(table.samples) == 10
    assert [finding.text() for finding in table.findings] == [
        "2 files that cannot be read, left out (0.png, 1.png)"
    ]
    assert len(read_table(path).samples) == 12
    assert read_table(write_table(root, rows_of(root)), skip_unreadable=True).findings == ()
    with pytest.raises(TableError, match=r"none of its files can be read; tried .*/0.png"):
        read_table(write_table(root, gone), skip_unreadable=True)


@pytest.mark.parametrize("kind", ["zip", "tar", "gztar"])
def test_an_archive_is_read_as_the_folder_in_it(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = dataset(tmp_path / "photos", 3, 2)
    plain = read_table(root)
    packed = read_table(Path(shutil.make_archive(str(tmp_path / "packed"), kind, root)))
    assert [(each.name, each.label, each.split) for each in packed.samples] == [
        (each.name, each.label, each.split) for each in plain.samples
    ]
    assert packed.classes == plain.classes
    assert packed.sha256 == plain.sha256
    check_files(packed, packed.samples)
    for ours, theirs in zip(packed.samples, plain.samples, strict=True):
        assert ours.path.read_bytes() == theirs.path.read_bytes()


def test_what_an_archive_has_beside_good_images_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = dataset(tmp_path / "photos", 2, 1)
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(root.rglob("*.png")):
            file.write(path, path.relative_to(root).as_posix())
        file.writestr("../train/red/out.png", b"x")
        file.writestr("train/red/empty.png", b"")
    table = read_table(archive)
    texts = [finding.text() for finding in table.findings]
    assert any("1 image rejected (../train/red/out.png); the first: the name" in t for t in texts)
    with pytest.raises(TableError, match=r"train/red/empty.png the file is empty"):
        check_files(table, table.samples)
    left = read_table(archive, skip_unreadable=True)
    assert len(left.samples) == len(table.samples) - 1
    assert not (tmp_path / "train").exists()


def test_sample_images_are_a_table_of_their_own() -> None:
    table = read_table(Path("sample:emoji"))
    assert len(table.classes) == 4
    check_files(table, table.samples)
    with pytest.raises(TableError, match='unknown sample dataset "x"'):
        read_table(Path("sample:x"))
