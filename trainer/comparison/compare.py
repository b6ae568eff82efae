"""Did the augmentation help? Arms by seeds, trained alike, tested on the same images, judged."""

from __future__ import annotations

import platform
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path

from msgspec import structs

from augbuild.core.pool import available_cpus
from augbuild.errors import RunError
from trainer.comparison.ablation import BUILDS
from trainer.comparison.arms import (
    ComparisonImages,
    check_arm_files,
    count_steps,
    find_unseen,
    load_arms,
    number_groups,
    settle_budget,
    summarize_arms,
    summarize_test,
)
from trainer.comparison.config import (
    CONFIG,
    ComparisonConfig,
    SharedFit,
    check_begun_alike,
    read_config,
    write_config,
)
from trainer.comparison.design import Design
from trainer.comparison.guards import run_guards
from trainer.comparison.judge import judge_runs, stopped_result
from trainer.comparison.looks.ledger import Look, record_look_everywhere, test_key
from trainer.comparison.looks.levels import check_seeds_again, find_level
from trainer.comparison.result import (
    RESULT,
    ComparisonResult,
    StoppedResult,
    read_result,
    write_result,
)
from trainer.comparison.runs import RunEnvironment, Workers, check_trainable, plan_runs, train_runs
from trainer.training.run import LOCK_NAME, hold_folder

RUNS = "runs"

_PACKAGES = (
    "augbuild",
    "accelerate",
    "numpy",
    "pillow",
    "scikit-learn",
    "scipy",
    "torch",
    "torchvision",
)


def compare(
    design: Design,
    out: Path,
    *,
    cache: Path | None = None,
    resume: bool = False,
    workers: Workers | None = None,
    override: Collection[str] = (),
    verify: bool = False,
    quiet: bool = True,
) -> ComparisonResult | StoppedResult:
    """Check, train and judge a design in the folder `out`; return what comparison.json then has.

    With `resume`, what is finished is not done again. A guard that finds something stops it before
    any training, with the outcome INVALID, unless `override` names it. Raises TrainerError.
    """
    workers = workers or Workers()
    images = load_arms(design)
    for line in () if quiet else images.describe_findings():
        print(line, flush=True)
    design = settle_budget(design, images)
    check_trainable(design, images, workers)
    check_arm_files(images, verify=verify)
    config = _open(out, _declare(design, images, workers), resume=resume)
    with hold_folder(out):
        guards = run_guards(images, override, n_jobs=workers.n_jobs)
        guards += find_unseen(design, images, overridden="exposure" in override)
        config = structs.replace(config, guards=guards)
        # Before any run: what is killed from here on is a comparison that --resume goes on with.
        write_config(out, config)
        result: ComparisonResult | StoppedResult
        if config.stopping_guards:
            result = stopped_result(config)
        else:
            _train(design, images, out, config, cache, workers, quiet=quiet)
            result = _judge_first(design, images, out, config)
        write_result(out, result)
    return result


def _declare(design: Design, images: ComparisonImages, workers: Workers) -> ComparisonConfig:
    """Gather all that the runs depend on, and what is known of the arms before any of them."""
    assert design.budget is not None, "settled before"
    versions = {name: version(name) for name in _PACKAGES}
    return ComparisonConfig(
        arms=summarize_arms(design, images),
        contrasts=design.contrasts,
        seeds=design.seeds,
        budget=design.budget,
        metric=design.metric,
        margin=design.margin,
        folds=design.folds,
        fit=SharedFit.of(design.fit),
        manifests={manifest: table.sha256 for manifest, table in images.tables.items()},
        classes=images.classes,
        fold_numbers=images.folds,
        test=summarize_test(images),
        threads=max(1, available_cpus() // workers.n_jobs),
        versions={**versions, "python": platform.python_version()},
        guards=(),
        test_groups=() if design.folds else number_groups(images),
        turns="drawn",
        max_seeds=design.declared.max_seeds,
        recipes=design.declared.recipes,
    )


def check_folder(out: Path, *, resume: bool) -> None:
    """Check that a folder is free, or with `resume` that it holds a comparison; raises RunError."""
    if (out / CONFIG).is_file():
        if not resume:
            raise RunError(
                f"{out} holds a comparison; --resume continues it, --out takes another folder"
            )
    elif out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file; choose a folder with --out")
    elif out.exists() and any(each.name not in {BUILDS, LOCK_NAME} for each in out.iterdir()):
        raise RunError(
            f"{out} is not empty and is not a comparison; choose another folder with --out"
        )


def _open(out: Path, declared: ComparisonConfig, *, resume: bool) -> ComparisonConfig:
    """Make the folder, or go on in one that was begun alike; raises RunError.

    The number of threads stays that of the first time: with another one, the weights would differ.
    """
    check_folder(out, resume=resume)
    if not (out / CONFIG).is_file():
        out.mkdir(parents=True, exist_ok=True)
        return declared
    before = read_config(out)
    check_begun_alike(out, before, declared)
    was_judged = (out / RESULT).is_file()
    if was_judged and len(declared.seeds) > len(before.seeds):
        check_seeds_again(len(before.seeds), len(declared.seeds))
    return structs.replace(declared, threads=before.threads)


def _train(
    design: Design,
    images: ComparisonImages,
    out: Path,
    config: ComparisonConfig,
    cache: Path | None,
    workers: Workers,
    *,
    quiet: bool,
) -> None:
    from trainer.data.pixels import open_store
    from trainer.training.device import restored_settings

    environment = RunEnvironment(
        folder=out / RUNS,
        tables=images.tables,
        decoded=images.every_image,
        cache=cache,
        devices=workers.devices,
        threads=config.threads,
    )
    environment.folder.mkdir(exist_ok=True)
    # Pixels are decoded before any run: a worker with a pool of its own could not end in order.
    file = images.arms[0].table.file
    open_store(environment.decoded, design.fit.image_size, cache, file=file, quiet=quiet)
    steps = {(arm.arm.name, arm.fold): count_steps(design, arm) for arm in images.arms}
    runs = plan_runs(design, steps, images.folds)
    with restored_settings():  # of this process, where it trains the runs itself
        train_runs(environment, runs, n_jobs=workers.n_jobs, quiet=quiet)


def _judge_first(
    design: Design, images: ComparisonImages, out: Path, config: ComparisonConfig
) -> ComparisonResult:
    """Judge the runs, and record that this comparison has looked at the test images."""
    # After training: a comparison that never came to its predictions has seen no test image.
    manifest = Path(design.arms[0].manifest)
    seeds = len(config.seeds)
    look = Look(test_key(images.test), config.key, design=config.design_key, seeds=seeds)
    looks = record_look_everywhere(manifest, look)
    level = find_level(looks.earlier, config.design_key, seeds, design.declared)
    notes = [*design.notes]
    notes += [f"{line}." for line in images.describe_findings("files left out")]
    if not looks.recorded:
        notes.append("No ledger of looks at these test images could be written.")
    return judge_runs(out / RUNS, config, looks.number, level, notes)


def rebuild(out: Path) -> ComparisonResult | StoppedResult:
    """Judge a comparison again from its runs, and write comparison.json anew; raises RunError."""
    result = judge_again(out)
    write_result(out, result)
    return result


def judge_again(out: Path) -> ComparisonResult | StoppedResult:
    """Judge a comparison from the predictions of its runs, without training; raises RunError."""
    if not (out / RESULT).is_file():
        hint = "; `trainer compare` with --resume finishes it" if (out / CONFIG).is_file() else ""
        raise RunError(f"{out / RESULT} does not exist: {out} is not a finished comparison{hint}")
    config = read_config(out)
    before = read_result(out)
    if config.stopping_guards:
        return stopped_result(config)
    return judge_runs(out / RUNS, config, before.test.looks, before.test.level, before.notes)
