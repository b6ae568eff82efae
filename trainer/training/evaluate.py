"""Use a finished run: evaluate it on another manifest, predict single images, hand it on as ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from augbuild.errors import ImageError, TableError
from trainer.data.pixels import ManifestDataset, open_store
from trainer.data.samples import Sample, check_files
from trainer.data.tables import images_below, read_table
from trainer.statistics.metrics import Metrics
from trainer.training.device import make_accelerator
from trainer.training.fit import write_results
from trainer.training.loop import predict, prepare_model
from trainer.training.model import Model, load_weights, make_model
from trainer.training.run import RunConfig, RunFolder, read_run_config


class ClassProbability(Struct, frozen=True):
    """One class and its probability for one image."""

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


def evaluate_run(
    root: Path,
    manifest: Path,
    *,
    split: str = "test",
    cache: Path | None = None,
    device: str = "auto",
    quiet: bool = True,
) -> tuple[Metrics, Path]:
    """Evaluate a finished run on a manifest's split (all images of one without splits); give metrics and their folder.

    The folder is below the run's `evaluations`, so nothing of the run's own is written over.
    """
    model, config = load_run(root)
    table = read_table(manifest)
    chosen = (
        tuple(sample for sample in table.samples if sample.split == split)
        if table.has_splits
        else table.samples
    )
    if not chosen:
        raise TableError(
            f"{manifest} has no {split} images; it has {', '.join(sorted({str(s.split) for s in table.samples}))}"
        )
    unknown = next((sample for sample in chosen if sample.label not in config.classes), None)
    if unknown is not None:
        raise TableError(
            f"{manifest}: row {unknown.row}: {unknown.name} is {unknown.label!r}; the run knows "
            f"{', '.join(config.classes)}"
        )
    check_files(table, chosen)
    accelerator = make_accelerator(device, config.resolved.precision)
    store, _ = open_store(chosen, config.image_size, cache, file=table.file, quiet=quiet)
    data = ManifestDataset(chosen, config.classes, store)
    prepared = prepare_model(accelerator, model)
    probabilities = predict(accelerator, prepared, data, config.batch_size)
    name = f"{manifest.stem if manifest.is_file() else manifest.name}-{split}-{table.sha256[:8]}"
    folder = RunFolder(root).evaluation(name)
    folder.root.mkdir(parents=True, exist_ok=True)
    return write_results(folder, data, probabilities), folder.root


def predict_images(
    root: Path, paths: Sequence[Path], *, top: int = 5, batch_size: int = 32, device: str = "auto"
) -> list[ImagePrediction]:
    """Predict images, and all below folders: for each its path and the `top` classes with their probabilities.

    An image that cannot be read has an `error` instead. Raises RunError, TableError.
    """
    model, config = load_run(root)
    classes = config.classes
    found = [
        Sample(path, str(path), classes[0], None, row)
        for row, path in enumerate(images_below(paths), start=1)
    ]
    accelerator = make_accelerator(device, config.resolved.precision)
    prepared = prepare_model(accelerator, model)
    results: list[ImagePrediction] = []
    for start in range(0, len(found), batch_size):
        readable, failed = _readable(found[start : start + batch_size], config.image_size)
        if readable:
            store, _ = open_store(readable, config.image_size, None, file=root)
            data = ManifestDataset(readable, classes, store)
            for sample, row in zip(
                readable, predict(accelerator, prepared, data, batch_size), strict=True
            ):
                best = row.argsort()[::-1][:top]
                classified = tuple(
                    ClassProbability(classes[index], float(row[index])) for index in best
                )
                results.append(ImagePrediction(sample.name, classified))
        results += failed
    return results


def _readable(samples: Sequence[Sample], size: int) -> tuple[list[Sample], list[ImagePrediction]]:
    from trainer.data.pixels import load_pixels

    readable, failed = [], []
    for sample in samples:
        try:
            load_pixels(sample.path, size)
        except ImageError as error:
            failed.append(ImagePrediction(sample.name, error=str(error)))
        else:
            readable.append(sample)
    return readable, failed
