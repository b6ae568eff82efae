"""A built tree that may be tampered with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from augbuild.building.build import build
from tests.conftest import RECIPE, photos, write_recipe


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of twelve sources with two variants each, to be copied and never touched."""
    project = tmp_path_factory.mktemp("project")
    photos(project / "photos", {"cats": 8, "dogs": 4})
    recipe = RECIPE.replace("test = 0.25", "test = 0.25\nvalidation = 0.25")
    return build(write_recipe(project, recipe)).out


@pytest.fixture
def out(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "tree"))
