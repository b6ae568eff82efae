"""`augbuild make`: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from augbuild.cli import main
from tests.conftest import photos, tree, write_recipe


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe and photos of two classes, and the working folder."""
    photos(tmp_path / "photos", {"cats": 4, "dogs": 4})
    write_recipe(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    """Run `augbuild make` on the recipe, with one process."""
    return CliRunner().invoke(main, ["make", "recipe.toml", "-j", "1", *arguments])


@pytest.mark.usefixtures("project")
def test_summary_counts_images() -> None:
    result = run()
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["train", "6", "cats", "3,", "dogs", "3"]
    assert lines[-1].startswith("out: 20 images made, 0 kept as they were, ")
    assert lines[-1].endswith(" s")
    assert run().stdout.splitlines()[-1].startswith("out: 0 images made, 20 kept")


def test_options_reach_the_build(project: Path) -> None:
    photos(project / "others", {"birds": 2, "fish": 2})
    assert run("--source", "others", "--out", "elsewhere", "--limit", "2").exit_code == 0
    folders = {path.name for path in (project / "elsewhere" / "train").iterdir()}
    assert folders == {"birds", "fish"}
    refused = run("--out", "elsewhere")
    assert refused.exit_code == 1
    assert "--prune to replace its images" in refused.stderr
    assert run("--out", "elsewhere", "--prune").exit_code == 0
    again = run("--out", "elsewhere", "--rebuild", "--rehash", "--backend", "threading")
    assert "20 images made" in again.stdout


def test_links_are_followed_unless_asked(project: Path) -> None:
    photos(project / "far", {"inner": 4})
    (project / "photos" / "birds").symlink_to(project / "far" / "inner")
    assert "birds" not in run("--out", "a", "--no-follow-links").stdout
    assert "birds" in run("--out", "b").stdout
    assert "0 images made" in run("--out", "b", "--follow-links").stdout


def test_removed_sources_are_counted(project: Path) -> None:
    run()
    (project / "photos" / "cats" / "cats_0.png").unlink()
    assert ", those of 1 removed source pruned, " in run().stdout


def test_rejected_sources_are_named_and_change_the_exit_code(project: Path) -> None:
    (project / "photos" / "cats" / "b\x1bad.png").write_bytes(b"")
    result = run()
    assert result.exit_code == 3
    assert result.stderr.startswith("rejected: cats/b\\x1bad.png: empty, ")
    assert run("--allow-rejected").exit_code == 0


def test_ten_rejected_sources_are_named_and_more_are_counted(project: Path) -> None:
    for number in range(10):
        (project / "photos" / "cats" / f"{number:02}.png").write_bytes(b"")
    lines = run().stderr.splitlines()
    assert [line for line in lines if "more" in line] == []
    assert sum(line.startswith("rejected: cats/") for line in lines) == 10
    (project / "photos" / "cats" / "10.png").write_bytes(b"")
    lines = run().stderr.splitlines()
    assert lines[-1] == "rejected: and 1 more, all in rejected.jsonl"
    assert sum(line.startswith("rejected: cats/") for line in lines) == 10


def test_quiet_prints_nothing_and_keeps_the_exit_code(project: Path) -> None:
    (project / "photos" / "cats" / "bad.png").write_bytes(b"")
    result = run("--quiet")
    assert (result.exit_code, result.output) == (3, "")


@pytest.mark.usefixtures("project")
def test_json_is_the_report() -> None:
    result = run("--json")
    report = json.loads(result.stdout.splitlines()[-1])
    assert (report["made"], report["kept"], report["out"]) == (20, 0, "out")
    assert report["counts"]["train"] == {"cats": 3, "dogs": 3}


def test_errors_leave_nothing_behind(project: Path) -> None:
    result = CliRunner().invoke(main, ["make", "gone.toml"])
    assert result.exit_code == 2
    assert result.stderr.startswith("augbuild: gone.toml does not exist")
    assert run("-j", "0").exit_code == 2
    assert run("--limit", "0").exit_code == 2
    assert not (project / "out").exists()


def test_command_and_library_build_the_same(project: Path) -> None:
    import augbuild

    run()
    augbuild.build("recipe.toml", out="again", n_jobs=1)
    assert tree(project / "again") == tree(project / "out")
