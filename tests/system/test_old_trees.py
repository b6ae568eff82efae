"""A tree that version 0.1 built is read as its own: nothing to verify, to replay or to do again."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from augbuild.building.build import build
from augbuild.catalogue.transforms import Op
from augbuild.checking.replay import replay
from augbuild.checking.verify import verify
from augbuild.core.files import stamp_of
from augbuild.dataset.info import read_info
from augbuild.dataset.manifest import encode_row, read_manifest
from augbuild.dataset.private import read_last_run
from augbuild.dataset.state import State
from augbuild.dataset.versions import versions
from augbuild.planning.sampling import draw_ops
from augbuild.recipe.model import Recipe
from tests.conftest import REPOSITORY, tree

OLD = REPOSITORY / "tests" / "golden" / "tree-0.1"
NOT_OF_THE_TREE = ("state.sql", "recipe.toml", "last-run.json")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project as version 0.1 has left it: recipe, sources, tree and state."""
    out = Path(
        shutil.copytree(OLD, tmp_path / "out", ignore=shutil.ignore_patterns(*NOT_OF_THE_TREE))
    )
    shutil.copy(OLD / "recipe.toml", tmp_path)
    for label in ("cats", "dogs"):
        for path in (out / "train" / label).iterdir():
            source = tmp_path / "photos" / label / f"{path.stem.rpartition('_')[0]}.png"
            source.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, source)
    (tmp_path / "photos" / "dogs" / "broken.jpg").write_bytes(b"no image")
    (out / ".augbuild").mkdir()
    shutil.copy(OLD / "last-run.json", out / ".augbuild")
    with closing(sqlite3.connect(out / ".augbuild" / "state.sqlite")) as database:
        database.executescript((OLD / "state.sql").read_text(encoding="utf-8"))
        # What only the machine that built it could know.
        facts = {"source": str(tmp_path / "photos"), "versions": versions()}
        for name, value in facts.items():
            database.execute("UPDATE fact SET value = ? WHERE name = ?", (json.dumps(value), name))
        for path, mtime_ns in database.execute("SELECT path, mtime_ns FROM source").fetchall():
            os.utime(tmp_path / "photos" / path, ns=(mtime_ns, mtime_ns))
        database.commit()
    return tmp_path


def test_it_is_as_it_was_built(project: Path) -> None:
    assert verify(project / "out").findings == ()


def test_its_documents_are_read(project: Path) -> None:
    out = project / "out"
    rows = (out / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    assert [encode_row(record) for record in read_manifest(out / "manifest.jsonl")] == rows
    info = read_info(out)
    assert (info.recipe.name, info.rows, info.rejected) == ("old", 4, 1)
    assert read_last_run(out / ".augbuild").command == "augbuild make recipe.toml"
    with State(out / ".augbuild" / "state.sqlite", read_only=True) as state:
        statuses = {entry.path: entry.status for entry in state.entries()}
    assert statuses == {
        "cats/a.png": "built",
        "dogs/broken.jpg": "rejected",
        "dogs/ü b.png": "built",
    }


def test_nothing_is_done_again(project: Path) -> None:
    whole = tree(project / "out")
    report = build(project / "recipe.toml")
    assert (report.made, report.kept, report.pruned, report.reasons) == (0, 4, 0, {})
    assert [each.source for each in report.rejected] == ["dogs/broken.jpg"]
    images = {name: content for name, content in tree(project / "out").items() if "/" in name}
    assert images == {name: content for name, content in whole.items() if "/" in name}
    assert tree(project / "out")["manifest.jsonl"] == whole["manifest.jsonl"]
    if read_info(OLD).versions == versions():
        assert tree(project / "out") == whole


def test_its_state_is_rewritten_once_and_then_nothing_is_drawn(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def note(recipe: Recipe, key: str, label: str, variant: int) -> tuple[Op, ...]:
        drawn.append(key)
        return draw_ops(recipe, key, label, variant)

    monkeypatch.setattr("augbuild.planning.sampling.draw_ops", note)
    assert build(project / "recipe.toml").made == 0
    assert len(drawn) == 3  # one variant of each, with the one that was rejected
    with State(project / "out" / ".augbuild" / "state.sqlite", read_only=True) as state:
        entries = list(state.entries())
    for entry in entries:
        assert entry.key
        assert entry.stamp == stamp_of(project / "photos" / entry.path)
    assert build(project / "recipe.toml").made == 0
    assert len(drawn) == 3


def test_its_images_are_kept_where_a_recipe_asks_for_more(project: Path) -> None:
    recipe = (project / "recipe.toml").read_text(encoding="utf-8")
    assert "variants = 1" in recipe
    more = recipe.replace("variants = 1", "variants = 2")
    (project / "recipe.toml").write_text(more, encoding="utf-8")
    before = tree(project / "out")
    report = build(project / "recipe.toml")
    assert (report.made, report.reasons) == (2, {"recipe changed": 3})
    after = tree(project / "out")
    images = {name: content for name, content in before.items() if "/" in name}
    assert images.items() <= after.items()


def test_originals_are_replayed(project: Path) -> None:
    for path in (project / "out" / "train").rglob("*.png"):
        assert replay(path, source=str(project / "photos")).same


@pytest.mark.skipif(
    read_info(OLD).versions != versions(),
    reason="the tree was built with other libraries, which may make other bytes",
)
def test_variants_are_replayed(project: Path) -> None:
    for path in (project / "out" / "augmented_train").rglob("*.jpg"):
        assert replay(path).same
