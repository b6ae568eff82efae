"""One source: all its outputs or none, each as it is recorded, and none made that can be kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PIL import Image

import augbuild.building.worker as worker
from augbuild.building.keys import encoding_of
from augbuild.building.reuse import Earlier, Tree
from augbuild.building.rows import encode_rows, row_context
from augbuild.building.worker import (
    Assignment,
    Outcome,
    WorkerSettings,
    reject_lost,
    remove_files,
    run_assignment,
)
from augbuild.core.files import stamp_of
from augbuild.dataset.results import BuiltSource, Entry, RejectedSource
from augbuild.errors import OutputError
from augbuild.recipe.load import load_recipe
from augbuild.sources.dataset import Source
from augbuild.sources.originals import FolderOriginals
from tests.conftest import photo, write_recipe

HEAD = '[source]\npath = "sources"\n[output]\npath = "out"\n'
FLIP = '[[transforms]]\nop = "hflip"\n'
BLACK = '[[transforms]]\nop = "brightness"\nfactor = 0.0\n'

WithRecipe = Callable[..., WorkerSettings]


@pytest.fixture
def with_recipe(tmp_path: Path) -> WithRecipe:
    """Return a function that makes the settings for some transforms and keys of [output]."""
    for name in ("sources", "out/train/cats", "out/augmented_train/cats", "staging"):
        (tmp_path / name).mkdir(parents=True)
    photo(tmp_path / "sources" / "a.png", 1)

    def settings(transforms: str = FLIP, output: str = "") -> WorkerSettings:
        recipe = load_recipe(write_recipe(tmp_path, f'name = "t"\n{HEAD}{output}{transforms}'))
        tree = Tree(
            tmp_path / "out",
            FolderOriginals(tmp_path / "sources"),
            link_originals=recipe.output.originals == "link",
        )
        return WorkerSettings(recipe, tree, tmp_path / "staging", run=3)

    return settings


@pytest.fixture
def settings(with_recipe: WithRecipe) -> WorkerSettings:
    return with_recipe()


def of(name: str = "a.png", variants: int = 1) -> Assignment:
    return Assignment(Source(name, "cats", split="train"), variants, label=4, key="k")


def entry_of(outcome: Outcome) -> Entry:
    return Entry.from_row(outcome.row, "state")


def built(settings: WorkerSettings, assignment: Assignment) -> BuiltSource:
    result = entry_of(run_assignment(settings, assignment)).result
    assert isinstance(result, BuiltSource)
    return result


def rejected(outcome: Outcome) -> tuple[str, str]:
    result = entry_of(outcome).result
    assert isinstance(result, RejectedSource)
    return result.reason, result.message


def sources(settings: WorkerSettings) -> Path:
    return settings.tree.root.parent / "sources"


def written(settings: WorkerSettings) -> list[str]:
    return sorted(path.name for path in settings.tree.root.glob("*/*/*"))


def test_every_output_is_as_it_is_recorded(settings: WorkerSettings) -> None:
    result = built(settings, of(variants=2))
    data = (sources(settings) / "a.png").read_bytes()
    assert (result.path, result.sha256) == ("a.png", hashlib.sha256(data).hexdigest())
    assert (result.width, result.height, result.more_frames) == (40, 30, False)
    assert result.ops == ((), ({"op": "hflip"},), ({"op": "hflip"},))
    assert [file.variant for file in result.files] == [None, 0, 1]
    for file in result.files:
        content = (settings.tree.root / file.file_name).read_bytes()
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        with Image.open(settings.tree.root / file.file_name) as image:
            assert image.size == (file.width, file.height)
    assert (settings.tree.root / result.files[0].file_name).read_bytes() == data
    assert not any(settings.staging.iterdir())


def test_what_the_state_keeps_is_whole(settings: WorkerSettings) -> None:
    assignment = of(variants=2)
    outcome = run_assignment(settings, assignment)
    entry = entry_of(outcome)
    assert (outcome.made, outcome.images) == (3, 3)
    assert isinstance(entry.result, BuiltSource)
    assert entry == Entry(
        path="a.png",
        status="built",
        key="k",
        encoding=encoding_of(settings.recipe.output),
        stamp=stamp_of(sources(settings) / "a.png"),
        run=3,
        files=tuple(file.file_name for file in entry.result.files),
        result=entry.result,
        context=row_context(assignment.source, 4),
        rows=encode_rows(assignment.source, 4, entry.result),
    )


def test_variants_are_shrunk_and_sizes_are_upright(with_recipe: WithRecipe) -> None:
    small = with_recipe(output="max_side = 20\n")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    with Image.open(sources(small) / "a.png") as image:
        image.save(sources(small) / "b.jpg", exif=exif)
    result = built(small, of("b.jpg"))
    assert (result.width, result.height) == (30, 40)
    assert [(file.width, file.height) for file in result.files] == [(30, 40), (15, 20)]


def test_encoding_is_that_of_the_recipe(with_recipe: WithRecipe) -> None:
    for format in ("png", "webp"):
        settings = with_recipe(output=f'format = "{format}"\n')
        file = built(settings, of()).files[1]
        with Image.open(settings.tree.root / file.file_name) as image:
            assert image.format == format.upper()
    large, small = (
        built(with_recipe(output=f"quality = {quality}\n"), of()).files[1].bytes
        for quality in (95, 20)
    )
    assert small < large


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (1, 3), (40, 30)])
def test_a_variant_of_one_colour_is_flat(with_recipe: WithRecipe, shape: tuple[int, int]) -> None:
    black = with_recipe(BLACK)
    Image.new("RGB", shape, "red").save(sources(black) / "red.png")
    grey = Image.new("RGB", (40, 30), "white")
    grey.putpixel((21, 17), (0, 0, 0))  # between those that are looked at first
    grey.save(sources(black) / "dot.png")
    for name in ("a.png", "dot.png"):
        assert [file.flat for file in built(black, of(name)).files] == [False, True]
        assert not any(file.flat for file in built(with_recipe(FLIP), of(name)).files)
    # What was flat before is no fault of the ops.
    assert not any(file.flat for file in built(black, of("red.png")).files)


def test_further_frames_are_noted(settings: WorkerSettings) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(sources(settings) / "two.webp", save_all=True, append_images=frames[1:])
    assert built(settings, of("two.webp")).more_frames


def test_a_bad_image_is_rejected_and_nothing_is_written(settings: WorkerSettings) -> None:
    (sources(settings) / "bad.png").write_bytes(b"no image")
    outcome = run_assignment(settings, of("bad.png", variants=2))
    assert rejected(outcome)[0] == "not_an_image"
    entry = entry_of(outcome)
    assert (entry.path, entry.status, entry.files, entry.rows) == ("bad.png", "rejected", (), b"")
    assert entry.stamp == stamp_of(sources(settings) / "bad.png")
    assert (outcome.made, outcome.images) == (0, 3)
    assert written(settings) == []


def test_an_op_that_fails_rejects_the_source_and_nothing_is_written(
    with_recipe: WithRecipe,
) -> None:
    own = photo(with_recipe().recipe.folder / "own.png", 3)
    settings = with_recipe(f'{FLIP}[[transforms]]\nop = "overlay_image"\noverlay = "own.png"\n')
    assert len(built(settings, of(variants=1)).files) == 2
    remove_files(settings.tree.root, entry_files(settings))
    own.write_bytes(b"no image any more")
    reason, message = rejected(run_assignment(settings, of()))
    assert reason == "op_failed"
    assert message.startswith("overlay_image: ")
    assert written(settings) == []


def entry_files(settings: WorkerSettings) -> list[str]:
    root = settings.tree.root
    return [path.relative_to(root).as_posix() for path in root.glob("*/*/*")]


def test_too_little_memory_rejects_the_source(
    settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhaust(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(worker, "encode", exhaust)
    assert rejected(run_assignment(settings, of())) == (
        "out_of_memory",
        "there was not enough memory for this image and its ops",
    )


def test_a_source_that_killed_its_worker_is_rejected_by_name(settings: WorkerSettings) -> None:
    files = entry_of(run_assignment(settings, of())).files
    outcome = reject_lost(settings, of()._replace(files=files))
    assert entry_of(outcome).path == "a.png"
    assert rejected(outcome)[0] == "out_of_memory"
    assert written(settings) == []


def test_an_output_that_cannot_be_written_stops_the_build(settings: WorkerSettings) -> None:
    (settings.tree.root / "augmented_train" / "cats").rmdir()
    with pytest.raises(OutputError, match=r"_aug0\.jpg could not be written: No such file"):
        run_assignment(settings, of())
    assert not any(settings.staging.iterdir())


class TestKept:
    """What an earlier build made is not made again."""

    @staticmethod
    def again(settings: WorkerSettings, earlier: Outcome, variants: int = 1) -> Assignment:
        entry = entry_of(earlier)
        assert isinstance(entry.result, BuiltSource)
        same_encoding = entry.encoding == encoding_of(settings.recipe.output)
        known = Earlier(entry.result, same_encoding, read_whole=True)
        return of(variants=variants)._replace(files=entry.files, earlier=known)

    @staticmethod
    def inodes(settings: WorkerSettings) -> dict[str, int]:
        root = settings.tree.root
        return {name: (root / name).stat().st_ino for name in entry_files(settings)}

    def test_nothing_is_read_where_all_is_kept(self, settings: WorkerSettings) -> None:
        first = run_assignment(settings, of(variants=3))
        before = self.inodes(settings)
        (sources(settings) / "a.png").rename(sources(settings) / "gone.png")
        second = run_assignment(settings, self.again(settings, first, variants=1))
        assert (second.made, second.images) == (0, 0)
        after = self.inodes(settings)
        assert len(after) == 2
        assert after.items() <= before.items()
        assert entry_of(second).files == entry_of(first).files[:2]

    def test_only_what_is_missing_is_made(self, settings: WorkerSettings) -> None:
        first = run_assignment(settings, of(variants=1))
        before = self.inodes(settings)
        second = run_assignment(settings, self.again(settings, first, variants=3))
        assert (second.made, second.images) == (2, 2)
        assert before.items() <= self.inodes(settings).items()
        assert written(settings) == sorted(Path(name).name for name in entry_of(second).files)
        fresh = run_assignment(settings, of(variants=3))
        assert fresh.row == second.row

    def test_originals_stay_under_another_encoding(self, with_recipe: WithRecipe) -> None:
        first = run_assignment(with_recipe(), of(variants=1))
        settings = with_recipe(output="quality = 50\n")
        before = self.inodes(settings)
        second = run_assignment(settings, self.again(settings, first))
        assert second.made == 1
        original, variant = entry_of(second).files
        after = self.inodes(settings)
        assert after[original] == before[original]
        assert after[variant] != before[variant]

    def test_a_source_that_changes_meanwhile_is_made_as_a_whole(
        self, settings: WorkerSettings
    ) -> None:
        first = run_assignment(settings, of(variants=1))
        photo(sources(settings) / "a.png", 2)
        second = run_assignment(settings, self.again(settings, first, variants=2))
        assert second.made == 3
        assert second.row == run_assignment(settings, of(variants=2)).row

    @pytest.mark.parametrize("known", [True, False])
    def test_what_an_interrupted_build_wrote_and_did_not_note_is_not_written_again(
        self, settings: WorkerSettings, known: bool
    ) -> None:
        first = run_assignment(settings, of())
        before = self.inodes(settings)
        files = entry_of(first).files
        (settings.tree.root / files[1]).write_bytes(b"torn")
        second = run_assignment(settings, of()._replace(files=files if known else ()))
        assert second == first
        after = self.inodes(settings)
        assert (after[files[0]] == before[files[0]]) is known
        assert after[files[1]] != before[files[1]]

    def test_a_source_that_turned_bad_loses_all(self, settings: WorkerSettings) -> None:
        first = run_assignment(settings, of(variants=1))
        (sources(settings) / "a.png").write_bytes(b"no image")
        second = run_assignment(settings, self.again(settings, first, variants=2))
        assert rejected(second)[0] == "not_an_image"
        assert written(settings) == []


def test_files_that_are_gone_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    remove_files(tmp_path, ["a", "b"])
    assert not any(tmp_path.iterdir())


class TestLinks:
    @pytest.fixture
    def linking(self, with_recipe: WithRecipe) -> WorkerSettings:
        return with_recipe(output='originals = "link"\n')

    @staticmethod
    def run(settings: WorkerSettings, name: str = "a.png") -> tuple[Path, Path]:
        """Build one source and return its original and its variant in the tree."""
        original, variant = entry_of(run_assignment(settings, of(name))).files
        return settings.tree.root / original, settings.tree.root / variant

    def test_originals_are_linked_again_and_again(self, linking: WorkerSettings) -> None:
        for _ in range(2):
            original, variant = self.run(linking)
            assert original.samefile(sources(linking) / "a.png")
            assert not variant.samefile(sources(linking) / "a.png")
            assert not any(linking.staging.iterdir())

    def test_the_stamp_is_that_after_linking(self, linking: WorkerSettings) -> None:
        entry = entry_of(run_assignment(linking, of()))
        assert entry.stamp == stamp_of(sources(linking) / "a.png")

    def test_a_source_that_changes_while_it_is_linked_is_looked_at_again(
        self, linking: WorkerSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = sources(linking) / "a.png"
        before = stamp_of(source)

        def change(*_: object) -> bool:
            os.utime(source, ns=(1, 1))
            return True

        monkeypatch.setattr(worker, "link_atomic", change)
        assert entry_of(run_assignment(linking, of())).stamp == before

    def test_a_source_that_is_a_link_is_followed(
        self, linking: WorkerSettings, tmp_path: Path
    ) -> None:
        (sources(linking) / "a.png").rename(tmp_path / "real.png")
        (sources(linking) / "a.png").symlink_to(tmp_path / "real.png")
        target, _ = self.run(linking)
        assert not target.is_symlink()
        assert target.samefile(tmp_path / "real.png")

    def test_a_left_over_is_no_obstacle(self, linking: WorkerSettings) -> None:
        target, _ = self.run(linking)
        target.unlink()
        (linking.staging / f"{target.name[-40:]}.{os.getpid()}.link").write_bytes(b"left over")
        self.run(linking)
        assert target.samefile(sources(linking) / "a.png")

    def test_a_file_system_without_links_gets_copies(
        self, linking: WorkerSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
        target, _ = self.run(linking)
        source = sources(linking) / "a.png"
        assert not target.samefile(source)
        assert target.read_bytes() == source.read_bytes()

    def test_without_the_setting_originals_are_copies(self, settings: WorkerSettings) -> None:
        target, _ = self.run(settings)
        assert not target.samefile(sources(settings) / "a.png")

    @pytest.mark.parametrize("first", ["copy", "link"])
    def test_a_copy_becomes_a_link_and_back(self, with_recipe: WithRecipe, first: str) -> None:
        then = {"copy": "link", "link": "copy"}[first]
        before = run_assignment(with_recipe(output=f'originals = "{first}"\n'), of())
        settings = with_recipe(output=f'originals = "{then}"\n')
        after = run_assignment(settings, TestKept.again(settings, before))
        assert after.made == 1
        original = settings.tree.root / entry_of(after).files[0]
        assert original.samefile(sources(settings) / "a.png") == (then == "link")


def test_the_settings_change_nothing_that_they_should_not(settings: WorkerSettings) -> None:
    """The run's number is noted, and nothing of an outcome else depends on it."""
    first = entry_of(run_assignment(settings, of()))
    second = entry_of(run_assignment(replace(settings, run=9), of()))
    assert second == msgspec.structs.replace(first, run=9)
