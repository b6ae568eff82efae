"""What is pending is made, what is stale is removed, and each is in the state before and after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import augbuild.building.execute as execute
from augbuild.building.build import build
from augbuild.building.changes import ChangeDetector, Changes, find_changes
from augbuild.building.execute import execute_changes
from augbuild.building.guards.claim import claim
from augbuild.building.inputs import plan_recipe
from augbuild.core.files import stamp_of
from augbuild.core.pool import map_resilient
from augbuild.core.progress import ProgressBar
from augbuild.dataset.results import BuiltSource, RejectedSource
from augbuild.dataset.state import State
from augbuild.errors import OutputError
from tests.conftest import RECIPE, tree, write_recipe


@contextmanager
def detector_of(project: Path) -> Iterator[ChangeDetector]:
    """Plan a project and claim its output folder."""
    plan = plan_recipe(project / "recipe.toml", source=None, follow_links=False, n_jobs=1)
    with claim(project / "out", plan.dataset.root) as folder, State(folder.state) as state:
        yield ChangeDetector(plan, state, folder)


def run(detector: ChangeDetector, *, quiet: bool = True, n_jobs: int = 1) -> tuple[int, Changes]:
    changes = find_changes(detector, prune=True)
    made = execute_changes(detector, changes, n_jobs=n_jobs, backend="loky", quiet=quiet)
    return made, changes


def test_all_is_made_and_noted(project: Path) -> None:
    with detector_of(project) as detector:
        made, changes = run(detector)
        entries = list(detector.state.entries())
        assert (made, changes.images, len(entries)) == (30, 30, 12)
        assert {entry.run for entry in entries} == {1}
        assert detector.state.note("running", int) == 1  # until the build has ended well
        for entry in entries:
            assert isinstance(entry.result, BuiltSource)
            assert entry.files == tuple(file.file_name for file in entry.result.files)
            assert all((project / "out" / name).is_file() for name in entry.files)
            source = project / "photos" / entry.path
            assert entry.stamp == stamp_of(source)
        assert find_changes(detector, prune=True).pending == 0


def test_what_will_be_written_is_noted_before(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(execute, "make_folders", stop)
    with detector_of(project) as detector:
        with pytest.raises(KeyboardInterrupt):
            run(detector)
        entries = list(detector.state.entries())
    assert len(entries) == 12
    for entry in entries:
        assert (entry.status, entry.result) == ("pending", None)
        assert len(entry.files) in {1, 3}
        assert entry.files == tuple(sorted(entry.files))
    assert sum(len(entry.files) for entry in entries) == 30


def test_the_manifest_is_away_meanwhile(project: Path) -> None:
    build(project / "recipe.toml")
    write_recipe(project, RECIPE.replace("variants = 2", "variants = 1"))
    with detector_of(project) as detector:
        run(detector)
        assert not detector.folder.manifest.exists()
        assert detector.folder.set_aside.is_file()


def test_files_of_an_earlier_build_go_with_their_source_or_variant(project: Path) -> None:
    out = build(project / "recipe.toml").out
    write_recipe(project, RECIPE.replace("variants = 2", "variants = 1"))
    (project / "photos" / "dogs" / "dogs_0.png").write_bytes(b"no image")
    with detector_of(project) as detector:
        made, _ = run(detector)
        rejected = detector.state.get("dogs/dogs_0.png")
    assert made == 0  # what is left is what it was
    assert not [name for name in tree(out) if "_aug1" in name or "dogs_0_" in name]
    assert rejected is not None
    assert isinstance(rejected.result, RejectedSource)
    assert rejected.files == ()


def test_a_stale_source_takes_its_files_along(split_project: Path) -> None:
    out = build(split_project / "recipe.toml").out
    (split_project / "photos" / "train" / "cats" / "cats_1.png").unlink()
    with detector_of(split_project) as detector:
        made, changes = run(detector)
        assert (made, changes.stale) == (0, ["train/cats/cats_1.png"])
        assert detector.state.get("train/cats/cats_1.png") is None
        assert len(detector.state) == 11
    assert not list((out / "augmented_train").rglob("cats_1_*"))


def test_folders_without_an_image_go_and_no_others(project: Path) -> None:
    out = build(project / "recipe.toml").out
    (project / "photos" / "cats").rename(project / "photos" / "felines")
    (out / "train" / "cats" / "notes.txt").write_text("mine")
    (out / "elsewhere" / "empty").mkdir(parents=True)
    (out / "validation").symlink_to(out / "elsewhere")
    with detector_of(project) as detector:
        run(detector)
    assert [path.name for path in (out / "train" / "cats").iterdir()] == ["notes.txt"]
    assert not (out / "augmented_train" / "cats").exists()
    assert not (out / "test" / "cats").exists()
    assert (out / "elsewhere" / "empty").is_dir()
    for path in (project / "photos" / "felines").iterdir():
        path.write_bytes(b"no image")
    (out / "train" / "cats" / "notes.txt").unlink()
    with detector_of(project) as detector:
        run(detector)
    assert {path.name for path in out.glob("*/*") if path.is_dir()} == {"dogs", "empty"}


@pytest.mark.parametrize("link", [False, True])
def test_a_foreign_file_with_our_name_is_not_overwritten(project: Path, link: bool) -> None:
    with detector_of(project) as detector:
        task = detector.plan.task(detector.plan.sources[3])
        path = project / "out" / task.outputs[1].file_name
        path.parent.mkdir(parents=True)
        if link:
            path.symlink_to("nowhere")
        else:
            path.write_text("mine")
        with pytest.raises(OutputError, match=r"was not made by augbuild; move it, or choose"):
            run(detector)
        assert list(detector.state.entries()) == []
        assert path.is_symlink() is link
        assert link or path.read_text() == "mine"


def test_progress_counts_what_was_rejected_too(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "photos" / "cats" / "cats_0.png").write_bytes(b"no image")
    steps: list[int] = []
    monkeypatch.setattr(ProgressBar, "advance", lambda _, count: steps.append(count))
    with detector_of(project) as detector:
        made, changes = run(detector, quiet=True)
    assert sum(steps) == changes.images == 30
    assert made == 27


@pytest.mark.parametrize(
    ("pays_from", "costs", "n_jobs", "used"),
    [
        (10**9, 10**9, 8, []),
        (10**9, 0.0, 8, [8]),
        (0, 10**9, 2, [2]),
        (0, 10**9, 64, [12]),
        (0, 0.0, 1, [1]),
        (10**9, 0.0, 1, [1]),
    ],
    ids=["small", "slow", "large", "more workers than sources", "one worker", "slow, one worker"],
)
def test_a_pool_is_used_where_it_pays(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    pays_from: int,
    costs: float,
    n_jobs: int,
    used: list[int],
) -> None:
    asked: list[int] = []

    def note(*arguments: object, **options: object) -> object:
        asked.append(int(str(options["n_jobs"])))
        return map_resilient(*arguments, **{**options, "n_jobs": 1})  # type: ignore[arg-type]  # as given

    monkeypatch.setattr(execute, "map_resilient", note)
    monkeypatch.setattr(execute, "_POOL_PAYS_FROM", pays_from)
    monkeypatch.setattr(execute, "_POOL_COSTS_SECONDS", costs)
    monkeypatch.setattr(execute, "_TRIAL_SECONDS", 0.0)
    with detector_of(project) as detector:
        made, _ = run(detector, n_jobs=n_jobs)
    assert (asked, made) == (used, 30)
