"""Evaluate a model: while it trains, when a run is finished, and later on other images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Struct, UnsetType
from numpy.typing import NDArray

from augbuild.core.files import write_atomic
from augbuild.errors import ImageError, TableError
from trainer.data.decode import Pixels, load_pixels
from trainer.data.divide import divide
from trainer.data.overlap import describe_overlap
from trainer.data.pixels import ManifestDataset, PixelStore, open_store
from trainer.data.samples import (
    DEFAULT_DECODING,
    DEFAULT_OPTIONS,
    Sample,
    SourceOptions,
    Split,
    Table,
    check_files,
    training_samples,
)
from trainer.data.tables import images_below, read_table
from trainer.figures.confusion import draw_confusion
from trainer.statistics.metrics import Metrics, evaluate_predictions, write_metrics
from trainer.training.device import Processes, make_accelerator
from trainer.training.loop import predict, prepare_model
from trainer.training.model import Model, load_weights, make_model
from trainer.training.predictions import PredictionTable, write_predictions
from trainer.training.run import RunConfig, RunFolder, ValidationScore, read_run_config


class ClassProbability(Struct, frozen=True):
    """A class and its probability."""

    label: str = msgspec.field(name="class")
    probability: Annotated[float, Meta(ge=0.0, le=1.0)]


class ImagePrediction(Struct, frozen=True, omit_defaults=True):
    """The most probable classes of one image, or why it could not be read."""

    image: str
    top: tuple[ClassProbability, ...] = ()
    error: str | None = None


def load_run(root: Path) -> tuple[Model, RunConfig]:
    """Load a finished run's model and configuration; raises RunError."""
    run = RunFolder(root)
    config = read_run_config(run)
    model = make_model(config.arch, len(config.classes))
    load_weights(run.weights, model)
    return model, config


def score_validation(
    accelerator: Processes, model: Model, data: ManifestDataset, batch_size: int
) -> ValidationScore:
    """Return mean cross-entropy and accuracy on validation images."""
    probabilities = predict(accelerator, model, data, batch_size)
    targets = np.array(data.targets)
    images = np.arange(len(targets))
    likelihood = probabilities[images, targets]
    # One image of probability 0 must not make the mean infinite.
    logarithms = np.log(likelihood.clip(1e-15))
    # Of equal probabilities the first class wins, here as in metrics.json.
    best = probabilities.argmax(axis=1)
    correct = best == targets
    return ValidationScore(loss=float(-logarithms.mean()), accuracy=float(correct.mean()))


def write_results(
    run: RunFolder, data: ManifestDataset, probabilities: NDArray[np.float64]
) -> Metrics:
    """Write predictions, confusion matrix and, last, metrics into a run or evaluation folder."""
    targets = np.array(data.targets)
    metrics = evaluate_predictions(targets, probabilities, data.classes)
    labels = [data.classes[target] for target in data.targets]
    table = PredictionTable(
        samples=tuple(data.names),
        targets=tuple(labels),
        classes=tuple(data.classes),
        probabilities=probabilities,
    )
    write_predictions(run.predictions, table)
    picture = draw_confusion(metrics.confusion_matrix, data.classes)
    write_atomic(run.root / "confusion_matrix.png", picture)
    write_metrics(run.metrics, metrics)
    return metrics


def evaluate_run(
    root: Path,
    manifest: Path,
    *,
    split: Split = "test",
    cache: Path | None = None,
    device: str = "auto",
    quiet: bool = True,
    source: SourceOptions = DEFAULT_OPTIONS,
    skip_unreadable: bool = False,
) -> tuple[Metrics, Path]:
    """Evaluate a finished run on a split of a manifest; return the metrics and their folder.

    Of a manifest without splits all images are taken. The folder is below the run's `evaluations`,
    so nothing of the run itself is overwritten. Unless `quiet`, findings about the manifest are
    printed, and how many of the images the run was trained on. With `skip_unreadable`, files that
    cannot be read are left out. Raises RunError, TableError.
    """
    model, config = load_run(root)
    table = read_table(manifest, source, skip_unreadable=skip_unreadable)
    chosen = _choose_split(table, split, config.classes)
    check_files(table, chosen)
    accelerator = make_accelerator(device, config.resolved.precision)
    store = open_store(chosen, config.image_size, cache, file=table.file, quiet=quiet)
    data = ManifestDataset(chosen, config.classes, store)
    if not quiet:
        notes = [finding.text() for finding in table.findings]
        for line in (*notes, *_compare_with_training(config, chosen)):
            print(line, flush=True)
    prepared = prepare_model(accelerator, model)
    probabilities = predict(accelerator, prepared, data, config.batch_size)
    stem = manifest.stem if manifest.is_file() else manifest.name
    name = f"{stem}-{split}-{table.sha256[:8]}"
    folder = RunFolder(root).evaluation(name)
    metrics = write_results(folder, data, probabilities)
    return metrics, folder.root


def _compare_with_training(config: RunConfig, chosen: Sequence[Sample]) -> tuple[str, ...]:
    """Return a line about images that the run was trained on, or why that is not known."""
    unknown = f"whether the run was trained on these images is not known: {config.manifest}"
    try:
        skip = config.skip_unreadable is True
        table = read_table(Path(config.manifest), config.source_options(), skip_unreadable=skip)
    except TableError:
        return (f"{unknown} cannot be read",)
    if table.sha256 != config.manifest_sha256:
        return (f"{unknown} has changed",)
    table = divide(table, holdout=config.holdout, fold=config.fold, seed=config.seed)
    return describe_overlap(training_samples(table, config.train_on), chosen)


def _choose_split(table: Table, split: Split, known: Sequence[str]) -> tuple[Sample, ...]:
    """Return the images to evaluate; raises TableError for none, or one of an unknown class."""
    chosen = table.of(split) if table.has_splits else table.samples
    if not chosen:
        splits = {str(sample.split) for sample in table.samples}
        present = ", ".join(sorted(splits))
        hint = ": use --split validation" if "validation" in splits else ""
        raise TableError(f"{table.file} has no {split} images; it has {present}{hint}")
    for sample in chosen:
        if sample.label not in known:
            where = f"{table.file}: row {sample.row}: {sample.name}"
            classes = ", ".join(known)
            raise TableError(f"{where} is {sample.label!r}; the run knows {classes}")
    return chosen


def predict_images(
    root: Path, paths: Sequence[Path], *, top: int = 5, batch_size: int = 32, device: str = "auto"
) -> list[ImagePrediction]:
    """Predict the `top` classes of images, and of all images below folders.

    An image that cannot be read has an `error` instead. Raises RunError, TableError.
    """
    model, config = load_run(root)
    images = images_below(paths)
    decoding = DEFAULT_DECODING if isinstance(config.decoding, UnsetType) else config.decoding
    accelerator = make_accelerator(device, config.resolved.precision)
    prepared = prepare_model(accelerator, model)
    results: list[ImagePrediction] = []
    for start in range(0, len(images), batch_size):
        decoded: dict[Path, Pixels] = {}
        failed = []
        for path in images[start : start + batch_size]:
            try:
                decoded[path] = load_pixels(path, config.image_size, decoding)
            except ImageError as error:
                failed.append(ImagePrediction(str(path), error=str(error)))
        if decoded:
            data = _as_dataset(decoded, config)
            probabilities = predict(accelerator, prepared, data, batch_size)
            for name, row in zip(data.names, probabilities, strict=True):
                results.append(ImagePrediction(name, _top_classes(row, config.classes, top)))
        results += failed
    return results


def _as_dataset(decoded: dict[Path, Pixels], config: RunConfig) -> ManifestDataset:
    """Return decoded images as a dataset; their labels are not known, so any will do."""
    any_label = config.classes[0]
    samples = []
    rows: dict[Path, int] = {}
    for row, path in enumerate(decoded):
        rows[path] = row
        sample = Sample(path, str(path), any_label, None, row + 1)
        samples.append(sample)
    array = np.stack(list(decoded.values()))
    store = PixelStore(config.image_size, rows, array)
    return ManifestDataset(samples, config.classes, store)


def _top_classes(
    row: NDArray[np.float64], classes: Sequence[str], top: int
) -> tuple[ClassProbability, ...]:
    ascending = row.argsort()
    ranked = []
    for index in ascending[::-1][:top]:
        probability = float(row[index])
        ranked.append(ClassProbability(classes[index], probability))
    return tuple(ranked)
