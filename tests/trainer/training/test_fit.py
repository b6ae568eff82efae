"""Whole runs of a small model: chosen images, resuming to the bit, and what they leave."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from augbuild.building.build import build
from augbuild.errors import RunError, TableError, UsageError
from tests.conftest import REPOSITORY, photos, write_recipe
from tests.trainer.fixtures import FAST_ARCH, config, dataset, shapes
from trainer.data.tables import read_table
from trainer.statistics.metrics import read_metrics
from trainer.training.config import FitConfig
from trainer.training.evaluate import load_run
from trainer.training.fit import choose_samples, fit_run
from trainer.training.predictions import read_predictions
from trainer.training.run import LOCK_NAME, RunFolder, hold_folder, read_epochs, read_run_config

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:FutureWarning")


def same_weights(first: Path, second: Path) -> bool:
    """Check whether two runs ended in the same weights, to the bit."""
    a, b = load_file(first / "model.safetensors"), load_file(second / "model.safetensors")
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class TestFinishedRun:
    def test_leaves_all_that_it_promises(self, run: Path) -> None:
        names = {path.name for path in run.iterdir() if path.is_file()}
        assert names == {
            LOCK_NAME,
            "config.json",
            "confusion_matrix.png",
            "curves.png",
            "epochs.jsonl",
            "metrics.json",
            "model.safetensors",
            "predictions.csv",
        }
        for picture in ("curves.png", "confusion_matrix.png"):
            with Image.open(run / picture) as image:
                assert min(image.size) > 300

    def test_records_how_it_was_trained(self, run: Path, images: Path) -> None:
        settings = read_run_config(RunFolder(run))
        assert settings.manifest_sha256 == read_table(images).sha256
        assert settings.classes == ("blue", "red")
        assert (settings.images.train, settings.images.validation, settings.images.test) == (
            20,
            0,
            8,
        )
        assert settings.images_per_class == {"blue": 14, "red": 14}
        assert settings.resolved.device == "cpu"
        assert settings.versions["torch"] == torch.__version__.partition("+")[0]
        wanted = config(images, epochs=3)
        for name in FitConfig.__struct_fields__:
            assert getattr(settings, name) == getattr(wanted, name)
        epochs = read_epochs(RunFolder(run).epochs)
        assert [epoch.step for epoch in epochs] == [3, 6, 9]

    def test_metrics_follow_from_the_predictions(self, run: Path) -> None:
        table = read_predictions(run / "predictions.csv")
        metrics = read_metrics(run / "metrics.json")
        assert metrics is not None
        assert len(set(table.samples)) == len(table.samples) == metrics.images == 8
        right = [a == b for a, b in zip(table.predicted, table.targets, strict=True)]
        assert np.mean(right) == metrics.accuracy
        assert np.allclose(table.probabilities.sum(axis=1), 1)

    def test_is_returned_again_without_training(self, run: Path, images: Path) -> None:
        before = (run / "config.json").stat().st_mtime_ns
        again = fit_run(config(images, epochs=3), run, resume=True)
        assert again == read_metrics(run / "metrics.json")
        assert (run / "config.json").stat().st_mtime_ns == before

    def test_is_never_overwritten(self, run: Path, images: Path) -> None:
        with pytest.raises(RunError, match="holds a finished run; choose another folder"):
            fit_run(config(images, epochs=3), run)

    def test_is_not_resumed_with_other_settings(self, run: Path, images: Path) -> None:
        with pytest.raises(RunError, match=r"was begun with epochs 3, not 4"):
            fit_run(config(images, epochs=4), run, resume=True)


def test_same_seed_same_weights_other_seed_others(run: Path, images: Path, tmp_path: Path) -> None:
    fit_run(config(images, epochs=3), tmp_path / "again")
    fit_run(config(images, epochs=3, seed=1), tmp_path / "other")
    assert same_weights(run, tmp_path / "again")
    assert not same_weights(run, tmp_path / "other")


def test_nothing_global_is_changed(images: Path, tmp_path: Path) -> None:
    before = (torch.random.get_rng_state(), torch.get_num_threads(), dict(os.environ))
    fit_run(config(images, epochs=1), tmp_path / "run")
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]
    changed = {name for name in os.environ if os.environ[name] != before[2].get(name)}
    # Accelerate's own, which it sets for processes that it would start.
    assert {name for name in changed if not name.startswith("ACCELERATE_")} == set()


def test_a_folder_is_for_one_process_at_a_time(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    with hold_folder(out), pytest.raises(RunError, match=f"another process is working in {out}"):
        fit_run(config(images, epochs=1), out)
    assert [path.name for path in out.iterdir()] == [LOCK_NAME]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"arch": "resnet5"}, UsageError, "unknown architecture 'resnet5'"),
        ({"arch": "vit_b_16"}, UsageError, "vit_b_16 does not take images of 32 pixels"),
        (
            {"batch_size": 1},
            UsageError,
            "shufflenet_v2_x0_5 cannot be trained on 1 image of 32 pixels",
        ),
        ({"weights": "gone"}, RunError, "gone does not exist"),
        ({"manifest": "gone.csv"}, TableError, "gone.csv does not exist"),
        ({"holdout": 0.5, "train_on": "augmented"}, TableError, "has no augmented images"),
    ],
)
def test_what_cannot_be_trained_leaves_nothing(
    images: Path, tmp_path: Path, options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        fit_run(msgspec.structs.replace(config(images), **options), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


class Stop(Exception):
    """Whatever ends a process between an epoch's report and its checkpoint."""


class StoppingOutput(io.StringIO):
    """A standard output that fails at its nth line about an epoch."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.left = epochs

    def write(self, text: str) -> int:
        if text.startswith("epoch"):
            self.left -= 1
            if self.left == 0:
                raise Stop
        return super().write(text)


class TestResume:
    @pytest.mark.parametrize(
        ("optimizer", "precision"), [("adam", "bf16"), ("adamw", "fp32"), ("sgd", "bf16")]
    )
    def test_ends_in_the_same_weights(
        self,
        images: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        optimizer: str,
        precision: str,
    ) -> None:
        """Stopped between the report of epoch 2 and its checkpoint: the worst moment."""
        settings = config(
            images,
            epochs=3,
            optimizer=optimizer,
            precision=precision,
            schedule="cosine",
            weight_decay=0.01,
        )
        whole, cut = tmp_path / "whole", tmp_path / "cut"
        fit_run(settings, whole)
        monkeypatch.setattr(sys, "stdout", StoppingOutput(epochs=2))
        with pytest.raises(Stop):
            fit_run(settings, cut, quiet=False)
        monkeypatch.undo()
        assert len(read_epochs(RunFolder(cut).epochs)) == 2
        assert RunFolder(cut).checkpoint.is_file()
        assert not RunFolder(cut).metrics.exists()
        fit_run(settings, cut, resume=True)
        assert same_weights(whole, cut)
        assert (whole / "predictions.csv").read_bytes() == (cut / "predictions.csv").read_bytes()
        steps = [epoch.step for epoch in read_epochs(RunFolder(cut).epochs)]
        assert steps == [3, 6, 9]
        assert not RunFolder(cut).checkpoint.exists()

    def test_of_a_trained_run_only_evaluates_it(
        self, run: Path, images: Path, tmp_path: Path
    ) -> None:
        """Interrupted after its weights were saved: they are evaluated as they are."""
        settings = config(images, epochs=3)
        fit_run(settings, tmp_path / "run")
        folder = RunFolder(tmp_path / "run")
        predictions = folder.predictions.read_bytes()
        folder.metrics.unlink()
        folder.predictions.unlink()
        metrics = fit_run(settings, folder.root, resume=True)
        assert metrics == read_metrics(run / "metrics.json")
        assert folder.predictions.read_bytes() == predictions

    def test_refuses_the_weights_of_another_run(self, images: Path, tmp_path: Path) -> None:
        settings = config(images, epochs=1)
        fit_run(settings, tmp_path / "run")
        folder = RunFolder(tmp_path / "run")
        folder.metrics.unlink()
        folder.weights.write_bytes(b"damaged")
        with pytest.raises(RunError, match="is not a safetensors file, or is cut short"):
            fit_run(settings, folder.root, resume=True)


COMMAND = [
    *(sys.executable, "-m", "trainer", "fit", "--quiet", "--arch", FAST_ARCH),
    *("--image-size", "32", "--batch-size", "8", "--device", "cpu", "--precision", "fp32"),
    *("--cache", "none"),
]


def start(arguments: Sequence[str | Path]) -> subprocess.Popen[str]:
    """Start `trainer fit` as a user would, but hear Ctrl-C."""

    def hear_ctrl_c() -> None:  # shells start what runs behind `&` with it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    )


def wait_for_checkpoint(process: subprocess.Popen[str], run: RunFolder) -> None:
    """Wait until a run has saved its first checkpoint."""
    while not run.checkpoint.is_file():
        time.sleep(0.02)
        assert process.poll() is None


@pytest.mark.timeout(300)  # a process that loads torch takes its time on a busy machine
def test_killed_at_any_moment_and_resumed_ends_in_the_same_weights(
    images: Path, tmp_path: Path
) -> None:
    settings = config(images, epochs=12)
    whole, cut = tmp_path / "whole", RunFolder(tmp_path / "cut")
    fit_run(settings, whole)
    process = start(["--manifest", images, "--epochs", "12", "--out", cut.root])
    try:
        wait_for_checkpoint(process, cut)
        time.sleep(0.1)
    finally:
        process.kill()
        process.communicate()
    assert not cut.metrics.exists()
    fit_run(settings, cut.root, resume=True)
    assert same_weights(whole, cut.root)


@pytest.mark.timeout(300)
def test_ctrl_c_leaves_a_run_to_resume_and_says_so(images: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    process = start(["--manifest", images, "--epochs", "2000", "--out", run.root])
    try:
        wait_for_checkpoint(process, run)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert error == (
        "trainer: stopped by SIGINT; run the same command again with --resume to go on from here\n"
    )


class TestChooseSamples:
    @pytest.fixture(scope="class")
    def built(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("built")
        photos(folder / "photos", {"cats": 8, "dogs": 8})
        return build(write_recipe(folder)).out

    def test_come_from_the_splits(self, images: Path) -> None:
        chosen = choose_samples(config(images))
        assert (len(chosen.train), len(chosen.validation), len(chosen.test)) == (20, 0, 8)
        assert len(chosen.all) == 28
        assert chosen.notes == ()

    def test_are_those_that_are_trained_on(self, built: Path) -> None:
        for train_on, count in (("original", 12), ("augmented", 24), (None, 36)):
            assert len(choose_samples(config(built, train_on=train_on)).train) == count

    def test_are_held_out_by_seed(self, images: Path) -> None:
        def held(seed: int) -> set[str]:
            chosen = choose_samples(config(images / "train", holdout=0.3, seed=seed))
            return {sample.name for sample in chosen.test}

        assert len(held(0)) == 6
        assert held(0) != held(1)

    def test_of_another_manifest_are_its_test_split_or_all(
        self, images: Path, tmp_path: Path
    ) -> None:
        other = dataset(tmp_path, train=2, test=3)
        split = choose_samples(config(images, test_manifest=str(other)))
        assert len(split.test) == 6
        plain = choose_samples(config(images, test_manifest=str(other / "train")))
        assert len(plain.test) == 4
        assert len(plain.train) == 20

    def test_of_another_manifest_are_checked(self, images: Path, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("path,label\ngone.png,red\n")
        with pytest.raises(TableError, match=r"t.csv: row 1: gone.png cannot be read"):
            choose_samples(config(images, test_manifest=str(tmp_path / "t.csv")))

    @pytest.mark.parametrize("split", ["test", "validation"])
    def test_of_a_class_that_is_not_trained_on(self, tmp_path: Path, split: str) -> None:
        table = f"path,label,split\na,x,train\nb,y,train\nc,z,{split}\n"
        (tmp_path / "t.csv").write_text(table)
        with pytest.raises(TableError, match=r"row 3: c is 'z', a class that no training image"):
            choose_samples(config(tmp_path / "t.csv"))

    def test_without_a_test_set_say_so(self, images: Path) -> None:
        (note,) = choose_samples(config(images / "train")).notes
        assert note == (
            "there is no test set, so nothing is evaluated: give --test-manifest, or --holdout 0.2"
        )

    def test_without_a_test_set_but_with_validation(self, tmp_path: Path) -> None:
        root = dataset(tmp_path, 2, 1)
        (root / "test").rename(root / "val")
        (note,) = choose_samples(config(root)).notes
        assert note == (
            "there is no test set, so nothing is evaluated: give --test-manifest, or --holdout 0.2;"
            " --test-split validation tests on that split, and `trainer evaluate RUN --manifest M "
            "--split validation` evaluates it later"
        )

    def test_of_a_fold(self, tmp_path: Path) -> None:
        table = read_table(dataset(tmp_path, train=3, test=1))
        samples = [replace(each, fold=n % 2) for n, each in enumerate(table.samples)]
        folded = replace(table, samples=tuple(samples))
        chosen = choose_samples(config(tmp_path, fold=1), folded)
        assert (len(chosen.train), len(chosen.test)) == (4, 4)
        assert {sample.fold for sample in chosen.test} == {1}


def test_validation_split_is_reported_per_epoch(tmp_path: Path) -> None:
    root = dataset(tmp_path / "images", 6, 2)
    (root / "val").mkdir()
    for label in ("blue", "red"):
        (root / "val" / label).mkdir()
        (root / "test" / label / f"{label}_1.png").rename(root / "val" / label / "v.png")
    fit_run(config(root, epochs=2), tmp_path / "run")
    epochs = read_epochs(tmp_path / "run" / "epochs.jsonl")
    assert len(epochs) == 2
    assert all(epoch.validation is not None for epoch in epochs)
    assert read_run_config(RunFolder(tmp_path / "run")).images.validation == 2


def test_leak_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = dataset(tmp_path / "images", 4, 2)
    (root / "test" / "red" / "red_0.png").unlink()
    original = root / "train" / "red" / "red_1.png"
    (root / "test" / "red" / "red_9.png").write_bytes(original.read_bytes())
    fit_run(config(root, epochs=1), tmp_path / "run", quiet=False)
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("leak: 1 of 4 evaluated images is in training, too, as ")
    assert "(first: test/red/red_9.png, in training as train/red/red_1.png)" in first
    assert not any("leak" in line for line in others)


def test_table_without_splits_is_all_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = dataset(tmp_path / "images", 6, 2)
    out = tmp_path / "run"
    assert fit_run(config(root / "train", epochs=1), out, quiet=False) is None
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith("there is no test set, so nothing is evaluated")
    assert second == "12 training images, 2 batches of 8 an epoch, 2 steps on cpu in fp32"
    assert third.startswith("epoch   1  step     2 of 2  loss ")
    assert (out / "metrics.json").read_text() == "{}\n"
    assert not (out / "predictions.csv").exists()
    assert fit_run(config(root / "train", epochs=1), out, resume=True) is None
    held = fit_run(config(root / "train", epochs=1, holdout=0.34), tmp_path / "held")
    assert held is not None
    assert held.images == 4
    other = fit_run(
        config(root / "train", epochs=1, test_manifest=str(root / "test")),
        tmp_path / "other",
    )
    assert other is not None
    assert other.images == 4


def test_steps_replace_epochs(images: Path, tmp_path: Path) -> None:
    fit_run(config(images, steps=4), tmp_path / "run")
    epochs = read_epochs(tmp_path / "run" / "epochs.jsonl")
    assert [(epoch.step, epoch.steps) for epoch in epochs] == [(3, 3), (4, 1)]


def test_training_starts_from_given_weights(run: Path, images: Path, tmp_path: Path) -> None:
    settings = config(images, lr=1e-12, epochs=1, weights=str(run / "model.safetensors"))
    fit_run(settings, tmp_path / "run")
    before, after = load_run(run)[0], load_run(tmp_path / "run")[0]
    first, second = before.state_dict()["conv1.0.weight"], after.state_dict()["conv1.0.weight"]
    assert torch.allclose(first, second, atol=1e-6)


def test_runs_share_the_pixels_of_the_images_that_they_name(images: Path, tmp_path: Path) -> None:
    table = read_table(images)
    cache = tmp_path / "cache"
    for number, holdout in enumerate((0.2, 0.4)):
        fit_run(
            config(images, steps=1, holdout=holdout),
            tmp_path / str(number),
            cache=cache,
            table=table,
            decoded=table.samples,
        )
    assert len(list(cache.iterdir())) == 1


def test_hashes_are_checked_where_asked_for(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 4, "dogs": 4})
    out = build(write_recipe(tmp_path)).out
    victim = read_table(out).of("train")[0].path
    whole = victim.read_bytes()
    victim.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(TableError, match="sha256 differs"):
        fit_run(config(out), tmp_path / "run", verify=True)


def test_validation_images_are_tested_on_where_asked(tmp_path: Path) -> None:
    root = dataset(tmp_path, 4, 3)
    (root / "test").rename(root / "validation")
    shapes(root, "test", 2, 5)
    chosen = choose_samples(config(root, test_split="validation"))
    assert [sample.name.split("/")[0] for sample in chosen.test] == ["validation"] * 6
    assert (len(chosen.train), chosen.validation, chosen.notes) == (8, (), ())
    other = choose_samples(config(root / "train", test_manifest=str(root), test_split="validation"))
    assert [sample.name for sample in other.test] == [sample.name for sample in chosen.test]
    with pytest.raises(TableError, match="has no validation images to test on"):
        choose_samples(config(root / "train", test_split="validation"))


def test_a_run_is_resumed_where_it_and_its_images_have_moved(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tmp_path / "first"
    shutil.copytree(images, first / "images")
    settings = config(first / "images", epochs=2)
    monkeypatch.setattr(sys, "stdout", StoppingOutput(2))
    with pytest.raises(Stop):
        fit_run(settings, first / "run", quiet=False)
    monkeypatch.undo()
    whole = fit_run(settings, tmp_path / "whole")
    moved = first.rename(tmp_path / "second")
    settings = msgspec.structs.replace(settings, manifest=str(moved / "images"))
    assert fit_run(settings, moved / "run", resume=True) == whole
    assert same_weights(tmp_path / "whole", moved / "run")
    shutil.rmtree(moved / "images" / "test" / "red")
    with pytest.raises(RunError, match="was begun with manifest_sha256"):
        fit_run(settings, moved / "run", resume=True)
