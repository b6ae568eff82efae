"""The output folder: who may have it, and what is said when the disk says no."""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from augbuild.building.build import build
from augbuild.building.claim import claim
from augbuild.core.files import write_atomic
from augbuild.errors import OutputError
from tests.conftest import REPOSITORY, photos, tree, write_recipe


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    return photos(tmp_path / "photos", {"cats": 2})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_folder_is_claimed_and_signed_and_given_back(sources: Path, out: Path) -> None:
    for _ in range(2):
        with claim(out, sources) as folder:
            assert folder.staging.is_dir()
            assert not any(folder.staging.iterdir())
            (folder.staging / "half").write_bytes(b"")
            holder = json.loads((folder.private / "holder.json").read_text(encoding="utf-8"))
            assert holder == {"pid": os.getpid(), "host": platform.node()}


def test_worker_of_a_killed_build_writes_no_more(sources: Path, out: Path) -> None:
    """It may outlive its parent by half a second, and the next build may have begun by then."""
    with suppress(KeyboardInterrupt), claim(out, sources) as folder:
        late = folder.staging
        (late / "half").write_bytes(b"")
        raise KeyboardInterrupt
    assert late.exists()
    with claim(out, sources), pytest.raises(FileNotFoundError):
        write_atomic(out / "x.jpg", b"late", late)
    assert list((out / ".augbuild").glob("staging*")) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_left_over_that_cannot_be_removed_is_a_sentence(sources: Path, out: Path) -> None:
    (out / ".augbuild" / "staging-old" / "locked").mkdir(parents=True)
    (out / ".augbuild" / "staging-old" / "locked" / "file").touch()
    (out / ".augbuild" / "staging-old" / "locked").chmod(0o500)
    with (
        pytest.raises(OutputError, match=r"Permission denied; put that right"),
        claim(out, sources),
    ):
        pass


def test_second_claim_names_the_first(sources: Path, out: Path) -> None:
    holder = rf"process {os.getpid()} on '{platform.node()}' is building here; wait until it has finished"
    with claim(out, sources), pytest.raises(OutputError, match=holder), claim(out, sources):
        pass


@pytest.mark.parametrize(
    ("signature", "named"),
    [
        ("", "another process"),
        ("[1]", "another process"),
        ('{"pid": "x", "host": "y"}', "another process"),
        ('{"pid": 4194304, "host": "HERE"}', "another process"),
        ('{"pid": 1, "host": "HERE"}', "process 1 on"),
        ('{"pid": 4194304, "host": "far away"}', "process 4194304 on 'far away'"),
    ],
    ids=["cut", "no object", "no number", "dead", "someone else's", "another machine"],
)
def test_signature_is_held_against_what_runs(
    sources: Path, out: Path, signature: str, named: str
) -> None:
    with claim(out, sources) as folder:
        signed = folder.private / "holder.json"
        signed.write_text(signature.replace("HERE", platform.node()), encoding="utf-8")
        with (
            pytest.raises(OutputError, match=rf"out: {named}.* is building here"),
            claim(out, sources),
        ):
            pass


def test_builder_that_has_only_just_taken_the_lock_is_named(sources: Path, out: Path) -> None:
    with claim(out, sources) as folder:
        signed = folder.private / "holder.json"
        right = signed.read_text(encoding="utf-8")
        signed.write_text('{"pid": 4194304, "host": "gone"}', encoding="utf-8")
        later = threading.Timer(0.2, signed.write_text, [right])
        later.start()
        with pytest.raises(OutputError, match=f"process {os.getpid()} on"), claim(out, sources):
            pass
        later.join()


def test_lock_of_a_dead_process_does_not_block(sources: Path, out: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from augbuild.output import claim\n"
        "with claim(Path(sys.argv[1]), Path(sys.argv[2])): os._exit(9)"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", script, str(out), str(sources)], cwd=REPOSITORY
        ).returncode
        == 9
    )
    with claim(out, sources):
        pass


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.EFBIG]
)
def test_error_of_the_system_names_path_and_reason(sources: Path, out: Path, number: int) -> None:
    advice = "put that right and run the same command again to finish"
    with pytest.raises(OutputError) as caught, claim(out, sources):
        raise OSError(number, os.strerror(number), "from", None, "to")
    assert str(caught.value) == f"to: {os.strerror(number)}; {advice}"
    with pytest.raises(OutputError) as caught, claim(out, sources):
        raise OSError(number, os.strerror(number))
    assert str(caught.value) == f"{out}: {os.strerror(number)}; {advice}"


def test_private_folder_that_leads_elsewhere(sources: Path, out: Path, tmp_path: Path) -> None:
    out.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (out / ".augbuild").symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(OutputError, match=r"\.augbuild is a link to another place"),
        claim(out, sources),
    ):
        pass
    assert not any((tmp_path / "elsewhere").iterdir())


_LIMITED = "import resource, runpy; resource.setrlimit({}, ({}, {})); runpy.run_module('augbuild', run_name='__main__')"


def _make(
    project: Path, limit: str = "resource.RLIMIT_CORE", value: int = 0
) -> subprocess.CompletedProcess[str]:
    script = _LIMITED.format(limit, value, value)
    command = [
        sys.executable,
        "-c",
        script,
        "make",
        str(project / "recipe.toml"),
        "--quiet",
        "-j",
        "1",
    ]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=100)


class TestLimits:
    """Real limits of the system: a sentence, and the next build finishes."""

    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        photos(tmp_path / "photos", {"cats": 6, "dogs": 6})
        return write_recipe(tmp_path).parent

    @staticmethod
    def _finish(project: Path, first: subprocess.CompletedProcess[str], says: str) -> None:
        assert first.returncode == 1, first.stderr
        assert first.stderr.startswith("augbuild: ")
        assert first.stderr.count("\n") == 1
        assert says in first.stderr
        assert not (project / "out" / "manifest.jsonl").exists()
        whole = tree(build(project / "recipe.toml", out=project / "whole").out)
        assert tree(build(project / "recipe.toml").out) == whole

    @pytest.mark.parametrize("size", [0, 2000, 20_000])
    def test_file_size(self, project: Path, size: int) -> None:
        first = _make(project, "resource.RLIMIT_FSIZE", size)
        self._finish(project, first, str(project / "out"))

    @pytest.mark.parametrize("count", [7, 9])
    def test_open_files(self, project: Path, count: int) -> None:
        first = _make(project, "resource.RLIMIT_NOFILE", count)
        self._finish(
            project, first, "Too many open files" if count == 9 else "unable to open database file"
        )

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
    @pytest.mark.parametrize("kilobytes", [64, 160, 224])
    def test_full_disk(self, project: Path, mounted: Callable[[str], Path], kilobytes: int) -> None:
        out = mounted(f"size={kilobytes}k")
        first = _make(project)
        assert first.returncode == 1, first.stderr
        assert str(out) in first.stderr
        subprocess.run(["mount", "-o", "remount,size=100m", str(out)], check=True)
        assert _make(project).returncode == 0
        assert tree(out) == tree(build(project / "recipe.toml", out=project / "whole").out)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
    def test_read_only(self, project: Path, mounted: Callable[[str], Path]) -> None:
        out = mounted("size=10m,ro")
        first = _make(project)
        assert first.returncode == 1
        assert first.stderr.startswith(f"augbuild: {out}")
        assert "Read-only file system" in first.stderr

    @pytest.fixture
    def mounted(self, project: Path) -> Iterator[Callable[[str], Path]]:
        """Mount a file system of its own at the output folder, where that can be done."""
        out = project / "out"
        out.mkdir()

        def mount(options: str) -> Path:
            if subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(out)], stderr=-3
            ).returncode:
                pytest.skip("may not mount")
            return out

        yield mount
        subprocess.run(["umount", str(out)], stderr=subprocess.DEVNULL)


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
        (tmp_path / "photos" / "cats").mkdir(parents=True)
        (tmp_path / "photos" / "cats" / "a.jpg").write_bytes(b"no image" * 1000)
        self._leave(monkeypatch, 100_000)
        assert [each.reason for each in build(write_recipe(tmp_path)).rejected] == ["not_an_image"]
