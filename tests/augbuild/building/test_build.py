"""Whole builds: the tree and its bytes."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from augbuild.building.build import build
from augbuild.checking.verify import verify
from augbuild.core.pool import Backend
from augbuild.dataset.chart import draw_counts
from augbuild.dataset.info import read_info
from augbuild.dataset.manifest import read_manifest
from augbuild.dataset.private import read_last_run
from augbuild.dataset.results import RejectedSource
from augbuild.dataset.state import State
from augbuild.errors import Reason
from augbuild.recipe.load import load_recipe
from tests.augbuild.building.fixtures import change_unseen
from tests.conftest import RECIPE, photo, photos, tree, write_recipe


def make(project: Path, **options: Any) -> Path:
    return build(project / "recipe.toml", **options).out


def test_tree_is_as_the_readme_says(project: Path) -> None:
    out = make(project)
    files = tree(out)
    assert sorted({name.split("/")[0] for name in files}) == [
        "README.md", "augmented_train", "counts.png", "dataset.json", "manifest.jsonl",
        "rejected.jsonl", "test", "train",
    ]  # fmt: skip
    assert sum(name.startswith("train/cats/") for name in files) == 6
    assert sum(name.startswith("test/dogs/") for name in files) == 1
    assert sum(name.startswith("augmented_train/") for name in files) == 2 * 9
    assert all(name.count("/") == 2 for name in files if "/" in name)
    originals = {path.read_bytes() for path in (project / "photos").rglob("*.png")}
    assert {
        content for name, content in files.items() if name.startswith(("train/", "test/"))
    } == originals


@pytest.mark.parametrize(("n_jobs", "backend"), [(2, "loky"), (3, "threading"), (5, "loky")])
def test_same_bytes_for_any_number_of_workers(
    project: Path, monkeypatch: pytest.MonkeyPatch, n_jobs: int, backend: Backend
) -> None:
    first = tree(make(project, n_jobs=1, out=project / "one"))
    monkeypatch.setattr(
        "augbuild.building.execute._POOL_PAYS_FROM", 0
    )  # a job this small would not use its workers
    assert tree(make(project, n_jobs=n_jobs, backend=backend, out=project / "many")) == first


def test_same_bytes_for_another_hash_seed_locale_place_and_creation_order(
    project: Path, tmp_path: Path
) -> None:
    first = tree(make(project))
    elsewhere = tmp_path / "else where"
    for path in sorted((project / "photos").rglob("*.png"), reverse=True):
        target = elsewhere / "photos" / path.relative_to(project / "photos")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    write_recipe(elsewhere)
    environment = {**os.environ, "PYTHONHASHSEED": "99", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = [sys.executable, "-m", "augbuild", "make", "recipe.toml", "--quiet"]
    subprocess.run(command, cwd=elsewhere, env=environment, check=True, umask=0o077)
    assert tree(elsewhere / "out") == first


def test_second_run_touches_nothing(project: Path) -> None:
    out = make(project)
    before = {
        path: path.stat().st_mtime_ns for path in out.rglob("*") if ".augbuild" not in path.parts
    }
    report = build(project / "recipe.toml")
    assert (report.made, report.kept, report.reasons) == (0, 30, {})
    assert {
        path: path.stat().st_mtime_ns for path in out.rglob("*") if ".augbuild" not in path.parts
    } == before


def test_fewer_variants_remove_the_others(project: Path) -> None:
    make(project)
    write_recipe(project, RECIPE.replace("variants = 2", "variants = 1"))
    out = make(project)
    assert not [name for name in tree(out) if "_aug1" in name]
    assert tree(out) == tree(make(project, out=project / "fresh"))


def test_lost_or_cut_output_is_made_again(project: Path) -> None:
    out = make(project)
    whole = tree(out)
    victims = sorted((out / "augmented_train" / "cats").iterdir())[:2]
    victims[0].unlink()
    victims[1].write_bytes(b"cut")
    report = build(project / "recipe.toml")
    assert set(report.reasons) == {"output changed"}
    assert tree(out) == whole


def test_limit_takes_a_few_of_each_class_and_never_prunes(project: Path) -> None:
    out = make(project, limit=4)
    labels = [
        record.label_name
        for record in read_manifest(out / "manifest.jsonl")
        if record.origin == "source"
    ]
    assert sorted(labels) == ["cats", "cats", "dogs", "dogs"]
    whole = tree(make(project))
    assert tree(make(project, limit=2)) == whole
    assert whole == tree(make(project, out=project / "fresh"))


def test_max_side_shrinks_variants_and_keeps_originals(tmp_path: Path) -> None:
    photo(tmp_path / "photos" / "cats" / "a.png", 1, (400, 300))
    photo(tmp_path / "photos" / "dogs" / "b.png", 2, (30, 40))
    recipe = RECIPE.replace('path = "out"', 'path = "out"\nmax_side = 100').replace(
        "test = 0.25", "test = 0.0"
    )
    write_recipe(tmp_path, recipe)
    sizes = {
        r.file_name: max(r.width, r.height)
        for r in read_manifest(make(tmp_path) / "manifest.jsonl")
    }
    assert (
        max(size for name, size in sizes.items() if name.startswith("augmented_train/cats")) <= 100
    )
    assert [size for name, size in sizes.items() if name.startswith("train/cats")] == [400]


def test_linked_originals_are_the_same_files(project: Path) -> None:
    write_recipe(project, RECIPE.replace('path = "out"', 'path = "out"\noriginals = "link"'))
    out = make(project)
    linked = next((out / "train" / "cats").iterdir())
    assert linked.stat().st_nlink == 2
    assert build(project / "recipe.toml").made == 0


def test_balance_reaches_its_target(project: Path) -> None:
    write_recipe(
        project, RECIPE.replace("[augment]\nvariants = 2", '[augment.balance]\ntarget = "x2"')
    )
    info = read_info(make(project))
    counts = info.counts
    totals = {
        label: counts["train"][label] + counts["augmented_train"][label] for label in info.classes
    }
    assert totals == {"cats": 12, "dogs": 12}


def test_folds_augment_every_source_and_stand_in_the_manifest(project: Path) -> None:
    write_recipe(project, RECIPE.replace("test = 0.25", "folds = 4"))
    records = list(read_manifest(make(project) / "manifest.jsonl"))
    assert len(records) == 12 * 3
    folds: dict[tuple[str, int | None], int] = {}
    for record in records:
        folds[record.label_name, record.fold] = folds.get((record.label_name, record.fold), 0) + 1
    assert folds == {
        (label, fold): 3 * count for label, count in (("cats", 2), ("dogs", 1)) for fold in range(4)
    }


def test_near_duplicates_stay_on_one_side(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 8, "dogs": 8})
    for index in range(4):
        with Image.open(tmp_path / "photos" / "cats" / f"cats_{index}.png") as image:
            image.resize((80, 60)).save(tmp_path / "photos" / "cats" / f"twin_{index}.jpg")
    write_recipe(tmp_path, RECIPE.replace('group = "none"', 'group = "near-duplicates"'))
    splits = {r.source: r.split for r in read_manifest(make(tmp_path) / "manifest.jsonl")}
    for index in range(4):
        assert splits[f"cats/cats_{index}.png"] == splits[f"cats/twin_{index}.jpg"]


@pytest.mark.parametrize(
    "label", ["train", "test", "a class", "<img src=x onerror=1>", "猫", "-rf", "a'b\"c", "100%"]
)
def test_any_class_name_is_kept(tmp_path: Path, label: str) -> None:
    photos(tmp_path / "photos", {label: 2, "zebras": 2})
    photo(tmp_path / "photos" / label / "my_test_7.png", 3)
    write_recipe(tmp_path)
    records = list(read_manifest(make(tmp_path) / "manifest.jsonl"))
    assert {record.label_name for record in records} == {label, "zebras"}


@pytest.mark.parametrize(
    "names",
    [
        ["a.png", "a.jpg", "A.png", "a.b.png", "sub/a.png"],
        ["caf\u00e9.png", "cafe\u0301.jpg"],
        ["a\nb.png", "a\tb.png", "-a.png", "a,b.png", "=1+1.png", "\u202ea.png", "\x1b[31m.png"],
        ["n" * 251 + ".png", "n" * 250 + "m.png", "\u732b" * 80 + ".png"],
        ["x_0123abcd_aug0.png", "x_0123abcd.png", "x.png"],
        ["...png", " .png", "a .png", "con.png"],
    ],
    ids=["same stems", "unicode forms", "odd characters", "long", "like ours", "odd stems"],
)
def test_nasty_names_never_collide(tmp_path: Path, names: list[str]) -> None:
    for index, name in enumerate(names):
        photo(tmp_path / "photos" / "cats" / "x.png", index)
        target = tmp_path / "photos" / "cats" / name
        target.parent.mkdir(exist_ok=True)
        (tmp_path / "photos" / "cats" / "x.png").rename(target)
    photos(tmp_path / "photos", {"dogs": 1})
    write_recipe(tmp_path, RECIPE.replace("test = 0.25", "test = 0.0"))
    records = list(read_manifest(make(tmp_path) / "manifest.jsonl"))
    hidden = sum(Path(name).name.startswith(".") for name in names)
    assert len({r.source for r in records}) == len(names) - hidden + 1
    assert len({r.file_name.casefold() for r in records}) == 3 * (len(names) - hidden + 1)
    assert all(len(Path(r.file_name).name.encode()) <= 255 for r in records)


def test_unicode_twins_are_told_apart_by_rejecting_one(tmp_path: Path) -> None:
    for name in ("caf\u00e9.png", "cafe\u0301.png"):
        photo(tmp_path / "photos" / "cats" / name, len(name))
    photos(tmp_path / "photos", {"dogs": 1})
    write_recipe(tmp_path, RECIPE.replace("test = 0.25", "test = 0.0"))
    report = build(tmp_path / "recipe.toml")
    assert [each.reason for each in report.rejected] == ["bad_name"]


def test_source_is_never_written_to(project: Path) -> None:
    before = {
        path: (path.stat().st_mtime_ns, path.stat().st_mode)
        for path in (project / "photos").rglob("*")
    }
    make(project)
    assert {
        path: (path.stat().st_mtime_ns, path.stat().st_mode)
        for path in (project / "photos").rglob("*")
    } == before


def test_deny_keeps_a_transform_from_a_class(project: Path) -> None:
    write_recipe(project, RECIPE + '[classes.cats]\ndeny = ["hflip"]\n')
    records = list(read_manifest(make(project) / "manifest.jsonl"))
    used = {
        label: {op["op"] for r in records if r.label_name == label for op in r.ops}
        for label in ("cats", "dogs")
    }
    assert used == {"cats": {"rotate", "random_noise"}, "dogs": {"rotate", "hflip", "random_noise"}}


@pytest.mark.parametrize("reason", ["unreadable", "out_of_memory"])
def test_a_reason_that_may_pass_is_tried_again_and_then_forgotten(
    project: Path, reason: Reason
) -> None:
    out = make(project)
    whole = tree(out)
    with State(out / ".augbuild" / "state.sqlite") as state:
        entry = state.get("cats/cats_0.png")
        assert entry is not None
        rejected = msgspec.structs.replace(
            entry, status="rejected", files=(), result=RejectedSource(reason, "m")
        )
        state.put([rejected])
    for name in entry.files:
        (out / name).unlink()
    report = build(project / "recipe.toml")
    assert (report.reasons, report.rejected) == ({"tried again": 1}, ())
    assert tree(out) == whole
    assert build(project / "recipe.toml").reasons == {}


def test_a_build_that_was_interrupted_is_finished_and_then_over(project: Path) -> None:
    out = make(project)
    whole = tree(out)
    with State(out / ".augbuild" / "state.sqlite") as state:
        state.set_note("running", 1)
    output = next(out.glob("augmented_train/*/*"))
    output.write_bytes(bytes(output.stat().st_size))
    (out / "manifest.jsonl").rename(out / ".augbuild" / "manifest.jsonl")
    assert build(project / "recipe.toml").reasons == {"interrupted": 1}
    assert tree(out) == whole
    assert not (out / ".augbuild" / "manifest.jsonl").exists()
    with State(out / ".augbuild" / "state.sqlite", read_only=True) as state:
        assert state.note("running", int) is None
        assert state.note("runs", int) == 2


def test_rehash_and_links_reach_the_build(split_project: Path, tmp_path: Path) -> None:
    make(split_project)
    change_unseen(split_project, "train/cats/cats_1.png")
    assert build(split_project / "recipe.toml").reasons == {}
    report = build(split_project / "recipe.toml", rehash=True)
    assert report.reasons == {"source changed": 1}
    photos(tmp_path / "others", {"x": 2})
    (split_project / "photos" / "train" / "dogs" / "x").symlink_to(tmp_path / "others" / "x")
    assert build(split_project / "recipe.toml", follow_links=False).reasons == {}
    assert build(split_project / "recipe.toml").reasons == {"new": 2}


def test_the_report_counts_and_is_plain_json(project: Path) -> None:
    (project / "photos" / "cats" / "broken.jpg").write_bytes(b"no image")
    report = build(project / "recipe.toml")
    assert (report.made, report.kept, report.pruned) == (30, 0, 0)
    assert report.reasons == {"new": 13}
    assert report.seconds > 0
    values = json.loads(json.dumps(report.to_json()))
    assert values["out"] == str(project / "out")
    assert values["rejected"][0]["reason"] == "not_an_image"
    assert values["counts"] == report.counts
    again = build(project / "recipe.toml")
    assert (again.made, again.kept) == (0, 30)
    assert read_last_run(report.out / ".augbuild").ended


def test_a_recipe_value_builds_as_its_file_does(project: Path) -> None:
    first = tree(make(project))
    recipe = load_recipe(project / "recipe.toml")
    assert tree(build(recipe, out=project / "other").out) == first


def test_limit_leaves_the_images_of_a_source_that_is_gone(split_project: Path) -> None:
    whole = tree(make(split_project))
    (split_project / "photos" / "train" / "cats" / "cats_1.png").unlink()
    report = build(split_project / "recipe.toml", limit=100)
    assert report.pruned == 0
    gone = {name for name in whole if "/cats_1_" in name and "test/" not in name}
    assert gone <= tree(report.out).keys()
    assert build(split_project / "recipe.toml").pruned == 1
    assert not gone & tree(report.out).keys()


class TestSize:
    def sized(self, project: Path, lines: str) -> None:
        write_recipe(project, RECIPE.replace('path = "out"', f'path = "out"\n{lines}'))

    def test_every_image_has_it_and_the_tree_is_whole(self, project: Path) -> None:
        self.sized(project, 'size = [16, 12]\nfit = "crop"')
        report = build(project / "recipe.toml")
        rows = list(read_manifest(report.out / "manifest.jsonl"))
        assert {(row.width, row.height) for row in rows} == {(16, 12)}
        assert {(row.source_width, row.source_height) for row in rows} == {(40, 30)}
        for row in rows:
            with Image.open(report.out / row.file_name) as image:
                assert (image.size, image.format) == ((16, 12), "JPEG")
            assert row.sha256 != row.source_sha256
        assert {row.origin for row in rows} == {"source", "augmented"}
        assert verify(report.out).findings == ()
        assert build(project / "recipe.toml").made == 0

    def test_a_change_makes_originals_too_and_a_rebuild_is_a_fresh_build(
        self, project: Path, tmp_path: Path
    ) -> None:
        everything = build(project / "recipe.toml").made
        for lines in (
            "size = 16",
            'size = 16\nfit = "crop"',
            "size = [16, 12]",
            "size = [16, 12]\nquality = 50",
            "quality = 50",
        ):
            self.sized(project, lines)
            changed = build(project / "recipe.toml")
            assert changed.made == everything, lines
            fresh = build(
                project / "recipe.toml", out=tmp_path / "fresh" / lines.replace("\n", " ")
            )
            assert tree(changed.out) == tree(fresh.out)
            assert build(project / "recipe.toml").made == 0

    def test_sources_of_the_format_that_is_written(self, tmp_path: Path) -> None:
        """A copy and an encoded original have one name then, and are not taken for each other."""
        photos(tmp_path / "photos", {"cats": 4, "dogs": 4}, suffix=".jpg")
        write_recipe(tmp_path)
        copied = build(tmp_path / "recipe.toml")
        before = tree(copied.out)
        self.sized(tmp_path, "size = 16")
        resized = build(tmp_path / "recipe.toml")
        assert resized.made == copied.made
        assert {row.width for row in read_manifest(resized.out / "manifest.jsonl")} == {16}
        write_recipe(tmp_path)
        assert build(tmp_path / "recipe.toml").made == copied.made
        assert tree(copied.out) == before

    def test_variants_are_shrunk_first_and_brought_to_size_last(self, project: Path) -> None:
        self.sized(project, "size = 16\nmax_side = 20")
        report = build(project / "recipe.toml")
        assert {row.width for row in read_manifest(report.out / "manifest.jsonl")} == {16}


def test_the_chart_of_a_build_is_drawn_once_and_beside(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[object] = []

    def note(counts: dict[str, dict[str, int]], classes: list[str], title: str) -> bytes:
        drawn.append(counts)
        return draw_counts(counts, classes, title)

    monkeypatch.setattr("augbuild.dataset.chart.draw_counts", note)

    monkeypatch.setattr("augbuild.building.build.available_cpus", lambda: 2)

    def is_first() -> None:
        monkeypatch.setattr("augbuild.building.build._builds", itertools.count())

    is_first()
    first = tree(make(project))
    assert drawn == []
    assert tree(make(project, rebuild=True)) == first
    assert len(drawn) == 0  # the chart is right
    (project / "photos" / "cats" / "broken.jpg").write_bytes(b"no image")
    is_first()
    second = tree(make(project, rebuild=True))
    assert len(drawn) == 1  # without the one that was rejected
    assert first["counts.png"] == second["counts.png"]
    monkeypatch.setattr(sys, "executable", "/nowhere")
    (project / "photos" / "cats" / "broken.jpg").unlink()
    is_first()
    assert tree(make(project, rebuild=True)) == first
    assert len(drawn) == 2
    shutil.rmtree(project / "out")
    assert tree(make(project)) == first  # a later build of the process draws its own
    assert len(drawn) == 3
    shutil.rmtree(project / "out")
    monkeypatch.setattr("augbuild.building.build.available_cpus", lambda: 1)
    is_first()
    assert tree(make(project)) == first  # with one processor, too
    assert len(drawn) == 4
