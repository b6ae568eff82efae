"""Whole builds: the tree, its bytes, and what is done again."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from augbuild.building.build import build
from augbuild.cli import main
from augbuild.core.pool import Backend
from augbuild.dataset.manifest import read_manifest
from augbuild.errors import OutputError, RecipeError, SourceError
from tests.conftest import RECIPE, photo, photos, tree, write_recipe


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A recipe beside a folder of twelve small pictures in two classes."""
    photos(tmp_path / "photos", {"cats": 8, "dogs": 4})
    write_recipe(tmp_path)
    return tmp_path


def make(project: Path, **options: Any) -> Path:
    return build(project / "recipe.toml", **options).out


def test_tree_is_as_the_readme_says(project: Path) -> None:
    out = make(project)
    files = tree(out)
    assert sorted({name.split("/")[0] for name in files}) == [
        "README.md", "augmented_train", "counts.png", "dataset.json", "manifest.jsonl", "rejected.jsonl",
        "test", "train",
    ]  # fmt: skip
    assert sum(name.startswith("train/cats/") for name in files) == 6
    assert sum(name.startswith("test/dogs/") for name in files) == 1
    assert sum(name.startswith("augmented_train/") for name in files) == 2 * 9
    assert all(name.count("/") == 2 for name in files if "/" in name)
    originals = {path.read_bytes() for path in (project / "photos").rglob("*.png")}
    assert {
        content for name, content in files.items() if name.startswith(("train/", "test/"))
    } == originals


def test_manifest_describes_every_file_in_plan_order(project: Path) -> None:
    out = make(project)
    records = list(read_manifest(out / "manifest.jsonl"))
    assert [record.file_name for record in records] == [
        name
        for split in ("train", "test")
        for label in ("cats", "dogs")
        for source in sorted(
            {each.source for each in records if (each.split, each.label_name) == (split, label)}
        )
        for name in sorted(
            (each.file_name for each in records if each.source == source),
            key=lambda name: (name.startswith("augmented"), name),
        )
    ]
    for record in records:
        data = (out / record.file_name).read_bytes()
        with Image.open(out / record.file_name) as image:
            assert (record.width, record.height) == image.size
        assert record.bytes == len(data)
        assert (record.origin == "augmented") == bool(record.ops) == (record.variant is not None)
        assert (record.source_width, record.source_height) == (40, 30)
        assert record.label == ["cats", "dogs"].index(record.label_name)
    assert {record.file_name for record in records} == {name for name in tree(out) if "/" in name}


def test_dataset_json_names_no_path_of_the_machine(project: Path) -> None:
    out = make(project)
    content = (out / "dataset.json").read_text(encoding="utf-8")
    facts = json.loads(content)
    assert facts["rows"] == sum(1 for _ in read_manifest(out / "manifest.jsonl"))
    assert facts["classes"] == ["cats", "dogs"]
    assert facts["counts"]["augmented_train"] == {"cats": 12, "dogs": 6}
    assert str(project) not in content


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


def with_splits(folder: Path) -> Path:
    photos(folder / "photos" / "train", {"cats": 4, "dogs": 4})
    photos(folder / "photos" / "test", {"cats": 2, "dogs": 2})
    return write_recipe(folder).parent


def test_one_new_photo_makes_its_images_and_changes_no_other(tmp_path: Path) -> None:
    project = with_splits(tmp_path)
    before = tree(make(project))
    photo(project / "photos" / "train" / "cats" / "new.png", 4711)
    report = build(project / "recipe.toml")
    after = tree(report.out)
    assert (report.made, report.reasons) == (3, {"new": 1})
    assert {name for name in after if after[name] != before.get(name)} - {
        "README.md", "counts.png", "dataset.json", "manifest.jsonl",
    } == {name for name in after if "/new_" in name}  # fmt: skip
    assert sum("/new_" in name for name in after) == 3


def test_removed_photo_takes_its_images_along(tmp_path: Path) -> None:
    project = with_splits(tmp_path)
    before = tree(make(project))
    (project / "photos" / "train" / "cats" / "cats_1.png").unlink()
    report = build(project / "recipe.toml")
    assert (report.made, report.pruned) == (0, 1)
    gone = {name for name in before if "/cats_1_" in name and "test/" not in name}
    after = tree(report.out)
    assert set(before) - set(after) == gone
    assert len(gone) == 3
    assert all(after[name] == before[name] for name in after if "/" in name)


def test_changed_photo_is_made_again(tmp_path: Path) -> None:
    project = with_splits(tmp_path)
    make(project)
    changed = photo(project / "photos" / "train" / "cats" / "cats_1.png", 4711)
    report = build(project / "recipe.toml")
    assert (report.made, report.reasons) == (3, {"source changed": 1})
    fresh = build(project / "recipe.toml", out=project / "fresh").out
    assert tree(report.out) == tree(fresh)
    os.utime(changed, ns=(0, 0))
    assert build(project / "recipe.toml").made == 0  # another time, the same bytes


def test_edited_recipe_leaves_the_draws_of_other_transforms(tmp_path: Path) -> None:
    project = with_splits(tmp_path)
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


def test_rejected_source_leaves_nothing_and_the_others_stay(project: Path) -> None:
    (project / "photos" / "cats" / "broken.jpg").write_bytes(b"no image")
    (project / "photos" / "cats" / "empty.jpg").touch()
    report = build(project / "recipe.toml")
    assert [(each.source, each.reason) for each in report.rejected] == [
        ("cats/broken.jpg", "not_an_image"),
        ("cats/empty.jpg", "empty"),
    ]
    rows = [json.loads(line) for line in (report.out / "rejected.jsonl").read_text().splitlines()]
    assert [row["source"] for row in rows] == ["cats/broken.jpg", "cats/empty.jpg"]
    assert not [name for name in tree(report.out) if "broken" in name or "empty_" in name]
    assert build(project / "recipe.toml").made == 0


def test_source_that_turns_bad_loses_its_old_images(tmp_path: Path) -> None:
    project = with_splits(tmp_path)
    make(project)
    (project / "photos" / "train" / "cats" / "cats_1.png").write_bytes(b"no image")
    report = build(project / "recipe.toml")
    assert not [
        name for name in tree(report.out) if "/cats_1_" in name and not name.startswith("test/")
    ]
    assert len(report.rejected) == 1


def test_animated_and_flat_images_are_counted(project: Path) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    frames[0].save(
        project / "photos" / "cats" / "two.webp", save_all=True, append_images=frames[1:]
    )
    write_recipe(
        project,
        RECIPE.replace('op = "random_noise"\nvar = 0.001', 'op = "brightness"\nfactor = 0.0'),
    )
    report = build(project / "recipe.toml")
    assert any("1 sources have more than one frame" in warning for warning in report.warnings)
    assert any("variants came out all one colour" in warning for warning in report.warnings)


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
    facts = json.loads((make(project) / "dataset.json").read_text(encoding="utf-8"))
    counts = facts["counts"]
    totals = {
        label: counts["train"][label] + counts["augmented_train"][label]
        for label in facts["classes"]
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


def _is_private(path: Path) -> bool:
    return ".augbuild" in path.parts


class TestNothingIsDeletedBySurprise:
    def test_folder_of_someone_else(self, project: Path) -> None:
        (project / "out").mkdir()
        (project / "out" / "thesis.tex").write_text("mine")
        with pytest.raises(OutputError, match="not empty and was not made by augbuild"):
            make(project)
        assert tree(project / "out") == {"thesis.tex": b"mine"}

    def test_file_in_the_way(self, project: Path) -> None:
        (project / "out").write_text("mine")
        with pytest.raises(OutputError, match="is a file, not a folder"):
            make(project)

    def test_foreign_file_inside_stays(self, project: Path) -> None:
        out = make(project)
        (out / "augmented_train" / "cats" / "notes.txt").write_text("mine")
        write_recipe(project, RECIPE.replace("variants = 2", "variants = 0"))
        make(project)
        assert (out / "augmented_train" / "cats" / "notes.txt").read_text() == "mine"

    def test_foreign_file_with_our_name_is_not_overwritten(self, project: Path) -> None:
        out = make(project)
        names = {path.relative_to(out) for path in (out / "train").rglob("*.png")}
        shutil.rmtree(out)
        make(project, limit=1)
        missing = next(name for name in sorted(names) if not (out / name).exists())
        (out / missing).parent.mkdir(parents=True, exist_ok=True)
        (out / missing).write_text("mine")
        with pytest.raises(OutputError, match="in the way and not ours"):
            make(project)
        assert (out / missing).read_text() == "mine"

    def test_many_removed_sources(self, project: Path) -> None:
        whole = tree(make(project))
        for path in sorted((project / "photos" / "cats").iterdir())[:4]:
            path.unlink()
        with pytest.raises(
            OutputError, match=r"4 of the 12 sources .* are gone; if that is meant, --prune"
        ):
            make(project)
        assert tree(project / "out") == whole
        assert build(project / "recipe.toml", prune=True).pruned == 4

    def test_empty_source(self, project: Path) -> None:
        whole = tree(make(project))
        shutil.rmtree(project / "photos")
        (project / "photos").mkdir()
        with pytest.raises(SourceError, match="has no images"):
            make(project)
        assert tree(project / "out") == whole

    def test_another_recipe(self, project: Path) -> None:
        whole = tree(make(project))
        write_recipe(project, RECIPE.replace('name = "tiny"', 'name = "other"'))
        with pytest.raises(OutputError, match="built from the recipe 'tiny', not 'other'"):
            make(project)
        assert tree(project / "out") == whole
        make(project, prune=True)

    def test_another_source(self, project: Path) -> None:
        whole = tree(make(project))
        photos(project / "elsewhere", {"cats": 4, "dogs": 4})
        with pytest.raises(OutputError, match="built from the source"):
            make(project, source=str(project / "elsewhere"))
        assert tree(project / "out") == whole

    @pytest.mark.parametrize(
        ("prepare", "options"),
        [
            (lambda project: shutil.rmtree(project / "photos" / "cats"), []),
            (lambda project: [path.unlink() for path in (project / "photos").rglob("*.png")], []),
            (lambda project: write_recipe(project, RECIPE.replace('"tiny"', '"other"')), []),
            (lambda project: photos(project / "elsewhere", {"cats": 4}), ["--source", "elsewhere"]),
            (lambda _: None, ["--source", "nowhere"]),
            (lambda project: (project / "mine" / "thesis.tex").write_text("mine"), ["--out", "mine"]),
            (lambda _: None, ["--out", "photos/out"]),
        ],
        ids=[
            "a class gone", "empty source", "other recipe", "other source", "no source", "folder of someone else",
            "output in the source",
        ],
    )  # fmt: skip
    def test_each_refusal_is_one_sentence(
        self,
        project: Path,
        monkeypatch: pytest.MonkeyPatch,
        prepare: Callable[[Path], object],
        options: list[str],
    ) -> None:
        (project / "mine").mkdir()
        make(project)
        prepare(project)
        before = {
            path: path.is_file() and path.read_bytes()
            for path in project.rglob("*")
            if not _is_private(path)
        }
        monkeypatch.chdir(project)
        result = CliRunner().invoke(main, ["make", "recipe.toml", *options])
        after = {
            path: path.is_file() and path.read_bytes()
            for path in project.rglob("*")
            if not _is_private(path)
        }
        assert result.exit_code == 1
        assert re.fullmatch(r"augbuild: [^\n]{20,}\n", result.stderr)
        assert after == before

    @pytest.mark.parametrize("out", ["photos/out", "photos", "."])
    def test_output_and_source_inside_one_another(self, project: Path, out: str) -> None:
        with pytest.raises(OutputError, match="inside one another"):
            make(project, out=project / out)

    def test_class_folder_that_leads_elsewhere(self, project: Path) -> None:
        out = make(project, limit=1)
        (project / "elsewhere").mkdir()
        shutil.rmtree(out / "augmented_train" / "dogs", ignore_errors=True)
        (out / "augmented_train").mkdir(exist_ok=True)
        (out / "augmented_train" / "dogs").symlink_to(project / "elsewhere")
        with pytest.raises(OutputError, match="is a link to another place"):
            make(project)
        assert list((project / "elsewhere").iterdir()) == []


def test_other_library_versions_stop_the_build_until_asked(project: Path) -> None:
    import sqlite3

    out = make(project)
    with sqlite3.connect(out / ".augbuild" / "state.sqlite") as database:
        query = "UPDATE fact SET value = replace(value, ?, ?) WHERE name = 'versions'"
        database.execute(query, ('"pillow": "', '"pillow": "0.'))
    database.close()
    with pytest.raises(
        OutputError, match=r"built with pillow 0\..*--rebuild makes all its images again"
    ):
        make(project)
    assert build(project / "recipe.toml", rebuild=True).made == 30


def test_class_that_the_source_lacks(project: Path) -> None:
    write_recipe(project, RECIPE + '[classes.cat]\ndeny = ["hflip"]\n')
    with pytest.raises(
        RecipeError, match="names 'cat', which the source does not have; did you mean 'cats'"
    ):
        make(project)


def test_class_without_a_train_image(tmp_path: Path) -> None:
    photos(tmp_path / "photos" / "train", {"cats": 2})
    photos(tmp_path / "photos" / "test", {"cats": 1, "dogs": 1})
    write_recipe(tmp_path)
    with pytest.raises(SourceError, match="class 'dogs' has no image in train/"):
        make(tmp_path)


def test_deny_keeps_a_transform_from_a_class(project: Path) -> None:
    write_recipe(project, RECIPE + '[classes.cats]\ndeny = ["hflip"]\n')
    records = list(read_manifest(make(project) / "manifest.jsonl"))
    used = {
        label: {op["op"] for r in records if r.label_name == label for op in r.ops}
        for label in ("cats", "dogs")
    }
    assert used == {"cats": {"rotate", "random_noise"}, "dogs": {"rotate", "hflip", "random_noise"}}


@pytest.mark.parametrize("name", ["README.md", "counts.png", "rejected.jsonl"])
def test_damaged_description_is_found_and_made_again(project: Path, name: str) -> None:
    from augbuild.checking.verify import verify

    (project / "photos" / "cats" / "broken.jpg").write_bytes(b"no image")
    out = make(project)
    whole = tree(out)
    (out / name).write_bytes(whole[name][:-2] + b"x\n")
    assert [(found.kind, found.file) for found in verify(out).findings] == [("content", name)]
    assert build(project / "recipe.toml").made == 0
    assert tree(out) == whole
    assert verify(out).findings == ()
