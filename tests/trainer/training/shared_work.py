"""What processes do together, and one process alone; torchrun runs this file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainer.data.order import epochs_order
from trainer.data.pixels import ManifestDataset, open_store
from trainer.data.tables import read_table
from trainer.training.device import make_accelerator, seeded_generator
from trainer.training.evaluate import load_run
from trainer.training.loop import Hyperparameters, predict, prepare_model, train
from trainer.training.model import Model
from trainer.training.run import EpochReport

Trained = tuple[dict[str, Any], list[tuple[float, float]]]


def linear_model(seed: int = 0) -> Model:
    """Make a model that is small enough to compute by hand."""
    with seeded_generator(seed):
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 2))


def predict_all(run: Path, images: Path, batch_size: int) -> NDArray[np.float64] | None:
    """Predict every image of a dataset by a run; return nothing but in the first process."""
    table = read_table(images)
    store = open_store(table.samples, 32, None, file=table.file)
    data = ManifestDataset(table.samples, table.classes, store)
    model, _ = load_run(run)
    accelerator = make_accelerator("cpu", "fp32")
    probabilities = predict(accelerator, prepare_model(accelerator, model), data, batch_size)
    return probabilities if accelerator.is_main_process else None


def train_linear_model(images: Path, checkpoint: Path) -> Trained | None:
    """Train for two epochs of nine images; return weights and reports in the first process."""
    samples = read_table(images).of("train")[5:14]
    data = ManifestDataset(samples, ("blue", "red"), open_store(samples, 32, None, file=images))
    accelerator = make_accelerator("cpu", "fp32")
    plan = Hyperparameters("sgd", 1e-3, 0.0, "constant", steps=4, per_epoch=2, seed=0)
    order = epochs_order(samples, 7, 0)
    reports: list[EpochReport] = []
    model = train(
        accelerator, linear_model(), data, order, plan, checkpoint, lambda e, _: reports.append(e)
    )
    if not accelerator.is_main_process:
        return None
    return model.state_dict(), [(each.loss, each.accuracy) for each in reports]


def main() -> None:
    """Predict and train with all processes; the first writes both results."""
    run, images, out = map(Path, sys.argv[1:])
    probabilities = predict_all(run, images, batch_size=3)
    trained = train_linear_model(images, out / "checkpoint")
    if probabilities is not None:
        np.save(out / "probabilities.npy", probabilities)
        torch.save(trained, out / "trained.pt")


if __name__ == "__main__":
    main()
