"""The same sources and recipe are the same bytes, whatever differs around them.

That is workers, hash seed, locale, time zone, umask, order of creation and disk.

A few cells of the table run always; all of them, with `-m slow`, in some minutes.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

from tests.conftest import REPOSITORY, photos, tree, write_recipe

RECIPE = """
name = "determinism"
[source]
path = "photos"
[split]
test = 0.25
[output]
path = "out"
[augment]
variants = 2
[[transforms]]
op = "rotate"
degrees = { uniform = [-20, 20] }
[[transforms]]
some_of = 2
from = [
    { op = "random_noise", weight = 2 },
    { op = "shuffle_pixels", factor = 0.1 },
    { op = "overlay_emoji" },
    { op = "overlay_text", text = "ß" },
]
"""

# A job this small would not use its workers.
MAKE = """
import sys
import augbuild.planning.plan, augbuild.building.execute
augbuild.planning.plan._POOL_PAYS_FROM = augbuild.building.execute._POOL_PAYS_FROM = 0
from augbuild.cli import main
main(["make", "recipe.toml", "--quiet", "--allow-rejected", *sys.argv[1:]])
"""


class Place(NamedTuple):
    """What a machine brings along."""

    locale: str
    time_zone: str
    umask: int


class Cell(NamedTuple):
    """One cell of the table; `created` is the order in which the sources were written."""

    n_jobs: int
    hash_seed: str
    place: Place
    created: str
    disk: str


UTRECHT, TOKYO = Place("C.UTF-8", "Europe/Amsterdam", 0o022), Place("POSIX", "Asia/Tokyo", 0o077)
ORDERS, DISKS = ("sorted", "shuffled"), ("disk", "tmpfs")
EVERY_CELL = list(
    map(Cell._make, product((1, 2, 3, 16), ("0", "1", "random"), (UTRECHT, TOKYO), ORDERS, DISKS))
)
SOME_CELLS = [
    Cell(1, "0", UTRECHT, "sorted", "disk"),
    Cell(3, "random", TOKYO, "shuffled", "tmpfs"),
]

Projects = Mapping[tuple[str, str], Path]


@pytest.fixture
def projects(tmp_path: Path) -> Iterator[Projects]:
    """The same project, written in each order to each disk."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        pytest.skip("needs a file system in memory at /dev/shm, which this system lacks")
    made = photos(tmp_path / "made", {"cats": 8, "dogs": 4, "ünïcode": 2})
    with Image.open(made / "cats" / "cats_1.png") as image:
        image.resize((80, 60)).save(made / "cats" / "twin.jpg")
    (made / "dogs" / "broken.png").write_bytes(b"no image")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        roots = {"disk": tmp_path, "tmpfs": Path(folder)}
        yield {
            (created, disk): _copied(made, roots[disk] / created, created)
            for created in ORDERS
            for disk in DISKS
        }


def _copied(made: Path, project: Path, created: str) -> Path:
    paths = sorted(path for path in made.rglob("*") if path.is_file())
    if created == "shuffled":
        random.Random(3).shuffle(paths)
    for path in paths:
        target = project / "photos" / path.relative_to(made)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return write_recipe(project, RECIPE).parent


def _hash_of_build(projects: Projects, cell: Cell) -> str:
    """Build one cell of the table and return the hash of all paths and bytes of its tree."""
    project = projects[cell.created, cell.disk]
    environment = {
        **os.environ,
        "PYTHONHASHSEED": cell.hash_seed,
        "PYTHONPATH": str(REPOSITORY),
        "LC_ALL": cell.place.locale,
        "TZ": cell.place.time_zone,
    }
    command = [sys.executable, "-c", MAKE, "-j", str(cell.n_jobs)]
    subprocess.run(command, cwd=project, env=environment, umask=cell.place.umask, check=True)
    digest = hashlib.sha256()
    for name, content in tree(project / "out").items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    shutil.rmtree(project / "out")
    return digest.hexdigest()


def _cells_by_hash(projects: Projects, cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    found = defaultdict(list)
    for cell in cells:
        found[_hash_of_build(projects, cell)].append(cell)
    return dict(found)


def test_some_cells_have_one_hash(projects: Projects) -> None:
    found = _cells_by_hash(projects, SOME_CELLS)
    assert len(found) == 1, found


@pytest.mark.slow
def test_all_cells_have_one_hash(projects: Projects) -> None:
    found = _cells_by_hash(projects, EVERY_CELL)
    print({digest: len(cells) for digest, cells in found.items()})
    assert len(EVERY_CELL) == 96
    assert len(found) == 1, found
