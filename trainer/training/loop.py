"""The training loop, read from top to bottom, on Hugging Face Accelerate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from numpy.typing import NDArray
from torch import nn

from augbuild.errors import DivergedError
from trainer.data.order import Order, epochs_order, steps_order
from trainer.data.pixels import ManifestDataset
from trainer.data.samples import Sample
from trainer.training.checkpoint import load_checkpoint, save_checkpoint
from trainer.training.config import FitConfig, Optimizer, Schedule
from trainer.training.device import count_processes, seeded_generator
from trainer.training.model import Model, check_shapes
from trainer.training.run import EpochReport

_DIVERGED = 1e4
"""A cross-entropy that no training comes back from."""

_CHECKPOINT_SHARE = 20
"""The next checkpoint is due after this many times as long as the last one took, so that all of
them together cost a few percent at most, however short the epochs are."""

_CHECK_LOSS_EVERY = 20
"""Steps between two looks at the loss on a GPU, each of which waits until the GPU has caught up."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """How to optimise: `steps` in all, of which `per_epoch` make an epoch of the report."""

    optimizer: Optimizer
    lr: float
    weight_decay: float
    schedule: Schedule
    steps: int
    per_epoch: int
    seed: int


def prepare_model(accelerator: Accelerator, model: Model) -> Model:
    """Move a model to its device, with its memory as channels_last, fastest for convolutions."""
    prepared: Model = accelerator.prepare(model.to(memory_format=torch.channels_last))
    return prepared


def make_optimizer(model: Model, plan: Hyperparameters) -> torch.optim.Optimizer:
    """Build the optimiser, with torch's own defaults for what the plan leaves open."""
    parameters = model.parameters()
    decay = plan.weight_decay
    match plan.optimizer:
        case "sgd":
            return torch.optim.SGD(parameters, lr=plan.lr, momentum=0.9, weight_decay=decay)
        case "adamw":
            return torch.optim.AdamW(parameters, lr=plan.lr, weight_decay=decay)
        case "adam":
            return torch.optim.Adam(parameters, lr=plan.lr, weight_decay=decay)


def make_order(config: FitConfig, samples: Sequence[Sample]) -> Order:
    """Return the order in which a run sees its training images."""
    order = epochs_order if config.steps is None else steps_order
    return order(samples, config.batch_size, config.seed)


def smallest_share(order: Order, processes: int) -> int:
    """Return the fewest images that a process computes at a time: the last batch may be short."""
    last = order.batch(order.batches_per_pass - 1)
    images = min(len(order.batch(0)), len(last))
    return max(images // processes, 1)


def check_smallest_batch(
    config: FitConfig, samples: Sequence[Sample], classes: Sequence[str]
) -> None:
    """Raise UsageError where a run's model does not take its fewest images at a time."""
    share = smallest_share(make_order(config, samples), count_processes())
    check_shapes(config.arch, len(classes), config.image_size, share)


def plan_steps(config: FitConfig, order: Order) -> Hyperparameters:
    """Return how a run optimises, for as many steps or epochs as its configuration asks for."""
    return Hyperparameters(
        optimizer=config.optimizer,
        lr=config.lr,
        weight_decay=config.weight_decay,
        schedule=config.schedule,
        steps=config.steps or config.epochs * order.batches_per_pass,
        per_epoch=order.batches_per_pass,
        seed=config.seed,
    )


def learning_rate(plan: Hyperparameters, step: int) -> float:
    """Return the learning rate of a step, counted from 0.

    It is constant, or falls along a half cosine from `lr` to 0 (Loshchilov and Hutter 2017).
    """
    if plan.schedule == "constant":
        return plan.lr
    done = step / plan.steps
    return plan.lr * 0.5 * (1.0 + math.cos(math.pi * done))


def train(
    accelerator: Accelerator,
    model: Model,
    data: ManifestDataset,
    order: Order,
    plan: Hyperparameters,
    checkpoint: Path,
    on_epoch: Callable[[EpochReport, Model], None],
) -> Model:
    """Train to the plan's last step, from the checkpoint if there is one; return the trained model.

    `on_epoch` is called after each epoch, before its checkpoint. Every step draws from a generator
    of its own, so a resumed run takes the same steps. Raises DivergedError.
    """
    model = model.to(memory_format=torch.channels_last)
    optimizer = make_optimizer(model, plan)
    start = 0
    if checkpoint.is_file():
        start = load_checkpoint(checkpoint, model, optimizer)
    wrapped, optimizer = accelerator.prepare(model, optimizer)
    checkpoint_due = 0.0
    for first in range(start, plan.steps, plan.per_epoch):
        epoch_end = first - first % plan.per_epoch + plan.per_epoch
        steps = range(first, min(epoch_end, plan.steps))
        epoch = train_one_epoch(accelerator, wrapped, optimizer, data, order, plan, steps)
        on_epoch(epoch, wrapped)
        finished = steps.stop == plan.steps
        began = time.monotonic()
        if accelerator.is_main_process and not finished and began >= checkpoint_due:
            unwrapped = accelerator.unwrap_model(wrapped)
            save_checkpoint(checkpoint, unwrapped, optimizer, steps.stop)
            saved = time.monotonic()
            checkpoint_due = saved + _CHECKPOINT_SHARE * (saved - began)
        accelerator.wait_for_everyone()
    trained: Model = accelerator.unwrap_model(wrapped)
    return trained


def train_one_epoch(
    accelerator: Accelerator,
    model: Model,
    optimizer: torch.optim.Optimizer,
    data: ManifestDataset,
    order: Order,
    plan: Hyperparameters,
    steps: range,
) -> EpochReport:
    """Take some steps, each process with its share of every batch; raises DivergedError."""
    began = time.monotonic()
    model.train()
    rank, world = accelerator.process_index, accelerator.num_processes
    criterion = nn.CrossEntropyLoss(reduction="sum")
    totals = torch.zeros(3, device=accelerator.device)  # loss, correct, images
    for step in steps:
        batch = order.batch(step)
        own = batch[rank::world]
        # A process without images computes one that counts nothing: the others wait for it.
        weight = 1.0 if own else 0.0
        images, targets = data.batch(own or batch[:1], accelerator.device)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(plan, step)
        with seeded_generator(plan.seed * 1_000_003 + step):
            output = model(images)
            # The sum over this share, scaled so that the mean over all processes, which is what
            # they exchange, is the mean over the whole batch.
            loss = weight * criterion(output, targets) * (world / len(batch))
            optimizer.zero_grad(set_to_none=True)
            accelerator.backward(loss)
        optimizer.step()
        with torch.no_grad():
            totals[0] += loss.detach() * len(batch) / world
            totals[1] += (output.argmax(dim=1) == targets).sum() * weight
            totals[2] += weight * len(targets)
        if accelerator.device.type == "cpu" or step % _CHECK_LOSS_EVERY == 0:
            _check_loss(float(loss.detach()), step)
    totals = accelerator.reduce(totals, "sum")
    return _report(plan, steps, totals.tolist(), time.monotonic() - began)


def _report(
    plan: Hyperparameters, steps: range, totals: tuple[float, float, float], seconds: float
) -> EpochReport:
    """Build the report of an epoch from its sums; raises DivergedError."""
    loss, correct, images = totals
    last = steps[-1]
    _check_loss(loss / images, last)
    return EpochReport(
        epoch=last // plan.per_epoch + 1,
        step=last + 1,
        steps=len(steps),
        lr=learning_rate(plan, last),
        loss=loss / images,
        accuracy=correct / images,
        seconds=seconds,
    )


def _check_loss(loss: float, step: int) -> None:
    if not math.isfinite(loss) or loss > _DIVERGED:
        raise DivergedError(
            f"the loss was {loss:g} at step {step + 1}; try a lower --lr, or --precision fp32"
        )


@torch.inference_mode()
def predict(
    accelerator: Accelerator, model: Model, data: ManifestDataset, batch_size: int
) -> NDArray[np.float64]:
    """Return the probabilities (images, classes), each image computed once by one process."""
    model.eval()
    rank, world = accelerator.process_index, accelerator.num_processes
    own = range(rank, len(data), world)
    parts = [np.empty((0, len(data.classes)))]
    for start in range(0, len(own), batch_size):
        batch = own[start : start + batch_size]
        images, _ = data.batch(batch, accelerator.device)
        with accelerator.autocast():
            output = model(images)
        # In double precision, so that the probabilities of an image sum to 1 within 1e-15.
        logits = output.cpu().double()
        probabilities = logits.softmax(dim=1)
        parts.append(probabilities.numpy())
    mine = np.concatenate(parts)
    if world == 1:
        return mine
    shares: list[NDArray[np.float64]] = gather_object([mine])
    # Not with Accelerator.gather, which needs shares of equal length.
    together = np.empty((len(data), len(data.classes)))
    for number, share in enumerate(shares):
        together[number::world] = share
    return together
