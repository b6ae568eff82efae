"""A table read whole, with what is doubtful in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.dataset import Columns, SourceOptions
from augbuild.sources.tables.listing import Listing, read_listing
from tests.augbuild.sources.fixtures import touch


def read(root: Path, text: str, options: SourceOptions | None = None) -> Listing:
    root.mkdir(exist_ok=True)
    (root / "t.csv").write_text(text)
    return read_listing(root / "t.csv", root, options or SourceOptions())


def test_rows_in_their_order(tmp_path: Path) -> None:
    touch(tmp_path, "b.png", "a.png")
    listing = read(tmp_path, "path,label,split\nb.png,x,test\n./a.png,y,train\n")
    assert listing.names == ["b.png", "./a.png"]
    found = [(source.path, source.label, source.split) for source in listing.sources]
    assert found == [("b.png", "x", "test"), ("a.png", "y", "train")]
    assert (listing.root, listing.problems, listing.hint) == (tmp_path, ["", ""], "")
    assert listing.findings == ()


def test_files_that_are_missing_are_kept_with_a_reason(tmp_path: Path) -> None:
    touch(tmp_path, "b.png")
    listing = read(tmp_path, "path,label\na.png,x\nb.png,y\n")
    assert listing.problems == ["cannot be read: No such file or directory", ""]
    assert listing.hint == f"tried {tmp_path}/a.png"


def test_root_is_the_folder_of_all_files(tmp_path: Path) -> None:
    touch(tmp_path, "all/one/a.png", "all/two/b.png")
    text = f"path,label\n{tmp_path}/all/one/a.png,x\n../all/two/b.png,y\n"
    listing = read(tmp_path / "tables", text)
    assert listing.root == tmp_path / "all"
    assert [source.path for source in listing.sources] == ["one/a.png", "two/b.png"]


def test_root_is_the_folder_of_images(tmp_path: Path) -> None:
    touch(tmp_path, "all/a.png")
    options = SourceOptions(images="all")
    listing = read(tmp_path, "path,label\na.png,x\n", options)
    assert (listing.root, listing.problems) == (tmp_path / "all", [""])
    with pytest.raises(SourceError, match=r"nowhere \(images\) is not a folder"):
        read(tmp_path, "path,label\na.png,x\n", SourceOptions(images="nowhere"))


def test_groups_are_read_where_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b.png")
    options = SourceOptions(columns=Columns(group="who"))
    listing = read(tmp_path, "path,label,who\na.png,x,7\nb.png,y,\n", options)
    assert [source.group for source in listing.sources] == ["7", None]


def test_splits_can_be_left_unread(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    (tmp_path / "t.csv").write_text("path,label,split\na.png,x,nonsense\n")
    table = tmp_path / "t.csv"
    assert read_listing(table, tmp_path, ignore_splits=True).sources[0].split is None
    assert read_listing(table, tmp_path, split="test").sources[0].split == "test"


def test_boxes_of_one_image_are_one_row(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b.png")
    listing = read(tmp_path, "path,label,xmin\na.png,x,1\na.png,x,2\nb.png,y,1\n")
    assert listing.names == ["a.png", "b.png"]
    with pytest.raises(SourceError, match=r"a.png has boxes of 'x' and 'y' \(rows 1 and 2\)"):
        read(tmp_path, "path,label,xmin\na.png,x,1\na.png,y,2\n")


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("a.png", "a.png is listed twice (rows 1 and 2), as 'x' and as 'y'; keep the row"),
        ("b/../a.png", "a.png and b/../a.png are one file (rows 1 and 2), as 'x' and as 'y'"),
        ("link.png", "a.png and link.png are one file (rows 1 and 2), as 'x' and as 'y'"),
    ],
)
def test_aliases_with_other_labels(tmp_path: Path, second: str, message: str) -> None:
    touch(tmp_path, "a.png", "b/c.png")
    (tmp_path / "link.png").symlink_to("a.png")
    with pytest.raises(SourceError) as caught:
        read(tmp_path, f"path,label\na.png,x\n{second},y\n")
    assert message in str(caught.value)


def test_aliases_with_the_same_label_are_said(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b.png")
    (tmp_path / "link.png").symlink_to("a.png")
    findings = read(tmp_path, "path,label\na.png,x\nb.png,x\nlink.png,x\n").findings
    assert [finding.text() for finding in findings] == [
        "1 row with another name of a file that is listed (link.png); "
        "remove them, or what is tested may be trained on"
    ]


def test_map_of_labels(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    (tmp_path / "map.json").write_text('["cat"]')
    listing = read(tmp_path, "path,label\na.png,0\n", SourceOptions(labels="map.json"))
    assert listing.sources[0].label == "cat"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\n", "t.csv has no rows"),
        ("path,label\n,x\n", "row 1 has no path in 'path'"),
        ("path,label\na.png,x\n  ,x\n", "row 2 has no path in 'path'"),
        ("path,label,split\na.png,x,\na.png,x,test\n", "1 row with an empty 'split' (row 1)"),
        ("path,label,ops,origin,source_sha256\na,x,,,\n", "is a manifest of augbuild: its images"),
    ],
)
def test_what_is_wrong_names_the_row(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
