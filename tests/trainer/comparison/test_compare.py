"""A comparison from its design to its verdict: real runs of a small model, on pictures made here."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from augbuild.building.build import build
from augbuild.core.pool import available_cpus
from augbuild.errors import RunError, TableError, UsageError
from tests.conftest import REPOSITORY, photo, write_recipe
from tests.trainer.fixtures import config, dataset
from trainer.cli import main
from trainer.comparison.ablate import ablations, make_ablation
from trainer.comparison.arms import load_arms
from trainer.comparison.compare import compare, make_workers, rebuild
from trainer.comparison.design import Design, make_design, run_config
from trainer.comparison.judge import as_text
from trainer.data.order import epochs_order, steps_order
from trainer.data.samples import training_samples
from trainer.data.tables import read_table
from trainer.statistics.tests import resolution
from trainer.training.config import FitConfig
from trainer.training.fit import fit_run
from trainer.training.predictions import read_predictions
from trainer.training.run import hold_folder

RECIPE = """
name = "toy"
[source]
path = "photos"
[output]
path = "out"
[augment]
variants = 2
[[transforms]]
op = "rotate"
degrees = { uniform = [-20, 20] }
[[transforms]]
op = "hflip"
p = 0.5
"""


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of a build with a test split: 20 train images, 40 variants, 8 test images."""
    folder = tmp_path_factory.mktemp("toy")
    dataset(folder / "photos")
    return build(write_recipe(folder, RECIPE)).out / "manifest.jsonl"


def fit_config(manifest: Path) -> FitConfig:
    """The configuration that a design begins with: none of what its runs set."""
    return msgspec.structs.replace(config(manifest), epochs=10)


def design(manifest: Path, **changes: Any) -> Design:
    """A design of six runs that take a second each."""
    return make_design(
        fit_config(manifest),
        **{"arms": "original,augmented", "seeds": 3, "budget": "steps:3", **changes},
    )


@pytest.fixture(scope="module")
def done(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A finished comparison and its result."""
    out = tmp_path_factory.mktemp("done") / "comparison"
    return out, compare(design(manifest), out)


class TestResult:
    def test_follows_from_the_predictions(self, done: tuple[Path, dict[str, Any]]) -> None:
        out, result = done
        differences = []
        for seed in range(3):
            right = {}
            for arm in ("original", "augmented"):
                table = read_predictions(out / "runs" / f"{arm}-seed{seed}" / "predictions.csv")
                right[arm] = sum(map(str.__eq__, table.targets, table.predicted)) / 8
            differences.append(right["augmented"] - right["original"])
        assert result["contrasts"][0]["by_seed"] == pytest.approx(differences)
        assert result["contrasts"][0]["delta"] == pytest.approx(sum(differences) / 3)
        assert result["test"] == {
            "images": 8,
            "majority": 0.5,
            "per_class": {"blue": 4, "red": 4},
            "looks": 1,
        }

    def test_is_what_stands_in_comparison_json(self, done: tuple[Path, dict[str, Any]]) -> None:
        out, result = done
        assert json.loads((out / "comparison.json").read_text(encoding="utf-8")) == result
        assert result["verdict"]["sentence"] in as_text(result)

    def test_is_judged_again_without_training(
        self, done: tuple[Path, dict[str, Any]], tmp_path: Path
    ) -> None:
        out, result = done
        copy = shutil.copytree(out, tmp_path / "copy")
        for weights in copy.rglob("*.safetensors"):
            weights.unlink()
        assert rebuild(copy) == result

    def test_equal_steps_are_said_to_be_equal(self, done: tuple[Path, dict[str, Any]]) -> None:
        assert "3 steps each, 8 test images (looked at once)" in done[1]["verdict"]["sentence"]

    def test_each_run_is_what_fit_alone_trains(
        self, done: tuple[Path, dict[str, Any]], manifest: Path, tmp_path: Path
    ) -> None:
        out, _ = done
        planned = design(manifest)
        fit_run(run_config(planned, planned.arms[1], seed=2, fold=None), tmp_path / "alone")
        written = (tmp_path / "alone" / "predictions.csv").read_bytes()
        assert (out / "runs" / "augmented-seed2" / "predictions.csv").read_bytes() == written


def test_variances_of_a_comparison_plan_the_next(done: tuple[Path, dict[str, Any]]) -> None:
    said = CliRunner().invoke(main, ["power", "--comparison", str(done[0]), "--gain", "0.1"])
    assert said.exit_code == 0, said.output
    contrast = done[1]["contrasts"][0]
    error = 100 * max(contrast["standard_error"], resolution(8))
    assert (
        f"with 3 seeds and 8 test images the standard error was {error:.1f} points" in said.output
    )
    assert "To see a gain of 10 points takes" in said.output


def test_unfinished_comparison_is_not_judged(
    done: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_bytes((done[0] / "config.json").read_bytes())
    said = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert said.exit_code == 1
    assert said.output.endswith(
        "is no finished comparison; `trainer compare` with --resume finishes it\n"
    )


def test_runs_side_by_side_share_pixels_that_are_decoded_once(
    manifest: Path, tmp_path: Path
) -> None:
    workers = make_workers(2, None)
    result = compare(
        design(manifest, seeds=2, budget="steps:1"),
        tmp_path / "out",
        cache=tmp_path / "c",
        workers=workers,
    )
    assert [run["id"] for run in result["runs"]] == [
        "original-seed0", "augmented-seed0", "original-seed1", "augmented-seed1",
    ]  # fmt: skip
    (pixels,) = (tmp_path / "c").iterdir()
    assert pixels.stat().st_size == (20 + 40 + 8) * 32 * 32 * 3
    for run in result["runs"]:
        resolved = json.loads((tmp_path / "out" / "runs" / run["id"] / "config.json").read_text())[
            "resolved"
        ]
        assert resolved["threads"] == max(1, available_cpus() // 2)


def test_unequal_budgets_are_named_in_the_verdict(manifest: Path, tmp_path: Path) -> None:
    without_ledger = shutil.ignore_patterns("looks.jsonl")
    own = (
        shutil.copytree(manifest.parent, tmp_path / "own", ignore=without_ledger) / "manifest.jsonl"
    )
    by_epochs = design(own, arms="original,augmented,placebo", seeds=1, budget="epochs:1")
    result = compare(by_epochs, tmp_path / "out")
    assert [(arm["name"], arm["images"], arm["steps"]) for arm in result["arms"]] == [
        ("original", 20, 3), ("augmented", 40, 5), ("placebo", 40, 5),
    ]  # fmt: skip
    first, placebo, against_placebo = (each["sentence"] for each in result["contrasts"])
    assert "5 steps against 3" in first
    assert "may be more training" in first
    assert "Variants are encoded once more" not in placebo
    assert "5 steps each" in against_placebo
    assert "too few runs per arm" in first
    second = compare(design(own, seeds=1, budget="steps:1"), tmp_path / "second")
    assert "(looked at twice)" in second["verdict"]["sentence"]
    again = compare(design(own, seeds=1, budget="steps:1"), tmp_path / "again")
    assert again == second, "the same comparison, made elsewhere, is no other look"
    other = (
        shutil.copytree(manifest.parent, tmp_path / "other", ignore=without_ledger)
        / "manifest.jsonl"
    )
    third = compare(design(other, seeds=1, budget="steps:2"), tmp_path / "third")
    assert "(looked at 3 times)" in third["verdict"]["sentence"], (
        "the same images, in another build"
    )


def test_arms_see_their_sources_in_the_same_order(manifest: Path) -> None:
    table = read_table(manifest)
    original, augmented, placebo = (
        training_samples(table, arm) for arm in ("original", "augmented", "placebo")
    )
    for step in range(7):
        seen = [
            [samples[index].source for index in steps_order(samples, 8, seed=5).batch(step)]
            for samples in (original, augmented, placebo)
        ]
        assert seen[0] == seen[1] == seen[2]
        by_epoch = [
            [samples[index].source for index in epochs_order(samples, 8, seed=5).batch(step)]
            for samples in (augmented, placebo)
        ]
        assert by_epoch[0] == by_epoch[1]
    assert {sample.variant for sample in placebo} == {-1}


class TestGuards:
    @pytest.fixture
    def leaking(self, tmp_path: Path) -> Path:
        """A folder whose test set has a train picture in it, at another size."""
        folder = dataset(tmp_path / "photos")
        for split, size in (("train", (60, 45)), ("test", (120, 90))):
            photo(folder / split / "red" / f"seen_in_{split}.png", seed=9, size=size)
        return folder

    def test_a_planted_leak_stops_it_before_any_training(
        self, leaking: Path, tmp_path: Path
    ) -> None:
        copies = make_design(
            fit_config(leaking), named=[f"a={leaking}", f"b={leaking}"], seeds=3, budget="steps:3"
        )
        result = compare(copies, tmp_path / "out")
        assert result["verdict"]["outcome"] == "INVALID"
        assert "seen_in_test.png" in result["verdict"]["sentence"]
        assert "seen_in_train.png" in result["verdict"]["sentence"]
        assert not (tmp_path / "out" / "runs").exists()
        assert rebuild(tmp_path / "out") == result

    def test_an_override_goes_on_and_stands_in_the_verdict(
        self, leaking: Path, tmp_path: Path
    ) -> None:
        copies = make_design(
            fit_config(leaking), named=[f"a={leaking}", f"b={leaking}"], seeds=1, budget="steps:1"
        )
        compare(copies, tmp_path / "out")
        result = compare(copies, tmp_path / "out", override=["leak"], resume=True)
        assert "Guards overridden: leak (1 found)." in result["verdict"]["sentence"]

    def test_other_test_images_stop_it(self, manifest: Path, tmp_path: Path) -> None:
        other = dataset(tmp_path / "other", test=5)
        two = make_design(
            fit_config(manifest), named=[f"a={manifest}", f"b={other}"], seeds=3, budget="steps:3"
        )
        result = compare(two, tmp_path / "out")
        assert result["verdict"]["outcome"] == "INVALID"
        assert [guard["name"] for guard in result["guards"]] == ["test-set"]


def test_killed_at_any_moment_and_resumed_comes_to_the_same(
    manifest: Path, done: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """kill -9 before, within and between runs; what is finished is not touched again."""
    command = [
        sys.executable, "-m", "trainer", "compare", "--manifest", str(manifest), "--arms", "original,augmented",
        "--seeds", "3", "--budget", "steps:3", "--arch", "resnet18", "--image-size", "32", "--batch-size", "8",
        "--device", "cpu", "--precision", "fp32", "--cache", "none", "--resume", "--json",
        "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    finished: dict[Path, int] = {}
    for runs in (0, 2, 4):
        process = subprocess.Popen(
            command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while (
            len(list((tmp_path / "out").glob("runs/*/metrics.json"))) < runs
            or not (tmp_path / "out").exists()
        ):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        finished |= {
            each: each.stat().st_mtime_ns for each in (tmp_path / "out").glob("runs/*/metrics.json")
        }
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert len(finished) >= 4
    assert {each: each.stat().st_mtime_ns for each in finished} == finished
    assert (tmp_path / "out" / "comparison.json").read_bytes() == (
        done[0] / "comparison.json"
    ).read_bytes()
    assert json.loads(ended.stdout) == done[1]


class TestFolder:
    def test_is_never_written_over(
        self, done: tuple[Path, dict[str, Any]], manifest: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(RunError, match="holds a comparison; --resume goes on with it"):
            compare(design(manifest), done[0])
        (tmp_path / "note.txt").write_text("mine", encoding="utf-8")
        with pytest.raises(RunError, match="is not empty and is no comparison"):
            compare(design(manifest), tmp_path)

    def test_another_design_is_refused(
        self, done: tuple[Path, dict[str, Any]], manifest: Path
    ) -> None:
        with pytest.raises(
            RunError, match=r"was begun with budget \{.*3\}, not \{.*4\}; use another folder"
        ):
            compare(design(manifest, budget="steps:4"), done[0], resume=True)

    def test_one_process_at_a_time(self, done: tuple[Path, dict[str, Any]], manifest: Path) -> None:
        with hold_folder(done[0]), pytest.raises(RunError, match="another process is working in"):
            compare(design(manifest), done[0], resume=True)

    def test_damaged_runs_are_named(
        self, done: tuple[Path, dict[str, Any]], tmp_path: Path
    ) -> None:
        copy = shutil.copytree(done[0], tmp_path / "copy")
        (copy / "runs" / "original-seed1" / "predictions.csv").write_text(
            "sample\n", encoding="utf-8"
        )
        with pytest.raises(RunError, match=r"original-seed1.predictions\.csv"):
            rebuild(copy)
        (copy / "config.json").write_text("{}", encoding="utf-8")
        with pytest.raises(RunError, match=r"config\.json is not what trainer compare writes"):
            rebuild(copy)


def test_folds_test_every_image_once_a_seed(tmp_path: Path) -> None:
    dataset(tmp_path / "photos", train=9, test=0)
    folder = (tmp_path / "photos" / "train").rename(tmp_path / "flat")
    recipe = RECIPE.replace('path = "photos"', f'path = "{folder}"') + "[split]\nfolds = 3\n"
    out = build(write_recipe(tmp_path, recipe)).out
    result = compare(design(out / "manifest.jsonl", folds=True, seeds=1), tmp_path / "comparison")
    runs = [tmp_path / "comparison" / "runs" / f"original-fold{fold}-seed0" for fold in range(3)]
    tested = [name for run in runs for name in read_predictions(run / "predictions.csv").samples]
    assert len(tested) == len(set(tested)) == result["test"]["images"] == 18
    assert result["folds"] == 3
    assert result["contrasts"][0]["low"] is not None
    assert "18 test images in 3 folds" in result["verdict"]["sentence"]
    lineup = load_arms(design(out / "manifest.jsonl", folds=True))
    for each in lineup.fitted:
        assert {sample.source for sample in each.train}.isdisjoint(
            sample.source for sample in each.test
        )


def test_ablation_leaves_one_transform_out_and_the_draws_of_the_others_alone(
    tmp_path: Path,
) -> None:
    dataset(tmp_path / "photos", train=4)
    recipe = write_recipe(tmp_path, RECIPE)
    one = make_design(
        fit_config(recipe), arms="augmented", seeds=3, budget="steps:2", ablate=str(recipe)
    )
    planned = make_ablation(one, recipe, tmp_path / "out")
    assert [arm.name for arm in planned.arms] == ["whole", "without-rotate", "without-hflip"]
    assert planned.contrasts == (("whole", "without-rotate"), ("whole", "without-hflip"))

    def ops(arm: str) -> dict[tuple[str, int], list[dict[str, Any]]]:
        text = (tmp_path / "out" / "builds" / arm / "manifest.jsonl").read_text(encoding="utf-8")
        rows = map(json.loads, text.splitlines())
        return {
            (row["source"], row["variant"]): row["ops"]
            for row in rows
            if row["origin"] == "augmented"
        }

    for arm, gone in (("without-rotate", "rotate"), ("without-hflip", "hflip")):
        assert ops(arm) == {
            key: [op for op in each if op["op"] != gone] for key, each in ops("whole").items()
        }
    result = compare(planned, tmp_path / "out")
    assert [each["adjusted_p"] is not None for each in result["contrasts"]] == [True, True]


def test_ablation_of_nested_picks_names_each_transform_once() -> None:
    from augbuild.recipe.load import load_recipe

    named = dict(ablations(load_recipe("lab")))
    assert len(named) == 9
    assert len(named["without-blur"].transforms[0].entries) == 7
    with pytest.raises(UsageError, match="leaving one out takes two or more"):
        list(
            ablations(replace(load_recipe("lab"), transforms=load_recipe("default").transforms[:1]))
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budget": "hours:3"}, "--budget must be steps:N or epochs:N (got 'hours:3')"),
        ({"budget": "steps:0"}, "--budget must be steps:N or epochs:N (got 'steps:0')"),
        ({"arms": "original"}, "--arms must name two arms or more, the baseline first (got original)"),
        ({"arms": "original,original"}, "--arms names 'original' twice"),
        ({"arms": "original,rotated"}, "--arms must be some of original, augmented, original+augmented, placebo"),
        ({"arms": None, "named": ["a=m.jsonl", "b"]}, "--arm must be NAME=MANIFEST"),
        ({"arms": None, "named": ["../up=m.jsonl", "b=m.jsonl"]}, "--arm must be NAME=MANIFEST"),
        ({"seeds": 0}, "--seeds must be from 1 to 1000 (got 0)"),
        ({"margin": 2.0}, "--margin is a share: 0.02 is two points (got 2)"),
        ({"arms": None, "named": ["a=m.jsonl", "b=n.jsonl"], "folds": True}, "--folds compares arms of one manifest"),
        ({"arms": "original,augmented", "ablate": "lab"}, "--ablate trains on one choice of images"),
    ],
)  # fmt: skip
def test_wrong_design_is_a_sentence(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        design(Path("m.jsonl"), **changes)
    assert str(raised.value).startswith(message)


def test_configuration_may_not_set_what_the_design_sets(manifest: Path) -> None:
    with pytest.raises(UsageError, match="a comparison sets steps itself"):
        make_design(msgspec.structs.replace(fit_config(manifest), steps=5))


def test_placebo_is_left_out_under_a_steps_budget(manifest: Path) -> None:
    left = design(manifest, arms="original,augmented,placebo")
    assert [arm.name for arm in left.arms] == ["original", "augmented"]
    assert left.notes[0].startswith("The placebo was not trained")
    default = [arm.name for arm in design(manifest, arms=None, budget=None).arms]
    assert default == ["original", "augmented", "original+augmented"]
    assert [arm.name for arm in design(manifest, arms=None, budget="epochs:1").arms] == [
        *default,
        "placebo",
    ]


def test_what_cannot_be_compared_is_a_sentence(tmp_path: Path, manifest: Path) -> None:
    untested = tmp_path / "t.csv"
    untested.write_text("path,label\na.png,x\nb.png,y\n", encoding="utf-8")
    with pytest.raises(TableError, match="has no test images"):
        load_arms(design(untested))
    with pytest.raises(TableError, match="has no folds"):
        load_arms(design(manifest, folds=True))


def test_workers_are_read_with_care() -> None:
    assert make_workers(3, None).n_jobs == 3
    assert make_workers(1, "0,2").devices == (0, 2)
    for wrong in ("0,0", "a", ""):
        with pytest.raises(UsageError, match="--devices must be numbers of CUDA devices"):
            make_workers(1, wrong)
