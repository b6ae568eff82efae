"""dataset.json: what is written is read, and what is not ours is refused in a sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from augbuild.dataset.info import DatasetInfo, read_info, write_info
from augbuild.dataset.layout import OutputFolder
from augbuild.errors import ManifestError
from tests.augbuild.dataset.fixtures import RECIPE, info_of, recipe_of
from tests.conftest import REPOSITORY

OLD = REPOSITORY / "tests" / "golden" / "tree-0.1"


@pytest.fixture
def folder(tmp_path: Path) -> OutputFolder:
    folder = OutputFolder(tmp_path)
    folder.staging.mkdir(parents=True)
    return folder


def test_what_is_written_is_read(folder: OutputFolder) -> None:
    info = info_of(ignored={"hidden": 2}, descriptions={"README.md": "ef" * 32}, name="cats-dogs")
    write_info(folder, info)
    assert read_info(folder.root) == info
    content = (folder.root / "dataset.json").read_bytes()
    assert content.endswith(b"\n}\n")
    assert json.dumps(json.loads(content), ensure_ascii=False, indent=2).encode() == content[:-1]
    write_info(folder, read_info(folder.root))
    assert (folder.root / "dataset.json").read_bytes() == content


def test_keys_have_the_order_of_the_contract(folder: OutputFolder) -> None:
    write_info(folder, info_of())
    assert list(json.loads((folder.root / "dataset.json").read_bytes())) == [
        "name", "classes", "counts", "rejected", "ignored", "more_frames", "flat", "attribution",
        "recipe", "recipe_sha256", "versions", "rows", "manifest_sha256", "descriptions",
    ]  # fmt: skip


def test_what_is_said_of_the_images_stands_beside_the_attribution(folder: OutputFolder) -> None:
    said = {"license": "CC0", "creator": "me", "citation": "x\ny", "description": "photos"}
    write_info(folder, info_of(equal=3, **said))
    written = json.loads((folder.root / "dataset.json").read_bytes())
    begin = list(written).index("flat")
    assert list(written)[begin : begin + 7] == ["flat", "equal", "attribution", *said]
    assert read_info(folder.root) == info_of(equal=3, **said)


def test_that_of_0_1_is_read_and_written_as_it_was(folder: OutputFolder) -> None:
    write_info(folder, read_info(OLD))
    assert (folder.root / "dataset.json").read_bytes() == (OLD / "dataset.json").read_bytes()


def changed(folder: OutputFolder, **changes: Any) -> Path:
    write_info(folder, info_of())
    path = folder.root / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": True}, ": rows must be a whole number (got true)"),
        ({"rows": -1}, ": rows must be a whole number >= 0 (got -1)"),
        ({"classes": ["cats", 7]}, ": classes[1] must be a text (got 7)"),
        ({"counts": {"train": {"cats": -1}}}, " must be a whole number >= 0"),
        ({"counts": []}, ": counts must be an object (got [])"),
        ({"versions": {"pillow": 1}}, " must be a text"),
        ({"attribution": 1}, ": attribution must be a text or null (got 1)"),
        ({"manifest_sha256": "AB" * 32}, ": manifest_sha256 must be a text matching regex"),
        ({"descriptions": None}, ": descriptions must be an object (got null)"),
    ],
    ids=str,
)
def test_a_wrong_value_is_named(folder: OutputFolder, change: dict[str, Any], message: str) -> None:
    path = changed(folder, **change)
    with pytest.raises(ManifestError) as caught:
        read_info(folder.root)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


# These are left out where there are none.
OPTIONAL = {"equal", "license", "creator", "citation", "description", "findings"}


@pytest.mark.parametrize("name", sorted(set(DatasetInfo.__struct_fields__) - OPTIONAL))
def test_a_missing_key_is_named(folder: OutputFolder, name: str) -> None:
    path = changed(folder)
    values = json.loads(path.read_bytes())
    del values[name]
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(ManifestError, match=rf"dataset\.json lacks '{name}'"):
        read_info(folder.root)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"recipe_sha256": "0" * 64},
        {"recipe": {**RECIPE, "seed": 43}},
    ],
    ids=["name", "hash", "recipe"],
)
def test_an_edited_recipe_is_refused(folder: OutputFolder, change: dict[str, Any]) -> None:
    changed(folder, **change)
    with pytest.raises(ManifestError, match="has a recipe that was edited"):
        read_info(folder.root)


def test_the_name_is_the_recipe_s(folder: OutputFolder) -> None:
    recipe = recipe_of(name="other")
    changed(folder, name="cats-dogs")
    write_info(folder, info_of(recipe=recipe, recipe_sha256=recipe.sha256))
    with pytest.raises(ManifestError, match="has a recipe that was edited"):
        read_info(folder.root)


@pytest.mark.parametrize("content", ["[]", "[" * 100_000, "", "{", '{"rows": NaN}', '"\\ud800"'])
def test_what_is_no_document_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "dataset.json").write_text(content, encoding="utf-8")
    with pytest.raises(ManifestError, match=r"dataset\.json (is not JSON|must be an object)"):
        read_info(tmp_path)


def test_missing_and_unreadable_files_have_the_system_s_error_as_their_cause(
    tmp_path: Path,
) -> None:
    with pytest.raises(ManifestError, match="does not exist") as missing:
        read_info(tmp_path)
    assert isinstance(missing.value.__cause__, FileNotFoundError)
    os.mkfifo(tmp_path / "dataset.json")  # not waited for
    with pytest.raises(ManifestError, match="cannot be read: not a regular file") as pipe:
        read_info(tmp_path)
    assert isinstance(pipe.value.__cause__, OSError)
