"""One image of a built tree made again: the same bytes, or a sentence that names the difference."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from augbuild.building.build import build
from augbuild.checking.replay import replay
from augbuild.cli import main
from augbuild.dataset.layout import MANIFEST_NAME
from augbuild.dataset.manifest import Record, encode_row, read_manifest
from augbuild.dataset.versions import versions
from tests.conftest import RECIPE, photo, photos, write_recipe

EVERY_KIND_OF_OP = (
    RECIPE.replace('path = "out"', 'path = "out"\nformat = "webp"\nquality = 71\nmax_side = 24')
    + """
[[transforms]]
op = "overlay_emoji"
emoji_size = 0.4
[[transforms]]
op = "overlay_text"
text = "hello"
[[transforms]]
op = "overlay_image"
overlay = "marks/mark.png"
opacity = 0.5
"""
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose recipe shrinks, writes WebP and overlays an image; never changed."""
    project = tmp_path_factory.mktemp("project")
    photos(project / "photos", {"cats": 4, "dogs": 4})
    photo(project / "marks" / "mark.png", seed=99, size=(8, 8))
    build(write_recipe(project, EVERY_KIND_OF_OP))
    return project


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "copy"))


def records(out: Path) -> list[Record]:
    return list(read_manifest(out / MANIFEST_NAME))


def a_variant(project: Path) -> Record:
    return next(record for record in records(project / "out") if record.variant == 1)


def rewrite(out: Path, change: Callable[[Record], dict[str, Any]]) -> None:
    """Write the manifest again with changed rows."""
    rows = [msgspec.structs.replace(each, **change(each)) for each in records(out)]
    (out / MANIFEST_NAME).write_bytes(b"".join(map(encode_row, rows)))


def rewrite_info(out: Path, change: Callable[[Any], object]) -> None:
    """Write dataset.json again, its recipe's hash made to fit."""
    path = out / "dataset.json"
    info = json.loads(path.read_bytes())
    change(info)
    recipe = json.dumps(info["recipe"], sort_keys=True)
    info["recipe_sha256"] = hashlib.sha256(recipe.encode()).hexdigest()
    path.write_text(json.dumps(info), encoding="utf-8")


def test_every_image_comes_out_the_same(project: Path) -> None:
    for record in records(project / "out"):
        file = project / "out" / record.file_name
        before = file.stat().st_mtime_ns
        for source in (None, str(project / "photos")):
            report = replay(file, source=source, recipe_folder=project)
            assert report.same, report
            assert (report.exit_code, report.origin, report.other_versions) == (
                0,
                record.origin,
                (),
            )
            assert report.recorded == report.remade == report.on_disk == record.sha256
            assert report.summary() == f"{file}: the same again, sha256 {record.sha256}"
        assert file.stat().st_mtime_ns == before


def test_a_relative_path_and_a_tree_elsewhere(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(project / "photos")
    shutil.rmtree(project / "out" / ".augbuild")
    moved = (project / "out").rename(project / "moved")
    record = next(each for each in records(moved) if each.variant == 0)
    monkeypatch.chdir((moved / record.file_name).parent)
    assert replay(Path(record.file_name).name, recipe_folder=project).same
    assert replay(f"../dogs/../cats/{Path(record.file_name).name}", recipe_folder=project).same


def test_a_source_that_came_with_its_splits(tmp_path: Path) -> None:
    for split in ("train", "test"):
        photos(tmp_path / "photos" / split, {"cats": 2, "dogs": 2})
    out = build(write_recipe(tmp_path)).out
    for record in records(out):
        assert replay(out / record.file_name, source=str(tmp_path / "photos")).same


def test_a_sample_dataset_is_a_source(tmp_path: Path) -> None:
    out = build(
        write_recipe(tmp_path, RECIPE.replace('path = "photos"', 'path = "sample:emoji"')), limit=4
    ).out
    record = next(each for each in records(out) if each.variant == 0)
    assert replay(out / record.file_name, source="sample:emoji").same


def test_another_image_on_the_disk(project: Path) -> None:
    record = a_variant(project)
    file = project / "out" / record.file_name
    file.write_bytes(b"other")
    report = replay(file, recipe_folder=project)
    other = hashlib.sha256(b"other").hexdigest()
    assert (report.exit_code, report.same, report.remade, report.on_disk) == (
        1,
        False,
        record.sha256,
        other,
    )
    assert report.summary() == (
        f"{file}: the same again, but the file itself has sha256 {other}, "
        f"not sha256 {record.sha256} as in the manifest"
    )


def test_a_lost_image_can_be_made_again(project: Path) -> None:
    file = project / "out" / a_variant(project).file_name
    file.unlink()
    report = replay(file, recipe_folder=project)
    assert (report.exit_code, report.on_disk) == (1, None)
    assert (
        report.summary()
        == f"{file}: the same again, but the file itself is missing or cannot be read"
    )


def test_other_ops(project: Path) -> None:
    record = a_variant(project)
    rewrite(project / "out", lambda each: {"ops": ()} if each.file_name == record.file_name else {})
    report = replay(project / "out" / record.file_name, recipe_folder=project)
    assert report.exit_code == 1
    assert report.remade not in (None, record.sha256)
    assert report.summary() == (
        f"{project / 'out' / record.file_name}: made again with sha256 {report.remade}, "
        f"not sha256 {record.sha256} as in the manifest; the libraries are those of the build"
    )


@pytest.mark.parametrize(
    "setting", [{"quality": 70}, {"max_side": None}, {"format": "png"}], ids=str
)
def test_the_encoding_of_the_build_is_used(project: Path, setting: dict[str, Any]) -> None:
    rewrite_info(project / "out", lambda info: info["recipe"]["output"].update(setting))
    assert (
        replay(project / "out" / a_variant(project).file_name, recipe_folder=project).exit_code == 1
    )


def test_other_libraries_are_named(project: Path) -> None:
    record = a_variant(project)
    rewrite_info(project / "out", lambda info: info["versions"].update(pillow="9.1.0"))
    now = versions()["pillow"]
    same = replay(project / "out" / record.file_name, recipe_folder=project)
    assert (same.same, same.other_versions) == (True, (f"pillow 9.1.0 (now {now})",))
    rewrite(project / "out", lambda each: {"sha256": "0" * 64} if each.variant == 1 else {})
    other = replay(project / "out" / record.file_name, recipe_folder=project)
    assert other.exit_code == 1
    assert other.summary().endswith(
        f" as in the manifest; it was built with pillow 9.1.0 (now {now})"
    )


def test_an_original_that_is_not_its_source(project: Path) -> None:
    record = records(project / "out")[0]
    file, source = project / "out" / record.file_name, project / "photos" / record.source
    source.write_bytes(b"other")
    assert replay(file).same
    report = replay(file, source=str(project / "photos"))
    other = hashlib.sha256(b"other").hexdigest()
    assert report.exit_code == 1
    assert report.summary() == (
        f"{file}: its source has sha256 {other}, not sha256 {record.sha256} as in the manifest"
    )
    file.write_bytes(b"another")
    assert replay(file).exit_code == 1


def _lose_original(project: Path) -> None:
    (project / "out" / records(project / "out")[0].file_name).unlink()


def _spoil_original(project: Path) -> None:
    (project / "out" / records(project / "out")[0].file_name).write_bytes(b"spoilt")


PROBLEMS: list[tuple[str, Callable[[Path], object], str]] = [
    (
        "not built by us",
        lambda project: (project / "out").rename(project / "gone"),
        "no folder above it has manifest.jsonl and dataset.json, so augbuild did not build it",
    ),
    (
        "not finished",
        lambda project: (project / "out" / MANIFEST_NAME).unlink(),
        "{out} has a build that was not finished; run the same `augbuild make` again to finish it",
    ),
    (
        "no dataset.json",
        lambda project: (project / "out" / "dataset.json").unlink(),
        "{out}/dataset.json does not exist",
    ),
    (
        "no row",
        lambda project: rewrite(project / "out", lambda _: {"file_name": "train/cats/x.png"}),
        "{out}/manifest.jsonl has no row for {name}",
    ),
    (
        "no row of the original",
        lambda project: rewrite(
            project / "out",
            lambda each: {"source": "cats/x.png"} if each.origin == "source" else {},
        ),
        "{out}/manifest.jsonl has no row of its original ({source}) before it",
    ),
    (
        "original gone",
        _lose_original,
        "its source {original}: cannot be read: No such file or directory",
    ),
    (
        "original damaged",
        _spoil_original,
        "the original {original_name} is damaged; --source names the dataset that has it undamaged",
    ),
    (
        "hostile row",
        lambda project: (project / "out" / MANIFEST_NAME).write_text('{"file_name": "../../x"}\n'),
        "{out}/manifest.jsonl: row 1 lacks 'label'",
    ),
    (
        "hostile op",
        lambda project: rewrite(
            project / "out",
            lambda each: {"ops": ({"op": "eval", "x": 1},)} if each.variant == 1 else {},
        ),
        "eval: is not an op; `augbuild ops` lists all of them",
    ),
    (
        "hostile parameter",
        lambda project: rewrite(
            project / "out",
            lambda each: {"ops": ({"op": "blur", "radius": "x"},)} if each.variant == 1 else {},
        ),
        "blur: radius cannot be 'x'; `augbuild ops blur` describes it",
    ),
    (
        "hostile asset",
        lambda project: rewrite(
            project / "out",
            lambda each: (
                {"ops": ({"op": "overlay_image", "overlay": "../photos/x.png"},)}
                if each.variant == 1
                else {}
            ),
        ),
        "overlay_image: overlay must be a relative path with forward slashes "
        "to an image below the recipe's folder",
    ),
    (
        "asset changed",
        lambda project: photo(project / "marks" / "mark.png", seed=5, size=(8, 8)),
        "overlay_image: overlay 'marks/mark.png' is not the file that the recipe was made with",
    ),
    (
        "wrong encoding",
        lambda project: rewrite_info(
            project / "out",
            lambda info: info["recipe"]["output"].update(quality=900),
        ),
        "{out}/dataset.json: recipe.output.quality must be a whole number <= 100 (got 900)",
    ),
    (
        "no encoding",
        lambda project: rewrite_info(project / "out", lambda info: info["recipe"].pop("output")),
        "{out}/dataset.json: recipe lacks 'output'",
    ),
]


@pytest.mark.parametrize(
    ("change", "message"), [case[1:] for case in PROBLEMS], ids=[case[0] for case in PROBLEMS]
)
def test_what_cannot_be_replayed_is_said_in_a_sentence(
    project: Path, change: Callable[[Path], object], message: str
) -> None:
    record, original = a_variant(project), records(project / "out")[0]
    out = project / "out"
    words = {
        "out": out, "name": record.file_name, "source": record.source,
        "original": out / original.file_name, "original_name": original.file_name,
    }  # fmt: skip
    assert record.source == original.source
    change(project)
    report = replay(out / record.file_name, recipe_folder=project)
    expected = message.format(**words)
    assert report.problem == expected
    assert (report.exit_code, report.same, report.recorded) == (2, False, None)
    assert report.summary() == f"{out / record.file_name} cannot be replayed: {expected}"


def test_a_recipe_with_images_of_its_own_needs_its_folder(project: Path) -> None:
    report = replay(project / "out" / a_variant(project).file_name)
    assert report.exit_code == 2
    assert (
        report.problem
        == "the recipe overlays images of its own; --assets names the folder of the recipe"
    )


def test_a_source_that_has_changed(project: Path) -> None:
    record, source = a_variant(project), str(project / "photos")
    photo(project / "photos" / record.source, seed=123)
    report = replay(project / "out" / record.file_name, source=source, recipe_folder=project)
    assert (
        report.problem
        == f"{record.source} in {source} is not the image that the build read; it has changed since"
    )


def test_a_source_that_is_not_there(project: Path) -> None:
    report = replay(project / "out" / a_variant(project).file_name, source=str(project / "nowhere"))
    assert report.exit_code == 2
    assert f"{project / 'nowhere'} does not exist" in str(report.problem)


def test_a_pipe_posing_as_the_original_is_not_waited_for(project: Path) -> None:
    _lose_original(project)
    os.mkfifo(project / "out" / records(project / "out")[0].file_name)
    report = replay(project / "out" / a_variant(project).file_name, recipe_folder=project)
    assert str(report.problem).endswith(": not a regular file")


def test_a_name_too_long_to_be_one(project: Path) -> None:
    report = replay(project / "out" / ("x" * 300) / "y.jpg")
    assert report.exit_code == 2
    assert "cannot be read: File name too long" in str(report.problem)


def test_images_of_one_size_are_replayed_from_their_sources(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 4, "dogs": 4}, suffix=".jpg")
    sized = RECIPE.replace('path = "out"', 'path = "out"\nsize = [20, 24]\nfit = "pad"')
    out = build(write_recipe(tmp_path, sized)).out
    for record in records(out):
        report = replay(out / record.file_name, source=str(tmp_path / "photos"))
        assert report.same, report.summary()
        assert replay(out / record.file_name).summary() == (
            f"{out / record.file_name} cannot be replayed: the originals of this tree were brought "
            "to one size; --source names the dataset that has them whole"
        )
    spoiled = next(record for record in records(out) if record.origin == "source")
    photo(tmp_path / "photos" / spoiled.source, seed=4711)
    report = replay(out / spoiled.file_name, source=str(tmp_path / "photos"))
    assert "is not the image that the build read" in report.summary()


class TestCommand:
    def run(self, *arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["replay", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result.exit_code, result.stdout

    def test_same(self, project: Path) -> None:
        record = a_variant(project)
        file = str(project / "out" / record.file_name)
        code, printed = self.run(
            file, "--assets", str(project), "--source", str(project / "photos")
        )
        assert (code, printed) == (0, f"{file}: the same again, sha256 {record.sha256}\n")

    def test_json(self, project: Path) -> None:
        record = a_variant(project)
        (project / "out" / record.file_name).write_bytes(b"other")
        code, printed = self.run(
            str(project / "out" / record.file_name), "--assets", str(project), "--json"
        )
        report = json.loads(printed)
        assert code == 1
        expected = {
            "same": False,
            "origin": "augmented",
            "recorded": record.sha256,
            "remade": record.sha256,
            "problem": None,
        }
        assert {name: report[name] for name in expected} == expected

    def test_names_are_escaped(self, tmp_path: Path) -> None:
        code, printed = self.run(str(tmp_path / "\x1b[31m.jpg"))
        assert code == 2
        assert "\\x1b[31m.jpg cannot be replayed: no folder above it has" in printed
        assert "\x1b" not in printed
