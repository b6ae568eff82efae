"""Annotations from recipe to tree and run: built, verified, replayed, changed, trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from augbuild.building.build import build
from augbuild.building.inputs import plan_recipe
from augbuild.checking.replay import replay
from augbuild.checking.verify import verify
from augbuild.dataset.info import read_info
from augbuild.dataset.manifest import Record, read_manifest
from augbuild.pixels.codec import read_image
from augbuild.pixels.originals import read_picture
from augbuild.sources.boxes.box import photo_of
from tests.augbuild.sources.boxes.scenes import SCENES, photos, write_coco
from tests.augbuild.sources.boxes.test_open import coco, voc, yolo
from tests.conftest import RECIPE, tree, write_recipe
from trainer import library
from trainer.data.tables import read_table


def recipe_for(folder: Path, lines: str = "") -> Path:
    return write_recipe(folder, RECIPE.replace("[source]", f"[source]\n{lines}"))


def originals(out: Path) -> list[Record]:
    return [row for row in read_manifest(out / "manifest.jsonl") if row.origin == "source"]


@pytest.mark.parametrize("write", [coco, voc, yolo])
def test_every_box_is_an_original_of_the_tree(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    source = write(tmp_path / "set")
    recipe = recipe_for(tmp_path)
    out = build(recipe, source=str(source), out=tmp_path / "out").out
    rows = originals(out)
    assert Counter(row.label_name for row in rows) == {"cat": 4, "dog": 4}
    for row in rows:
        box = read_picture(source / row.source)
        assert np.array_equal(np.asarray(read_image(out / row.file_name)), np.asarray(box))
        assert (row.source_width, row.source_height) == (row.width, row.height) == box.size
        assert row.file_name.endswith(".png")
    assert verify(out).clean
    again = build(recipe, source=str(source), out=out)
    assert (again.made, again.pruned) == (0, 0)


def test_a_split_parts_no_boxes_of_a_photo(tmp_path: Path) -> None:
    source = coco(tmp_path / "set")
    for group in ("none", "near-duplicates"):
        recipe = write_recipe(tmp_path / group, RECIPE.replace('"none"', f'"{group}"'))
        out = build(recipe, source=str(source), out=tmp_path / group / "out").out
        splits: dict[str, set[str]] = {}
        for row in originals(out):
            splits.setdefault(photo_of(row.source), set()).add(row.split)
        assert {len(found) for found in splits.values()} == {1}
        assert set.union(*splits.values()) == {"train", "test"}


def test_unusable_boxes_are_rejected_by_name(tmp_path: Path) -> None:
    scenes = {**SCENES, "5": [("cat", (1, 1, 0, 9)), ("dog", (70, 1, 9, 9)), ("dog", (1, 1, 3, 9))]}
    source = photos(tmp_path / "set", scenes)
    write_coco(source / "_annotations.coco.json", scenes)
    report = build(recipe_for(tmp_path, "min_size = 4"), source=str(source), out=tmp_path / "out")
    assert [(each.source, each.reason) for each in report.rejected] == [
        ("5.jpg#xywh=1,1,0,9", "box_empty"),
        ("5.jpg#xywh=1,1,3,9", "box_small"),
        ("5.jpg#xywh=70,1,9,9", "box_outside"),
    ]
    assert len(originals(report.out)) == 8


def test_originals_and_variants_are_replayed(tmp_path: Path) -> None:
    source = yolo(tmp_path / "set")
    out = build(recipe_for(tmp_path, "margin = 0.25"), source=str(source), out=tmp_path / "out").out
    for row in list(read_manifest(out / "manifest.jsonl"))[:4]:
        assert replay(out / row.file_name).same
        assert replay(out / row.file_name, source=str(source)).same
        assert replay(out / row.file_name, source=str(source / "data.yaml")).same
    photos(source / "images", {"9": []})
    (source / "images" / "9.jpg").replace(source / photo_of(row.source))
    assert "it has changed since" in str(replay(out / row.file_name, source=str(source)).problem)


def test_only_what_changed_is_built_again(tmp_path: Path) -> None:
    source = coco(tmp_path / "set")
    recipe = recipe_for(tmp_path)
    build(recipe, source=str(source), out=tmp_path / "out")
    scenes = {**SCENES, "1": [SCENES["1"][1], ("cat", (1, 1, 9, 9)), SCENES["1"][0]]}
    write_coco(source / "_annotations.coco.json", scenes)
    report = build(recipe, source=str(source), out=tmp_path / "out")
    assert report.reasons == {"new": 1}
    assert report.pruned == 0
    fresh = build(recipe, source=str(source), out=tmp_path / "fresh")
    assert tree(fresh.out) == tree(tmp_path / "out")


def test_another_margin_makes_all_boxes_again(tmp_path: Path) -> None:
    source = coco(tmp_path / "set")
    before = build(recipe_for(tmp_path), source=str(source), out=tmp_path / "out")
    report = build(recipe_for(tmp_path, "margin = 0.5"), source=str(source), out=tmp_path / "out")
    assert report.made == before.made
    assert report.pruned == 0
    fresh = build(recipe_for(tmp_path, "margin = 0.5"), source=str(source), out=tmp_path / "fresh")
    assert tree(fresh.out) == tree(tmp_path / "out")
    assert read_info(report.out).recipe.decoding.margin == 0.5
    assert verify(report.out).clean


def test_annotations_and_their_tree_are_trained_on(tmp_path: Path) -> None:
    source = coco(tmp_path / "set")
    out = build(recipe_for(tmp_path, "margin = 0.5"), source=str(source), out=tmp_path / "out").out
    # In the tree a box is a file: no margin is to be cut out of it again.
    assert read_table(out).decoding.margin == 0
    for number, manifest in enumerate((source, out)):
        holdout = 0.25 if manifest == source else None
        metrics = library.fit(manifest, out=tmp_path / f"run{number}", cache="none", epochs=1,
                              holdout=holdout, arch="resnet18", image_size=32, batch_size=4,
                              device="cpu", precision="fp32")  # fmt: skip
        assert metrics is not None
        assert metrics.images == 2


RECIPE_OF_ORIGINALS = """
name = "real"
[source]
path = "x"
min_size = 4
[output]
path = "out"
[augment]
variants = 0
"""


@pytest.mark.parametrize(
    ("name", "boxes", "limit"),
    [("bccd_voc", 4888, 60), ("amenity_coco", 156, None), ("coco_yolo", 243, None)],
)
def test_real_annotations_are_built(
    shared_data: Path, tmp_path: Path, name: str, boxes: int, limit: int | None
) -> None:
    source = shared_data / "detection" / name
    recipe = write_recipe(tmp_path, RECIPE_OF_ORIGINALS)
    plan = plan_recipe(recipe, source=str(source), follow_links=True, n_jobs=1)
    assert len(plan.sources) + len(plan.rejected) == boxes
    report = build(recipe, source=str(source), out=tmp_path / "out", limit=limit)
    assert verify(report.out).clean
    if name == "bccd_voc":
        assert [(each.source, each.reason) for each in report.rejected] == [
            ("JPEGImages/BloodImage_00338.jpg#xywh=504,337,0,0", "box_empty"),
            ("JPEGImages/BloodImage_00343.jpg#xywh=181,329,0,0", "box_empty"),
        ]
