"""The training loop: one epoch after another, read from top to bottom, on Hugging Face Accelerate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from numpy.typing import NDArray
from torch import nn

from augbuild.errors import DivergedError
from trainer.data.order import Order
from trainer.data.pixels import ManifestDataset
from trainer.training.checkpoint import load_checkpoint, save_checkpoint
from trainer.training.device import seeded_generator
from trainer.training.model import Model

_DIVERGED = 1e4  # a cross-entropy that no training comes back from
_CHECKPOINT_SHARE = 20  # times as long as a checkpoint took, until the next one
_LOOK_AT_LOSS_EVERY = 20  # steps, on a device that would have to wait for it


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """How to optimise: `steps` in all, of which `per_epoch` make an epoch for reports and checkpoints."""

    optimizer: Literal["adam", "adamw", "sgd"]
    lr: float
    weight_decay: float
    schedule: Literal["constant", "cosine"]
    steps: int
    per_epoch: int
    seed: int


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch came to; `loss` and `accuracy` are those of training, while the weights were changing."""

    epoch: int
    step: int
    steps: int
    lr: float
    loss: float
    accuracy: float


def prepare_model(accelerator: Accelerator, model: Model) -> Model:
    """Put a model on its device, in the order of memory that convolutions are fastest in."""
    prepared: Model = accelerator.prepare(model.to(memory_format=torch.channels_last))
    return prepared


def make_optimizer(model: nn.Module, plan: Hyperparameters) -> torch.optim.Optimizer:
    """Make the optimiser, with torch's own defaults for what the plan does not say."""
    if plan.optimizer == "sgd":
        return torch.optim.SGD(
            model.parameters(), lr=plan.lr, momentum=0.9, weight_decay=plan.weight_decay
        )
    kind = torch.optim.AdamW if plan.optimizer == "adamw" else torch.optim.Adam
    return kind(model.parameters(), lr=plan.lr, weight_decay=plan.weight_decay)


def learning_rate(plan: Hyperparameters, step: int) -> float:
    """Give the learning rate of a step: constant, or a half cosine from lr to 0 (Loshchilov and Hutter 2017)."""
    if plan.schedule == "constant":
        return plan.lr
    return plan.lr * 0.5 * (1.0 + math.cos(math.pi * step / plan.steps))


def train(
    accelerator: Accelerator,
    model: nn.Module,
    data: ManifestDataset,
    order: Order,
    plan: Hyperparameters,
    checkpoint: Path,
    on_epoch: Callable[[Epoch, nn.Module], None],
) -> nn.Module:
    """Train to the plan's last step, from the checkpoint if there is one, and give the trained model.

    `on_epoch` is called after each epoch, before its checkpoint. Every step draws from a generator of its own, so a
    resumed run takes the same steps. Raises DivergedError.
    """
    model = model.to(memory_format=torch.channels_last)
    optimizer = make_optimizer(model, plan)
    start = load_checkpoint(checkpoint, model, optimizer) if checkpoint.is_file() else 0
    wrapped, optimizer = accelerator.prepare(model, optimizer)
    pause = _Pause()
    for first in range(start, plan.steps, plan.per_epoch):
        last = min(first - first % plan.per_epoch + plan.per_epoch, plan.steps)
        epoch = train_one_epoch(
            accelerator, wrapped, optimizer, data, order, plan, range(first, last)
        )
        on_epoch(epoch, wrapped)
        if accelerator.is_main_process and last < plan.steps and pause.is_over():
            with pause.timed():
                save_checkpoint(checkpoint, accelerator.unwrap_model(wrapped), optimizer, last)
        accelerator.wait_for_everyone()
    trained: Model = accelerator.unwrap_model(wrapped)
    return trained


class _Pause:
    """Spaces checkpoints out so that they cost a few percent at most, however short the epochs are."""

    def __init__(self) -> None:
        self._until = 0.0

    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    @contextmanager
    def timed(self) -> Iterator[None]:
        start = time.monotonic()
        yield
        now = time.monotonic()
        self._until = now + _CHECKPOINT_SHARE * (now - start)


def train_one_epoch(
    accelerator: Accelerator,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    data: ManifestDataset,
    order: Order,
    plan: Hyperparameters,
    steps: range,
) -> Epoch:
    """Take some steps; each process its share of every batch."""
    model.train()
    rank, world = accelerator.process_index, accelerator.num_processes
    criterion = nn.CrossEntropyLoss(reduction="sum")
    totals = torch.zeros(3, device=accelerator.device)  # loss, correct, images
    for step in steps:
        batch = order.batch(step)
        images, targets = data.batch(batch[rank::world] or batch[:1], accelerator.device)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(plan, step)
        with seeded_generator(plan.seed * 1_000_003 + step):
            output = model(images)
            # The sum over this share, scaled so that the mean over all processes is the mean over the whole batch.
            share = 1.0 if rank < len(batch) else 0.0
            loss = share * criterion(output, targets) * (world / len(batch))
            optimizer.zero_grad(set_to_none=True)
            accelerator.backward(loss)
        optimizer.step()
        with torch.no_grad():
            correct = (output.argmax(dim=1) == targets).sum() * share
            totals += torch.stack(
                [loss.detach() * len(batch) / world, correct, torch.tensor(share * len(targets))]
            )
        if accelerator.device.type == "cpu" or step % _LOOK_AT_LOSS_EVERY == 0:
            _stop_if_diverged(float(loss.detach()), step)
    loss_sum, correct_sum, images_sum = accelerator.reduce(totals, "sum").tolist()
    _stop_if_diverged(loss_sum / images_sum, steps[-1])
    lr = learning_rate(plan, steps[-1])
    means = loss_sum / images_sum, correct_sum / images_sum
    return Epoch(steps[-1] // plan.per_epoch + 1, steps[-1] + 1, len(steps), lr, *means)


def _stop_if_diverged(loss: float, step: int) -> None:
    if not math.isfinite(loss) or loss > _DIVERGED:
        raise DivergedError(
            f"the loss was {loss:g} at step {step + 1}; try a lower --lr, or --precision fp32"
        )


@torch.inference_mode()
def predict(
    accelerator: Accelerator, model: nn.Module, data: ManifestDataset, batch_size: int
) -> NDArray[np.float64]:
    """Give the probabilities (images, classes) of all images, each computed once, whatever the number of processes."""
    model.eval()
    rank, world = accelerator.process_index, accelerator.num_processes
    own = range(rank, len(data), world)
    parts: list[NDArray[np.float64]] = []
    for start in range(0, len(own), batch_size):
        images, _ = data.batch(own[start : start + batch_size], accelerator.device)
        with accelerator.autocast():
            output = model(images)
        parts.append(output.cpu().double().softmax(dim=1).numpy())
    mine = np.concatenate(parts) if parts else np.empty((0, len(data.classes)))
    if world == 1:
        return mine
    shares: list[NDArray[np.float64]] = gather_object([mine])
    together = np.empty((len(data), len(data.classes)))
    for number, share in enumerate(shares):
        together[number::world] = share
    return together
