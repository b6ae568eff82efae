"""Did the augmentation help? Arms by seeds, trained alike, tested on the same images, and judged by all of them."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from augbuild.core.pool import available_cpus
from augbuild.errors import RunError, UsageError
from trainer.comparison.arms import (
    ComparisonData,
    arm_steps,
    arm_summary,
    check_arm_files,
    load_arms,
    test_summary,
    with_budget,
)
from trainer.comparison.design import Design
from trainer.comparison.guards import GuardedArm, check_arms
from trainer.comparison.judge import judge_runs, stopped_result
from trainer.comparison.ledger import record_look_everywhere, test_key
from trainer.comparison.runs import RunEnvironment, plan_runs, train_runs
from trainer.training.run import LOCK_NAME, hold_folder, read_json, write_json

CONFIG, RESULT, RUNS = "config.json", "comparison.json", "runs"
BUILDS = "builds"
"""What an ablation builds for its arms, before there is anything else in the folder."""

_MOST_FINDINGS = 100  # kept of each guard


@dataclass(frozen=True, slots=True)
class Workers:
    """How runs are shared out: so many at a time, each on one of the CUDA devices listed, if any are."""

    n_jobs: int = 1
    devices: tuple[int, ...] = ()


def make_workers(jobs: int, devices: str | None) -> Workers:
    """Read how runs are shared out; each device listed takes one at a time. Raises UsageError."""
    if devices is None:
        return Workers(jobs)
    listed = devices.split(",")
    if not all(each.isdecimal() for each in listed) or len(set(listed)) < len(listed):
        raise UsageError(
            f"--devices must be numbers of CUDA devices, with commas: 0,1 (got {devices!r})"
        )
    return Workers(len(listed), tuple(map(int, listed)))


def compare(
    design: Design,
    out: Path,
    *,
    cache: Path | None = None,
    resume: bool = False,
    workers: Workers = Workers(),
    override: Sequence[str] = (),
    verify: bool = False,
    quiet: bool = True,
) -> dict[str, Any]:
    """Check, train and judge a design in the folder `out`; give what comparison.json then holds.

    With `resume`, what is finished is not done again. A guard that finds something stops it before any training, with
    the outcome INVALID, unless `override` names it. Raises TrainerError.
    """
    from trainer.training.model import (
        check_model,
    )  # torch: a report, which this module judges again, does without

    check_model(design.fit.arch, design.fit.weights)
    lineup = load_arms(design)
    design = with_budget(design, lineup)
    check_arm_files(lineup, verify=verify)
    declared = _declare(design, lineup, workers)
    _open(out, declared, resume)
    with hold_folder(out):
        return _compare(design, lineup, out, declared, cache, workers, override, quiet=quiet)


def _compare(
    design: Design,
    lineup: ComparisonData,
    out: Path,
    declared: Mapping[str, Any],
    cache: Path | None,
    workers: Workers,
    override: Sequence[str],
    *,
    quiet: bool,
) -> dict[str, Any]:
    found = _guards(lineup, override, workers.n_jobs)
    facts = {**declared, **_before(out), "guards": found}
    write_json(out / CONFIG, facts)
    if any(not each["overridden"] for each in found):
        result = stopped_result(facts)
    else:
        _train(design, lineup, out, facts, cache, workers, quiet=quiet)
        looks, notes = _look(design, lineup, declared)
        result = judge_runs(out / RUNS, {**facts, "looks": looks, "notes": [*design.notes, *notes]})
    write_json(out / RESULT, result)
    return result


def rebuild(out: Path) -> dict[str, Any]:
    """Judge a comparison again from its runs, and write comparison.json anew; raises RunError."""
    result = judge_again(out)
    write_json(out / RESULT, result)
    return result


def judge_again(out: Path) -> dict[str, Any]:
    """Judge a comparison from the predictions of its runs, without training; raises RunError."""
    if not (out / RESULT).is_file():
        hint = "; `trainer compare` with --resume finishes it" if (out / CONFIG).is_file() else ""
        raise RunError(f"{out / RESULT} does not exist: {out} is no finished comparison{hint}")
    facts, before = read_json(out / CONFIG), read_json(out / RESULT)
    try:
        if any(not each["overridden"] for each in facts["guards"]):
            result = stopped_result(facts)
        else:
            result = judge_runs(
                out / RUNS, {**facts, "looks": before["test"]["looks"], "notes": before["notes"]}
            )
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{out / CONFIG} is not what trainer compare writes: {error!r}") from error
    return result


def _declare(design: Design, lineup: ComparisonData, workers: Workers) -> dict[str, Any]:
    """Lay down all that the runs depend on, and what is known of the arms before any of them."""
    packages = (
        "augbuild",
        "accelerate",
        "numpy",
        "pillow",
        "scikit-learn",
        "scipy",
        "torch",
        "torchvision",
    )
    return {
        **design.to_json(),
        "arms": [arm_summary(design, lineup, arm) for arm in design.arms],
        "manifests": {manifest: table.sha256 for manifest, table in lineup.tables.items()},
        "classes": list(lineup.classes),
        "fold_numbers": list(lineup.folds),
        "test": test_summary(lineup),
        "threads": max(1, available_cpus() // workers.n_jobs),
        "versions": {name: version(name) for name in packages}
        | {"python": platform.python_version()},
    }


_MAY_CHANGE = ("threads", "versions", "guards")


def check_folder(out: Path, *, resume: bool) -> None:
    """Refuse a folder that holds something else, or a comparison that is not to be gone on with; raises RunError."""
    if (out / CONFIG).is_file():
        if not resume:
            raise RunError(
                f"{out} holds a comparison; --resume goes on with it, --out takes another folder"
            )
    elif out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file; choose a folder with --out")
    elif out.exists() and any(each.name not in {BUILDS, LOCK_NAME} for each in out.iterdir()):
        raise RunError(f"{out} is not empty and is no comparison; choose another folder with --out")


def _open(out: Path, declared: Mapping[str, Any], resume: bool) -> None:
    """Make the folder, or go on in one that was begun alike; raises RunError; overwrites nothing."""
    check_folder(out, resume=resume)
    config = out / CONFIG
    if config.is_file():
        before = read_json(config)
        for name, value in sorted(
            json.loads(json.dumps(declared)).items(), key=lambda each: each[0] == "arms"
        ):
            if (
                name not in _MAY_CHANGE and before.get(name) != value
            ):  # arms last: they hold what follows from others
                raise RunError(
                    f"{out} was begun with {name} {_short(before.get(name))}, not {_short(value)}; use another folder"
                )
    out.mkdir(parents=True, exist_ok=True)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:119]}…"


def _before(out: Path) -> dict[str, Any]:
    """Keep the number of threads that a comparison was begun with: another would not give the same weights."""
    config = out / CONFIG
    return {"threads": read_json(config).get("threads", 1)} if config.is_file() else {}


def _guards(lineup: ComparisonData, override: Sequence[str], n_jobs: int) -> list[dict[str, Any]]:
    """Check the arms, fold by fold, and keep what was found by guard."""
    found: dict[str, dict[str, None]] = {}
    everyone = ", ".join(dict.fromkeys(each.arm.name for each in lineup.fitted))
    for fold in lineup.folds or [None]:
        arms = [
            GuardedArm(each.arm.name, each.table, each.train, each.test, each.table.of("test"))
            for each in lineup.fitted
            if each.fold == fold
        ]
        for finding in check_arms(arms, n_jobs=max(n_jobs, available_cpus())):
            where = "" if finding.arm == everyone else f" (arm {finding.arm})"
            found.setdefault(finding.guard, {})[finding.message + where] = None
    return [
        {
            "name": guard,
            "count": len(messages),
            "findings": list(messages)[:_MOST_FINDINGS],
            "overridden": guard in override,
        }
        for guard, messages in found.items()
    ]


def _train(
    design: Design,
    lineup: ComparisonData,
    out: Path,
    facts: Mapping[str, Any],
    cache: Path | None,
    workers: Workers,
    *,
    quiet: bool,
) -> None:
    steps = {(each.arm.name, each.fold): arm_steps(design, each) for each in lineup.fitted}
    bench = RunEnvironment(
        out / RUNS, lineup.tables, lineup.images, cache, workers.devices, int(facts["threads"])
    )
    bench.folder.mkdir(exist_ok=True)
    _decode(bench, design, quiet=quiet)
    train_runs(bench, plan_runs(design, steps, lineup.folds), n_jobs=workers.n_jobs, quiet=quiet)


def _decode(bench: RunEnvironment, design: Design, *, quiet: bool) -> None:
    """Fill the cache of pixels before any run: a worker that opened a pool of its own for it could not end in order."""
    from trainer.data.pixels import open_store

    file = bench.tables[design.arms[0].manifest].file
    open_store(bench.decoded, design.fit.image_size, bench.cache, file=file, quiet=quiet)


def _look(
    design: Design, lineup: ComparisonData, declared: Mapping[str, Any]
) -> tuple[int, list[str]]:
    """Note in the ledger that these test images were looked at; the same comparison counts once, in any folder."""
    told = {
        name: declared[name]
        for name in ("contrasts", "seeds", "budget", "metric", "margin", "folds", "fit", "classes")
    }
    told["arms"] = [
        {**arm, "manifest": declared["manifests"][arm["manifest"]]} for arm in declared["arms"]
    ]
    name = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]
    looks = record_look_everywhere(Path(design.arms[0].manifest), test_key(lineup.tests), name)
    return looks.number, [] if looks.recorded else [
        "No ledger of looks at these test images could be written."
    ]
