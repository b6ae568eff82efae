"""The loop: it learns, its schedule ends where it should, and processes share its work."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from augbuild.errors import DivergedError
from tests.conftest import REPOSITORY
from tests.trainer.fixtures import FAST_ARCH, config
from tests.trainer.training import shared_work
from tests.trainer.training.shared_work import linear_model, predict_all, train_linear_model
from trainer.data.order import Order, epochs_order
from trainer.data.pixels import ManifestDataset, open_store
from trainer.data.samples import Sample
from trainer.data.tables import read_table
from trainer.training.device import make_accelerator, seeded_generator
from trainer.training.evaluate import load_run
from trainer.training.fit import fit_run
from trainer.training.loop import (
    Hyperparameters,
    learning_rate,
    make_optimizer,
    plan_steps,
    predict,
    prepare_model,
    smallest_share,
    train,
    train_one_epoch,
)
from trainer.training.model import Model, make_model
from trainer.training.predictions import read_predictions
from trainer.training.run import EpochReport

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:FutureWarning")

PLAN = Hyperparameters("adam", 1e-3, 0.0, "constant", steps=30, per_epoch=10, seed=0)


@pytest.fixture(scope="module")
def samples(images: Path) -> tuple[Sample, ...]:
    """Take four training images of each class."""
    train = read_table(images).of("train")
    return (*train[:4], *train[-4:])


@pytest.fixture(scope="module")
def data(images: Path, samples: tuple[Sample, ...]) -> ManifestDataset:
    return ManifestDataset(samples, ("blue", "red"), open_store(samples, 32, None, file=images))


def train_linear(
    data: ManifestDataset, order: Order, plan: Hyperparameters, checkpoint: Path
) -> tuple[Model, list[EpochReport]]:
    """Train the linear model, and collect its reports."""
    accelerator = make_accelerator("cpu", "fp32")
    epochs: list[EpochReport] = []
    model = train(
        accelerator,
        linear_model(),
        data,
        order,
        plan,
        checkpoint,
        lambda epoch, _: epochs.append(epoch),
    )
    return model, epochs


def test_overfits_one_batch(
    data: ManifestDataset, samples: tuple[Sample, ...], tmp_path: Path
) -> None:
    losses: list[float] = []
    with seeded_generator(0):
        model = make_model(FAST_ARCH, 2)
    accelerator = make_accelerator("cpu", "fp32")
    order = epochs_order(samples, 8, 0)
    train(
        accelerator,
        model,
        data,
        order,
        PLAN,
        tmp_path / "c",
        lambda epoch, _: losses.append(epoch.loss),
    )
    assert losses[0] > 10 * losses[-1]
    assert losses[-1] < 1e-2


class TestReports:
    def test_count_epochs_and_steps_and_end_with_the_plan(
        self, data: ManifestDataset, samples: tuple[Sample, ...], tmp_path: Path
    ) -> None:
        plan = replace(PLAN, steps=7, per_epoch=3)
        _, epochs = train_linear(data, epochs_order(samples, 3, 0), plan, tmp_path / "c")
        counted = [(each.epoch, each.step, each.steps) for each in epochs]
        assert counted == [(1, 3, 3), (2, 6, 3), (3, 7, 1)]
        assert all(each.seconds > 0 for each in epochs)
        assert all(each.validation is None for each in epochs)

    def test_continue_at_a_checkpoint_and_end_in_the_same_weights(
        self, data: ManifestDataset, samples: tuple[Sample, ...], tmp_path: Path
    ) -> None:
        plan = replace(PLAN, steps=9, per_epoch=3, schedule="cosine", lr=0.1)
        order = epochs_order(samples, 3, 0)
        whole, all_epochs = train_linear(data, order, plan, tmp_path / "c")
        # The first checkpoint, after epoch 1, was cheap; the next was not due yet or came later.
        assert (tmp_path / "c").is_file()
        resumed, rest = train_linear(data, order, plan, tmp_path / "c")
        assert 0 < len(rest) < 3
        for again, before in zip(rest, all_epochs[-len(rest) :], strict=True):
            assert msgspec.structs.replace(again, seconds=0) == msgspec.structs.replace(
                before, seconds=0
            )
        for name, value in whole.state_dict().items():
            assert torch.equal(resumed.state_dict()[name], value)

    def test_are_the_means_over_images(
        self, data: ManifestDataset, samples: tuple[Sample, ...]
    ) -> None:
        """Batches of 3, 3 and 2: a mean over batches would weigh the last too much."""
        accelerator = make_accelerator("cpu", "fp32")
        model = linear_model(seed=3)
        plan = replace(PLAN, lr=1e-12, steps=3, per_epoch=3, optimizer="sgd")
        optimizer = make_optimizer(model, plan)
        order = epochs_order(samples, 3, 0)
        epoch = train_one_epoch(accelerator, model, optimizer, data, order, plan, range(3))
        images, targets = data.batch(range(8), torch.device("cpu"))
        with torch.no_grad():
            output = model(images)
        wanted = nn.functional.cross_entropy(output, targets)
        assert epoch.loss == pytest.approx(float(wanted), rel=1e-5)
        right = (output.argmax(dim=1) == targets).float()
        assert epoch.accuracy == float(right.mean())
        assert 0 < epoch.accuracy < 1


class TestSchedule:
    def test_cosine_falls_from_lr_to_zero(self) -> None:
        plan = replace(PLAN, lr=0.1, schedule="cosine", steps=100)
        assert learning_rate(plan, 0) == 0.1
        assert learning_rate(plan, 25) == pytest.approx(0.1 * (2 + math.sqrt(2)) / 4)
        assert learning_rate(plan, 50) == pytest.approx(0.05)
        assert 0 < learning_rate(plan, 99) < 1e-4
        assert learning_rate(plan, 100) == pytest.approx(0.0)
        rates = [learning_rate(plan, step) for step in range(100)]
        assert rates == sorted(rates, reverse=True)

    def test_constant_stays(self) -> None:
        assert {learning_rate(PLAN, step) for step in range(30)} == {1e-3}

    def test_of_the_last_step_stands_in_the_report(
        self, data: ManifestDataset, samples: tuple[Sample, ...], tmp_path: Path
    ) -> None:
        plan = replace(PLAN, steps=6, per_epoch=3, schedule="cosine")
        _, epochs = train_linear(data, epochs_order(samples, 3, 0), plan, tmp_path / "c")
        assert [each.lr for each in epochs] == [learning_rate(plan, 2), learning_rate(plan, 5)]


class TestPlan:
    def test_epochs_or_steps(self) -> None:
        order = Order(tuple((n,) for n in range(20)), 8, seed=0)
        by_epochs = plan_steps(config(Path("m"), epochs=4, seed=5), order)
        assert (by_epochs.steps, by_epochs.per_epoch, by_epochs.seed) == (12, 3, 5)
        by_steps = plan_steps(config(Path("m"), epochs=4, steps=5), order)
        assert (by_steps.steps, by_steps.per_epoch) == (5, 3)

    def test_passes_every_choice_on(self) -> None:
        order = Order(((0,), (1,)), 8, seed=0)
        options = {"lr": 0.5, "optimizer": "sgd", "weight_decay": 0.1, "schedule": "cosine"}
        plan = plan_steps(config(Path("m"), **options), order)
        assert (plan.lr, plan.optimizer, plan.weight_decay) == (0.5, "sgd", 0.1)
        assert plan.schedule == "cosine"

    @pytest.mark.parametrize(
        ("name", "kind"),
        [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)],
    )
    def test_optimizers_are_torchs(self, name: str, kind: type[torch.optim.Optimizer]) -> None:
        plan = replace(PLAN, optimizer=name, lr=0.5, weight_decay=0.1)  # type: ignore[arg-type]
        optimizer = make_optimizer(linear_model(), plan)
        assert type(optimizer) is kind
        assert optimizer.defaults["lr"] == 0.5
        assert optimizer.defaults["weight_decay"] == 0.1
        assert optimizer.defaults.get("momentum", 0.9) == 0.9


def test_diverging_loss_stops_with_a_sentence(images: Path, tmp_path: Path) -> None:
    settings = config(images, lr=1000.0, epochs=20, optimizer="sgd")
    message = r"the loss was \S+ at step \d+; try a lower --lr, or --precision fp32"
    with pytest.raises(DivergedError, match=message):
        fit_run(settings, tmp_path / "run")


def test_probabilities_do_not_depend_on_the_batch(data: ManifestDataset) -> None:
    accelerator = make_accelerator("cpu", "fp32")
    model = prepare_model(accelerator, linear_model())
    whole = predict(accelerator, model, data, 8)
    assert whole.shape == (8, 2)
    assert whole.dtype == np.float64
    assert np.allclose(whole.sum(axis=1), 1)
    assert np.allclose(predict(accelerator, model, data, 3), whole, atol=1e-6)
    assert not model.training


def test_probabilities_of_no_images(images: Path) -> None:
    accelerator = make_accelerator("cpu", "fp32")
    store = open_store([], 32, None, file=images)
    empty = ManifestDataset([], ("blue", "red"), store)
    assert predict(accelerator, linear_model(), empty, 8).shape == (0, 2)


def torchrun(processes: int, arguments: list[str]) -> None:
    """Run a script or module with several processes."""
    command = [sys.executable, "-m", "torch.distributed.run"]
    command += ["--nproc-per-node", str(processes), "--master-port", "0"]
    command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


class TestProcesses:
    @pytest.fixture(scope="class")
    def out(self, run: Path, images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """What three processes predicted and trained together."""
        out = tmp_path_factory.mktemp("shared")
        torchrun(3, [shared_work.__file__, str(run), str(images), str(out)])
        return out

    def test_share_the_work_and_predict_each_image_once(
        self, run: Path, images: Path, out: Path
    ) -> None:
        """28 images in batches of three: some processes get none of the last."""
        several = np.load(out / "probabilities.npy")
        one = predict_all(run, images, batch_size=8)
        assert one is not None
        assert several.shape == (28, 2)
        assert len(np.unique(several, axis=0)) == 28
        assert np.array_equal(several.argmax(axis=1), one.argmax(axis=1))
        assert np.abs(several - one).max() < 1e-3

    def test_train_as_one_does(self, images: Path, out: Path, tmp_path: Path) -> None:
        """Nine images in batches of seven and two: three processes share them unevenly."""
        alone = train_linear_model(images, tmp_path / "checkpoint")
        assert alone is not None
        (one, losses), (three, shared) = alone, torch.load(out / "trained.pt")
        assert np.allclose(losses, shared, rtol=1e-4)
        for name, value in one.items():
            assert torch.allclose(three[name], value, atol=1e-5), name

    def test_of_torchrun_train_and_evaluate(self, images: Path, tmp_path: Path) -> None:
        out = tmp_path / "run"
        arguments = ["-m", "trainer", "fit", "--manifest", str(images), "--out", str(out)]
        arguments += ["--arch", FAST_ARCH, "--image-size", "32", "--batch-size", "8", "--quiet"]
        arguments += ["--device", "cpu", "--precision", "fp32", "--cache", "none", "--epochs", "1"]
        torchrun(2, arguments)
        _, settings = load_run(out)
        assert settings.resolved.processes == 2
        assert settings.images.test == 8
        table = read_predictions(out / "predictions.csv")
        tested = read_table(images).of("test")
        assert table.samples == tuple(sample.name for sample in tested)
        everything = predict_all(out, images, batch_size=8)
        assert everything is not None
        names = [sample.name for sample in read_table(images).samples]
        alone = everything[[names.index(name) for name in table.samples]]
        assert np.abs(table.probabilities - alone).max() < 1e-3


@pytest.mark.parametrize(
    ("images", "batch_size", "processes", "share"),
    [(10, 4, 1, 2), (9, 4, 1, 4), (8, 4, 1, 4), (8, 1, 1, 1), (10, 4, 2, 1), (8, 4, 8, 1)],
)
def test_smallest_share_of_a_batch(
    images: int, batch_size: int, processes: int, share: int
) -> None:
    units = tuple((index,) for index in range(images))
    assert smallest_share(Order(units, batch_size, 0), processes) == share
