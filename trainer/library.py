"""The library: what `import trainer` offers, with the names and options of the command line.

Each function imports what it needs when it is called, so that `import trainer` takes no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

if TYPE_CHECKING:
    from trainer.comparison.result import ComparisonResult, StoppedResult
    from trainer.data.samples import SourceOptions, Split, TrainOn
    from trainer.statistics.metrics import Metrics
    from trainer.training.evaluate import ImagePrediction


class TrainingOptions(TypedDict, total=False):
    """The options of training that `fit` and `compare` share; docs/trainer.md has the defaults."""

    seed: int | None
    batch_size: int | None
    lr: float | None
    optimizer: Literal["adam", "adamw", "sgd"] | None
    weight_decay: float | None
    schedule: Literal["constant", "cosine"] | None
    image_size: int | None
    arch: str | None
    weights: str | None
    precision: Literal["auto", "fp32", "bf16"] | None
    device: str | None
    compile: bool | None
    skip_unreadable: bool | None
    test_split: Literal["test", "validation"] | None


class FitOptions(TrainingOptions, total=False):
    """All options of training, and which images `fit` takes."""

    train_on: TrainOn | None
    test_manifest: str | None
    holdout: float | None
    fold: int | None
    epochs: int | None
    steps: int | None
    source: SourceOptions | None


def fit(
    manifest: str | Path | None = None,
    *,
    out: str | Path,
    config: str | Path | None = None,
    cache: str | Path | None = None,
    resume: bool = False,
    verify: bool = False,
    quiet: bool = True,
    **options: Unpack[FitOptions],
) -> Metrics | None:
    """Train on a manifest into the folder `out`, evaluate once on its test images, return metrics.

    Options that are None or left out are those of `config`, a TOML file, or the defaults. `cache`
    is a folder for decoded pixels, `"none"`, or None for the user's cache folder. Without test
    images there are no metrics: None. Raises AugbuildError; UsageError for a wrong option.
    """
    from trainer.training.config import make_config

    chosen = make_config({**options, "manifest": _text(manifest)}, _path(config))
    from trainer.training.fit import fit_run  # torch: a wrong option is named before it is loaded

    return fit_run(
        chosen, Path(out), cache=_cache_folder(cache), resume=resume, verify=verify, quiet=quiet
    )


def evaluate(
    run: str | Path,
    manifest: str | Path,
    *,
    split: Split = "test",
    cache: str | Path | None = None,
    device: str = "auto",
    quiet: bool = True,
    source: SourceOptions | None = None,
    skip_unreadable: bool = False,
) -> tuple[Metrics, Path]:
    """Evaluate a finished run on another manifest; return metrics and the folder that has them.

    `source` is how a table is read; with `skip_unreadable`, files that cannot be read are left out.
    Raises AugbuildError.
    """
    from trainer.data.samples import DEFAULT_OPTIONS
    from trainer.training.evaluate import evaluate_run

    return evaluate_run(
        Path(run),
        Path(manifest),
        split=split,
        cache=_cache_folder(cache),
        device=device,
        quiet=quiet,
        source=source or DEFAULT_OPTIONS,
        skip_unreadable=skip_unreadable,
    )


def predict(
    run: str | Path, images: Sequence[str | Path], *, top: int = 5, device: str = "auto"
) -> list[ImagePrediction]:
    """Predict the classes of images, files or folders of them, with a finished run.

    Returns for each image the `top` classes with their probabilities, or the error that it has.
    Raises AugbuildError.
    """
    from trainer.training.evaluate import predict_images

    return predict_images(Path(run), [Path(image) for image in images], top=top, device=device)


def export(run: str | Path, *, out: str | Path | None = None) -> Path:
    """Write a finished run's model as ONNX, `run`/model.onnx by default; return the file.

    Needs the extra `onnx`. Raises AugbuildError.
    """
    from trainer.training.export import export_run

    return export_run(Path(run), _path(out))


def compare(
    manifest: str | Path | None = None, *, out: str | Path,
    arms: str | None = None, arm: Sequence[str] = (),
    ablate: str | Path | None = None, source: str | None = None,
    tables: SourceOptions | None = None, seeds: int = 10, budget: str | None = None,
    folds: bool = False, metric: Literal["accuracy", "macro-f1", "balanced-accuracy"] = "accuracy",
    margin: float = 0.02, max_seeds: int | None = None, recipes: int | None = None,
    jobs: int = 1, devices: str | None = None, override: Sequence[str] = (),
    config: str | Path | None = None, cache: str | Path | None = None,
    resume: bool = False, verify: bool = False, quiet: bool = True,
    **options: Unpack[TrainingOptions],
) -> ComparisonResult | StoppedResult:  # fmt: skip
    """Train arms by seeds alike, judge them on the same images, and write a report into `out`.

    Returns what comparison.json then has, INVALID where a guard stopped it before any training.
    `source` is that of an ablation's builds, `tables` is how tables are read. Raises AugbuildError.
    """
    from trainer.comparison import compare as comparing
    from trainer.comparison.design import from_options
    from trainer.comparison.runs import make_workers
    from trainer.report.report import write_report as write_report_of

    folder = Path(out)
    design = from_options(
        manifest=_text(manifest), arms=arms, named=arm, ablate=_text(ablate), seeds=seeds,
        budget=budget, metric=metric, margin=margin, folds=folds, max_seeds=max_seeds,
        recipes=recipes, config=_path(config), source=tables, **options,
    )  # fmt: skip
    workers = make_workers(jobs, devices)
    if ablate is not None:
        from trainer.comparison.ablation import make_ablation

        comparing.check_folder(folder, resume=resume)
        design = make_ablation(design, ablate, folder, source=source, quiet=quiet)
    result = comparing.compare(
        design, folder, cache=_cache_folder(cache), resume=resume, workers=workers,
        override=override, verify=verify, quiet=quiet,
    )  # fmt: skip
    write_report_of(folder)
    return result


def write_report(folder: str | Path) -> tuple[Path, Path]:
    """Judge a finished comparison again and write its report; return the Markdown and the page.

    Nothing is trained. It is not called `report` because `trainer.report` is a package. Raises
    AugbuildError.
    """
    from trainer.comparison.compare import rebuild
    from trainer.report.report import write_report as write_report_of

    rebuild(Path(folder))
    return write_report_of(Path(folder))


def power(
    gain: float = 0.05,
    *,
    disagree: float = 0.3,
    images: int | None = None,
    comparison: str | Path | None = None,
) -> str:
    """Return in words how many test images it takes to see a gain in accuracy of `gain`.

    `disagree` is the share of test images that only one of two models gets right; with `images`,
    also what so many of them can show. With the folder of a finished `comparison` its variances are
    used instead. Raises AugbuildError; UsageError for shares that are none.
    """
    from trainer.statistics.power import power_of, power_text

    if comparison is None:
        return power_text(gain, disagree, images)
    from trainer.comparison.compare import judge_again

    result = judge_again(Path(comparison))
    return power_of(result.contrasts, result.test.images, gain)


def _text(given: str | Path | None) -> str | None:
    return None if given is None else str(given)


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def _cache_folder(given: str | Path | None) -> Path | None:
    from trainer.data.pixels import default_cache

    if given is None:
        return default_cache()
    return None if str(given) == "none" else Path(given)
