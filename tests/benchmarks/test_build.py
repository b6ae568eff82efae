"""The benchmark of builds: peers do the same work, and table and JSON have what was measured."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from benchmarks.build import AUGBUILD, main, resized, work_of
from benchmarks.peers import PEERS, missing
from tests.conftest import photos

FAST = [name for name in PEERS if name != "torchvision v2"]  # torch takes seconds to import


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos(tmp_path / "photos" / "train", {"cats": 3, "dogs": 2})
    photos(tmp_path / "photos" / "test", {"cats": 1, "dogs": 1})
    return tmp_path / "photos"


def test_every_peer_is_measured_or_said_to_be_missing(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "result.json"
    options = ["--sizes", "ten", "--recipes", "default", "--rounds", "1", "--jobs", "2"]
    peers = ["--peers", AUGBUILD, *FAST]
    monkeypatch.setattr(sys, "argv", ["build", str(folder), *options, *peers, "--json", str(file)])
    main()
    table = capsys.readouterr().out
    results = json.loads(file.read_text(encoding="utf-8"))["results"]
    here = [name for name in FAST if not missing(name)]
    assert {each["peer"] for each in results} == {AUGBUILD, *here}
    for each in results:
        assert (each["variants"], len(each["seconds"])) == (15, 1)
        assert each["peak_mb"] > 10
        assert f"| {each['peer']} | " in table
    for name in set(FAST) - set(here):
        assert f"{name}: not measured, without " in table


@pytest.mark.parametrize("recipe", ["default", "lab", "strong"])
def test_the_work_is_that_of_the_recipe(folder: Path, recipe: str) -> None:
    work = work_of(folder, recipe)
    assert work.recipe == recipe
    assert len(work.photos) == 5
    for photo in work.photos:
        assert len(photo.targets) == len(photo.variants) == (4 if recipe == "strong" else 3)
        assert Path(photo.path).is_file()
    assert msgspec.json.decode(msgspec.json.encode(work), type=type(work)) == work


@pytest.mark.parametrize(("count", "names"), [(None, 5), (3, 3), (10, 5)])
def test_photos_are_resized(folder: Path, tmp_path: Path, count: int | None, names: int) -> None:
    out = resized(folder, tmp_path / "resized", count)
    paths = list(out.rglob("*.jpg"))
    assert len(paths) == names
    for path in paths:
        with Image.open(path) as image:
            assert image.size == (224, 224)
