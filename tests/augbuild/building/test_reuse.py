"""Which images of before are kept: of the same name, ops and encoding, and right on the disk."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from augbuild.building.keys import encoding_of, fingerprint_of
from augbuild.building.reuse import Earlier, Tree, files_to_keep, has_encoding, same_files
from augbuild.catalogue.transforms import Op
from augbuild.core.files import NO_FILE, hash_bytes
from augbuild.dataset.results import BuiltFile, BuiltSource, Entry
from augbuild.planning.plan import Output
from augbuild.recipe.model import OutputSpec
from augbuild.sources.decoding import Decoding
from augbuild.sources.originals import FolderOriginals

BLUR = Op("blur", {"radius": 1.0})
FILL = Op("pad", {"color": (1, 2, 3)})
ORIGINAL, FIRST, SECOND = "train/a.png", "aug/a0.jpg", "aug/a1.jpg"
OUTPUTS = (Output(ORIGINAL, None), Output(FIRST, 0, (BLUR,)), Output(SECOND, 1, (FILL,)))


def file_of(name: str, variant: int | None) -> BuiltFile:
    return BuiltFile(name, variant, 3, 4, len(name), hash_bytes(name.encode()), flat=False)


BUILT = BuiltSource(
    path="a.png",
    sha256=hash_bytes(ORIGINAL.encode()),
    width=3,
    height=4,
    more_frames=False,
    files=(file_of(ORIGINAL, None), file_of(FIRST, 0), file_of(SECOND, 1)),
    # As JSON has it: tuples have become lists.
    ops=((), ({"op": "blur", "radius": 1.0},), ({"op": "pad", "color": [1, 2, 3]},)),
)
EARLIER = Earlier(BUILT, same_encoding=True, read_whole=False)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Write the files of BUILT, each with its own name as its content."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "a.png").write_bytes(ORIGINAL.encode())
    for file in BUILT.files:
        path = tmp_path / "out" / file.file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.file_name.encode())
    return Tree(tmp_path / "out", FolderOriginals(tmp_path / "sources"), link_originals=False)


@pytest.mark.parametrize(
    ("outputs", "same"),
    [
        (OUTPUTS, {ORIGINAL, FIRST, SECOND}),
        (OUTPUTS[:2], {ORIGINAL, FIRST}),
        ((*OUTPUTS, Output("aug/a2.jpg", 2, (BLUR,))), {ORIGINAL, FIRST, SECOND}),
        ((OUTPUTS[0], Output(FIRST, 0, (FILL,))), {ORIGINAL}),
        ((OUTPUTS[0], Output(FIRST, 0, (BLUR, BLUR))), {ORIGINAL}),
        ((OUTPUTS[0], Output(FIRST, 0, (Op("blur", {"radius": 1}),))), {ORIGINAL}),
        ((Output("train/b.png", None), OUTPUTS[1]), {FIRST}),
    ],
    ids=["all", "fewer", "more", "other ops", "more ops", "1 is not 1.0", "another name"],
)
def test_what_comes_out_the_same(outputs: tuple[Output, ...], same: set[str]) -> None:
    found = same_files(EARLIER, outputs)
    assert found == {file.file_name: file for file in BUILT.files if file.file_name in same}


def test_under_another_encoding_only_the_original_is_the_same() -> None:
    other = Earlier(BUILT, same_encoding=False, read_whole=False)
    assert same_files(other, OUTPUTS).keys() == {ORIGINAL}


@pytest.mark.parametrize("read_whole", [True, False])
def test_a_file_that_is_not_there_whole_is_not_kept(tree: Tree, read_whole: bool) -> None:
    earlier = Earlier(BUILT, same_encoding=True, read_whole=read_whole)
    assert files_to_keep(earlier, OUTPUTS, tree).keys() == {ORIGINAL, FIRST, SECOND}
    (tree.root / FIRST).write_bytes(bytes(len(FIRST)))
    kept = files_to_keep(earlier, OUTPUTS, tree).keys()
    assert kept == ({ORIGINAL, SECOND} if read_whole else {ORIGINAL, FIRST, SECOND})
    (tree.root / FIRST).write_bytes(b"short")
    assert files_to_keep(earlier, OUTPUTS, tree).keys() == {ORIGINAL, SECOND}
    (tree.root / FIRST).unlink()
    assert files_to_keep(earlier, OUTPUTS, tree).keys() == {ORIGINAL, SECOND}


def test_a_link_or_a_folder_is_no_image(tree: Tree) -> None:
    first, second = BUILT.files[1:]
    (tree.root / FIRST).rename(tree.root / "moved")
    (tree.root / FIRST).symlink_to(tree.root / "moved")
    (tree.root / SECOND).unlink()
    (tree.root / SECOND).mkdir()
    assert not tree.has(first, read_whole=False)
    assert not tree.has(second, read_whole=False)


@pytest.mark.parametrize("link", [True, False])
def test_an_original_is_kept_only_as_it_is_asked_for(tree: Tree, link: bool) -> None:
    asked = Tree(tree.root, tree.originals, link_originals=link)
    assert (ORIGINAL in files_to_keep(EARLIER, OUTPUTS, asked)) is not link
    (tree.root / ORIGINAL).unlink()
    assert ORIGINAL not in files_to_keep(EARLIER, OUTPUTS, asked)
    os.link(tree.root.parent / "sources" / "a.png", tree.root / ORIGINAL)
    assert (ORIGINAL in files_to_keep(EARLIER, OUTPUTS, asked)) is link
    assert {FIRST, SECOND} <= files_to_keep(EARLIER, OUTPUTS, asked).keys()


class Archived(FolderOriginals):
    """Originals that are no files of their own."""

    def local_path(self, path: str) -> Path | None:  # noqa: ARG002  # the protocol's
        return None


def test_an_original_in_an_archive_is_always_a_copy(tree: Tree) -> None:
    archived = Tree(tree.root, Archived(tree.root), link_originals=True)
    assert ORIGINAL in files_to_keep(EARLIER, OUTPUTS, archived)


def test_a_box_is_cut_out_anew_where_it_is_decoded_otherwise() -> None:
    box = msgspec.structs.replace(BUILT, path="a.png#xywh=1,2,3,4")
    for built, kept in ((BUILT, True), (box, False)):
        earlier = Earlier(built, same_encoding=False, read_whole=False)
        assert (ORIGINAL in same_files(earlier, OUTPUTS)) == kept
        earlier = Earlier(built, same_encoding=True, read_whole=False)
        assert ORIGINAL in same_files(earlier, OUTPUTS)


def test_the_encoding_of_an_entry() -> None:
    spec = OutputSpec(quality=80)
    entry = Entry("a.png", "built", "k", encoding_of(spec), NO_FILE, 1, (), BUILT)
    assert has_encoding(entry, BUILT, spec)
    assert not has_encoding(entry, BUILT, OutputSpec(quality=81))
    assert not has_encoding(entry, BUILT, spec, Decoding(depth=12))


@pytest.mark.parametrize("originals", ["copy", "link"])
def test_the_encoding_of_an_entry_of_version_0_1(originals: str) -> None:
    spec = OutputSpec(quality=80)
    names = [file.file_name for file in BUILT.files]
    fingerprint = fingerprint_of(names, BUILT.ops, spec, originals)
    entry = Entry("a.png", "built", "", fingerprint, NO_FILE, 1, (), BUILT)
    assert has_encoding(entry, BUILT, spec)
    assert not has_encoding(entry, BUILT, OutputSpec(quality=81))
    assert not has_encoding(entry, BUILT, spec, Decoding(depth=12))


FRAMED = Output(ORIGINAL, None, framed=True)


def test_a_copied_original_is_not_kept_for_one_of_another_size() -> None:
    other = msgspec.structs.replace(file_of(ORIGINAL, None), sha256="encoded")
    resized = msgspec.structs.replace(BUILT, files=(other, *BUILT.files[1:]))
    for same_encoding in (True, False):
        of_a_size = Earlier(resized, same_encoding=same_encoding, read_whole=False)
        kept = same_files(of_a_size, (FRAMED,))
        assert set(kept) == ({ORIGINAL} if same_encoding else set())
        # And not for a copy, if the recipe no longer has a size.
        assert same_files(of_a_size, OUTPUTS[:1]) == {}
    copied = Earlier(BUILT, same_encoding=False, read_whole=False)
    assert same_files(copied, (FRAMED,)) == {}


def test_version_0_1_had_no_size() -> None:
    names = [file.file_name for file in BUILT.files]
    plain, sized = OutputSpec(), OutputSpec(size=64)
    encoding = fingerprint_of(names, BUILT.ops, plain, "copy")
    entry = Entry("a.png", "built", "", encoding, NO_FILE, 1, (), BUILT)
    assert has_encoding(entry, BUILT, plain)
    assert not has_encoding(entry, BUILT, sized)
