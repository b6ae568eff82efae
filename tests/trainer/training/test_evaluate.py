"""A finished run at work: on other images, on single ones, without touching its own results."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from augbuild.core.documents import encode
from augbuild.errors import RunError, TableError
from tests.trainer.fixtures import dataset, rows_of, write_table
from trainer.data.pixels import ManifestDataset, open_store
from trainer.data.tables import read_table
from trainer.statistics.metrics import read_metrics
from trainer.training.device import make_accelerator
from trainer.training.evaluate import (
    ClassProbability,
    ImagePrediction,
    evaluate_run,
    load_run,
    predict_images,
    score_validation,
)
from trainer.training.loop import prepare_model
from trainer.training.predictions import read_predictions
from trainer.training.run import RunFolder, read_run_config, write_run_config

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:FutureWarning")


class TestEvaluate:
    def test_leaves_the_runs_own_results(self, run: Path, images: Path) -> None:
        before = (run / "predictions.csv").read_bytes()
        metrics, folder = evaluate_run(run, images, split="test")
        assert metrics == read_metrics(run / "metrics.json")
        assert folder.parent == run / "evaluations"
        assert folder.name == f"{images.name}-test-{read_table(images).sha256[:8]}"
        assert {path.name for path in folder.iterdir()} == {
            "confusion_matrix.png",
            "metrics.json",
            "predictions.csv",
        }
        assert (folder / "predictions.csv").read_bytes() == before
        assert (run / "predictions.csv").read_bytes() == before

    def test_takes_another_split_or_all_of_a_table_without(self, run: Path, images: Path) -> None:
        trained, folder = evaluate_run(run, images, split="train")
        assert trained.images == 20
        assert "-train-" in folder.name
        plain, _ = evaluate_run(run, images / "train")
        assert plain.images == 20
        assert plain.accuracy == trained.accuracy

    def test_names_an_unknown_class(self, run: Path, tmp_path: Path) -> None:
        root = dataset(tmp_path, 2, 1)
        (root / "test" / "red").rename(root / "test" / "green")
        message = r"row \d: test/green/red_0.png is 'green'; the run knows blue, red$"
        with pytest.raises(TableError, match=message):
            evaluate_run(run, root)

    def test_names_the_splits_that_there_are(self, run: Path, images: Path) -> None:
        with pytest.raises(TableError, match=r"has no validation images; it has test, train$"):
            evaluate_run(run, images, split="validation")

    def test_names_the_validation_split_where_there_is_no_test_split(
        self, run: Path, tmp_path: Path
    ) -> None:
        root = dataset(tmp_path, 2, 1)
        (root / "test").rename(root / "val")
        message = r"has no test images; it has train, validation: use --split validation$"
        with pytest.raises(TableError, match=message):
            evaluate_run(run, root)

    def test_counts_images_that_were_trained_on(
        self, run: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        evaluate_run(run, images, split="train", quiet=False)
        assert capsys.readouterr().out.startswith("leak: 20 of 20 evaluated images are in training")
        evaluate_run(run, images, quiet=False)
        assert capsys.readouterr().out == ""
        shutil.copytree(run, tmp_path / "moved")
        settings = read_run_config(RunFolder(run))
        for changes, reason in (
            ({"manifest": str(tmp_path / "gone")}, f"{tmp_path / 'gone'} cannot be read"),
            ({"manifest_sha256": "0" * 64}, f"{images} has changed"),
        ):
            other = msgspec.structs.replace(settings, **changes)
            write_run_config(RunFolder(tmp_path / "moved"), other)
            evaluate_run(tmp_path / "moved", images, quiet=False)
            assert capsys.readouterr().out == (
                f"whether the run was trained on these images is not known: {reason}\n"
            )

    def test_needs_every_file(self, run: Path, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("path,label\ngone.png,red\n")
        with pytest.raises(TableError, match=r"row 1: gone.png cannot be read"):
            evaluate_run(run, tmp_path / "t.csv")


class TestLoadRun:
    def test_that_is_none(self, tmp_path: Path) -> None:
        gone = tmp_path / "gone"
        message = rf"{gone}/config.json does not exist; {gone} is not a run of trainer"
        with pytest.raises(RunError, match=message):
            load_run(gone)

    def test_that_was_not_finished(self, run: Path, tmp_path: Path) -> None:
        shutil.copy(run / "config.json", tmp_path)
        with pytest.raises(RunError, match=r"model.safetensors does not exist"):
            load_run(tmp_path)

    def test_whose_weights_are_of_another(self, run: Path, tmp_path: Path) -> None:
        settings = read_run_config(RunFolder(run))
        other = msgspec.structs.replace(settings, classes=("a", "b", "c"))
        write_run_config(RunFolder(tmp_path), other)
        shutil.copy(run / "model.safetensors", tmp_path)
        with pytest.raises(RunError, match="contains the weights of another model"):
            load_run(tmp_path)


class TestPredict:
    def test_files_folders_and_broken_images(self, run: Path, images: Path, tmp_path: Path) -> None:
        (tmp_path / "broken.jpg").write_bytes(b"no image")
        results = predict_images(run, [images / "test", tmp_path / "broken.jpg"], top=1)
        assert len(results) == 9
        assert results[-1].image == str(tmp_path / "broken.jpg")
        assert results[-1].top == ()
        assert results[-1].error is not None
        assert results[-1].error.startswith("not a JPEG")
        table = read_predictions(run / "predictions.csv")
        rows = dict(zip(table.samples, table.probabilities, strict=True))
        best = dict(zip(table.samples, table.predicted, strict=True))
        for result in results[:-1]:
            (first,) = result.top
            name = Path(result.image).relative_to(images).as_posix()
            assert first.label == best[name]
            assert first.probability == pytest.approx(float(rows[name].max()), abs=1e-5)
            assert result.error is None

    def test_classes_come_most_probable_first(self, run: Path, images: Path) -> None:
        one = images / "test" / "red" / "red_0.png"
        (result,) = predict_images(run, [one], top=5)
        first, second = result.top
        assert first.probability > second.probability
        assert {first.label, second.label} == {"blue", "red"}
        assert first.probability + second.probability == pytest.approx(1)

    def test_only_broken_images(self, run: Path, tmp_path: Path) -> None:
        (tmp_path / "broken.jpg").write_bytes(b"no image")
        (result,) = predict_images(run, [tmp_path])
        assert result.error is not None

    def test_batches_do_not_matter(self, run: Path, images: Path) -> None:
        whole = predict_images(run, [images / "test"])
        parts = predict_images(run, [images / "test"], batch_size=3)
        assert [each.image for each in parts] == [each.image for each in whole]
        for one, other in zip(whole, parts, strict=True):
            assert one.top[0].probability == pytest.approx(other.top[0].probability, abs=1e-5)

    def test_as_json(self) -> None:
        result = ImagePrediction("a.jpg", (ClassProbability("cats", 0.75),))
        assert encode(result) == (
            b'{"image": "a.jpg", "top": [{"class": "cats", "probability": 0.75}]}\n'
        )
        failed = ImagePrediction("a.jpg", error="empty")
        assert encode(failed) == b'{"image": "a.jpg", "error": "empty"}\n'


def test_score_is_cross_entropy_and_accuracy(run: Path, images: Path) -> None:
    model, settings = load_run(run)
    table = read_table(images)
    store = open_store(table.of("test"), 32, None, file=table.file)
    data = ManifestDataset(table.of("test"), table.classes, store)
    accelerator = make_accelerator("cpu", "fp32")
    score = score_validation(accelerator, prepare_model(accelerator, model), data, 3)
    metrics = read_metrics(run / "metrics.json")
    assert metrics is not None
    assert settings.images.test == len(data)
    assert score.accuracy == metrics.accuracy
    assert score.loss == pytest.approx(metrics.log_loss, abs=1e-5)
    assert np.isfinite(score.loss)


def test_files_that_cannot_be_read_are_left_out_where_asked(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = dataset(tmp_path, 2, 2)
    table = write_table(root, rows_of(root))
    (root / "test" / "red" / "red_0.png").unlink()
    with pytest.raises(TableError, match=r"red_0.png cannot be read"):
        evaluate_run(run, table)
    metrics, _ = evaluate_run(run, table, skip_unreadable=True, quiet=False)
    assert metrics.images == 3
    assert "1 file that cannot be read, left out (test/red/red_0.png)" in capsys.readouterr().out
