"""What a recipe names on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.building.inputs import open_source_of, output_path, plan_recipe
from augbuild.errors import RecipeError, SourceError
from augbuild.recipe.load import load_recipe
from tests.conftest import photos


def test_a_recipe_s_own_paths_are_relative_to_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    recipe = load_recipe(project / "recipe.toml")
    assert open_source_of(recipe).root == project / "photos"
    assert output_path(recipe, None) == project / "out"


def test_those_of_the_caller_are_relative_to_the_working_directory(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos(project / "elsewhere" / "others", {"ants": 2, "birds": 2})
    monkeypatch.chdir(project / "elsewhere")
    recipe = load_recipe(project / "recipe.toml")
    assert open_source_of(recipe, source="others").classes == ("ants", "birds")
    assert output_path(recipe, "built") == Path("built")
    assert output_path(recipe, Path("/built")) == Path("/built")


def test_links_are_followed_unless_told(project: Path) -> None:
    photos(project / "elsewhere", {"x": 3})
    (project / "photos" / "dogs" / "more").symlink_to(project / "elsewhere" / "x")
    recipe = load_recipe(project / "recipe.toml")
    without = len(open_source_of(recipe, follow_links=False).sources)
    assert len(open_source_of(recipe).sources) == without + 3


def test_a_plan_is_of_a_file_or_a_recipe(project: Path) -> None:
    file = project / "recipe.toml"
    by_file = plan_recipe(file, source=None, follow_links=False, n_jobs=1)
    by_value = plan_recipe(load_recipe(file), source=None, follow_links=False, n_jobs=None)
    assert by_file.sources == by_value.sources
    assert len(by_file.sources) == 12


def test_what_is_not_there_is_an_error(project: Path) -> None:
    with pytest.raises(RecipeError):
        plan_recipe(project / "nowhere.toml", source=None, follow_links=False, n_jobs=1)
    with pytest.raises(SourceError):
        plan_recipe(project / "recipe.toml", source="nowhere", follow_links=False, n_jobs=1)


def test_the_source_s_keys_reach_its_reader(project: Path) -> None:
    photos(project / "sites" / "one", {"cats": 2, "dogs": 2})
    photos(project / "sites" / "two", {"cats": 2, "dogs": 2}, suffix=".jpg")
    first = project / "sites" / "two" / "cats" / "cats_0.jpg"
    first.rename(first.with_suffix(".jfif"))
    recipe = project / "recipe.toml"
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(text.replace('path = "photos"', 'path = "sites"'), encoding="utf-8")
    with pytest.raises(SourceError, match=r'  layout = "leaf"  for 2 classes: cats, dogs'):
        open_source_of(load_recipe(recipe))
    keys = 'path = "sites"\nlayout = "leaf"\nexclude = ["one/dogs/*"]'
    recipe.write_text(text.replace('path = "photos"', keys), encoding="utf-8")
    plan = plan_recipe(recipe, source=None, follow_links=True, n_jobs=1)
    assert len(plan.sources) == 6
    # An original has the usual extension of its format, so that others read it, too.
    assert {Path(task.outputs[0].file_name).suffix for task in plan.tasks()} == {".jpg", ".png"}
