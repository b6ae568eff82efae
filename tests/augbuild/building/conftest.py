"""Projects that several test modules build."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import photos, write_recipe


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A recipe beside a folder of twelve small pictures in two classes."""
    photos(tmp_path / "photos", {"cats": 8, "dogs": 4})
    write_recipe(tmp_path)
    return tmp_path


@pytest.fixture
def split_project(tmp_path: Path) -> Path:
    """A recipe beside a folder of pictures that are split already."""
    photos(tmp_path / "photos" / "train", {"cats": 4, "dogs": 4})
    photos(tmp_path / "photos" / "test", {"cats": 2, "dogs": 2})
    return write_recipe(tmp_path).parent
