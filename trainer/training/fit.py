"""Train one run from a manifest, from the first look at its files to the last picture."""

from __future__ import annotations

import os
import platform
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from trainer.data.order import Order, epochs_order, steps_order
from trainer.data.pixels import ManifestDataset, PixelStore, open_store
from trainer.data.samples import (
    Sample,
    Table,
    check_classes,
    check_files,
    hold_out,
    take_fold,
    training_samples,
)
from trainer.data.tables import read_table
from trainer.figures.confusion import draw_confusion
from trainer.figures.curves import draw_curves
from trainer.statistics.metrics import Metrics, evaluate_predictions, read_metrics, write_metrics
from trainer.training.config import FitConfig
from trainer.training.device import (
    Processes,
    is_main_process,
    make_accelerator,
    seeded_generator,
    thread_count,
)
from trainer.training.loop import Epoch, Hyperparameters, predict, prepare_model, train
from trainer.training.model import Model, check_model, load_weights, make_model, save_weights
from trainer.training.predictions import PredictionTable, write_predictions
from trainer.training.run import (
    EpochReport,
    Resolved,
    RunConfig,
    RunFolder,
    SplitCounts,
    ValidationScore,
    hold_folder,
    open_run,
    read_epochs,
    write_epochs,
    write_run_config,
)


def default_cache() -> Path:
    """Give the user's cache folder for pixels."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "augbuild" / "pixels"


def fit_run(
    config: FitConfig,
    out: Path,
    *,
    cache: Path | None = None,
    resume: bool = False,
    verify: bool = False,
    quiet: bool = True,
    table: Table | None = None,
    decoded: Sequence[Sample] = (),
) -> Metrics | None:
    """Train, evaluate and record one run in the folder `out`; return its metrics, None without a test set.

    `cache` is where decoded pixels are kept, or None to decode whenever an image is needed; runs that name the same
    images in `decoded`, all that any of them needs, share what is kept. Raises TrainerError.
    """
    check_model(config.arch, config.weights)
    train, validation, test, table, words = choose_samples(config, table)
    run = open_run(out, config, table.sha256, resume=resume)
    if run.metrics.is_file():
        return read_metrics(run.metrics)
    with hold_folder(out) if is_main_process() else nullcontext():
        check_files(table, [*train, *validation, *test], verify=verify)
        accelerator = make_accelerator(config.device, config.precision)
        needed = decoded or [*train, *validation, *test]
        store, word = _open_pixels(accelerator, needed, config, cache, table, quiet=quiet)
        say = _Says(quiet or not accelerator.is_main_process)
        say(*words, *([word] if word else []))
        return _fit(accelerator, config, run, (train, validation, test), table, store, say)


def _fit(
    accelerator: Processes,
    config: FitConfig,
    run: RunFolder,
    chosen: tuple[Sequence[Sample], Sequence[Sample], Sequence[Sample]],
    table: Table,
    store: PixelStore,
    say: _Says,
) -> Metrics | None:
    train, validation, test = chosen
    data = {name: ManifestDataset(each, table.classes, store) for name, each in
            (("train", train), ("validation", validation), ("test", test))}  # fmt: skip
    if accelerator.is_main_process:
        _write_config(
            run, config, table, {name: len(each) for name, each in data.items()}, accelerator
        )
    order = (steps_order if config.steps else epochs_order)(train, config.batch_size, config.seed)
    model = _train(accelerator, config, run, data, order, say)
    return _finish(accelerator, config, run, model, data["test"])


def choose_samples(
    config: FitConfig, table: Table | None = None
) -> tuple[Sequence[Sample], Sequence[Sample], Sequence[Sample], Table, list[str]]:
    """Choose the images to train, validate and test on, and say what is worth knowing about it; raises TableError."""
    table = read_table(Path(config.manifest)) if table is None else table
    words = []
    if config.holdout:
        table = hold_out(table, config.holdout, config.seed)
    if config.fold is not None:
        table = take_fold(table, config.fold)
    train = training_samples(table, config.train_on)
    validation = table.of("validation")
    test: Sequence[Sample] = table.of("test")
    if config.test_manifest:
        other = read_table(Path(config.test_manifest))
        test = other.of("test") if other.has_splits else other.samples
        check_files(other, test)
    if not test:
        words.append(
            "there is no test set, so nothing is evaluated: give --test-manifest, or --holdout 0.2"
        )
    for held_out in (validation, test):
        check_classes(train, held_out, table.file)
    return train, validation, test, table, words


class _Says:
    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(self, *lines: str) -> None:
        if not self._quiet:
            for line in lines:
                print(line, flush=True)


def _open_pixels(
    accelerator: Processes,
    samples: Sequence[Sample],
    config: FitConfig,
    cache: Path | None,
    table: Table,
    *,
    quiet: bool,
) -> tuple[PixelStore, str | None]:
    """Let the first process decode, the others find what it left."""
    with accelerator.main_process_first():
        quiet = quiet or not accelerator.is_main_process
        return open_store(samples, config.image_size, cache, file=table.file, quiet=quiet)


def _train(
    accelerator: Processes,
    config: FitConfig,
    run: RunFolder,
    data: dict[str, ManifestDataset],
    order: Order,
    say: _Says,
) -> Model:
    with seeded_generator(config.seed):
        model = make_model(config.arch, len(data["train"].classes), config.weights)
    if run.weights.is_file():  # trained, but cut off before it was evaluated
        load_weights(run.weights, model)
        return prepare_model(accelerator, model)
    if config.compile:
        model.compile()
    steps = config.steps or config.epochs * order.batches_per_pass
    plan = Hyperparameters(
        config.optimizer,
        config.lr,
        config.weight_decay,
        config.schedule,
        steps,
        order.batches_per_pass,
        config.seed,
    )
    say(
        f"{len(data['train']):,} training images, {order.batches_per_pass} batches of {config.batch_size} an epoch, "
        f"{steps:,} steps on {accelerator.device.type} in {'bf16' if accelerator.mixed_precision == 'bf16' else 'fp32'}"
    )
    epochs = read_epochs(run.epochs)
    started = time.monotonic()

    def on_epoch(epoch: Epoch, model: Model) -> None:
        nonlocal started
        seconds = time.monotonic() - started
        validation = None
        if len(data["validation"]):
            validation = _score(accelerator, model, data["validation"], config.batch_size)
        measured = EpochReport(
            epoch.epoch,
            epoch.step,
            epoch.steps,
            epoch.lr,
            epoch.loss,
            epoch.accuracy,
            seconds,
            validation,
        )
        epochs[:] = [each for each in epochs if each.step < epoch.step] + [measured]
        if accelerator.is_main_process:
            write_epochs(run.epochs, epochs)
        say(_epoch_line(measured, steps))
        started = time.monotonic()

    return train(accelerator, model, data["train"], order, plan, run.checkpoint, on_epoch)


def _epoch_line(epoch: EpochReport, steps: int) -> str:
    line = f"epoch {epoch.epoch:>3}  step {epoch.step:>5} of {steps}"
    line += f"  loss {epoch.loss:.4f}  accuracy {epoch.accuracy:.3f}"
    if epoch.validation is not None:
        scores = epoch.validation
        line += f"  validation loss {scores.loss:.4f}  validation accuracy {scores.accuracy:.3f}"
    left = (steps - epoch.step) * epoch.seconds / epoch.steps
    return f"{line}  {epoch.seconds:.1f} s, {left:.0f} s left"


def _score(
    accelerator: Processes, model: Model, data: ManifestDataset, batch_size: int
) -> ValidationScore:
    probabilities = predict(accelerator, model, data, batch_size)
    targets = np.array(data.targets)
    likelihood = probabilities[np.arange(len(targets)), targets].clip(1e-15)
    return ValidationScore(
        loss=float(-np.log(likelihood).mean()),
        accuracy=float((probabilities.argmax(axis=1) == targets).mean()),
    )


def _finish(
    accelerator: Processes, config: FitConfig, run: RunFolder, model: Model, test: ManifestDataset
) -> Metrics | None:
    """Evaluate the last step's weights on the test split, once, and write all that a run leaves; metrics come last."""
    probabilities = predict(accelerator, model, test, config.batch_size) if len(test) else None
    metrics: Metrics | None = None
    if accelerator.is_main_process:
        about = {"arch": config.arch, "classes": test.classes, "image_size": config.image_size}
        save_weights(run.weights, accelerator.unwrap_model(model), about)
        (run.root / "curves.png").write_bytes(draw_curves(read_epochs(run.epochs)))
        if probabilities is not None:
            metrics = write_results(run, test, probabilities)
        else:
            write_metrics(run.metrics, None)
        run.checkpoint.unlink(missing_ok=True)
    accelerator.wait_for_everyone()
    return metrics


def write_results(
    run: RunFolder, data: ManifestDataset, probabilities: NDArray[np.float64]
) -> Metrics:
    """Write predictions, confusion matrix and, last, metrics into a run or evaluation folder."""
    metrics = evaluate_predictions(np.array(data.targets), probabilities, data.classes)
    targets = tuple(data.classes[target] for target in data.targets)
    table = PredictionTable(tuple(data.names), targets, tuple(data.classes), probabilities)
    write_predictions(run.predictions, table)
    (run.root / "confusion_matrix.png").write_bytes(
        draw_confusion(metrics.confusion_matrix, data.classes)
    )
    write_metrics(run.metrics, metrics)
    return metrics


def _write_config(
    run: RunFolder, config: FitConfig, table: Table, images: dict[str, int], accelerator: Processes
) -> None:
    packages = (
        "augbuild",
        "accelerate",
        "numpy",
        "pillow",
        "safetensors",
        "scikit-learn",
        "torch",
        "torchvision",
    )
    per_class = Counter(sample.label for sample in table.samples)
    versions = {name: version(name) for name in packages} | {"python": platform.python_version()}
    record = RunConfig(
        **msgspec.structs.asdict(config),
        manifest_sha256=table.sha256,
        classes=table.classes,
        images=SplitCounts(**images),
        images_per_class=dict(sorted(per_class.items())),
        resolved=Resolved(
            device=accelerator.device.type,
            precision="bf16" if accelerator.mixed_precision == "bf16" else "fp32",
            processes=accelerator.num_processes,
            threads=thread_count(),
        ),
        versions=versions,
    )
    write_run_config(run, record)
