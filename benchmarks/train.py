"""Training throughput against the plain loop of most first scripts, and of the pixel cache alone.

    python benchmarks/train.py PHOTOS [--steps 12] [--arch resnet50] [--image-size 224]

PHOTOS is a manifest or folder with a train split. The plain loop is the course lab's: float32, the
default memory format, each image decoded and resized in the main process whenever it is needed.
Both train the same model on the same batches of 32.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torchvision import datasets, models, transforms

from trainer.data.order import epochs_order
from trainer.data.pixels import MEAN, STD, ManifestDataset, open_store
from trainer.data.samples import Table
from trainer.data.tables import read_table
from trainer.training.config import Precision
from trainer.training.device import make_accelerator, seeded_generator
from trainer.training.loop import Hyperparameters, make_optimizer, prepare_model, train_one_epoch
from trainer.training.model import make_model

BATCH = 32


def plain_loop(table: Table, arch: str, size: int, steps: int) -> float:
    """Train as the lab's script does; return images a second."""
    transform = transforms.Compose(
        [transforms.Resize((size, size)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    )
    samples = table.of("train")
    order = epochs_order(samples, BATCH, 0)
    model = models.get_model(arch, weights=None, num_classes=len(table.classes))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    model.train()
    images_seen, start = 0, 0.0
    for step in range(steps + 1):
        if step == 1:  # the first is the warm-up
            images_seen, start = 0, time.perf_counter()
        chosen = [samples[index] for index in order.batch(step)]
        images = torch.stack(
            [transform(datasets.folder.default_loader(str(sample.path))) for sample in chosen]
        )
        targets = torch.tensor([table.classes.index(sample.label) for sample in chosen])
        optimizer.zero_grad()
        criterion(model(images), targets).backward()
        optimizer.step()
        images_seen += len(chosen)
    return images_seen / (time.perf_counter() - start)


def ours(
    data: ManifestDataset,
    table: Table,
    arch: str,
    steps: int,
    precision: Precision,
    *,
    compiled: bool = False,
) -> float:
    """Train with trainer's loop; return images a second."""
    accelerator = make_accelerator("auto", precision)
    order = epochs_order(table.of("train"), BATCH, 0)
    plan = Hyperparameters("adam", 1e-3, 0.0, "constant", steps + 1, steps, 0)
    with seeded_generator(0):
        model = prepare_model(accelerator, make_model(arch, len(table.classes)))
    if compiled:
        model.compile()
    optimizer = make_optimizer(model, plan)
    train_one_epoch(accelerator, model, optimizer, data, order, plan, range(1))  # the warm-up
    start = time.perf_counter()
    train_one_epoch(accelerator, model, optimizer, data, order, plan, range(1, steps + 1))
    seconds = time.perf_counter() - start
    return sum(len(order.batch(step)) for step in range(1, steps + 1)) / seconds


def loader_rate(data: ManifestDataset) -> float:
    """Take batches from the cache and normalise them, with no model; return images a second."""
    generator = np.random.default_rng(0)
    device, count, start = torch.device("cpu"), 0, time.perf_counter()
    while time.perf_counter() - start < 3:
        data.batch(list(generator.integers(0, len(data), BATCH)), device)
        count += BATCH
    return count / (time.perf_counter() - start)


def main() -> None:
    """Measure all in one run and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--arch", default="resnet50")
    parser.add_argument("--image-size", type=int, default=224)
    arguments = parser.parse_args()
    table = read_table(arguments.photos)
    with tempfile.TemporaryDirectory(prefix="trainer-benchmark-") as cache:
        start = time.perf_counter()
        store = open_store(table.samples, arguments.image_size, Path(cache), file=table.file)
        seconds = time.perf_counter() - start
        print(f"first decode: {len(table.samples) / seconds:.0f} images a second")
        data = ManifestDataset(table.of("train"), table.classes, store)
        print(f"cache alone: {loader_rate(data):.0f} images a second")
        arch, steps = arguments.arch, arguments.steps
        rates = {
            "plain loop": plain_loop(table, arch, arguments.image_size, steps),
            "trainer fp32": ours(data, table, arch, steps, "fp32"),
            "trainer auto": ours(data, table, arch, steps, "auto"),
            "trainer auto, compiled": ours(data, table, arch, steps, "auto", compiled=True),
        }
    plain = rates["plain loop"]
    for name, rate in rates.items():
        print(f"{name}: {rate:.1f} images a second, {rate / plain:.2f} times the plain loop")


if __name__ == "__main__":
    main()
