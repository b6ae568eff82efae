"""What describes a tree: manifest, dataset.json, rejected rows, card and chart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from augbuild.building.build import build
from augbuild.checking.verify import verify
from augbuild.core.files import hash_bytes
from augbuild.dataset.info import read_info
from augbuild.dataset.manifest import read_manifest
from augbuild.dataset.results import read_rejected
from augbuild.dataset.versions import versions
from augbuild.recipe.load import load_recipe
from tests.conftest import RECIPE, photo, photos, tree, write_recipe


def make(project: Path, **options: Any) -> Path:
    return build(project / "recipe.toml", **options).out


def test_manifest_describes_every_file_in_plan_order(project: Path) -> None:
    out = make(project)
    records = list(read_manifest(out / "manifest.jsonl"))
    assert [record.file_name for record in records] == [
        name
        for split in ("train", "test")
        for label in ("cats", "dogs")
        for source in sorted(
            {each.source for each in records if (each.split, each.label_name) == (split, label)}
        )
        for name in sorted(
            (each.file_name for each in records if each.source == source),
            key=lambda name: (name.startswith("augmented"), name),
        )
    ]
    for record in records:
        data = (out / record.file_name).read_bytes()
        with Image.open(out / record.file_name) as image:
            assert (record.width, record.height) == image.size
        assert record.bytes == len(data)
        assert (record.origin == "augmented") == bool(record.ops) == (record.variant is not None)
        assert (record.source_width, record.source_height) == (40, 30)
        assert record.label == ["cats", "dogs"].index(record.label_name)
    assert {record.file_name for record in records} == {name for name in tree(out) if "/" in name}


def test_dataset_json_names_no_path_of_the_machine(project: Path) -> None:
    out = make(project)
    content = (out / "dataset.json").read_text(encoding="utf-8")
    info = read_info(out)
    assert info.rows == sum(1 for _ in read_manifest(out / "manifest.jsonl"))
    assert info.classes == ("cats", "dogs")
    assert info.counts["augmented_train"] == {"cats": 12, "dogs": 6}
    assert str(project) not in content


def test_animated_and_flat_images_are_counted(project: Path) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    frames[0].save(
        project / "photos" / "cats" / "two.webp", save_all=True, append_images=frames[1:]
    )
    write_recipe(
        project,
        RECIPE.replace('op = "random_noise"\nvar = 0.001', 'op = "brightness"\nfactor = 0.0'),
    )
    report = build(project / "recipe.toml")
    assert "1 source has more than one frame or page; the first was used" in [
        each.text() for each in report.findings
    ]
    flat = "variants came out all one colour; the recipe may be too strong for them"
    assert any(warning.endswith(flat) for warning in [each.text() for each in report.findings])


@pytest.mark.parametrize("name", ["README.md", "counts.png", "rejected.jsonl"])
def test_damaged_description_is_found_and_made_again(project: Path, name: str) -> None:
    (project / "photos" / "cats" / "broken.jpg").write_bytes(b"no image")
    out = make(project)
    whole = tree(out)
    (out / name).write_bytes(whole[name][:-2] + b"x\n")
    assert [(found.kind, found.file) for found in verify(out).findings] == [("content", name)]
    assert build(project / "recipe.toml").made == 0
    assert tree(out) == whole
    assert verify(out).findings == ()


def test_rejected_source_leaves_nothing_and_the_others_stay(project: Path) -> None:
    (project / "photos" / "cats" / "broken.jpg").write_bytes(b"no image")
    (project / "photos" / "cats" / "empty.jpg").touch()
    report = build(project / "recipe.toml")
    assert [(each.source, each.reason) for each in report.rejected] == [
        ("cats/broken.jpg", "not_an_image"),
        ("cats/empty.jpg", "empty"),
    ]
    rows = [json.loads(line) for line in (report.out / "rejected.jsonl").read_text().splitlines()]
    assert [row["source"] for row in rows] == ["cats/broken.jpg", "cats/empty.jpg"]
    assert not [name for name in tree(report.out) if "broken" in name or "empty_" in name]
    assert build(project / "recipe.toml").made == 0


def test_rejected_rows_are_sorted_by_source(split_project: Path) -> None:
    """Those of the plan (names) come before those of the workers, and those in plan order."""
    photos_folder = split_project / "photos"
    for name in ("train/dogs/b.jpg", "test/cats/z.jpg", "train/cats/a.jpg"):
        (photos_folder / name).write_bytes(b"no image")
    for name in ("caf\u00e9.png", "cafe\u0301.png"):
        photo(photos_folder / "train" / "dogs" / name, len(name))
    report = build(split_project / "recipe.toml")
    rows = list(read_rejected(report.out / "rejected.jsonl"))
    assert [(row.source, row.reason) for row in rows] == [
        ("test/cats/z.jpg", "not_an_image"),
        ("train/cats/a.jpg", "not_an_image"),
        ("train/dogs/b.jpg", "not_an_image"),
        ("train/dogs/caf\u00e9.png", "bad_name"),
    ]
    assert list(report.rejected) == rows
    assert read_info(report.out).rejected == 4


def test_dataset_json_is_of_the_plan_and_what_was_counted(project: Path) -> None:
    (project / "photos" / "cats" / ".hidden.png").touch()
    (project / "photos" / "cats" / "notes.txt").touch()
    info = read_info(make(project))
    recipe = load_recipe(project / "recipe.toml")
    assert (info.name, info.recipe, info.recipe_sha256) == (
        "tiny",
        recipe.resolved(),
        recipe.sha256,
    )
    assert list(info.counts) == ["train", "augmented_train", "test"]
    assert sum(info.ignored.values()) == 2
    assert info.versions == versions()
    manifest = (project / "out" / "manifest.jsonl").read_bytes()
    assert info.manifest_sha256 == hash_bytes(manifest)
    assert info.rows == manifest.count(b"\n") == 30
    assert list(info.descriptions) == ["README.md", "counts.png", "rejected.jsonl"]
    for name, sha256 in info.descriptions.items():
        assert hash_bytes((project / "out" / name).read_bytes()) == sha256


def test_a_class_that_lost_its_train_images_is_a_warning(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 2, "dogs": 1})
    (tmp_path / "photos" / "dogs" / "dogs_0.png").write_bytes(b"no image")
    write_recipe(tmp_path, RECIPE.replace("test = 0.25", "test = 0.0"))
    report = build(tmp_path / "recipe.toml")
    assert [each.text() for each in report.findings][
        -1
    ] == "no train image was left in 'dogs': all were rejected"
    assert report.counts["train"] == {"cats": 2, "dogs": 0}


def test_equal_variants_are_counted_and_the_advice_helps(project: Path) -> None:
    start = RECIPE.index("[[transforms]]")
    flips = '[[transforms]]\nop = "hflip"\np = 0.5\n[[transforms]]\nop = "vflip"\np = 0.5\n'
    write_recipe(project, RECIPE[:start] + flips)
    report = build(project / "recipe.toml")
    (finding,) = report.findings
    rows = list(read_manifest(report.out / "manifest.jsonl"))
    hashes: dict[str, list[str]] = {}
    for row in rows:
        if row.ops:
            hashes.setdefault(row.source, []).append(row.sha256)
    variants = sum(row.origin == "augmented" for row in rows)
    assert finding.kind == "equal variants"
    assert finding.count == variants - sum(len(set(each)) for each in hashes.values()) > 3
    assert read_info(report.out).equal == finding.count
    assert finding.advice == "[augment] distinct = true draws such variants again"
    write_recipe(
        project, (RECIPE[:start] + flips).replace("[augment]", "[augment]\ndistinct = true")
    )
    report = build(project / "recipe.toml")
    assert report.findings == ()
    assert build(project / "recipe.toml").made == 0


def test_frames_and_flat_variants_are_counted_over_all_sources(project: Path) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    for name in ("one.webp", "two.webp"):
        path = project / "photos" / "cats" / name
        frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    black = 'op = "brightness"\nfactor = 0.0'
    write_recipe(project, RECIPE.replace('op = "random_noise"\nvar = 0.001', black))
    info = read_info(make(project))
    assert info.more_frames == 2
    animated_in_train = sum(
        record.origin == "augmented" and record.source.endswith(".webp")
        for record in read_manifest(project / "out" / "manifest.jsonl")
    )
    # A source that was all one colour before is not counted.
    assert animated_in_train > 0
    assert info.flat == sum(info.counts["augmented_train"].values()) - animated_in_train


@pytest.mark.parametrize("content", [b"", b"{}", b'{"name": 1}', None])
def test_a_damaged_dataset_json_is_written_again(project: Path, content: bytes | None) -> None:
    out = make(project)
    whole = tree(out)
    if content is None:
        (out / "dataset.json").unlink()
    else:
        (out / "dataset.json").write_bytes(content)
    assert build(project / "recipe.toml").made == 0
    assert tree(out) == whole


@pytest.mark.parametrize("name", ["README.md", "counts.png"])
def test_a_lost_description_is_made_again(project: Path, name: str) -> None:
    out = make(project)
    whole = tree(out)
    (out / name).unlink()
    assert build(project / "recipe.toml").made == 0
    assert tree(out) == whole


def test_a_recipe_that_changes_no_image_is_described_again(project: Path) -> None:
    out = make(project)
    before = read_info(out)
    write_recipe(project, RECIPE.replace('group = "none"', 'group = "cats_(.*)"'))
    report = build(project / "recipe.toml", prune=True)
    after = read_info(report.out)
    assert after.recipe.split.group == "cats_(.*)"
    assert after.recipe_sha256 != before.recipe_sha256
