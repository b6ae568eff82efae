"""Annotations as a table: the boxes that can be used, with their photos as groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from augbuild.errors import TableError
from augbuild.pixels.originals import read_picture
from augbuild.sources.dataset import SourceOptions
from augbuild.sources.decoding import Decoding
from augbuild.sources.open import open_source
from tests.augbuild.sources.boxes.scenes import SCENES, photos, write_coco
from trainer.data.boxes import make_box_table
from trainer.data.decode import load_pixels
from trainer.data.divide import hold_out
from trainer.data.overlap import describe_overlap
from trainer.data.samples import check_files
from trainer.data.tables import read_table

LESS = {"5": [("cat", (1, 1, 0, 9)), ("dog", (70, 1, 9, 9)), ("dog", (1, 1, 3, 9))]}
OPTIONS = SourceOptions(margin=0.5, min_size=4)


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    scenes = {**SCENES, **LESS}
    write_coco(photos(tmp_path / "set", scenes) / "_annotations.coco.json", scenes)
    return tmp_path / "set"


def test_each_box_is_a_sample(annotated: Path) -> None:
    table = read_table(annotated, OPTIONS)
    assert table == make_box_table(annotated, open_source(str(annotated), Path(), OPTIONS))
    assert [sample.row for sample in table.samples] == list(range(1, 9))
    first = table.samples[0]
    assert (first.name, first.label, first.group) == ("1.jpg#xywh=2,3,20,30", "cat", "1.jpg")
    assert first.decoding == table.decoding == Decoding(margin=0.5, min_size=4)
    assert first.file == annotated / "1.jpg"
    check_files(table, table.samples)


def test_what_a_build_would_reject_is_left_out_and_told(annotated: Path) -> None:
    (finding,) = read_table(annotated, OPTIONS).findings
    assert finding.text() == (
        "3 boxes are left out: box_empty 1, box_small 1, box_outside 1 (5.jpg#xywh=1,1,0,9, "
        "5.jpg#xywh=1,1,3,9, 5.jpg#xywh=70,1,9,9); correct the annotations"
    )


def test_pixels_are_those_of_the_box(annotated: Path) -> None:
    sample = read_table(annotated, OPTIONS).samples[0]
    # 20 x 30 pixels at 2, 3 with a half of that on each side, as far as the photo goes.
    wanted = np.asarray(read_picture(annotated / "1.jpg"))[:48, :32]
    assert np.array_equal(np.asarray(read_picture(sample.path, sample.decoding)), wanted)
    assert load_pixels(sample.path, 32, sample.decoding).shape == (32, 32, 3)


def test_another_label_is_another_table(annotated: Path) -> None:
    before = read_table(annotated).sha256
    scenes = {**SCENES, "1": [("dog", SCENES["1"][0][1]), SCENES["1"][1]]}
    write_coco(annotated / "_annotations.coco.json", scenes)
    assert read_table(annotated).sha256 != before


def test_boxes_of_a_photo_stay_together(annotated: Path) -> None:
    for seed in range(5):
        table = hold_out(read_table(annotated), 0.3, seed)
        test = {sample.group for sample in table.of("test")}
        assert test
        assert test.isdisjoint({sample.group for sample in table.of("train")})


def test_boxes_of_one_photo_on_both_sides_are_a_leak(annotated: Path) -> None:
    first, second, other, *_ = read_table(annotated).samples
    assert describe_overlap([first], [other]) == ()
    (line,) = describe_overlap([first], [second])
    assert line.startswith("leak: 1 of 1 evaluated images is in training, too")


def test_a_photo_that_is_gone_is_named(annotated: Path) -> None:
    table = read_table(annotated)
    (annotated / "1.jpg").unlink()
    with pytest.raises(TableError, match=r"row 1: 1.jpg#xywh=2,3,20,30 cannot be read"):
        check_files(table, table.samples)


def test_annotations_may_be_a_file_of_any_format(annotated: Path) -> None:
    assert len(read_table(annotated / "_annotations.coco.json").samples) == 9
    (annotated / "x.yaml").write_text("names: [cat]\ntrain: nowhere")
    with pytest.raises(TableError, match=r"nowhere \(train\) is neither a folder"):
        read_table(annotated / "x.yaml")
