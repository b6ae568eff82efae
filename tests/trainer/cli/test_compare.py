"""`trainer compare`, `trainer report` and `trainer power`."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.conftest import photos
from tests.trainer.comparison.fixtures import LAB, STOPPED, comparison
from tests.trainer.fixtures import FAST_ARCH, dataset
from trainer.cli import main

TINY = ["--arch", FAST_ARCH, "--image-size", "32", "--batch-size", "8", "--seeds", "1"]
TINY += ["--budget", "steps:4", "--device", "cpu", "--precision", "fp32", "--cache", "none"]

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:FutureWarning")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the commands set for their process out of the other tests."""
    for name in ("OMP_WAIT_POLICY", "MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished comparison."""
    return comparison(tmp_path_factory.mktemp("comparison") / "lab", LAB)


def run(*arguments: object) -> Result:
    """Run a command of trainer."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def arms(tmp_path: Path) -> list[object]:
    """Options of a comparison of two arms, the second with fewer training images."""
    first = dataset(tmp_path / "first", train=4, test=2)
    second = dataset(tmp_path / "second", train=2, test=2)
    return ["compare", "--arm", f"all={first}", "--arm", f"half={second}", *TINY]


def test_comparison_is_judged_and_reported(arms: list[object], tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(*arms, "--out", out)
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(f"\n\n{out}: report.html, report.md and comparison.json\n")
    assert (out / "report.html").is_file()
    assert (out / "report.md").is_file()
    again = run(*arms, "--out", out)
    assert again.exit_code == 1
    assert "--resume continues it" in again.stderr
    resumed = run(*arms, "--out", out, "--resume", "--json")
    assert json.loads(resumed.stdout) == json.loads((out / "comparison.json").read_bytes())


def test_tables_are_read_as_the_options_say(tmp_path: Path) -> None:
    root = dataset(tmp_path / "data", train=2, test=1)
    lines = ["where,what,part"]
    for path in sorted(root.rglob("*.png")):
        split, label, name = path.relative_to(root).parts
        lines.append(f"{split}/{label}/{name.removesuffix('.png')},{label},{split}")
    table = tmp_path / "table.csv"
    table.write_text("\n".join([*lines, "gone,red,train"]))
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("\n".join(lines[:-1]))
    arms = ["compare", "--arm", f"a={table}", "--arm", f"b={fewer}", *TINY]
    arms += ["--path-column", "where", "--label-column", "what", "--split-column", "part"]
    arms += ["--images", str(root), "--suffix", ".png"]
    missing = run(*arms, "--out", tmp_path / "out")
    assert missing.exit_code == 1
    assert "gone cannot be read" in missing.stderr
    result = run(*arms, "--skip-unreadable", "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["test"]["images"] == 2


def test_guard_stops_it_with_its_own_exit_code(tmp_path: Path) -> None:
    leaky = dataset(tmp_path / "leaky", train=4, test=2)
    photo = leaky / "train" / "red" / "red_0.png"
    (leaky / "test" / "red" / "red_9.png").write_bytes(photo.read_bytes())
    other = dataset(tmp_path / "other", train=5, test=2)
    shutil.rmtree(other / "test")
    shutil.copytree(leaky / "test", other / "test")
    arms = ["compare", "--arm", f"a={leaky}", "--arm", f"b={other}", *TINY]
    result = run(*arms, "--out", tmp_path / "out", "--quiet")
    assert (result.exit_code, result.stdout) == (1, "")
    assert json.loads((tmp_path / "out" / "comparison.json").read_bytes())["guards"]
    went_on = run(*arms, "--out", tmp_path / "went-on", "--override", "leak", "--quiet")
    assert went_on.exit_code == 0, went_on.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--manifest", "m", "--arm", "a=m"], "--arm brings its own manifest"),
        (["--ablate", "default", "--manifest", "m"], "--ablate makes its own manifests"),
        (["--ablate", "default", "--suffix", ".jpg"], "--ablate reads tables as [source] of the"),
        (["--manifest", "m", "--folds", "--test-split", "val"], "cannot be combined with --test-"),
        (["--manifest", "m", "--seeds", "0"], "--seeds must be"),
        (["--manifest", "m", "--budget", "1"], "--budget must be"),
        (["--manifest", "m", "--devices", "x"], "--devices must be"),
        (["--manifest", "m", "--jobs", "0"], "'--jobs'"),
        ([], "--manifest is missing"),
    ],
)
def test_wrong_options_leave_nothing_behind(
    options: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("compare", "--out", "out", *options)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_ablation_builds_its_arms_from_the_source_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photos(tmp_path / "photos", {"cats": 8, "dogs": 8})
    result = run("compare", "--ablate", "lab", "--source", "photos", "--out", "out", "--arms", "no")
    assert result.exit_code == 2
    assert "--arms must be some of" in result.stderr
    recipe = tmp_path / "two.toml"
    recipe.write_text(
        'name = "two"\n[source]\npath = "nowhere"\n[output]\npath = "o"\n[augment]\nvariants = 1\n'
        '[[transforms]]\nop = "hflip"\n[[transforms]]\nop = "rotate"\ndegrees = 5\n',
        encoding="utf-8",
    )
    options = ["--ablate", recipe, "--source", "photos", "--out", "out", "--quiet", *TINY]
    result = run("compare", *options)
    assert result.exit_code == 0, result.output
    assert sorted(each.name for each in (tmp_path / "out" / "builds").iterdir()) == [
        "whole", "without-hflip", "without-rotate",
    ]  # fmt: skip


def test_report_is_written_again(finished: Path) -> None:
    result = run("report", finished)
    assert (result.exit_code, result.stdout) == (0, f"{finished}/report.html and report.md\n")


def test_report_of_a_stopped_comparison_is_written(tmp_path: Path) -> None:
    stopped = comparison(tmp_path / "stopped", STOPPED)
    assert run("report", stopped).exit_code == 0


def test_folder_that_is_no_comparison_is_one_sentence(tmp_path: Path) -> None:
    result = run("report", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"trainer: {tmp_path}/comparison.json does not exist")
    assert run("power", "--comparison", tmp_path).exit_code == 1


def test_power_is_shown_for_shares_and_for_a_comparison(finished: Path) -> None:
    assert "takes 940 test images" in run("power").stdout
    assert "\n28 test images " in run("power", "--images", "28", "--disagree", "0.4").stdout
    planned = run("power", "--comparison", finished, "--gain", "0.1")
    assert planned.exit_code == 0, planned.output
    assert "A gain of 10 points would take" in planned.stdout


def test_shares_that_are_none_are_named() -> None:
    result = run("power", "--gain", "0.5", "--disagree", "0.1")
    assert result.exit_code == 2
    assert result.stderr.startswith("trainer: --gain must be above 0")
