"""Where a recipe says that its source and its output are: the same place, whoever reads it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from augbuild.errors import AugbuildError
from augbuild.recipe.load import parse_recipe
from augbuild.sources.open import open_source
from augbuild.starting.places import Places, find_places, name_dataset, path_from_recipe
from tests.conftest import photos


def places(spec: str, root: Path, folder: Path) -> Places:
    """Find the places for a recipe in a folder."""
    return find_places(spec, root, folder)


def test_paths_are_relative_to_the_recipe(tmp_path: Path) -> None:
    source = photos(tmp_path / "data" / "photos", {"a": 1})
    found = places(str(source), source, tmp_path / "recipes")
    assert found == Places("photos", "../data/photos", "build/photos")


def test_a_source_that_is_no_path_stays_as_it_is(tmp_path: Path) -> None:
    found = places("sample:emoji", tmp_path / "elsewhere", tmp_path)
    assert found == Places("emoji", "sample:emoji", "build/emoji")


def test_the_working_directory_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = photos(tmp_path / "photos", {"a": 1})
    monkeypatch.chdir(source)
    assert places(".", source, Path()) == Places("photos", ".", "../build/photos")


def test_output_is_never_inside_the_source_or_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = photos(tmp_path / "build", {"a": 1})
    monkeypatch.chdir(tmp_path)
    assert places("build", source, Path()).output == "build-augmented"
    inner = photos(tmp_path / "build" / "set", {"a": 1})
    assert places("build/set", inner, Path()).output == "build/build/set"
    deep = photos(tmp_path / "build" / "x" / "x", {"a": 1})
    assert places("build/x/x", deep, Path()).output == "build/x/build/x"
    with pytest.raises(AugbuildError, match="no free folder"):
        places("/", Path("/"), Path())


def test_output_is_a_folder_that_is_not_in_use(tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", {"a": 1})
    (tmp_path / "build" / "photos").mkdir(parents=True)
    assert places(str(source), source, tmp_path).output == "build/photos"
    (tmp_path / "build" / "photos" / "mine.txt").touch()
    assert places(str(source), source, tmp_path).output == "build/photos-2"
    (tmp_path / "build" / "photos-2").touch()
    (tmp_path / "build" / "photos-3").symlink_to("nowhere")
    assert places(str(source), source, tmp_path).output == "build/photos-4"


@pytest.mark.parametrize("name", ["~photos", "sample:emoji", "a:b", "-x", "..photos", "a'\"b"])
def test_odd_names_lead_back_to_the_source(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = photos(tmp_path / name, {"a": 1, "b": 1})
    monkeypatch.chdir(tmp_path)
    written = path_from_recipe(Path(name), Path())
    assert open_source(written, Path()).root.resolve() == source


def test_recipe_behind_a_link_names_its_source_wholly(tmp_path: Path) -> None:
    source = photos(tmp_path / "photos", {"a": 1})
    real = tmp_path / "deep" / "er" / "recipes"
    real.mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(real)
    assert path_from_recipe(source, link) == str(source)
    assert path_from_recipe(real / "in", real) == path_from_recipe(link / "in", link) == "in"


def test_names_that_no_recipe_can_hold_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    try:
        folder.mkdir()
    except OSError:  # APFS takes valid UTF-8 only
        return
    with pytest.raises(AugbuildError, match="not valid UTF-8"):
        places(str(folder), folder, tmp_path)
    (tmp_path / "photos").mkdir()
    absolute = find_places(str(tmp_path / "photos"), tmp_path / "photos", folder)
    assert absolute.source == "../photos"


@given(st.text(st.characters(), max_size=120))
@example("..")
@example("a/b\\c\x00\u202e\ud800")
@example("")
def test_every_name_is_one_that_a_recipe_may_have(text: str) -> None:
    name = name_dataset(text)
    quoted = re.sub("(.)", lambda found: f"\\U{ord(found[1]):08x}", name, flags=re.DOTALL)
    recipe = f'name = "{quoted}"\nsource.path = "x"\noutput.path = "y"'
    assert parse_recipe(recipe, Path(), "x").name == name
