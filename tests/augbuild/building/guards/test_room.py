"""The estimate of room before a build begins."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from augbuild.building.build import build
from augbuild.building.inputs import plan_recipe
from augbuild.errors import OutputError
from augbuild.pixels import originals
from augbuild.pixels.originals import decode_original
from augbuild.sources.decoding import Decoding
from tests.conftest import RECIPE, photos, tree, write_recipe


class TestSpace:
    """The estimate before the start."""

    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        photos(tmp_path / "photos", {"cats": 8, "dogs": 8})
        return write_recipe(tmp_path).parent

    @staticmethod
    def _leave(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(free, 0, free))

    def _needed(self, project: Path) -> int:
        return sum(
            len(content)
            for name, content in tree(build(project / "recipe.toml").out).items()
            if "/" in name
        )

    def test_build_that_cannot_end_does_not_start(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        needed = self._needed(project)
        shutil.rmtree(project / "out")
        self._leave(monkeypatch, needed // 2)
        with pytest.raises(
            OutputError,
            match=r"out: the build needs about 0 MB more and 0 MB are free; make room, or",
        ):
            build(project / "recipe.toml")
        assert tree(project / "out") == {}
        self._leave(monkeypatch, needed)
        assert build(project / "recipe.toml").made > 0

    def test_what_is_replaced_makes_room(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        needed = self._needed(project)
        self._leave(monkeypatch, needed // 2)
        assert build(project / "recipe.toml", rebuild=True).made > 0

    def test_sources_that_cannot_be_read_need_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for label in ("cats", "dogs"):
            (tmp_path / "photos" / label).mkdir(parents=True)
            (tmp_path / "photos" / label / "a.jpg").write_bytes(b"no image" * 1000)
        self._leave(monkeypatch, 100_000)
        rejected = build(write_recipe(tmp_path)).rejected
        assert [each.reason for each in rejected] == ["not_an_image", "not_an_image"]

    def test_links_need_no_room(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        link = RECIPE.replace('path = "out"', 'path = "out"\noriginals = "link"')
        write_recipe(project, link.replace("variants = 2", "variants = 0"))
        self._leave(monkeypatch, 1)
        assert build(project / "recipe.toml").made == 16

    def test_with_plenty_of_room_nothing_is_estimated(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        weight = 0
        for path in (project / "photos").rglob("*.png"):
            weight += path.stat().st_size * (1 if self._is_in_test(project, path) else 3)
        read: list[str] = []

        def note(data: bytes, path: str, decoding: Decoding) -> Image.Image:
            read.append(path)
            return decode_original(data, path, decoding)

        monkeypatch.setattr(originals, "decode_original", note)
        self._leave(monkeypatch, 30 * weight)
        build(project / "recipe.toml")
        assert read == []
        self._leave(monkeypatch, 30 * weight - 1)
        build(project / "recipe.toml", rebuild=True)
        assert len(read) == 8

    @staticmethod
    def _is_in_test(project: Path, path: Path) -> bool:
        plan = plan_recipe(project / "recipe.toml", source=None, follow_links=False, n_jobs=1)
        splits = {source.path: source.split for source in plan.sources}
        return splits[path.relative_to(project / "photos").as_posix()] == "test"

    def test_a_clear_lack_is_more_than_a_fifth(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_recipe(project, RECIPE.replace("variants = 2", "variants = 0"))
        needed = sum(path.stat().st_size for path in (project / "photos").rglob("*.png"))
        self._leave(monkeypatch, int(0.79 * needed))
        with pytest.raises(OutputError, match="the build needs about"):
            build(project / "recipe.toml")
        self._leave(monkeypatch, int(0.81 * needed) + 1)
        assert build(project / "recipe.toml").made == 16
