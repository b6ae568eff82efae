"""Sources that are no folders, from recipe to tree: built, built again, and replayed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augbuild.building.build import build
from augbuild.checking.replay import replay
from augbuild.checking.verify import verify
from augbuild.dataset.info import read_info
from augbuild.dataset.manifest import read_manifest
from augbuild.similarity.pictures.signatures import sign_originals
from augbuild.similarity.search import near_duplicates_within
from augbuild.sources.archives.open import open_archive
from augbuild.sources.folder import open_folder
from tests.augbuild.sources.archives.packing import pack
from tests.conftest import RECIPE, photos, tree, write_recipe


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def images(out: Path) -> dict[str, bytes]:
    """Return the images and the manifest of a tree: what does not name the source."""
    files = tree(out)
    return {name: data for name, data in files.items() if name.endswith((".png", ".jpg", ".jsonl"))}


@pytest.mark.parametrize("extension", [".zip", ".tar", ".tar.xz"])
def test_an_archive_gives_the_tree_of_its_folder(tmp_path: Path, extension: str) -> None:
    folder = photos(tmp_path / "photos", {"cats": 6, "dogs": 6})
    (folder / "dogs" / "twin.png").write_bytes((folder / "dogs" / "dogs_1.png").read_bytes())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _files(folder)}
    archive = pack(tmp_path / f"photos{extension}", files)
    recipe = write_recipe(tmp_path, RECIPE.replace('"none"', '"near-duplicates"'))
    of_folder = build(recipe, source=str(folder), out=tmp_path / "a", n_jobs=1)
    of_archive = build(recipe, source=str(archive), out=tmp_path / "b", n_jobs=2)
    assert images(of_archive.out) == images(of_folder.out)
    assert verify(of_archive.out).clean

    before = {path: path.stat().st_ino for path in _files(of_archive.out / "train")}
    os.utime(archive, ns=(1, 1))  # its members are hashed, and found to be the same
    build(recipe, source=str(archive), out=tmp_path / "b", n_jobs=1)
    assert {path: path.stat().st_ino for path in _files(of_archive.out / "train")} == before

    rows = [row for row in read_manifest(of_archive.out / "manifest.jsonl") if row.variant]
    report = replay(of_archive.out / rows[0].file_name, source=str(archive), recipe_folder=tmp_path)
    assert report.same


def test_near_duplicates_are_the_same_in_an_archive(tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", {"cats": 3, "dogs": 3})
    (folder / "dogs" / "twin.png").write_bytes((folder / "cats" / "cats_1.png").read_bytes())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _files(folder)}
    files["dogs/broken.png"] = b"no picture"
    files["dogs/empty.png"] = b""
    dataset = open_archive(pack(tmp_path / "x.tgz", files))
    paths = [source.path for source in dataset.sources]
    signed = sign_originals(dataset.originals, paths, n_jobs=1)
    assert signed.keys() == files.keys() - {"dogs/broken.png", "dogs/empty.png"}
    found = near_duplicates_within(signed)
    assert ("cats/cats_1.png", "dogs/twin.png") in [
        (pair.first, pair.second) for pair in found.pairs
    ]
    of_folder = open_folder(folder)
    paths = [source.path for source in of_folder.sources]
    signed = sign_originals(of_folder.originals, paths, n_jobs=1)
    assert found == near_duplicates_within(signed)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_originals_say_is_told_by_every_build_until_the_advice_is_followed(
    tmp_path: Path,
) -> None:
    folder = photos(tmp_path / "photos", {"cats": 4, "dogs": 4}, ".jpg")
    tags = Image.Exif()
    tags.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    tagged = folder / "cats" / "cats_0.jpg"
    with Image.open(tagged) as image:
        image.save(tagged, exif=tags)
    ramp = np.linspace(0, 4095, 64, dtype=np.uint16).reshape(8, 8)
    Image.fromarray(ramp).save(folder / "dogs" / "deep.png")
    recipe = write_recipe(tmp_path)
    for _ in range(2):
        report = build(recipe, source=str(folder), out=tmp_path / "out")
        assert [finding.kind for finding in report.findings] == ["gps position", "low bit depth"]
    assert "depth = 12 in [source]" in report.findings[1].advice
    assert read_info(report.out).findings == report.findings
    with Image.open(tagged) as image:
        image.save(tagged)
    deep = write_recipe(tmp_path, RECIPE.replace("[source]", "[source]\ndepth = 12"))
    report = build(deep, source=str(folder), out=tmp_path / "out")
    assert report.findings == ()
    assert verify(report.out).clean
    (row,) = [row for row in read_manifest(report.out / "manifest.jsonl")
              if row.source == "dogs/deep.png" and row.variant in {None, 0}][-1:]  # fmt: skip
    assert replay(report.out / row.file_name).same
    fresh = build(deep, source=str(folder), out=tmp_path / "fresh")
    assert tree(fresh.out) == tree(report.out)
