"""Train one run from a manifest, from the first look at its files to the last picture."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec

from augbuild.core.files import write_atomic
from trainer.data.order import epochs_order, steps_order
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
from trainer.figures.curves import draw_curves
from trainer.statistics.metrics import Metrics, read_metrics, write_metrics
from trainer.training.config import FitConfig
from trainer.training.device import (
    Processes,
    is_main_process,
    make_accelerator,
    resolve,
    restored_threads,
    seeded_generator,
)
from trainer.training.evaluate import score_validation, write_results
from trainer.training.loop import plan_steps, predict, prepare_model, train
from trainer.training.model import (
    Model,
    WeightsInfo,
    check_model,
    load_weights,
    make_model,
    save_weights,
)
from trainer.training.run import (
    EpochReport,
    RunConfig,
    RunFolder,
    SplitCounts,
    hold_folder,
    open_run,
    read_epochs,
    write_epochs,
    write_run_config,
)

_RECORDED_PACKAGES = (
    *("augbuild", "accelerate", "numpy", "pillow", "safetensors"),
    *("scikit-learn", "torch", "torchvision"),
)


@dataclass(frozen=True, slots=True)
class ChosenSamples:
    """The images of a run by their use, and the table that those for training are from.

    `notes` are what its user should know about the choice.
    """

    table: Table
    train: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    test: tuple[Sample, ...]
    notes: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[Sample, ...]:
        """Return every image of the run."""
        return (*self.train, *self.validation, *self.test)


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
    """Train, evaluate and record one run in the folder `out`; return its metrics.

    They are None where there is no test set. `cache` is where decoded pixels are kept, or None to
    decode an image whenever it is needed; runs that name the same images in `decoded`, all that
    any of them needs, share what is kept. `table` is the manifest, if it has been read. Raises
    TrainerError.
    """
    check_model(config.arch, config.weights)
    chosen = choose_samples(config, table)
    run = open_run(out, config, chosen.table.sha256, resume=resume)
    if run.metrics.is_file():
        return read_metrics(run.metrics)
    with hold_folder(out) if is_main_process() else nullcontext(), restored_threads():
        check_files(chosen.table, chosen.all, verify=verify)
        accelerator = make_accelerator(config.device, config.precision)
        quiet = quiet or not accelerator.is_main_process
        with accelerator.main_process_first():  # it decodes, the others find what it left
            images, file = decoded or chosen.all, chosen.table.file
            store = open_store(images, config.image_size, cache, file=file, quiet=quiet)
        show = _ignore if quiet else _print
        for note in (*chosen.notes, *store.notes):
            show(note)
        if accelerator.is_main_process:
            write_run_config(run, _describe_run(config, chosen, accelerator))
        model = _train(accelerator, config, run, chosen, store, show)
        return _finish(accelerator, config, run, model, chosen, store)


def _print(line: str) -> None:
    print(line, flush=True)


def _ignore(line: str) -> None:  # a `show` of a quiet run
    """Print nothing."""


def choose_samples(config: FitConfig, table: Table | None = None) -> ChosenSamples:
    """Choose the images to train, validate and test on; raises TableError."""
    if table is None:
        table = read_table(Path(config.manifest))
    if config.holdout:
        table = hold_out(table, config.holdout, config.seed)
    if config.fold is not None:
        table = take_fold(table, config.fold)
    train = training_samples(table, config.train_on)
    validation = table.of("validation")
    test = table.of("test")
    if config.test_manifest is not None:
        other = read_table(Path(config.test_manifest))
        test = other.of("test") if other.has_splits else other.samples
        check_files(other, test)
    check_classes(train, validation, table.file)
    check_classes(train, test, table.file)
    if test:
        return ChosenSamples(table, train, validation, test)
    note = "there is no test set, so nothing is evaluated: give --test-manifest, or --holdout 0.2"
    return ChosenSamples(table, train, validation, test, notes=(note,))


def _describe_run(config: FitConfig, chosen: ChosenSamples, accelerator: Processes) -> RunConfig:
    """Build what config.json records."""
    versions = {name: version(name) for name in _RECORDED_PACKAGES}
    versions["python"] = platform.python_version()
    per_class = Counter(sample.label for sample in chosen.table.samples)
    return RunConfig(
        **msgspec.structs.asdict(config),
        manifest_sha256=chosen.table.sha256,
        classes=chosen.table.classes,
        images=SplitCounts(
            train=len(chosen.train),
            validation=len(chosen.validation),
            test=len(chosen.test),
        ),
        images_per_class=dict(sorted(per_class.items())),
        resolved=resolve(accelerator),
        versions=versions,
    )


def _train(
    accelerator: Processes,
    config: FitConfig,
    run: RunFolder,
    chosen: ChosenSamples,
    store: PixelStore,
    show: Callable[[str], None],
) -> Model:
    """Train the model, from its checkpoint if there is one, and report every epoch."""
    classes = chosen.table.classes
    with seeded_generator(config.seed):  # all arms of a comparison begin with the same weights
        model = make_model(config.arch, len(classes), config.weights)
    if run.weights.is_file():  # trained, but interrupted before it was evaluated
        load_weights(run.weights, model)
        return prepare_model(accelerator, model)
    if config.compile:
        model.compile()  # in place: torch.compile(model) would rename the weights
    make_order = epochs_order if config.steps is None else steps_order
    order = make_order(chosen.train, config.batch_size, config.seed)
    plan = plan_steps(config, order)
    batches = f"{order.batches_per_pass} batches of {config.batch_size} an epoch"
    there = resolve(accelerator)
    steps = f"{plan.steps:,} steps on {there.device} in {there.precision}"
    show(f"{len(chosen.train):,} training images, {batches}, {steps}")
    validation = ManifestDataset(chosen.validation, classes, store)
    epochs = read_epochs(run.epochs)

    def record(epoch: EpochReport, model: Model) -> None:
        if chosen.validation:
            score = score_validation(accelerator, model, validation, config.batch_size)
            epoch = msgspec.structs.replace(epoch, validation=score)
        # A resumed run repeats the epochs after its last checkpoint.
        epochs[:] = [each for each in epochs if each.step < epoch.step]
        epochs.append(epoch)
        if accelerator.is_main_process:
            write_epochs(run.epochs, epochs)
        show(epoch.as_line(plan.steps))

    data = ManifestDataset(chosen.train, classes, store)
    return train(accelerator, model, data, order, plan, run.checkpoint, record)


def _finish(
    accelerator: Processes,
    config: FitConfig,
    run: RunFolder,
    model: Model,
    chosen: ChosenSamples,
    store: PixelStore,
) -> Metrics | None:
    """Evaluate the last step's weights on the test images, once, and write all that a run leaves.

    The metrics are written last: a run that has them is finished.
    """
    classes = chosen.table.classes
    test = ManifestDataset(chosen.test, classes, store)
    probabilities = predict(accelerator, model, test, config.batch_size)
    metrics = None
    if accelerator.is_main_process:
        # From here on, a run that is interrupted and resumed is evaluated, not trained again.
        info = WeightsInfo(config.arch, classes, config.image_size)
        save_weights(run.weights, accelerator.unwrap_model(model), info)
        curves = draw_curves(read_epochs(run.epochs))
        write_atomic(run.root / "curves.png", curves)
        if chosen.test:
            metrics = write_results(run, test, probabilities)
        else:
            write_metrics(run.metrics, None)
        run.checkpoint.unlink(missing_ok=True)
    accelerator.wait_for_everyone()
    return metrics
