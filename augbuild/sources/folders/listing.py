"""What a source has by its names: images, folders, and what is left out for which reason."""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from augbuild.core.files import is_safe_path, is_unicode
from augbuild.sources.dataset import Rejected, SourceOptions
from augbuild.sources.folders.formats import extension_of, read_extensions

_MAX_EXTENSION = 12

HIDDEN = "hidden"
NO_EXTENSION = "no extension"
EXCLUDED = "excluded"
LINK = "link"
LINK_TWICE = "link to a folder that is read already"
BROKEN_LINK = "broken link"
NOT_REGULAR = "not a regular file"
UNPLACED = "not in a class folder"
OTHER_CLASS = "of another class"
OTHER_KIND = "of another kind"
"""The reasons why something is not a source; files are also left out by `extension .txt`."""


@dataclass(slots=True)
class Listing:
    """The content of a folder or an archive, by paths relative to it.

    `folders` are those that may hold images. `rejected` are images that cannot be used, `left_out`
    has the paths of all else by the reason; `links_out` are the links that lead out of the source.
    """

    options: SourceOptions
    images: list[str] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    rejected: dict[str, Rejected] = field(default_factory=dict)
    left_out: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    links_out: list[str] = field(default_factory=list)
    _extensions: frozenset[str] = field(default_factory=read_extensions)
    _include: list[_Pattern] = field(default_factory=list)
    _exclude: list[_Pattern] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Compile the patterns of the options."""
        self._include = _compile(self.options.include)
        self._exclude = _compile(self.options.exclude)

    def is_hidden(self, path: str) -> bool:
        """Check whether a file or folder, or one that it lies in, is hidden; note it if so."""
        # macOS writes ._1.jpg beside 1.jpg in archives, Jupyter copies into .ipynb_checkpoints.
        if path.startswith(".") or "/." in path:
            self.left_out[HIDDEN].append(path)
            return True
        return False

    def is_image(self, path: str) -> bool:
        """Check whether a file is an image by its name that may be used; else note why not."""
        extension = extension_of(path)
        if not self._is_wanted(path):
            self.left_out[EXCLUDED].append(path)
        elif extension not in self._extensions:
            self.left_out[_name_kind(path, extension)].append(path)
        elif not is_safe_path(path):  # no manifest could name it
            self.rejected[path] = Rejected(legible(path), "bad_name", _why_unsafe(path))
        else:
            return True
        return False

    def unused_patterns(self) -> list[str]:
        """Return the patterns of the options that no file has matched, as their recipe has them."""
        unused = []
        for key, patterns in (("include", self._include), ("exclude", self._exclude)):
            unused += [f'{key} = ["{each.text}"]' for each in patterns if not each.used]
        return unused

    def _is_wanted(self, path: str) -> bool:
        if self._exclude and _match_any(self._exclude, path):
            return False
        return not self._include or _match_any(self._include, path)


@dataclass(slots=True)
class _Pattern:
    """A shell pattern, and whether it has matched anything yet."""

    text: str
    compiled: re.Pattern[str]
    used: bool = False


def _compile(patterns: Sequence[str]) -> list[_Pattern]:
    return [_Pattern(text, re.compile(fnmatch.translate(text))) for text in patterns]


def _match_any(patterns: Sequence[_Pattern], path: str) -> bool:
    """Check whether the whole path or the file's name matches a pattern; `*` goes through `/`."""
    name = path.rpartition("/")[2]
    for pattern in patterns:
        if pattern.compiled.match(path) or pattern.compiled.match(name):
            pattern.used = True
            return True
    return False


def _name_kind(path: str, extension: str) -> str:
    if not extension and not path.endswith("."):
        return NO_EXTENSION
    # A long or unprintable end of a name is not an extension that anybody would know.
    if extension and len(extension) <= _MAX_EXTENSION and extension.isprintable():
        return f"extension {extension}"
    return OTHER_KIND


def _why_unsafe(path: str) -> str:
    if not is_unicode(path):
        return "the name is not valid UTF-8; rename it"
    if "\\" in path:
        return (
            "the name holds a backslash, as in archives made on Windows; "
            "unpack them again with unzip, which makes folders, or rename it"
        )
    return "the name starts like a drive; rename it"


def legible(path: str) -> str:
    """Write out the bytes of a path that are not UTF-8, so that it can be printed and stored."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
