"""`augbuild verify` and `augbuild replay`: their options, what they print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import augbuild
from augbuild.cli import main
from tests.conftest import photos, write_recipe


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A small tree."""
    photos(tmp_path / "photos", {"cats": 3, "dogs": 3})
    return augbuild.build(write_recipe(tmp_path), n_jobs=1).out


def variant(out: Path) -> Path:
    """Return a variant of the tree."""
    return next((out / "augmented_train").rglob("*.jpg"))


def run(*arguments: object) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_whole_tree_is_clean(out: Path) -> None:
    result = run("verify", out, "-j", 1)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{out}: ")
    assert run("verify", out, "--quiet").output == ""


def test_damage_is_named_and_quick_misses_what_has_the_same_size(out: Path) -> None:
    path = variant(out)
    content = bytearray(path.read_bytes())
    content[-10] ^= 255
    path.write_bytes(content)
    result = run("verify", out)
    name = path.relative_to(out).as_posix()
    assert result.exit_code == 1
    assert f"{name}: " in result.stdout.splitlines()[0]
    assert run("verify", out, "--quick").exit_code == 0


def test_ten_findings_are_named_and_more_are_counted(out: Path) -> None:
    for number in range(10):
        (out / f"{number:02}\x1b.jpg").touch()
    lines = run("verify", out, "--quiet").stdout.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("extra       00\\x1b.jpg: ")
    (out / "10.jpg").touch()
    assert run("verify", out, "--quiet").stdout.splitlines()[10] == "and 1 more; --json gives all"


def test_verify_prints_json(out: Path) -> None:
    report = json.loads(run("verify", out, "--json").stdout)
    assert (report["clean"], report["out"], report["findings"]) == (True, str(out), [])


def test_folder_that_is_no_tree_is_not_checked(tmp_path: Path) -> None:
    assert run("verify", tmp_path).exit_code == 2


def test_replay_makes_the_same_image(out: Path) -> None:
    result = run("replay", variant(out))
    assert result.exit_code == 0
    assert ": the same again, sha256 " in result.stdout
    report = json.loads(run("replay", variant(out), "--json").stdout)
    assert (report["same"], report["origin"]) == (True, "augmented")


def test_replay_reads_the_source_it_is_given(out: Path) -> None:
    (out / "train").rename(out / "gone")
    assert run("replay", variant(out)).exit_code == 2
    assert run("replay", variant(out), "--source", out.parent / "photos").exit_code == 0


def test_replay_of_a_stranger_is_one_sentence(tmp_path: Path) -> None:
    result = run("replay", tmp_path / "x\x1b.jpg")
    assert result.exit_code == 2
    assert "x\\x1b.jpg cannot be replayed: " in result.stdout
