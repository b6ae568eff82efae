"""The library: names, lazy imports, options of the command line; the process stays as it was."""

from __future__ import annotations

import inspect
import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import fields
from pathlib import Path

import pytest

import augbuild
import augbuild.cli
import trainer
import trainer.cli
from augbuild import errors
from augbuild.cli.options import TableOptions
from tests.conftest import REPOSITORY, photos, tree, write_recipe

AUGBUILD = [
    "ApplyError", "Audit", "AugbuildError", "BuildReport", "Damage", "ImageError", "ManifestError",
    "Outlook", "OutputError", "Recipe", "RecipeError", "Record", "Rejected", "ReplayReport",
    "SourceError", "VerifyReport", "__version__", "audit", "build", "load_recipe", "plan",
    "read_manifest", "replay", "verify",
]  # fmt: skip
TRAINER = [
    "DivergedError", "RunError", "TableError", "TrainerError", "UsageError", "__version__",
    "compare", "evaluate", "export", "fit", "power", "predict", "write_report",
]  # fmt: skip


def test_public_names_are_these() -> None:
    assert augbuild.__all__ == AUGBUILD
    assert trainer.__all__ == TRAINER


def test_every_public_name_is_there_and_listed() -> None:
    for module in (augbuild, trainer):
        assert set(module.__all__) <= set(dir(module))
        for name in module.__all__:
            assert getattr(module, name) is not None


def test_other_names_are_not_there() -> None:
    for module in (augbuild, trainer):
        with pytest.raises(
            AttributeError, match=rf"module '{module.__name__}' has no attribute 'x'"
        ):
            module.x  # noqa: B018
        assert not hasattr(module, "__wrapped__")


def test_every_error_can_be_caught_from_its_package() -> None:
    kinds = {
        name
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, errors.AugbuildError)
    }
    assert kinds == {name for name in AUGBUILD + TRAINER if name.endswith("Error")}


def test_versions_are_one() -> None:
    assert augbuild.__version__ == trainer.__version__
    assert augbuild.__version__[0].isdigit()


def python(code: str, folder: Path = REPOSITORY) -> str:
    """Run Python code in a process of its own, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, timeout=120, cwd=folder, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", ["augbuild", "trainer"])
def test_import_is_light(name: str) -> None:
    loaded = json.loads(python(f"import {name}, json, sys; print(json.dumps([*sys.modules]))"))
    ours = {each for each in loaded if each.partition(".")[0] in {"augbuild", "trainer"}}
    assert ours == {"augbuild", "augbuild.errors"} | (
        {"trainer", "trainer.library"} if name == "trainer" else set()
    )
    assert not {"numpy", "PIL", "click", "msgspec", "torch", "joblib", "matplotlib"} & set(loaded)


OF_TABLES = {field.name for field in fields(TableOptions)}


@pytest.mark.parametrize(
    ("command", "function"),
    [
        ("make", augbuild.build),
        ("plan", augbuild.plan),
        ("verify", augbuild.verify),
        ("replay", augbuild.replay),
    ],
    ids=["make", "plan", "verify", "replay"],
)
def test_arguments_of_augbuild_are_the_options_of_its_commands(
    command: str, function: object
) -> None:
    options = {each.name for each in augbuild.cli.main.commands[command].params}
    options -= OF_TABLES  # a library call gives them with the recipe: its [source] has them
    printed_only = {"allow_rejected", "as_json", "explain"}
    assert callable(function)
    assert set(inspect.signature(function).parameters) - {"quiet"} == options - printed_only - {
        "quiet"
    }


@pytest.mark.parametrize(
    ("command", "function", "keywords"),
    [
        ("fit", trainer.fit, trainer.library.FitOptions),
        ("compare", trainer.compare, trainer.library.TrainingOptions),
        ("evaluate", trainer.evaluate, None),
        ("predict", trainer.predict, None),
        ("power", trainer.power, None),
        ("report", trainer.write_report, None),
        ("export", trainer.export, None),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_arguments_of_trainer_are_the_options_of_its_commands(
    command: str, function: object, keywords: type | None
) -> None:
    options = {each.name for each in trainer.cli.main.commands[command].params}
    if options >= OF_TABLES:
        # One SourceOptions stands for all of them; `source` of compare is that of --ablate.
        options = (options - OF_TABLES) | {"tables" if command == "compare" else "source"}
    assert callable(function)
    arguments = set(inspect.signature(function).parameters) - {"options"}
    if keywords is not None:
        arguments |= set(inspect.get_annotations(keywords)) | set(keywords.__optional_keys__)  # type: ignore[attr-defined]
    assert arguments - {"quiet"} == options - {"as_json", "to", "quiet"}


_GLOBALS = """
import json, locale, logging, os, random, signal, sys, threading, warnings
import augly.image, joblib, matplotlib, numpy, PIL.Image  # what they set is theirs


def snapshot():
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": [mask := os.umask(0), os.umask(mask)][0],
        "signals": [str(signal.getsignal(number)) for number in signal.valid_signals()],
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "wakeup": signal.set_wakeup_fd(-1),
        "excepthook": repr(sys.excepthook),
        "unraisablehook": repr(sys.unraisablehook),
        "thread excepthook": repr(threading.excepthook),
        "warnings": [repr(each) for each in warnings.filters],
        "warn options": list(sys.warnoptions),
        "showwarning": repr(warnings.showwarning),
        "matplotlib": {name: repr(value) for name, value in matplotlib.rcParams.items()},
        "backend": matplotlib.rcParams._get_backend_or_none(),
        "random": repr(random.getstate()),
        "numpy random": repr(numpy.random.get_state()),
        "numpy errors": numpy.geterr(),
        "locale": locale.setlocale(locale.LC_ALL),
        "recursion": sys.getrecursionlimit(),
        "digits": sys.get_int_max_str_digits(),
        "largest image": PIL.Image.MAX_IMAGE_PIXELS,
        "root logger": [logging.root.level, repr(logging.root.handlers)],
        # loky keeps its workers, and the thread that manages them, for the next call.
        "threads": sorted({t.name for t in threading.enumerate()} - {"ExecutorManagerThread"}),
    }


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: None)
    before = snapshot()
    {work}
    after = snapshot()
    print(json.dumps([name for name in before if before[name] != after[name]]))
"""


def test_build_with_workers_changes_nothing_of_the_process(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 20, "dogs": 20})
    write_recipe(tmp_path)
    (tmp_path / "photos" / "cats" / "bad.png").write_bytes(b"no image")
    work = (
        "import augbuild; report = augbuild.build('recipe.toml', n_jobs=2); "
        "assert len(report.rejected) == 1, report; "
        "augbuild.plan('recipe.toml'); augbuild.verify('out'); "
        "list(augbuild.read_manifest(__import__('pathlib').Path('out/manifest.jsonl')))"
    )
    assert json.loads(python(_GLOBALS.replace("{work}", work), tmp_path)) == []


def test_build_in_threads_changes_nothing_of_the_process(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 20, "dogs": 20})
    write_recipe(tmp_path)
    work = "import augbuild; augbuild.build('recipe.toml', n_jobs=2, backend='threading')"
    assert json.loads(python(_GLOBALS.replace("{work}", work), tmp_path)) == []


def test_training_changes_nothing_of_the_process(tmp_path: Path) -> None:
    photos(tmp_path / "photos" / "train", {"cats": 4, "dogs": 4})
    photos(tmp_path / "photos" / "test", {"birds": 0, "cats": 2, "dogs": 2})
    # torch, torchvision, accelerate and scikit-learn set what they set when they are imported.
    work = (
        "import torch, torchvision, accelerate, sklearn.metrics, trainer; before = snapshot(); "
        "trainer.fit('photos', out='run', arch='shufflenet_v2_x0_5', image_size=32, epochs=1, "
        "device='cpu', cache='none'); "
        "trainer.predict('run', ['photos/test'])"
    )
    assert json.loads(python(_GLOBALS.replace("{work}", work), tmp_path)) == []


def test_builds_in_several_threads_of_a_program(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 10, "dogs": 10})
    recipe = write_recipe(tmp_path)
    environment = dict(os.environ)

    def build(name: str) -> None:
        augbuild.build(recipe, out=tmp_path / name, n_jobs=2)

    threads = [threading.Thread(target=build, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tree(tmp_path / "a") == tree(tmp_path / "b") == tree(tmp_path / "c") != {}
    assert dict(os.environ) == environment


def test_packages_log_nothing_unless_asked() -> None:
    for name in ("augbuild", "trainer"):
        kinds = [type(handler) for handler in logging.getLogger(name).handlers]
        assert kinds.count(logging.NullHandler) == 1
        assert logging.getLogger(name).level == logging.NOTSET


def test_library_builds_the_shipped_sample(tmp_path: Path) -> None:
    report = augbuild.build("default", out=tmp_path / "x", limit=8, n_jobs=1)
    assert sum(report.counts["train"].values()) + sum(report.counts["test"].values()) == 8
    records = list(augbuild.read_manifest(tmp_path / "x" / "manifest.jsonl"))
    assert all(isinstance(record, augbuild.Record) for record in records)


def test_errors_of_the_library_are_ours() -> None:
    with pytest.raises(augbuild.RecipeError, match="no such recipe"):
        augbuild.build("no such recipe")
    with pytest.raises(trainer.UsageError, match="--lr must be"):
        trainer.fit("x.csv", out="run", lr=-1)
    with pytest.raises(trainer.UsageError, match="--seeds must be"):
        trainer.compare("x.csv", out="comparison", seeds=0)
    with pytest.raises(trainer.TrainerError, match=r"gone\.csv does not exist"):
        trainer.fit("gone.csv", out="run")


def test_power_needs_no_training() -> None:
    assert "takes 940 test images" in trainer.power()
    assert "28 test images" in trainer.power(0.05, disagree=0.3, images=28)
