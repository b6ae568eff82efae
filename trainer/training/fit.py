"""Train one run from a manifest, from the first look at its files to the last picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from augbuild.core.files import write_atomic
from trainer.data.divide import divide, validation_as_test
from trainer.data.overlap import describe_overlap
from trainer.data.pixels import ManifestDataset, PixelStore, open_store
from trainer.data.samples import Sample, Table, check_classes, check_files, training_samples
from trainer.data.tables import read_table
from trainer.figures.curves import draw_curves
from trainer.statistics.metrics import Metrics, read_metrics, write_metrics
from trainer.training.config import FitConfig
from trainer.training.device import (
    Processes,
    find_device,
    is_main_process,
    list_versions,
    make_accelerator,
    resolve,
    restored_settings,
    seeded_generator,
)
from trainer.training.evaluate import score_validation, write_results
from trainer.training.loop import (
    check_smallest_batch,
    make_order,
    plan_steps,
    predict,
    prepare_model,
    train,
)
from trainer.training.model import (
    Model,
    WeightsInfo,
    check_model,
    load_weights,
    make_model,
    save_weights,
)
from trainer.training.run import (
    DataFound,
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

    @property
    def data(self) -> DataFound:
        """Return what tells these images from others."""
        counts = SplitCounts(len(self.train), len(self.validation), len(self.test))
        return DataFound(self.table.sha256, self.table.classes, counts)


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

    They are None where there is no test set. `cache` keeps decoded pixels; without it an image is
    decoded whenever it is needed. Runs that name the same images in `decoded`, all that any of them
    needs, share what is kept. `table` is the manifest, if it has been read. Raises TrainerError.
    """
    check_model(config.arch, config.weights)
    find_device(config.device)
    chosen = choose_samples(config, table)
    run = open_run(out, config, chosen.data, resume=resume)
    if run.metrics.is_file():
        return read_metrics(run.metrics)
    check_smallest_batch(config, chosen.train, chosen.table.classes)
    with hold_folder(out) if is_main_process() else nullcontext(), restored_settings():
        check_files(chosen.table, chosen.all, verify=verify)
        accelerator = make_accelerator(config.device, config.precision)
        quiet = quiet or not accelerator.is_main_process
        with accelerator.main_process_first():  # it decodes, the others find what it left
            images, file, size = decoded or chosen.all, chosen.table.file, config.image_size
            store = open_store(images, size, cache, file=file, checked=bool(decoded), quiet=quiet)
        show = partial(_show, quiet)
        leaks = () if quiet else describe_overlap(chosen.train, chosen.test)
        for note in (*chosen.notes, *store.notes, *leaks):
            show(note)
        if accelerator.is_main_process:
            write_run_config(run, _describe_run(config, chosen, accelerator))
        model = _train(accelerator, config, run, chosen, store, show)
        return _finish(accelerator, config, run, model, chosen, store)


def _show(quiet: bool, line: str) -> None:
    if not quiet:
        print(line, flush=True)


def choose_samples(config: FitConfig, table: Table | None = None) -> ChosenSamples:
    """Choose the images to train, validate and test on; raises TableError."""
    options, skip = config.source_options(), config.skip_unreadable is True
    if table is None:
        table = read_table(Path(config.manifest), options, skip_unreadable=skip)
    table = divide(table, holdout=config.holdout, fold=config.fold, seed=config.seed)
    if config.tests_on_validation and config.test_manifest is None:
        table = validation_as_test(table)
    train = training_samples(table, config.train_on)
    validation = table.of("validation")
    test = table.of("test")
    if config.test_manifest is not None:
        other = read_table(Path(config.test_manifest), options, skip_unreadable=skip)
        if config.tests_on_validation and other.has_splits:
            other = validation_as_test(other)
        test = other.of("test") if other.has_splits else other.samples
        check_files(other, test)
    check_classes(train, validation, table.file)
    check_classes(train, test, table.file)
    notes = [finding.text() for finding in table.findings]
    if test:
        return ChosenSamples(table, train, validation, test, tuple(notes))
    note = "there is no test set, so nothing is evaluated: give --test-manifest, or --holdout 0.2"
    if validation:
        note += (
            "; --test-split validation tests on that split, and `trainer evaluate RUN --manifest M "
            "--split validation` evaluates it later"
        )
    return ChosenSamples(table, train, validation, test, notes=(*notes, note))


def _describe_run(config: FitConfig, chosen: ChosenSamples, accelerator: Processes) -> RunConfig:
    """Build what config.json records."""
    per_class = Counter(sample.label for sample in chosen.table.samples)
    return RunConfig(
        **msgspec.structs.asdict(config),
        manifest_sha256=chosen.table.sha256,
        classes=chosen.table.classes,
        images=chosen.data.images,
        images_per_class=dict(sorted(per_class.items())),
        resolved=resolve(accelerator),
        versions=list_versions(),
        turns="drawn",
        decoding=chosen.table.unusual_decoding,
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
    with seeded_generator(config.seed):  # all arms of a comparison begin with the same weights
        model = make_model(config.arch, len(chosen.table.classes), config.weights, show)
    if run.weights.is_file():  # trained, but interrupted before it was evaluated
        load_weights(run.weights, model)
        return prepare_model(accelerator, model)
    if config.compile:
        model.compile()  # in place: torch.compile(model) would rename the weights
    order = make_order(config, chosen.train)
    plan = plan_steps(config, order)
    batches = f"{order.batches_per_pass} batches of {config.batch_size} an epoch"
    there = resolve(accelerator)
    steps = f"{plan.steps:,} steps on {there.device} in {there.precision}"
    show(f"{len(chosen.train):,} training images, {batches}, {steps}")
    validation = ManifestDataset(chosen.validation, chosen.table.classes, store)
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

    data = ManifestDataset(chosen.train, chosen.table.classes, store)
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
