"""A comparison from its design to its verdict: real runs of a small model, on small pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from msgspec import structs

from augbuild.building.build import build
from augbuild.core.pool import available_cpus
from augbuild.errors import RunError, TableError, UsageError
from augbuild.sources.dataset import Columns, SourceOptions
from tests.conftest import photo, write_recipe
from tests.trainer.comparison.conftest import Finished
from tests.trainer.comparison.fixtures import change
from tests.trainer.comparison.small import RECIPE, design, fit_config, measured
from tests.trainer.fixtures import dataset
from trainer.cli.verdict_text import as_text
from trainer.comparison.arms import load_arms
from trainer.comparison.compare import check_folder, compare, judge_again, rebuild
from trainer.comparison.config import read_config, write_config
from trainer.comparison.design import make_design
from trainer.comparison.result import StoppedResult, read_result
from trainer.comparison.runs import make_workers, run_config
from trainer.training.fit import fit_run
from trainer.training.predictions import read_predictions
from trainer.training.run import RunFolder, hold_folder, read_run_config


class TestResult:
    def test_follows_from_the_predictions(self, finished: Finished) -> None:
        differences = []
        for seed in range(3):
            shares = []
            for arm in ("augmented", "original"):
                run = RunFolder(finished.out / "runs" / f"{arm}-seed{seed}")
                table = read_predictions(run.predictions)
                right = [a == b for a, b in zip(table.targets, table.predicted, strict=True)]
                shares.append(sum(right) / len(right))
            differences.append(shares[0] - shares[1])
        contrast = finished.result.contrasts[0]
        assert contrast.by_seed == pytest.approx(differences)
        assert contrast.delta == pytest.approx(sum(differences) / 3)

    def test_has_the_test_set(self, finished: Finished) -> None:
        test = finished.result.test
        assert (test.images, test.majority, test.looks) == (8, 0.5, 1)
        assert test.per_class == {"blue": 4, "red": 4}

    def test_is_what_stands_in_comparison_json(self, finished: Finished) -> None:
        assert read_result(finished.out) == finished.result
        assert finished.result.verdict.sentence in as_text(finished.result, width=10_000)

    def test_is_judged_again_without_training(self, finished: Finished, tmp_path: Path) -> None:
        copy = shutil.copytree(finished.out, tmp_path / "copy")
        for weights in copy.rglob("*.safetensors"):
            weights.unlink()
        written = (copy / "comparison.json").read_bytes()
        change(copy, lambda values: values["contrasts"][0].update(delta=0.5))
        assert judge_again(copy) == finished.result
        assert (copy / "comparison.json").read_bytes() != written, "judging alone writes nothing"
        assert rebuild(copy) == finished.result
        assert (copy / "comparison.json").read_bytes() == written

    def test_keeps_its_looks_and_notes_when_it_is_judged_again(
        self, finished: Finished, tmp_path: Path
    ) -> None:
        copy = shutil.copytree(finished.out, tmp_path / "copy")
        change(copy, lambda values: values["test"].update(looks=7))
        change(copy, lambda values: values.update(notes=["a note"]))
        again = rebuild(copy)
        assert again.notes == ("a note",)
        assert "(look number 7)" in again.verdict.sentence

    def test_equal_steps_are_said_to_be_equal(self, finished: Finished) -> None:
        sentence = finished.result.verdict.sentence
        assert "6 steps each, 8 test images (first look)" in sentence

    def test_each_run_is_what_fit_alone_trains(self, finished: Finished, tmp_path: Path) -> None:
        planned = design(finished.manifest)
        fit_run(run_config(planned, planned.arms[1], seed=2, fold=None), tmp_path / "alone")
        written = (tmp_path / "alone" / "predictions.csv").read_bytes()
        run = finished.out / "runs" / "augmented-seed2"
        assert (run / "predictions.csv").read_bytes() == written

    def test_config_has_what_was_declared(self, finished: Finished) -> None:
        config = read_config(finished.out)
        assert config.folds_of_a_seed == (None,)
        assert config.guards == ()
        assert config.fit.batch_size == 8
        assert config.versions["python"].count(".") == 2
        assert config.threads == available_cpus()
        (sha256,) = config.manifests.values()
        assert len(sha256) == 64


class TestAgain:
    def test_an_unfinished_comparison_is_not_judged(
        self, finished: Finished, tmp_path: Path
    ) -> None:
        with pytest.raises(RunError, match=r"is not a finished comparison$"):
            judge_again(tmp_path)
        shutil.copy(finished.out / "config.json", tmp_path)
        with pytest.raises(RunError, match=r"`trainer compare` with --resume finishes it$"):
            judge_again(tmp_path)

    def test_damaged_files_are_named(self, finished: Finished, tmp_path: Path) -> None:
        copy = shutil.copytree(finished.out, tmp_path / "copy")
        run = copy / "runs" / "original-seed1"
        (run / "predictions.csv").write_text("sample\n", encoding="utf-8")
        with pytest.raises(RunError, match=r"original-seed1.predictions\.csv"):
            rebuild(copy)
        (copy / "config.json").write_text("{}", encoding="utf-8")
        with pytest.raises(RunError, match=r"config\.json lacks 'arms'"):
            rebuild(copy)


def test_runs_side_by_side_share_pixels_that_are_decoded_once(
    manifest: Path, tmp_path: Path
) -> None:
    result = measured(
        design(manifest, seeds=2, budget="steps:7"),
        tmp_path / "out",
        cache=tmp_path / "cache",
        workers=make_workers(2, None),
    )
    assert [run.id for run in result.runs] == [
        "original-seed0",
        "augmented-seed0",
        "original-seed1",
        "augmented-seed1",
    ]
    (pixels,) = (tmp_path / "cache").iterdir()
    assert pixels.stat().st_size == (20 + 40 + 8) * 32 * 32 * 3
    for run in result.runs:
        config = read_run_config(RunFolder(tmp_path / "out" / "runs" / run.id))
        assert config.resolved.threads == max(1, available_cpus() // 2)


def copy_build(manifest: Path, folder: Path) -> Path:
    """Copy a build without its ledger of looks; return the manifest of the copy."""
    ignored = shutil.ignore_patterns("looks.jsonl")
    return Path(shutil.copytree(manifest.parent, folder, ignore=ignored)) / "manifest.jsonl"


def test_unequal_budgets_are_named_in_the_verdict(manifest: Path, tmp_path: Path) -> None:
    planned = design(manifest, arms="original,augmented,placebo", seeds=1, budget="epochs:1")
    result = measured(planned, tmp_path / "out")
    sizes = [(arm.name, arm.images, arm.steps) for arm in result.arms]
    assert sizes == [("original", 20, 3), ("augmented", 40, 5), ("placebo", 40, 5)]
    first, placebo, against_placebo = (contrast.sentence for contrast in result.contrasts)
    assert "5 steps against 3" in first
    assert "may come from more training" in first
    assert "Variants are encoded once more" not in placebo
    assert "5 steps each" in against_placebo
    assert "too few runs per arm" in first


def test_each_comparison_by_the_same_images_is_a_look(manifest: Path, tmp_path: Path) -> None:
    own = copy_build(manifest, tmp_path / "own")
    first = measured(design(own, seeds=1, budget="steps:8"), tmp_path / "first")
    assert first.test.looks == 1
    second = measured(design(own, seeds=1, budget="steps:7"), tmp_path / "second")
    assert "(second look)" in second.verdict.sentence
    again = measured(design(own, seeds=1, budget="steps:7"), tmp_path / "again")
    assert again == second, "the same comparison, made elsewhere, is no other look"
    other = copy_build(manifest, tmp_path / "other")
    third = measured(design(other, seeds=1, budget="steps:6"), tmp_path / "third")
    assert "(third look)" in third.verdict.sentence, "the same images, in another build"


def test_notes_of_the_design_and_of_the_ledger_are_kept(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state folders are files, so that no ledger can be written."""
    own = copy_build(manifest, tmp_path / "own")
    shutil.rmtree(own.parent / ".augbuild")
    (tmp_path / "state").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    planned = design(own, arms="original,augmented,placebo", seeds=1, budget="steps:7")
    result = measured(planned, tmp_path / "out")
    placebo, ledger = result.notes
    assert placebo.startswith("The placebo was not trained")
    assert ledger == "No ledger of looks at these test images could be written."


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
        named = [f"a={leaking}", f"b={leaking}"]
        copies = make_design(fit_config(leaking), named=named, seeds=3, budget="steps:6")
        result = compare(copies, tmp_path / "out")
        assert isinstance(result, StoppedResult)
        assert result.verdict.outcome == "INVALID"
        assert "seen_in_test.png" in result.verdict.sentence
        assert "seen_in_train.png" in result.verdict.sentence
        assert not (tmp_path / "out" / "runs").exists()
        assert rebuild(tmp_path / "out") == result

    def test_an_override_goes_on_and_stands_in_the_verdict(
        self, leaking: Path, tmp_path: Path
    ) -> None:
        named = [f"a={leaking}", f"b={leaking}"]
        copies = make_design(fit_config(leaking), named=named, seeds=1, budget="steps:7")
        compare(copies, tmp_path / "out")
        result = measured(copies, tmp_path / "out", override=["leak"], resume=True)
        assert "Guards overridden: leak (1 found)." in result.verdict.sentence

    def test_other_test_images_stop_it(self, manifest: Path, tmp_path: Path) -> None:
        other = dataset(tmp_path / "other", test=5)
        named = [f"a={manifest}", f"b={other}"]
        two = make_design(fit_config(manifest), named=named, seeds=3, budget="steps:6")
        result = compare(two, tmp_path / "out")
        assert result.verdict.outcome == "INVALID"
        assert [guard.name for guard in result.guards] == ["test-set", "exposure"]


class TestFolder:
    def test_is_never_written_over(self, finished: Finished, tmp_path: Path) -> None:
        with pytest.raises(RunError, match="holds a comparison; --resume continues it"):
            compare(design(finished.manifest), finished.out)
        (tmp_path / "note.txt").write_text("mine", encoding="utf-8")
        with pytest.raises(RunError, match="is not empty and is not a comparison"):
            compare(design(finished.manifest), tmp_path)

    def test_may_have_an_ablations_builds_and_a_lock(self, tmp_path: Path) -> None:
        check_folder(tmp_path / "absent", resume=False)
        check_folder(tmp_path, resume=False)
        (tmp_path / "builds").mkdir()
        (tmp_path / ".lock").touch()
        check_folder(tmp_path, resume=False)
        (tmp_path / "file").touch()
        with pytest.raises(RunError, match="is not empty and is not a comparison"):
            check_folder(tmp_path, resume=True)
        with pytest.raises(RunError, match="is a file; choose a folder with --out"):
            check_folder(tmp_path / "file", resume=False)

    def test_of_another_design_is_refused(self, finished: Finished) -> None:
        with pytest.raises(
            RunError, match=r"was begun with budget \{.*6\}, not \{.*4\}; use another folder"
        ):
            compare(design(finished.manifest, budget="steps:4"), finished.out, resume=True)

    def test_the_cause_of_a_difference_is_named_before_the_arms(self, finished: Finished) -> None:
        """Another batch size changes the steps of by-epochs arms, too."""
        changed = structs.replace(fit_config(finished.manifest), lr=0.5)
        arms = "original,original+augmented"
        planned = make_design(changed, arms=arms, seeds=3, budget="steps:6")
        with pytest.raises(RunError, match="was begun with contrasts"):
            compare(planned, finished.out, resume=True)

    def test_keeps_the_threads_that_it_was_begun_with(
        self, finished: Finished, tmp_path: Path
    ) -> None:
        copy = shutil.copytree(finished.out, tmp_path / "copy")
        config = read_config(copy)
        write_config(copy, structs.replace(config, threads=99, versions={"augbuild": "0.0"}))
        compare(design(finished.manifest), copy, resume=True)
        again = read_config(copy)
        assert again.threads == 99
        assert again.versions == config.versions

    def test_has_one_process_at_a_time(self, finished: Finished) -> None:
        with (
            hold_folder(finished.out),
            pytest.raises(RunError, match="another process is working in"),
        ):
            compare(design(finished.manifest), finished.out, resume=True)


def test_folds_test_every_image_once_a_seed(tmp_path: Path) -> None:
    dataset(tmp_path / "photos", train=9, test=0)
    folder = (tmp_path / "photos" / "train").rename(tmp_path / "flat")
    recipe = RECIPE.replace('path = "photos"', f'path = "{folder}"') + "[split]\nfolds = 3\n"
    out = build(write_recipe(tmp_path, recipe)).out
    planned = design(out / "manifest.jsonl", folds=True, seeds=2)
    result = measured(planned, tmp_path / "comparison")
    tested: list[str] = []
    for fold in range(3):
        run = RunFolder(tmp_path / "comparison" / "runs" / f"original-fold{fold}-seed0")
        tested += read_predictions(run.predictions).samples
    assert len(tested) == len(set(tested)) == result.test.images == 18
    assert result.folds == 3
    assert result.contrasts[0].low is not None
    assert "18 test images in 3 folds" in result.verdict.sentence


def test_seeds_may_be_added_and_cost_a_second_look(manifest: Path, tmp_path: Path) -> None:
    own = copy_build(manifest, tmp_path / "own")
    first = measured(design(own, seeds=1), tmp_path / "out")
    assert (first.test.looks, first.test.level.alpha) == (1, 0.04)
    untouched = tmp_path / "out" / "runs" / "augmented-seed0" / "predictions.csv"
    before = untouched.stat().st_mtime_ns
    second = measured(design(own, seeds=2), tmp_path / "out", resume=True)
    assert untouched.stat().st_mtime_ns == before, "trained once"
    assert (len(second.seeds), second.test.looks, second.test.level.alpha) == (2, 2, 0.01)
    assert "Second look at this design: judged at the level 0.01." in second.verdict.sentence
    with pytest.raises(RunError, match=r"was begun with the seeds \[0, 1\], which \[0\] does not"):
        measured(design(own, seeds=1), tmp_path / "out", resume=True)
    three = measured(design(own, seeds=3), tmp_path / "out", resume=True)
    assert len(three.seeds) == 3
    with pytest.raises(UsageError, match="--seeds 4 adds too little to the 3 seeds"):
        measured(design(own, seeds=4), tmp_path / "out", resume=True)


def test_a_budget_that_does_not_show_every_image_stops_it(manifest: Path, tmp_path: Path) -> None:
    """One pass showed originals alone, and the arms were the same runs: EQUIVALENT, it said."""
    planned = design(manifest, arms="original,original+augmented", seeds=1, budget="steps:3")
    stopped = compare(planned, tmp_path / "stopped")
    assert stopped.verdict.outcome == "INVALID"
    (guard,) = stopped.guards
    assert guard.name == "exposure"
    assert "shows 20 of its 60 training images in 3 steps; --budget steps:9" in guard.findings[0]
    went_on = measured(planned, tmp_path / "went-on", override={"exposure"})
    assert "Guards overridden: exposure (1 found)." in went_on.verdict.sentence
    assert [arm.seen for arm in went_on.arms] == [20, 20]


def test_a_training_set_under_two_names_is_invalid(manifest: Path, tmp_path: Path) -> None:
    named = [f"a={manifest}", f"b={manifest}"]
    planned = make_design(fit_config(manifest), named=named, seeds=1, budget="steps:9")
    result = measured(planned, tmp_path / "out")
    assert result.verdict.outcome == "INVALID"
    assert "predict the same to the last bit at every seed" in result.verdict.sentence
    assert read_result(tmp_path / "out") == result, "it has runs, unlike what a guard stopped"


def test_a_comparison_is_resumed_where_it_and_its_manifest_have_moved(
    finished: Finished, tmp_path: Path
) -> None:
    moved = shutil.copytree(finished.out, tmp_path / "moved")
    build_of_it = shutil.copytree(finished.manifest.parent, tmp_path / "build")
    (moved / "comparison.json").unlink()
    gone = moved / "runs" / "augmented-seed2"
    shutil.rmtree(gone)
    result = measured(design(build_of_it / "manifest.jsonl"), moved, resume=True)
    assert result.contrasts == finished.result.contrasts
    assert read_run_config(RunFolder(gone)).manifest == str(build_of_it / "manifest.jsonl")
    rows = (build_of_it / "manifest.jsonl").read_text().splitlines(keepends=True)
    (build_of_it / "manifest.jsonl").write_text("".join(rows[:-1]))
    with pytest.raises(RunError, match="was begun with manifests "):
        compare(design(build_of_it / "manifest.jsonl"), moved, resume=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"arch": "vit_b_16"}, "vit_b_16 does not take images of 32 pixels"),
        ({"batch_size": 1}, "resnet18 cannot be trained on 1 image of 32 pixels"),
        ({"device": "cuda:77"}, "--device cuda:77 is not available"),
    ],
)
def test_what_cannot_be_trained_leaves_nothing(
    manifest: Path, tmp_path: Path, options: dict[str, object], message: str
) -> None:
    fit = structs.replace(fit_config(manifest), **options)
    with pytest.raises(UsageError, match=message):
        compare(make_design(fit, seeds=3, budget="steps:3"), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_settings_of_the_process_stay_as_they_were(manifest: Path, tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    # With two jobs each run has half of the threads; the first run of this process sets them.
    torch.set_num_threads(threads + 1)
    try:
        measured(design(manifest, seeds=1), tmp_path / "out")
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)


class TestTables:
    """Tables of one's own, read by options, tested on their validation images."""

    @pytest.fixture
    def table(self, tmp_path: Path) -> Path:
        root = dataset(tmp_path / "data", train=6, test=3)
        rows = ["where,what,part"]
        for path in sorted(root.rglob("*.png")):
            split, label, name = path.relative_to(root).parts
            part = "val" if split == "test" else split
            rows.append(f"{split}/{label}/{name},{label},{part}")
        rows.append("gone.png,red,train")
        table = tmp_path / "table.csv"
        table.write_text("\n".join(rows))
        return table

    def test_are_compared_as_the_options_say(
        self, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        columns = Columns(path="where", label="what", split="part")
        source = SourceOptions(columns=columns, images=str(tmp_path / "data"))
        fit = structs.replace(
            fit_config(table), source=source, skip_unreadable=True, test_split="validation"
        )
        named = [f"a={table}", f"b={table}"]
        planned = make_design(fit, named=named, seeds=1, budget="steps:2")
        result = measured(planned, tmp_path / "out", quiet=False)
        left_out = "1 file that cannot be read, left out (gone.png)"
        assert f"{table}: {left_out}" in capsys.readouterr().out
        assert any(left_out in note for note in result.notes)
        assert result.test.images == 6
        assert read_config(tmp_path / "out").fit.source == source
        run = read_run_config(RunFolder(tmp_path / "out" / "runs" / "a-seed0"))
        assert (run.test_split, run.images.train) == ("validation", 12)
        again = measured(planned, tmp_path / "out", resume=True)
        assert again.contrasts == result.contrasts

    def test_without_a_test_split_name_the_option(self, table: Path) -> None:
        columns = Columns(path="where", label="what", split="part")
        source = SourceOptions(columns=columns, images=str(table.parent / "data"))
        fit = structs.replace(fit_config(table), source=source)
        with pytest.raises(TableError, match="--test-split validation tests on its validation"):
            load_arms(make_design(fit, named=[f"a={table}", f"b={table}"]))
