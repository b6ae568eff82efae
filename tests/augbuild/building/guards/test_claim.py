"""The output folder: one build at a time, and what is said when the disk says no."""

from __future__ import annotations

import errno
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from augbuild.building.build import build
from augbuild.building.guards.claim import claim, make_folders
from augbuild.core.files import write_atomic
from augbuild.errors import FIX_AND_RERUN, OutputError
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


@pytest.mark.skipif(os.geteuid() == 0, reason="runs as root, to whom nothing is forbidden")
def test_left_over_that_cannot_be_removed_is_a_sentence(sources: Path, out: Path) -> None:
    (out / ".augbuild" / "staging-old" / "locked").mkdir(parents=True)
    (out / ".augbuild" / "staging-old" / "locked" / "file").touch()
    (out / ".augbuild" / "staging-old" / "locked").chmod(0o500)
    with (
        pytest.raises(OutputError, match=rf"Permission denied; {FIX_AND_RERUN}"),
        claim(out, sources),
    ):
        pass


def test_second_claim_names_the_first(sources: Path, out: Path) -> None:
    holder = f"process {os.getpid()} on '{platform.node()}'"
    said = f"out: {holder} is building here; wait until it has finished"
    with claim(out, sources), pytest.raises(OutputError, match=said), claim(out, sources):
        pass


def test_holder_that_cannot_be_named_is_another_process(sources: Path, out: Path) -> None:
    with claim(out, sources) as folder:
        (folder.private / "holder.json").write_text("", encoding="utf-8")
        with (
            pytest.raises(OutputError, match="out: another process is building here; wait"),
            claim(out, sources),
        ):
            pass


def test_lock_of_a_dead_process_does_not_block(sources: Path, out: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from augbuild.building.guards.claim import claim\n"
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
    with pytest.raises(OutputError) as caught, claim(out, sources):
        raise OSError(number, os.strerror(number), "from", None, "to")
    assert str(caught.value) == f"to: {os.strerror(number)}; {FIX_AND_RERUN}"
    with pytest.raises(OutputError) as caught, claim(out, sources):
        raise OSError(number, os.strerror(number))
    assert str(caught.value) == f"{out}: {os.strerror(number)}; {FIX_AND_RERUN}"


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


_LIMITED = """
import resource, runpy
resource.setrlimit({}, ({}, {}))
runpy.run_module("augbuild", run_name="__main__")
"""


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

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")
    @pytest.mark.parametrize("kilobytes", [64, 160, 224])
    def test_full_disk(self, project: Path, mounted: Callable[[str], Path], kilobytes: int) -> None:
        out = mounted(f"size={kilobytes}k")
        first = _make(project)
        assert first.returncode == 1, first.stderr
        assert str(out) in first.stderr
        subprocess.run(["mount", "-o", "remount,size=100m", str(out)], check=True)
        assert _make(project).returncode == 0
        assert tree(out) == tree(build(project / "recipe.toml", out=project / "whole").out)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")
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
                pytest.skip("this root may not mount, as in many containers")
            return out

        yield mount
        subprocess.run(["umount", str(out)], stderr=subprocess.DEVNULL)


def test_folders_are_made_and_links_are_refused(sources: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with claim(out, sources) as folder:
        make_folders(folder, {"train/cats", "test/dogs"})
        make_folders(folder, {"train/cats"})
        assert (out / "train" / "cats").is_dir()
        assert (out / "test" / "dogs").is_dir()
        for link in ("train/birds", "validation"):
            (out / link).symlink_to(tmp_path / "elsewhere")
        for name in ("train/birds", "validation/cats"):
            with pytest.raises(OutputError, match=f"{name} is a link to another place; remove it"):
                make_folders(folder, {name})
