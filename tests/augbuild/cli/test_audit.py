"""`augbuild audit`: what it prints, writes and exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from augbuild.cli import main
from tests.augbuild.checking.test_audit import split_folder
from tests.conftest import photos


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["audit", *arguments])


def test_pairs_findings_and_exit_code(tmp_path: Path) -> None:
    split_folder(tmp_path / "photos")
    result = run("photos")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "across              test/cats/0.png = train/cats/copy0.png (the same frame)",
        "across              test/dogs/1.png = train/dogs/copy1.png (the same frame)",
        "within              train/cats/2.png = train/cats/copy2.png (the same frame)",
        "within, two labels  train/cats/3.png = train/dogs/copy3.png (the same frame)",
        "photos: 24 images, 4 pairs of the same picture",
    ]
    found = result.stderr.splitlines()
    assert len(found) == 3
    assert found[0].startswith("found: 2 validation or test images have copies in another split")


def test_nothing_found(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 3, "dogs": 3})
    result = run("photos")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "photos: 6 images, 0 pairs of the same picture\n"


def test_a_list_to_leave_out(tmp_path: Path) -> None:
    split_folder(tmp_path / "photos")
    result = run("photos", "--write", "copies.txt")
    assert result.stdout.endswith("wrote copies.txt: 5 images to leave out\n")
    assert "train/cats/copy0.png\n" in (tmp_path / "copies.txt").read_text()
    again = run("photos", "--write", "copies.txt")
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr == "augbuild: copies.txt exists; remove it, or write another one\n"


def test_quiet(tmp_path: Path) -> None:
    split_folder(tmp_path / "photos")
    result = run("photos", "--quiet", "--write", "copies.txt")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("found: ") == 3


def test_json(tmp_path: Path) -> None:
    split_folder(tmp_path / "photos")
    result = run("photos", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert list(report) == ["name", "images", "findings", "pairs", "exclusions"]
    assert report["pairs"][0] == {
        "first": "test/cats/0.png",
        "second": "train/cats/copy0.png",
        "how": "the same frame",
        "across_splits": True,
        "labels_differ": False,
    }
    assert len(report["exclusions"]) == 5


def test_what_is_no_dataset() -> None:
    result = run("nowhere")
    assert result.exit_code == 1
    assert result.stderr.startswith("augbuild: ")
