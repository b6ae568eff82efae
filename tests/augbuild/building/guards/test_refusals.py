"""Nothing is replaced or removed by surprise: each refusal is a sentence and changes nothing."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from augbuild.building.build import build
from augbuild.building.guards.refusals import refuse_foreign_folder, refuse_nesting
from augbuild.cli import main
from augbuild.dataset.layout import OutputFolder
from augbuild.dataset.state import State
from augbuild.dataset.versions import versions
from augbuild.errors import OutputError, RecipeError, SourceError
from tests.conftest import RECIPE, photos, tree, write_recipe


def make(project: Path, **options: Any) -> Path:
    return build(project / "recipe.toml", **options).out


def contents(project: Path) -> dict[Path, bytes]:
    """Read all of a project but the private folder of its output; a folder is empty."""
    found = {}
    for path in project.rglob("*"):
        if ".augbuild" not in path.parts:
            found[path] = path.read_bytes() if path.is_file() else b""
    return found


def keep_one_of_each(project: Path) -> None:
    """Remove all photos but the first of each class."""
    for folder in sorted((project / "photos").iterdir()):
        for path in sorted(folder.iterdir())[1:]:
            path.unlink()


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
        with pytest.raises(OutputError, match="was not made by augbuild; move it"):
            make(project)
        assert (out / missing).read_text() == "mine"

    def test_many_removed_sources(self, project: Path) -> None:
        whole = tree(make(project))
        for path in sorted((project / "photos" / "cats").iterdir())[:4]:
            path.unlink()
        with pytest.raises(
            OutputError, match=r"4 of the 12 sources .* are gone; if that is intended, --prune"
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
            (keep_one_of_each, []),
            (lambda project: [path.unlink() for path in (project / "photos").rglob("*.png")], []),
            (lambda project: write_recipe(project, RECIPE.replace('"tiny"', '"other"')), []),
            (
                lambda project: photos(project / "elsewhere", {"cats": 4, "dogs": 4}),
                ["--source", "elsewhere"],
            ),
            (lambda _: None, ["--source", "nowhere"]),
            (lambda project: (project / "mine" / "thesis.tex").touch(), ["--out", "mine"]),
            (lambda _: None, ["--out", "photos/out"]),
        ],
        ids=[
            "most photos gone", "empty source", "other recipe", "other source", "no source",
            "folder of someone else", "output in the source",
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
        before = contents(project)
        monkeypatch.chdir(project)
        result = CliRunner().invoke(main, ["make", "recipe.toml", *options])
        after = contents(project)
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
        RecipeError,
        match=r"toml:\d+: classes.cat is not a class .* mean 'cats'",
    ):
        make(project)


def test_class_without_a_train_image(tmp_path: Path) -> None:
    photos(tmp_path / "photos" / "train", {"cats": 2})
    photos(tmp_path / "photos" / "test", {"cats": 1, "dogs": 1})
    write_recipe(tmp_path)
    with pytest.raises(SourceError, match="class 'dogs' has no image in train/"):
        make(tmp_path)


@pytest.mark.parametrize(("gone", "refused"), [(2, False), (3, True)])
def test_a_fifth_of_the_sources_may_go_unasked(tmp_path: Path, gone: int, refused: bool) -> None:
    photos(tmp_path / "photos", {"cats": 6, "dogs": 4})
    write_recipe(tmp_path)
    make(tmp_path)
    for index in range(gone):
        (tmp_path / "photos" / "cats" / f"cats_{index}.png").unlink()
    if refused:
        with pytest.raises(OutputError, match="3 of the 10 sources"):
            make(tmp_path)
    else:
        assert build(tmp_path / "recipe.toml").pruned == 2


def test_what_was_asked_for_is_what_the_folder_is_then(project: Path) -> None:
    make(project)
    write_recipe(project, RECIPE.replace('name = "tiny"', 'name = "other"'))
    make(project, prune=True)
    make(project)  # not asked again
    write_recipe(project)
    with pytest.raises(OutputError, match="built from the recipe 'other', not 'tiny'"):
        make(project)


def test_other_versions_of_an_empty_folder_stop_nothing(project: Path) -> None:
    (project / "out" / ".augbuild").mkdir(parents=True)
    with State(project / "out" / ".augbuild" / "state.sqlite") as state:
        state.set_note("versions", {**versions(), "pillow": "0.1"})
    make(project)
    with State(project / "out" / ".augbuild" / "state.sqlite", read_only=True) as state:
        assert state.note("versions", dict[str, str]) == versions()


@pytest.mark.parametrize(
    ("out", "sources", "nested"),
    [
        ("a", "a", True),
        ("a/b/c", "a", True),
        ("a", "a/b/c", True),
        ("ab", "a", False),
        ("x/../a", "a", True),
        ("b", "c", False),
    ],
)
def test_nesting(tmp_path: Path, out: str, sources: str, nested: bool) -> None:
    (tmp_path / "x").mkdir()
    if not nested:
        refuse_nesting(tmp_path / out, tmp_path / sources)
        return
    with pytest.raises(OutputError, match="inside one another; choose another folder"):
        refuse_nesting(tmp_path / out, tmp_path / sources)


def test_only_what_is_empty_or_ours_may_be_built_into(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path / "out")
    refuse_foreign_folder(folder)
    folder.root.mkdir()
    refuse_foreign_folder(folder)
    (folder.root / "file").touch()
    with pytest.raises(OutputError, match="not empty and was not made by augbuild"):
        refuse_foreign_folder(folder)
    folder.private.mkdir()
    refuse_foreign_folder(folder)
