"""What is done again, and why: source by source, and in whole builds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from augbuild.building.build import build
from augbuild.building.changes import Cause, ChangeDetector, Changes, find_changes
from augbuild.building.inputs import plan_recipe
from augbuild.core.files import Stamp, stamp_of
from augbuild.dataset.layout import OutputFolder
from augbuild.dataset.manifest import read_manifest
from augbuild.dataset.results import BuiltSource, Entry, RejectedSource
from augbuild.dataset.state import State
from augbuild.errors import Reason
from tests.augbuild.building.fixtures import change_unseen
from tests.conftest import RECIPE, photo, tree, write_recipe


def make(project: Path, **options: Any) -> Path:
    return build(project / "recipe.toml", **options).out


@contextmanager
def detector_of(project: Path, **options: Any) -> Iterator[ChangeDetector]:
    """Plan a project and compare it with its built tree."""
    plan = plan_recipe(project / "recipe.toml", source=None, follow_links=False, n_jobs=1)
    folder = OutputFolder(project / "out")
    with State(folder.state) as state:
        yield ChangeDetector(plan, state, folder, **options)


def causes(project: Path, *, prune: bool = True, **options: Any) -> dict[str, Cause | None]:
    """Return why each source has to be worked on, of those that have to be."""
    with detector_of(project, **options) as detector:
        changes = find_changes(detector, prune=prune)
        paths = [source.path for source in detector.plan.sources]
    found = {path: changes.cause(index) for index, path in enumerate(paths)}
    return {path: cause for path, cause in found.items() if cause is not None}


def note(project: Path, path: str, **changes: Any) -> Entry:
    """Change what the state knows of a source, and return what it was."""
    with State(project / "out" / ".augbuild" / "state.sqlite") as state:
        entry = state.get(path)
        assert entry is not None
        state.put([msgspec.structs.replace(entry, **changes)])
    return entry


CAT = "train/cats/cats_1.png"


def output_of(project: Path) -> Path:
    """Find the first variant of CAT."""
    return next((project / "out" / "augmented_train" / "cats").glob("cats_1_*_aug0.jpg"))


def test_nothing_has_changed(split_project: Path) -> None:
    make(split_project)
    assert causes(split_project) == {}
    assert causes(split_project, rehash=True) == {}
    assert causes(split_project, interrupted_run=1) == {}


def test_all_is_new_where_nothing_was_built(split_project: Path) -> None:
    (split_project / "out" / ".augbuild").mkdir(parents=True)
    found = causes(split_project, rebuild=True)
    assert len(found) == 12
    assert set(found.values()) == {"new"}


def test_all_is_rebuilt_on_demand(split_project: Path) -> None:
    make(split_project)
    note(split_project, CAT, status="pending", result=None)
    found = causes(split_project, rebuild=True)
    assert len(found) == 12
    assert set(found.values()) == {"rebuild"}


def test_what_was_begun_is_made_again(split_project: Path) -> None:
    make(split_project)
    note(split_project, CAT, status="pending", result=None, key="other")
    assert causes(split_project) == {CAT: "interrupted"}


def test_another_recipe_comes_before_another_source(split_project: Path) -> None:
    make(split_project)
    photo(split_project / "photos" / CAT, 4711)
    assert causes(split_project) == {CAT: "source changed"}
    note(split_project, CAT, key="other")
    assert causes(split_project) == {CAT: "source changed"}  # drawn: it comes out the same
    note(split_project, CAT, encoding="other")
    assert causes(split_project) == {CAT: "recipe changed"}


def test_another_time_costs_a_look_at_the_bytes(split_project: Path) -> None:
    make(split_project)
    source = split_project / "photos" / CAT
    os.utime(source, ns=(0, 0))
    assert causes(split_project) == {}
    data = bytearray(source.read_bytes())
    data[-1] ^= 1
    source.write_bytes(data)
    os.utime(source, ns=(0, 0))
    assert causes(split_project) == {CAT: "source changed"}


def test_another_size_needs_no_look_at_the_bytes(split_project: Path) -> None:
    make(split_project)
    source = split_project / "photos" / CAT
    entry = note(split_project, CAT)
    assert isinstance(entry.result, BuiltSource)
    source.write_bytes(source.read_bytes() + b"\0")
    assert causes(split_project) == {CAT: "source changed"}


def test_rehash_finds_bytes_that_changed_under_an_old_time(split_project: Path) -> None:
    make(split_project)
    change_unseen(split_project, CAT)
    assert causes(split_project) == {}
    assert causes(split_project, rehash=True) == {CAT: "source changed"}


def test_a_source_that_cannot_be_hashed_has_changed(split_project: Path) -> None:
    make(split_project)
    source = split_project / "photos" / CAT
    with detector_of(split_project, rehash=True) as detector:
        source.unlink()
        assert {*find_changes(detector, prune=True).causes()} == {"source changed"}


@pytest.mark.parametrize("reason", get_args(Reason))
def test_only_reasons_that_may_pass_are_tried_again(split_project: Path, reason: Reason) -> None:
    make(split_project)
    note(split_project, CAT, status="rejected", result=RejectedSource(reason, "m"), files=())
    again = reason in {"unreadable", "out_of_memory"}
    assert causes(split_project) == ({CAT: "tried again"} if again else {})
    os.utime(split_project / "photos" / CAT, ns=(0, 0))
    assert causes(split_project) == {CAT: "source changed"}


@pytest.mark.parametrize(
    ("since", "cause"), [(1, "interrupted"), (2, "interrupted"), (3, None), (None, None)]
)
def test_what_was_written_since_an_interrupted_run_is_read_whole(
    split_project: Path, since: int | None, cause: Cause | None
) -> None:
    make(split_project)
    note(split_project, CAT, run=2)
    output = output_of(split_project)
    output.write_bytes(bytes(output.stat().st_size))  # written, and lost in a power cut
    assert causes(split_project, interrupted_run=since).get(CAT) == cause
    output.unlink()
    assert causes(split_project, interrupted_run=since).get(CAT) == (cause or "output changed")


@pytest.mark.parametrize("change", ["gone", "cut", "link", "folder"])
def test_an_output_that_is_not_there_whole_is_made_again(split_project: Path, change: str) -> None:
    make(split_project)
    output = output_of(split_project)
    data = output.read_bytes()
    output.unlink()
    if change == "cut":
        output.write_bytes(data[:-1])
    elif change == "link":
        (split_project / "copy.jpg").write_bytes(data)
        output.symlink_to(split_project / "copy.jpg")
    elif change == "folder":
        output.mkdir()
    assert causes(split_project) == {CAT: "output changed"}


def test_what_is_gone_from_the_plan_is_stale_unless_nothing_may_be_pruned(
    split_project: Path,
) -> None:
    make(split_project)
    (split_project / "photos" / CAT).unlink()
    with detector_of(split_project) as detector:
        assert find_changes(detector, prune=True).stale == [CAT]
        assert find_changes(detector, prune=False).stale == []
        assert find_changes(detector, prune=True).pending == 0


def test_one_that_comes_as_another_goes_hides_nothing(split_project: Path) -> None:
    make(split_project)
    source = split_project / "photos" / CAT
    source.rename(source.with_name("new.png"))
    with detector_of(split_project) as detector:
        changes = find_changes(detector, prune=True)
    assert (changes.stale, changes.causes()) == ([CAT], {"new": 1})


def test_images_and_weight_are_those_of_what_is_pending(split_project: Path) -> None:
    make(split_project)
    test_cat = "test/cats/cats_0.png"
    for path in (CAT, test_cat):
        note(split_project, path, status="pending", result=None)
    with detector_of(split_project) as detector:
        changes = find_changes(detector, prune=True)
    sizes = [(split_project / "photos" / path).stat().st_size for path in (CAT, test_cat)]
    assert (changes.pending, changes.images) == (2, 3 + 1)
    assert changes.weight == 3 * sizes[0] + sizes[1]


def test_every_cause_is_noted_and_counted() -> None:
    every: tuple[Cause, ...] = get_args(Cause)
    changes = Changes(bytearray(len(every) + 2))
    for index, cause in enumerate(every):
        changes.set_cause(index, cause)
        assert changes.cause(index) == cause
    changes.set_cause(len(every), every[-1])
    assert changes.cause(len(every) + 1) is None
    assert changes.pending == len(every) + 1
    assert changes.causes() == {**dict.fromkeys(every, 1), every[-1]: 2}
    assert Changes(bytearray(3)).causes() == {}


def count(project: Path, **options: Any) -> tuple[dict[Cause, int], int]:
    """Return how many sources have to be worked on by cause, and the images to make."""
    with detector_of(project, **options) as detector:
        changes = find_changes(detector, prune=True)
    return dict(changes.causes()), changes.images


def edit(project: Path, old: str, new: str) -> None:
    write_recipe(project, (project / "recipe.toml").read_text(encoding="utf-8").replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "sources", "images"),
    [
        ("variants = 2", "variants = 3", 8, 8),
        ("variants = 2", "variants = 1", 8, 0),
        ('path = "out"', 'path = "out"\nquality = 80', 8, 16),
        ('path = "out"', 'path = "out"\nformat = "png"', 8, 16),
        ('path = "out"', 'path = "out"\nmax_side = 20', 8, 16),
        ('path = "out"', 'path = "out"\noriginals = "link"', 12, 12),
        ("[-20, 20]", "[-21, 20]", 8, 16),
        ("var = 0.001", "var = 0.001\np = 1.0", 0, 0),
        ("[augment]", "# to say the same\n[augment]", 0, 0),
    ],
)
def test_of_an_edited_recipe_only_images_that_differ_are_counted(
    split_project: Path, old: str, new: str, sources: int, images: int
) -> None:
    make(split_project)
    edit(split_project, old, new)
    expected = {"recipe changed": sources} if sources else {}
    assert count(split_project) == (expected, images)
    original = next((split_project / "out" / "train" / "cats").glob("cats_1_*"))
    original.unlink()
    if sources in {0, 8}:  # with links, it was to be made anyway
        expected = expected or {"output changed": 1}
        images += 1
    assert count(split_project) == (expected, images)


def test_after_an_interruption_only_images_that_differ_are_counted(split_project: Path) -> None:
    make(split_project)
    note(split_project, CAT, status="pending")
    assert count(split_project, interrupted_run=2) == ({"interrupted": 1}, 0)
    output = output_of(split_project)
    output.write_bytes(bytes(output.stat().st_size))
    assert count(split_project, interrupted_run=2) == ({"interrupted": 1}, 1)


def test_another_key_that_makes_no_difference_is_noted(split_project: Path) -> None:
    make(split_project)
    before = note(split_project, CAT, key="other")
    with detector_of(split_project) as detector:
        assert find_changes(detector, prune=True).pending == 0
        assert detector.state.get(CAT) == before


def test_another_stamp_that_makes_no_difference_is_noted(split_project: Path) -> None:
    make(split_project)
    os.utime(split_project / "photos" / CAT, ns=(0, 0))
    with State(split_project / "out" / ".augbuild" / "state.sqlite", read_only=True) as state:
        plan = plan_recipe(split_project / "recipe.toml", source=None, follow_links=False, n_jobs=1)
        detector = ChangeDetector(plan, state, OutputFolder(split_project / "out"))
        assert find_changes(detector, prune=True).pending == 0  # noted nowhere: it may only be read
        before = state.get(CAT)
    assert before is not None
    assert causes(split_project) == {}
    after = note(split_project, CAT)
    assert before.stamp.mtime_ns != 0
    assert after == msgspec.structs.replace(before, stamp=after.stamp)
    assert after.stamp == stamp_of(split_project / "photos" / CAT)


def test_a_stamp_of_which_less_was_known_is_completed(split_project: Path) -> None:
    make(split_project)
    source = split_project / "photos" / CAT
    size, mtime_ns, *_ = stamp_of(source)
    note(split_project, CAT, stamp=Stamp(size, mtime_ns))
    assert causes(split_project) == {}
    assert note(split_project, CAT).stamp == stamp_of(source)


def test_files_of_equal_size_and_time_that_swap_their_names_are_seen(split_project: Path) -> None:
    folder = split_project / "photos" / "train" / "cats"
    one, two = folder / "one.bmp", folder / "two.bmp"
    for seed, path in enumerate((one, two)):
        photo(path, seed)
        os.utime(path, ns=(7, 7))
    make(split_project)
    spare = folder / "spare"
    one.rename(spare)
    two.rename(one)
    spare.rename(two)
    found = causes(split_project)
    assert [*found.values()] == ["source changed", "source changed"]
    assert tree(make(split_project)) == tree(make(split_project, out=split_project / "fresh"))


def test_one_new_photo_makes_its_images_and_changes_no_other(split_project: Path) -> None:
    project = split_project
    before = tree(make(project))
    photo(project / "photos" / "train" / "cats" / "new.png", 4711)
    report = build(project / "recipe.toml")
    after = tree(report.out)
    assert (report.made, report.reasons) == (3, {"new": 1})
    assert {name for name in after if after[name] != before.get(name)} - {
        "README.md", "counts.png", "dataset.json", "manifest.jsonl",
    } == {name for name in after if "/new_" in name}  # fmt: skip
    assert sum("/new_" in name for name in after) == 3


def test_removed_photo_takes_its_images_along(split_project: Path) -> None:
    project = split_project
    before = tree(make(project))
    (project / "photos" / "train" / "cats" / "cats_1.png").unlink()
    report = build(project / "recipe.toml")
    assert (report.made, report.pruned) == (0, 1)
    gone = {name for name in before if "/cats_1_" in name and "test/" not in name}
    after = tree(report.out)
    assert set(before) - set(after) == gone
    assert len(gone) == 3
    assert all(after[name] == before[name] for name in after if "/" in name)


def test_changed_photo_is_made_again(split_project: Path) -> None:
    project = split_project
    make(project)
    changed = photo(project / "photos" / "train" / "cats" / "cats_1.png", 4711)
    report = build(project / "recipe.toml")
    assert (report.made, report.reasons) == (3, {"source changed": 1})
    fresh = build(project / "recipe.toml", out=project / "fresh").out
    assert tree(report.out) == tree(fresh)
    os.utime(changed, ns=(0, 0))
    assert build(project / "recipe.toml").made == 0  # another time, the same bytes


def test_edited_recipe_leaves_the_draws_of_other_transforms(split_project: Path) -> None:
    project = split_project
    before = {
        record.file_name: record.ops for record in read_manifest(make(project) / "manifest.jsonl")
    }
    write_recipe(project, RECIPE.replace('[[transforms]]\nop = "hflip"\np = 0.5\n', ""))
    report = build(project / "recipe.toml")
    after = {
        record.file_name: record.ops for record in read_manifest(report.out / "manifest.jsonl")
    }
    assert {
        name: tuple(op for op in ops if op["op"] != "hflip") for name, ops in before.items()
    } == after
    flipped = {name for name, ops in before.items() if any(op["op"] == "hflip" for op in ops)}
    assert 0 < len(flipped) < len(before)
    touched = {
        record.source
        for record in read_manifest(report.out / "manifest.jsonl")
        if record.file_name in flipped
    }
    assert report.reasons == {"recipe changed": len(touched)}
    assert tree(report.out) == tree(build(project / "recipe.toml", out=project / "fresh").out)


def test_source_that_turns_bad_loses_its_old_images(split_project: Path) -> None:
    project = split_project
    make(project)
    (project / "photos" / "train" / "cats" / "cats_1.png").write_bytes(b"no image")
    report = build(project / "recipe.toml")
    assert not [
        name for name in tree(report.out) if "/cats_1_" in name and not name.startswith("test/")
    ]
    assert len(report.rejected) == 1
