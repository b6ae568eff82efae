"""Whole runs of a small model: learning, resuming to the bit, several processes, and every file that they leave."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from safetensors.torch import load_file

from augbuild.building.build import build
from augbuild.errors import DivergedError, RunError, TableError, UsageError
from tests.conftest import photos, write_recipe
from tests.trainer.fixtures import TINY, config, dataset
from trainer.data.order import epochs_order, steps_order
from trainer.data.pixels import ManifestDataset, load_pixels, normalise, open_store
from trainer.data.tables import read_table
from trainer.training.checkpoint import load_tensors
from trainer.training.device import make_accelerator, seeded_generator
from trainer.training.evaluate import evaluate_run, load_run, predict_images
from trainer.training.export import export_run
from trainer.training.fit import fit_run
from trainer.training.loop import Hyperparameters, learning_rate, predict, prepare_model, train
from trainer.training.model import make_model, save_weights
from trainer.training.predictions import read_predictions

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:FutureWarning")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def run(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    fit_run(config(images, epochs=3), out, cache=out.parent / "cache")
    return out


def same_weights(first: Path, second: Path) -> bool:
    a, b = load_file(first / "model.safetensors"), load_file(second / "model.safetensors")
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_run_leaves_all_that_it_promises(run: Path, images: Path) -> None:
    assert {path.name for path in run.iterdir()} == {
        "config.json", "confusion_matrix.png", "curves.png", "epochs.jsonl", "metrics.json", "model.safetensors",
        "predictions.csv",
    }  # fmt: skip
    settings = json.loads((run / "config.json").read_text())
    assert settings["manifest_sha256"] == read_table(images).sha256
    assert settings["images"] == {"train": 20, "validation": 0, "test": 8}
    epochs = [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]
    assert [epoch["step"] for epoch in epochs] == [3, 6, 9]
    for picture in ("curves.png", "confusion_matrix.png"):
        with Image.open(run / picture) as image:
            assert min(image.size) > 300


def test_metrics_follow_from_the_predictions(run: Path) -> None:
    names, targets, probabilities = read_predictions(run / "predictions.csv")
    metrics = json.loads((run / "metrics.json").read_text())
    assert len(set(names)) == len(names) == 8
    predicted = [["blue", "red"][index] for index in probabilities.argmax(axis=1)]
    assert np.mean([a == b for a, b in zip(predicted, targets, strict=True)]) == metrics["accuracy"]
    assert np.allclose(probabilities.sum(axis=1), 1)


def test_same_seed_same_weights_other_seed_others(run: Path, images: Path, tmp_path: Path) -> None:
    fit_run(config(images, epochs=3), tmp_path / "again")
    fit_run(config(images, epochs=3, seed=1), tmp_path / "other")
    assert same_weights(run, tmp_path / "again")
    assert not same_weights(run, tmp_path / "other")


def test_global_generator_of_torch_is_left_alone(images: Path, tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    fit_run(config(images, epochs=1), tmp_path / "run")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_overfits_one_batch(images: Path, tmp_path: Path) -> None:
    table = read_table(images)
    chosen = [*table.of("train")[:4], *table.of("train")[-4:]]
    store, _ = open_store(chosen, 32, None, file=table.file)
    data = ManifestDataset(chosen, table.classes, store)
    losses: list[float] = []
    plan = Hyperparameters("adam", 1e-3, 0.0, "constant", steps=30, per_epoch=10, seed=0)
    with seeded_generator(0):
        model = make_model("resnet18", 2)
    accelerator = make_accelerator("cpu", "fp32")
    train(
        accelerator,
        model,
        data,
        epochs_order(chosen, 8, 0),
        plan,
        tmp_path / "c",
        lambda e, _: losses.append(e.loss),
    )
    assert losses[0] > 10 * losses[-1]
    assert losses[-1] < 1e-2


@pytest.mark.parametrize(
    ("optimizer", "precision"), [("adam", "bf16"), ("adamw", "fp32"), ("sgd", "bf16")]
)
def test_resumed_run_ends_in_the_same_weights(
    images: Path, tmp_path: Path, optimizer: str, precision: str
) -> None:
    settings = config(
        images,
        epochs=3,
        optimizer=optimizer,
        precision=precision,
        schedule="cosine",
        weight_decay=0.01,
    )
    fit_run(settings, tmp_path / "whole")
    with pytest.raises(_Stop):
        _fit_until(settings, tmp_path / "cut", epochs=2)
    assert not (tmp_path / "cut" / "metrics.json").exists()
    fit_run(settings, tmp_path / "cut", resume=True)
    assert same_weights(tmp_path / "whole", tmp_path / "cut")
    ends = [(tmp_path / name / "predictions.csv").read_bytes() for name in ("whole", "cut")]
    assert ends[0] == ends[1]


class _Stop(Exception):
    pass


def _fit_until(settings: Any, out: Path, epochs: int) -> None:
    """Train and stop after some epochs, between a report and the next checkpoint: the worst moment."""
    import trainer.training.fit as module

    original, seen = module.write_epochs, []

    def stop(file: Path, rows: Any) -> None:
        original(file, rows)
        seen.append(len(rows))
        if len(seen) == epochs:
            raise _Stop

    module.write_epochs = stop
    try:
        fit_run(settings, out)
    finally:
        module.write_epochs = original


COMMAND = [sys.executable, "-m", "trainer", "fit", "--arch", "resnet18", "--image-size", "32", "--batch-size", "8",
           "--device", "cpu", "--precision", "fp32", "--cache", "none"]  # fmt: skip


def test_killed_at_any_moment_and_resumed_ends_in_the_same_weights(
    images: Path, tmp_path: Path
) -> None:
    command = [*COMMAND, "--manifest", str(images), "--epochs", "8", "--out"]
    subprocess.run([*command, str(tmp_path / "whole"), "--quiet"], check=True)
    cut = tmp_path / "cut"
    process = subprocess.Popen([*command, str(cut), "--quiet"])
    while not (cut / "checkpoint.safetensors").is_file():
        time.sleep(0.02)
        assert process.poll() is None
    time.sleep(0.15)
    process.kill()
    process.wait()
    assert not (cut / "metrics.json").exists()
    subprocess.run([*command, str(cut), "--quiet", "--resume"], check=True)
    assert same_weights(tmp_path / "whole", cut)


def _hear_ctrl_c() -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # shells start what runs behind `&` with it ignored


def test_ctrl_c_leaves_a_run_to_resume_and_says_so(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [*COMMAND, "--manifest", str(images), "--epochs", "200", "--out", str(out), "--quiet"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=_hear_ctrl_c)
    try:
        while not (out / "checkpoint.safetensors").is_file():
            time.sleep(0.02)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert (
        error
        == "trainer: stopped by SIGINT; run the same command again with --resume to go on from here\n"
    )


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_share_the_work_and_predict_each_image_once(
    run: Path, images: Path, tmp_path: Path, processes: int
) -> None:
    """The same weights, evaluated by several processes, give the same predictions, none twice."""
    script = tmp_path / "evaluate.py"
    script.write_text(
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from trainer.data import ManifestDataset, open_store\n"
        "from trainer.engine import predict, prepare\n"
        "from trainer.hardware import make_accelerator\n"
        "from trainer.evaluate import load_run\n"
        "from trainer.tables import read_table\n"
        "table = read_table(Path(sys.argv[2]))\n"
        "chosen = table.samples\n"
        "store, _ = open_store(chosen, 32, None, file=table.file)\n"
        "model, config = load_run(Path(sys.argv[1]))\n"
        "accelerator = make_accelerator('cpu', 'fp32')\n"
        "data = ManifestDataset(chosen, table.classes, store)\n"
        "probabilities = predict(accelerator, prepare(accelerator, model), data, 3)\n"
        "if accelerator.is_main_process: np.save(sys.argv[3], probabilities)\n"
    )
    arguments = [str(script), str(run), str(images), str(tmp_path / "p.npy")]
    _torchrun(processes, arguments)
    several = np.load(tmp_path / "p.npy")
    model, _ = load_run(run)
    table = read_table(images)
    store, _ = open_store(table.samples, 32, None, file=table.file)
    accelerator = make_accelerator("cpu", "fp32")
    one = predict(
        accelerator,
        prepare_model(accelerator, model),
        ManifestDataset(table.samples, table.classes, store),
        8,
    )
    assert several.shape == (28, 2)
    assert len(np.unique(several, axis=0)) == 28
    assert np.array_equal(several.argmax(axis=1), one.argmax(axis=1))
    assert np.abs(several - one).max() < 1e-3


def _torchrun(processes: int, arguments: list[str]) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--master-port", "0",
               "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", *arguments]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_torchrun_trains_and_evaluates(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    _torchrun(
        2,
        [
            "-m",
            *COMMAND[2:],
            "--manifest",
            str(images),
            "--epochs",
            "1",
            "--out",
            str(out),
            "--quiet",
        ],
    )
    assert json.loads((out / "metrics.json").read_text())["images"] == 8
    assert json.loads((out / "config.json").read_text())["resolved"]["processes"] == 2


def test_resize_and_normalisation_are_torchvisions(tmp_path: Path) -> None:
    """The lab's: transforms.Resize((224, 224)) on a PIL image, ToTensor, Normalize."""
    from torchvision import transforms

    Image.fromarray(np.random.default_rng(0).integers(0, 256, (333, 500, 3), np.uint8)).save(
        tmp_path / "x.png"
    )
    lab = transforms.Compose(
        [
            transforms.Resize((224, 224)),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    with Image.open(tmp_path / "x.png") as image:
        wanted = lab(image)
    ours = normalise(torch.from_numpy(load_pixels(tmp_path / "x.png", 224).copy())[None])[0]
    assert torch.allclose(ours, wanted, atol=1e-5)


def test_dataset_is_as_torchvisions_image_folder(images: Path) -> None:
    theirs = torchvision.datasets.ImageFolder(str(images / "train"))
    table = read_table(images)
    store, _ = open_store(table.of("train"), 32, None, file=table.file)
    ours = ManifestDataset(table.of("train"), table.classes, store)
    assert (ours.classes, ours.class_to_idx, ours.targets) == (
        theirs.classes,
        theirs.class_to_idx,
        theirs.targets,
    )
    assert ours.samples == [(path, target) for path, target in theirs.samples]
    pixels, target = ours[0]
    assert (pixels.shape, pixels.dtype, target) == ((32, 32, 3), np.uint8, 0)


def test_cache_is_filled_once_and_gives_the_same_pixels(images: Path, tmp_path: Path) -> None:
    table = read_table(images)
    store, word = open_store(table.samples, 32, tmp_path, file=table.file)
    assert word is None
    files = list(tmp_path.iterdir())
    assert [path.stat().st_size for path in files] == [28 * 32 * 32 * 3]
    before = files[0].stat().st_mtime_ns
    again, _ = open_store(table.samples, 32, tmp_path, file=table.file)
    assert files[0].stat().st_mtime_ns == before
    fly, _ = open_store(table.samples, 32, None, file=table.file)
    paths = [sample.path for sample in table.samples]
    assert np.array_equal(store.take(paths), fly.take(paths))
    assert np.array_equal(again.take(paths[::-1]), fly.take(paths[::-1]))


def test_image_that_cannot_be_read_is_named_before_any_training(tmp_path: Path) -> None:
    root = dataset(tmp_path / "images", 3, 1)
    (root / "train" / "red" / "red_1.png").write_bytes(b"no image")
    for cache in (tmp_path / "cache",):
        with pytest.raises(
            TableError, match=r"row \d+: train/red/red_1.png is no usable image: not a JPEG"
        ):
            fit_run(config(root), tmp_path / "run", cache=cache)
    assert not list((tmp_path / "cache").iterdir())


def test_steps_budget_takes_sources_in_turn(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 8, "dogs": 8})
    table = read_table(build(write_recipe(tmp_path)).out)
    train = table.of("train")
    order = steps_order(train, 4, seed=3)
    originals = [sample for sample in train if not sample.augmented]
    alone = steps_order(originals, 4, seed=3)
    assert order.batches_per_pass == alone.batches_per_pass == 3
    for step in range(12):
        both = (
            [train[index] for index in order.batch(step)],
            [originals[index] for index in alone.batch(step)],
        )
        assert [sample.source for sample in both[0]] == [sample.source for sample in both[1]]
        assert {sample.variant for sample in both[0]} == {(step // 3) % 3 - 1}


def test_epochs_see_every_image_once(images: Path) -> None:
    train = read_table(images).of("train")
    order = epochs_order(train, 8, seed=0)
    assert order.batches_per_pass == 3
    for epoch in range(2):
        seen = [index for position in range(3) for index in order.batch(3 * epoch + position)]
        assert sorted(seen) == list(range(20))
    assert order.batch(0) != order.batch(3)
    assert [len(replace(order, units=order.units[:17]).batch(step)) for step in range(2)] == [
        8,
        9,
    ]  # no batch of one


def test_cosine_ends_near_zero() -> None:
    plan = Hyperparameters("adam", 0.1, 0.0, "cosine", steps=100, per_epoch=10, seed=0)
    assert learning_rate(plan, 0) == 0.1
    assert learning_rate(plan, 50) == pytest.approx(0.05)
    assert 0 < learning_rate(plan, 99) < 1e-4
    assert learning_rate(replace(plan, schedule="constant"), 99) == 0.1


def test_diverging_loss_stops_with_a_sentence(images: Path, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match=r"the loss was .* at step \d+; try a lower --lr"):
        fit_run(config(images, lr=1000.0, epochs=20, optimizer="sgd"), tmp_path / "run")


def test_validation_split_is_reported_per_epoch(tmp_path: Path) -> None:
    root = dataset(tmp_path / "images", 6, 2)
    (root / "val").mkdir()
    for label in ("blue", "red"):
        (root / "val" / label).mkdir()
        (root / "test" / label / f"{label}_1.png").rename(root / "val" / label / "v.png")
    fit_run(config(root, epochs=2), tmp_path / "run")
    epochs = [
        json.loads(line) for line in (tmp_path / "run" / "epochs.jsonl").read_text().splitlines()
    ]
    assert all(set(epoch["validation"]) == {"loss", "accuracy"} for epoch in epochs)


def test_table_without_splits_is_all_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = dataset(tmp_path / "images", 6, 2)
    metrics = fit_run(config(root / "train", epochs=1), tmp_path / "run", quiet=False)
    assert metrics == {}
    assert (
        "no test set, so nothing is evaluated: give --test-manifest, or --holdout 0.2"
        in capsys.readouterr().out
    )
    held = fit_run(config(root / "train", epochs=1, holdout=0.34), tmp_path / "held")
    assert held["images"] == 4
    other = fit_run(
        config(root / "train", epochs=1, test_manifest=str(root / "test")), tmp_path / "other"
    )
    assert other["images"] == 4


class TestRunFolder:
    def test_is_never_written_over(self, run: Path, images: Path, tmp_path: Path) -> None:
        with pytest.raises(RunError, match="holds a finished run; choose another folder"):
            fit_run(config(images, epochs=3), run)
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "thesis.tex").write_text("mine")
        with pytest.raises(RunError, match="is not empty and is no run"):
            fit_run(config(images), tmp_path / "mine")

    def test_resumed_with_other_settings(self, run: Path, images: Path) -> None:
        with pytest.raises(RunError, match=r"was begun with epochs 3, not 4"):
            fit_run(config(images, epochs=4), run, resume=True)

    def test_finished_run_resumes_to_its_metrics(self, run: Path, images: Path) -> None:
        assert fit_run(config(images, epochs=3), run, resume=True) == json.loads(
            (run / "metrics.json").read_text()
        )


class TestUseIt:
    def test_evaluate_leaves_the_runs_own_results(self, run: Path, images: Path) -> None:
        before = (run / "predictions.csv").read_bytes()
        metrics, folder = evaluate_run(run, images, split="test")
        assert metrics == json.loads((run / "metrics.json").read_text())
        assert folder.parent == run / "evaluations"
        assert (
            (folder / "predictions.csv").read_bytes()
            == before
            == (run / "predictions.csv").read_bytes()
        )

    def test_evaluate_on_unknown_class(self, run: Path, tmp_path: Path) -> None:
        root = dataset(tmp_path, 2, 1)
        (root / "test" / "red").rename(root / "test" / "green")
        with pytest.raises(TableError, match=r"is 'green'; the run knows blue, red"):
            evaluate_run(run, root)
        with pytest.raises(TableError, match=r"has no validation images; it has test, train"):
            evaluate_run(run, root, split="validation")

    def test_predict_files_folders_and_broken_images(
        self, run: Path, images: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "broken.jpg").write_bytes(b"no image")
        results = predict_images(run, [images / "test", tmp_path / "broken.jpg"], top=1)
        assert len(results) == 9
        assert results[-1]["error"].startswith("not a JPEG")
        names, _, probabilities = read_predictions(run / "predictions.csv")
        best = {
            str(images / name): float(row.max())
            for name, row in zip(names, probabilities, strict=True)
        }
        for result in results[:-1]:
            assert result["top"][0]["probability"] == pytest.approx(best[result["image"]], abs=1e-5)

    @pytest.mark.filterwarnings(
        "ignore"
    )  # the exporter leaves files open, and warns of its own internals
    def test_export_is_checked_against_torch(self, run: Path) -> None:
        onnxruntime = pytest.importorskip("onnxruntime")
        pytest.importorskip("onnxscript")
        file = export_run(run)
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        for batch in (1, 5):
            assert session.run(None, {"images": np.zeros((batch, 3, 32, 32), np.float32)})[
                0
            ].shape == (batch, 2)
        file.unlink()


class TestWeights:
    def test_pickle_posing_as_a_checkpoint(self, images: Path, tmp_path: Path) -> None:
        (tmp_path / "weights.safetensors").write_bytes(pickle.dumps({"a": 1}))
        with pytest.raises(RunError, match="or is cut short; a pickled checkpoint is never loaded"):
            fit_run(config(images, weights=str(tmp_path / "weights.safetensors")), tmp_path / "run")

    def test_truncated_weights(self, run: Path, tmp_path: Path) -> None:
        (tmp_path / "cut.safetensors").write_bytes((run / "model.safetensors").read_bytes()[:5000])
        with pytest.raises(RunError, match="is cut short"):
            load_tensors(tmp_path / "cut.safetensors")

    def test_file_of_another_architecture(self, tmp_path: Path) -> None:
        save_weights(tmp_path / "w.safetensors", make_model("squeezenet1_0", 2), {})
        with pytest.raises(RunError, match="holds the weights of another architecture"):
            make_model("resnet18", 2, str(tmp_path / "w.safetensors"))

    def test_file_with_another_head_gives_the_body(self, tmp_path: Path) -> None:
        before = make_model("resnet18", 7)
        save_weights(tmp_path / "w.safetensors", before, {})
        after = make_model("resnet18", 2, str(tmp_path / "w.safetensors"))
        assert torch.equal(after.conv1.weight, before.conv1.weight)
        assert after.fc.out_features == 2

    def test_imagenet_weights_are_torchvisions(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The real download code, from a server of our own on this machine."""
        import threading
        from functools import partial
        from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

        source = torchvision.models.resnet18(weights=None)
        served = tmp_path / "served"
        served.mkdir()
        torch.save(source.state_dict(), served / "resnet18-f37072fd.pth")
        handler = partial(SimpleHTTPRequestHandler, directory=str(served))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        original = torch.hub.load_state_dict_from_url
        asked = []

        def from_here(url: str, **options: Any) -> Any:
            asked.append(url)
            name = url.rpartition("/")[2]
            options["check_hash"] = False  # the name holds the hash of the real file
            return original(f"http://127.0.0.1:{server.server_port}/{name}", **options)

        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
        monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", from_here)
        try:
            model = make_model("resnet18", 3, "imagenet")
        finally:
            server.shutdown()
            server.server_close()
        assert asked == ["https://download.pytorch.org/models/resnet18-f37072fd.pth"]
        assert torch.equal(model.conv1.weight, source.conv1.weight)
        assert model.fc.out_features == 3

    def test_weights_that_cannot_be_downloaded(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
        with pytest.raises(RunError, match="ImageNet weights of resnet18 could not be downloaded"):
            make_model("resnet18", 3, "imagenet")

    def test_unknown_architecture(self) -> None:
        with pytest.raises(
            UsageError, match=r"'resnet5' is no classifier of torchvision; did you mean 'resnet50'"
        ):
            make_model("resnet5", 2)


@pytest.mark.parametrize(
    "arch", ["mobilenet_v3_small", "efficientnet_b0", "vit_b_16", "squeezenet1_0", "densenet121"]
)
def test_any_architecture_gets_a_head_for_the_classes(arch: str) -> None:
    model = make_model(arch, 3).eval()
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, 224, 224)).shape == (1, 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epochs": 0}, "--epochs must be from 1 to 100000 (got 0)"),
        ({"lr": float("nan")}, "--lr must be from 1e-12 to 1000 (got nan)"),
        ({"seed": -1}, "--seed must be from 0 to 2.14748e+09 (got -1)"),
        ({"precision": "fp8"}, "--precision must be one of auto, fp32, bf16 (got 'fp8')"),
        (
            {"holdout": 0.2, "test_manifest": "t.csv"},
            "--holdout and --test-manifest don't go together",
        ),
        ({"manifest": None}, "--manifest is missing; --help shows examples"),
    ],
)
def test_wrong_option_is_a_sentence(given: dict[str, Any], message: str) -> None:
    from trainer.training.config import make_config

    with pytest.raises(UsageError) as caught:
        make_config({"manifest": "m.csv", **given})
    assert message in str(caught.value)


def test_config_file_is_read_and_the_command_line_goes_first(tmp_path: Path) -> None:
    from trainer.training.config import make_config

    (tmp_path / "fit.toml").write_text('manifest = "m.csv"\nepochs = 3\nlr = 1\n')
    made = make_config({"epochs": 5, "seed": None}, tmp_path / "fit.toml")
    assert (made.manifest, made.epochs, made.lr, made.seed) == ("m.csv", 5, 1.0, 0)
    for text, message in (("epocs = 3", "'epocs' is no option of fit"),
                          ("epochs = 3.0", "epochs must be a whole number"),
                          ("epochs = ", "is not TOML"), ("compile = 1", "compile must be true or false"),
                          ("arch = 5", "arch must be a text")):  # fmt: skip
        (tmp_path / "fit.toml").write_text(text)
        with pytest.raises(UsageError, match=message):
            make_config({"manifest": "m"}, tmp_path / "fit.toml")


def test_processes_that_accelerate_did_not_take_up() -> None:
    code = (
        "from trainer.hardware import make_accelerator\n"
        "try: make_accelerator('cpu', 'fp32')\nexcept Exception as e: print(e)"
    )
    environment = {**os.environ, "WORLD_SIZE": "3", "LOCAL_RANK": "-1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "3 processes were started but Accelerate took up none; use torchrun\n"


@pytest.mark.parametrize("command", [["--help"], ["fit", "--help"], ["--version"]])
def test_help_starts_without_torch(command: list[str]) -> None:
    code = (
        "import sys\nfrom trainer.cli import main\n"
        "try: main(sys.argv[1:], standalone_mode=True)\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'sklearn', 'accelerate', 'matplotlib'} & set(sys.modules), 'heavy imports'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["fit", "--manifest", "gone.csv", "--out", "r"], 1, "trainer: gone.csv does not exist\n"),
        (["fit", "--out", "r"], 2, "trainer: --manifest is missing; --help shows examples\n"),
        (
            ["fit", "--manifest", "x", "--out", "r", "--epochs", "0"],
            2,
            "trainer: --epochs must be from 1 to 100000 (got 0)\n",
        ),
        (
            ["evaluate", "gone", "--manifest", "x.csv"],
            1,
            "trainer: gone/config.json does not exist; gone is no finished run of trainer\n",
        ),
    ],
)
def test_errors_are_one_sentence(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    command = [sys.executable, "-m", "trainer", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, message)
    assert list(tmp_path.iterdir()) == []


def test_tiny_settings_are_all_options() -> None:
    from trainer.training.config import make_config

    assert make_config({"manifest": "m", **TINY}).arch == "resnet18"
