"""Which images of an earlier build are what would be made again, and so are left as they are."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from augbuild.building.keys import encoding_of, fingerprint_of, ops_as_json
from augbuild.core.files import hash_file
from augbuild.dataset.results import BuiltFile, BuiltSource, Entry
from augbuild.planning.plan import Output
from augbuild.recipe.model import ResolvedOutput
from augbuild.sources.boxes.box import photo_of
from augbuild.sources.decoding import DEFAULT_DECODING, Decoding
from augbuild.sources.originals import Originals


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier build made of a source whose bytes are still the same.

    With `same_encoding`, variants would be written as they were; with `read_whole`, the files are
    not trusted until their bytes are checked.
    """

    built: BuiltSource
    same_encoding: bool
    read_whole: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """The images of an output folder as they lie on the disk."""

    root: Path
    originals: Originals
    link_originals: bool

    def has(self, file: BuiltFile, *, read_whole: bool) -> bool:
        """Check that an image has its size, and with `read_whole` its bytes."""
        path = f"{self.root}/{file.file_name}"
        try:
            status = os.lstat(path)
            if not stat.S_ISREG(status.st_mode) or status.st_size != file.bytes:
                return False
            return not read_whole or hash_file(Path(path)) == file.sha256
        except OSError:
            return False

    def is_as_asked(self, file: BuiltFile, source: str) -> bool:
        """Check that an original is a copy or a link, as the recipe asks; variants always are."""
        if file.variant is not None:
            return True
        original = self.originals.local_path(source)
        if original is None:
            return True  # of a member of an archive there are only copies
        try:
            is_link = (self.root / file.file_name).samefile(original)
        except OSError:
            is_link = False
        return is_link == self.link_originals


def same_files(earlier: Earlier, outputs: Sequence[Output]) -> dict[str, BuiltFile]:
    """Find the files of an earlier build that would come out the same, by name.

    An original that is copied has the bytes of its source, whatever the encoding of variants is.
    One that is framed, or a box, which is cut out as the recipe says, depends on it.
    """
    built = earlier.built
    is_copied = photo_of(built.path) == built.path
    known = {file.file_name: (file, ops) for file, ops in zip(built.files, built.ops, strict=True)}
    same = {}
    for output in outputs:
        if output.file_name not in known:
            continue
        file, ops = known[output.file_name]
        is_right = earlier.same_encoding
        if output.variant is None and is_copied and not output.framed:
            is_right = file.sha256 == built.sha256
        if not is_right:
            continue
        # As text: lists of colours have become tuples, and 1 is not 1.0.
        if json.dumps(ops) == json.dumps(ops_as_json(output.ops)):
            same[output.file_name] = file
    return same


def files_to_keep(earlier: Earlier, outputs: Sequence[Output], tree: Tree) -> dict[str, BuiltFile]:
    """Find the files that would come out the same and are right on the disk, by name."""
    kept = {}
    for name, file in same_files(earlier, outputs).items():
        if not tree.is_as_asked(file, earlier.built.path):
            continue
        if tree.has(file, read_whole=earlier.read_whole):
            kept[name] = file
    return kept


def has_encoding(
    entry: Entry, built: BuiltSource, output: ResolvedOutput, decoding: Decoding = DEFAULT_DECODING
) -> bool:
    """Check whether a source was decoded, and its variants encoded, as a recipe says."""
    if entry.key:
        return entry.encoding == encoding_of(output, decoding)
    if output.frame is not None or decoding != DEFAULT_DECODING:
        return False
    # Version 0.1 has a hash of all that was made: with the right settings it comes out again.
    names = [file.file_name for file in built.files]
    for originals in ("copy", "link"):
        if entry.encoding == fingerprint_of(names, built.ops, output, originals):
            return True
    return False
