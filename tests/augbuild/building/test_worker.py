"""One task: all outputs of a source or none, each as it is recorded."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

import pytest
from PIL import Image

import augbuild.building.worker as worker
from augbuild.building.worker import WorkerSettings, reject_lost, run_task
from augbuild.catalogue.transforms import Op
from augbuild.dataset.results import BuiltSource
from augbuild.errors import OutputError
from augbuild.planning.plan import Output, Task
from augbuild.sources.dataset import Rejected, Source
from augbuild.sources.originals import FolderOriginals
from tests.conftest import photo

FLIP, BLACK = Op("hflip", {}), Op("brightness", {"factor": 0.0})


@pytest.fixture
def settings(tmp_path: Path) -> WorkerSettings:
    for name in ("sources", "out/train", "out/aug", "staging"):
        (tmp_path / name).mkdir(parents=True)
    photo(tmp_path / "sources" / "a.png", 1)
    return WorkerSettings(
        originals=FolderOriginals(tmp_path / "sources"),
        out=tmp_path / "out",
        staging=tmp_path / "staging",
        assets=tmp_path,
        format="jpeg",
        quality=90,
        max_side=None,
        link_originals=False,
    )


def task_of(*ops: tuple[Op, ...], name: str = "a.png") -> Task:
    outputs = [Output("train/a.png", None)]
    for variant, each in enumerate(ops):
        outputs.append(Output(f"aug/a_{variant}.jpg", variant, each))
    return Task(Source(name, "cats"), tuple(outputs))


def built(settings: WorkerSettings, task: Task) -> BuiltSource:
    result = run_task(settings, task)
    assert isinstance(result, BuiltSource)
    return result


def written(settings: WorkerSettings) -> list[str]:
    return sorted(path.name for path in settings.out.glob("*/*"))


def test_every_output_is_as_it_is_recorded(settings: WorkerSettings) -> None:
    result = built(settings, task_of((FLIP,), ()))
    data = (settings.out.parent / "sources" / "a.png").read_bytes()
    assert (result.path, result.sha256) == ("a.png", hashlib.sha256(data).hexdigest())
    assert (result.width, result.height, result.more_frames) == (40, 30, False)
    assert result.ops == ((), ({"op": "hflip"},), ())
    assert [file.variant for file in result.files] == [None, 0, 1]
    for file in result.files:
        content = (settings.out / file.file_name).read_bytes()
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        with Image.open(settings.out / file.file_name) as image:
            assert image.size == (file.width, file.height)
    assert (settings.out / "train" / "a.png").read_bytes() == data
    assert not any(settings.staging.iterdir())


def test_variants_are_shrunk_and_sizes_are_upright(settings: WorkerSettings) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    with Image.open(settings.out.parent / "sources" / "a.png") as image:
        image.save(settings.out.parent / "sources" / "b.jpg", exif=exif)
    small = dataclasses.replace(settings, max_side=20)
    result = built(small, task_of((), name="b.jpg"))
    assert (result.width, result.height) == (30, 40)
    assert [(file.width, file.height) for file in result.files] == [(30, 40), (15, 20)]


def test_encoding_is_that_of_the_settings(settings: WorkerSettings) -> None:
    for format in ("png", "webp"):
        run_task(dataclasses.replace(settings, format=format), task_of(()))
        with Image.open(settings.out / "aug" / "a_0.jpg") as image:
            assert image.format == format.upper()
    large, small = (
        built(dataclasses.replace(settings, quality=quality), task_of(())).files[1].bytes
        for quality in (95, 20)
    )
    assert small < large


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (1, 3), (40, 30)])
def test_a_variant_of_one_colour_is_flat(settings: WorkerSettings, shape: tuple[int, int]) -> None:
    Image.new("RGB", shape, "red").save(settings.out.parent / "sources" / "red.png")
    grey = Image.new("RGB", (40, 30), "white")
    grey.putpixel((21, 17), (0, 0, 0))  # between those that are looked at first
    grey.save(settings.out.parent / "sources" / "dot.png")
    flat = [file.flat for file in built(settings, task_of((BLACK,), ())).files]
    assert flat == [False, True, False]
    # What was flat before is no fault of the ops.
    assert not any(file.flat for file in built(settings, task_of((BLACK,), name="red.png")).files)
    flat = [file.flat for file in built(settings, task_of((BLACK,), (), name="dot.png")).files]
    assert flat == [False, True, False]


def test_further_frames_are_noted(settings: WorkerSettings) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(
        settings.out.parent / "sources" / "two.webp", save_all=True, append_images=frames[1:]
    )
    assert built(settings, task_of(name="two.webp")).more_frames


def test_a_bad_image_is_rejected_and_nothing_is_written(settings: WorkerSettings) -> None:
    (settings.out.parent / "sources" / "bad.png").write_bytes(b"no image")
    result = run_task(settings, task_of((), name="bad.png"))
    assert isinstance(result, Rejected)
    assert (result.source, result.reason) == ("bad.png", "not_an_image")
    assert written(settings) == []


def test_an_op_that_fails_rejects_the_source_and_nothing_is_written(
    settings: WorkerSettings,
) -> None:
    result = run_task(settings, task_of((FLIP,), (Op("blur", {"radius": "x"}),)))
    assert isinstance(result, Rejected)
    assert (result.source, result.reason) == ("a.png", "op_failed")
    assert result.message.startswith("blur: ")
    assert written(settings) == []


def test_too_little_memory_rejects_the_source(
    settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhaust(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(worker, "encode", exhaust)
    assert run_task(settings, task_of(())) == Rejected(
        "a.png", "out_of_memory", "there was not enough memory for this image and its ops"
    )


def test_a_task_that_killed_its_worker_is_rejected_by_name() -> None:
    rejected = reject_lost(task_of())
    assert (rejected.source, rejected.reason) == ("a.png", "out_of_memory")


def test_an_output_that_cannot_be_written_stops_the_build(settings: WorkerSettings) -> None:
    (settings.out / "aug").rmdir()
    with pytest.raises(OutputError, match=r"a_0\.jpg could not be written: No such file"):
        run_task(settings, task_of(()))
    assert not any(settings.staging.iterdir())


class TestLinks:
    @pytest.fixture
    def linking(self, settings: WorkerSettings) -> WorkerSettings:
        return dataclasses.replace(settings, link_originals=True)

    def test_originals_are_linked_again_and_again(self, linking: WorkerSettings) -> None:
        for _ in range(2):
            run_task(linking, task_of(()))
            assert (linking.out / "train" / "a.png").samefile(
                linking.out.parent / "sources" / "a.png"
            )
            assert not (linking.out / "aug" / "a_0.jpg").samefile(
                linking.out.parent / "sources" / "a.png"
            )
            assert not any(linking.staging.iterdir())

    def test_a_source_that_is_a_link_is_followed(
        self, linking: WorkerSettings, tmp_path: Path
    ) -> None:
        (linking.out.parent / "sources" / "a.png").rename(tmp_path / "real.png")
        (linking.out.parent / "sources" / "a.png").symlink_to(tmp_path / "real.png")
        run_task(linking, task_of())
        target = linking.out / "train" / "a.png"
        assert not target.is_symlink()
        assert target.samefile(tmp_path / "real.png")

    def test_a_left_over_is_no_obstacle(self, linking: WorkerSettings) -> None:
        (linking.staging / f"a.png.{os.getpid()}.link").write_bytes(b"left over")
        run_task(linking, task_of())
        assert (linking.out / "train" / "a.png").samefile(linking.out.parent / "sources" / "a.png")

    def test_a_file_system_without_links_gets_copies(
        self, linking: WorkerSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
        run_task(linking, task_of())
        target, source = linking.out / "train" / "a.png", linking.out.parent / "sources" / "a.png"
        assert not target.samefile(source)
        assert target.read_bytes() == source.read_bytes()

    def test_without_the_setting_originals_are_copies(self, settings: WorkerSettings) -> None:
        run_task(settings, task_of())
        assert not (settings.out / "train" / "a.png").samefile(
            settings.out.parent / "sources" / "a.png"
        )
