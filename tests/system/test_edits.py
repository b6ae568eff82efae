"""After any edit of photos or recipe a build is what a fresh one is, and writes what it has to.

Every step edits something at random, and builds. Of the images of the tree, those that a build
wrote (they have another inode) have to be those that differ from what was there before.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import augbuild.building.worker as worker
from augbuild.building.build import build
from augbuild.core.files import write_atomic
from tests.conftest import tree, write_recipe

RECIPE = """
name = "edited"
seed = {seed}
[source]
path = "photos"
[split]
test = 0.25
group = "none"
[output]
path = "out"
quality = {quality}
originals = "{originals}"
[augment]
variants = {variants}
[[transforms]]
op = "brightness"
factor = {{ uniform = [0.5, {brightest}] }}
[[transforms]]
op = "hflip"
p = {p}
"""
VALUES: dict[str, tuple[object, ...]] = {
    "seed": (1, 2),
    "quality": (90, 80),
    "originals": ("copy", "link"),
    "variants": (0, 1, 2, 3, 4),
    "brightest": (1.5, 1.6),
    "p": (0.0, 0.5, 1.0),
}
SIZE = (8, 6)


class Stop(BaseException):
    """What ends a build in the middle, as a signal does."""


class Project:
    """Photos and a recipe that change at random."""

    def __init__(self, folder: Path, photos: int, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.values: dict[str, object] = {name: each[0] for name, each in VALUES.items()}
        self.values["variants"] = 3
        self.built_with: object = None  # whether originals in the tree are links
        self.made = 0
        for number in range(photos):
            label = ("cats", "dogs", "birds")[number % 3]
            self.draw(folder / "photos" / label / f"{number}.bmp")
        self.write()

    def write(self) -> None:
        write_recipe(self.folder, RECIPE.format(**self.values))

    def draw(self, path: Path) -> None:
        """Draw another picture; all have one size in bytes."""
        pixels = np.random.default_rng(self.made).integers(0, 256, (*SIZE, 3), np.uint8)
        self.made += 1
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # else a link in the tree would change, too
        Image.fromarray(pixels).save(path)
        os.utime(path, ns=(1, 1))

    def photos(self) -> list[Path]:
        return sorted(self.folder.glob("photos/*/*.bmp"))

    def any_photo(self) -> Path:
        return self.random.choice(self.photos())

    def any_class(self) -> Path:
        return self.random.choice(sorted(self.folder.glob("photos/*")))

    def new_name(self) -> str:
        return f"new{self.random.randrange(10**9)}"

    def add(self) -> None:
        self.draw(self.any_class() / f"{self.new_name()}.bmp")

    def remove(self) -> None:
        photo = self.any_photo()
        if len(list(photo.parent.iterdir())) > 4:  # or a class may be left without a train image
            photo.unlink()

    def rename(self) -> None:
        photo = self.any_photo()
        photo.rename(photo.with_name(f"{self.new_name()}.bmp"))

    def swap(self) -> None:
        one, two = self.random.sample(self.photos(), 2)
        spare = self.folder / "spare"
        one.rename(spare)
        two.rename(one)
        spare.rename(two)

    def replace(self) -> None:
        photo = self.random.choice([each for each in self.photos() if each.stat().st_size > 8])
        before = photo.stat().st_size
        self.draw(photo)
        assert photo.stat().st_size == before

    def move(self) -> None:
        photo = self.any_photo()
        if len(list(photo.parent.iterdir())) > 4:
            photo.rename(self.any_class() / f"{self.new_name()}.bmp")

    def rename_class(self) -> None:
        folder = self.any_class()
        folder.rename(folder.with_name(self.new_name()))

    def spoil(self) -> None:
        photo = self.any_photo()
        photo.unlink()
        photo.write_bytes(b"no image")  # of eight bytes

    def touch(self) -> None:
        for photo in self.photos():
            os.utime(photo)

    def edit_recipe(self) -> None:
        name = self.random.choice(list(VALUES))
        self.values[name] = self.random.choice(VALUES[name])
        self.write()

    def damage(self) -> None:
        """Take an image out of the tree."""
        self.random.choice(sorted(self.folder.glob("out/*/*/*"))).unlink()


EDITS: tuple[Callable[[Project], None], ...] = (
    Project.add, Project.remove, Project.rename, Project.swap, Project.replace, Project.move,
    Project.rename_class, Project.spoil, Project.touch, Project.edit_recipe, Project.edit_recipe,
    Project.damage,
)  # fmt: skip


def images(out: Path) -> dict[str, tuple[int, bytes]]:
    """Return the inode and the bytes of each image of a tree, which may not be whole."""
    found = {}
    for path in out.glob("*/*/*"):
        found[path.relative_to(out).as_posix()] = (path.stat().st_ino, path.read_bytes())
    return found


def folders(out: Path) -> set[str]:
    return {path.relative_to(out).as_posix() for path in out.glob("*/*") if path.is_dir()}


def interrupt(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build, and stop after some files."""
    left = project.random.randrange(1, 40)

    def write(path: Path, data: bytes, staging: Path | None = None) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Stop
        write_atomic(path, data, staging)

    with monkeypatch.context() as patch:
        patch.setattr(worker, "write_atomic", write)
        try:
            build(project.folder / "recipe.toml", prune=True, n_jobs=1)
        except Stop:
            assert not (project.folder / "out" / "manifest.jsonl").exists()


def check_step(project: Project) -> int:
    """Build, compare with a fresh build, and return how many images were written."""
    out, fresh = project.folder / "out", project.folder / "fresh"
    before = images(out)
    build(project.folder / "recipe.toml", prune=True, n_jobs=1)
    after = images(out)
    build(project.folder / "recipe.toml", out=fresh, n_jobs=1)
    assert tree(out) == tree(fresh)
    assert folders(out) == folders(fresh)
    written = {name for name, now in after.items() if before.get(name, (0, b""))[0] != now[0]}
    needed = {name for name, now in after.items() if before.get(name, (0, b""))[1] != now[1]}
    if "link" in {project.values["originals"], project.built_with}:
        # A link for a copy, a copy for a link, and a link to another file have to be made, too.
        written = {name for name in written if name.startswith("augmented_train/")}
        needed = {name for name in needed if name.startswith("augmented_train/")}
    assert written == needed
    project.built_with = project.values["originals"]
    shutil.rmtree(fresh)
    again = {name: inode for name, (inode, _) in images(out).items()}
    assert build(project.folder / "recipe.toml", n_jobs=1).made == 0
    assert {name: inode for name, (inode, _) in images(out).items()} == again
    return len(written)


def edit_and_check(
    folder: Path, monkeypatch: pytest.MonkeyPatch, photos: int, steps: int, seed: int
) -> None:
    project = Project(folder, photos, seed)
    assert check_step(project) > photos
    written = 0
    for step in range(steps):
        edits = project.random.sample(EDITS, project.random.randrange(1, 4))
        for edit in edits:
            edit(project)
        if step % 4 == 3:
            interrupt(project, monkeypatch)
        print(f"{step}: {', '.join(edit.__name__ for edit in edits)}", end=": ", flush=True)
        count = check_step(project)
        print(count, "written", flush=True)
        written += count
    assert written > steps


@pytest.mark.parametrize("seed", [1, 2])
def test_some_edits_write_what_they_have_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    edit_and_check(tmp_path, monkeypatch, photos=24, steps=12, seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_many_edits_write_what_they_have_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    edit_and_check(tmp_path, monkeypatch, photos=120, steps=30, seed=seed)
