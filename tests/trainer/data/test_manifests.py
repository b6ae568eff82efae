"""Manifests of augbuild as tables; `test_tables.py` reads them like any other table."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.building.build import build
from augbuild.core.files import hash_file
from augbuild.errors import TableError
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding
from tests.conftest import RECIPE, photos, write_recipe
from trainer.data.manifests import is_manifest, read_manifest_table


@pytest.mark.parametrize(
    ("lines", "decoding"),
    [
        ("", DEFAULT_DECODING),
        ("depth = 12\nmax_pixels = 90_000_000", Decoding(depth=12, max_pixels=90_000_000)),
        # In the tree a box is a file: no margin is to be cut out of it again.
        ("margin = 0.5\nmin_size = 3", DEFAULT_DECODING),
    ],
)
def test_images_are_decoded_as_for_the_build(
    tmp_path: Path, lines: str, decoding: Decoding
) -> None:
    photos(tmp_path / "photos", {"cats": 4, "dogs": 4})
    recipe = write_recipe(tmp_path, RECIPE.replace("[source]", f"[source]\n{lines}"))
    manifest = build(recipe).out / "manifest.jsonl"
    assert is_manifest(manifest)
    table = read_manifest_table(manifest, hash_file(manifest))
    assert {sample.decoding for sample in table.samples} == {decoding}
    (manifest.parent / "dataset.json").unlink()
    alone = read_manifest_table(manifest, hash_file(manifest))
    assert alone.decoding == DEFAULT_DECODING


def test_a_dataset_json_that_is_damaged_stops(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 4, "dogs": 4})
    manifest = build(write_recipe(tmp_path)).out / "manifest.jsonl"
    (manifest.parent / "dataset.json").write_text("{")
    with pytest.raises(TableError, match=r"dataset.json is not JSON"):
        read_manifest_table(manifest, hash_file(manifest))


def test_other_tables_are_no_manifests(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"path": "a.jpg", "label": "cat"}\n')
    (tmp_path / "x.csv").write_text('"source_sha256","ops","origin"\n')
    assert not is_manifest(tmp_path / "x.jsonl")
    assert not is_manifest(tmp_path / "x.csv")
