"""Files that transforms lay over images: AugLy's by name, and images below the recipe's folder."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from augbuild.catalogue.transforms import CATALOGUE, Kind
from augbuild.core.files import hash_file

Asset = tuple[Kind, str]
"""A file that comes with AugLy: its kind and its name."""

TWEMOJI = (
    "Twemoji, copyright 2020 Twitter, Inc and other contributors, "
    "CC BY 4.0 (creativecommons.org/licenses/by/4.0)"
)

_BUNDLED: Mapping[Kind, tuple[str, str]] = {
    "emoji": ("twemojis", "*/*.png"),
    "font": ("fonts", "*.ttf"),
    "template": ("screenshot_templates", "*.png"),
}
_NOUNS: Mapping[Kind, str] = {"emoji": "an emoji", "font": "a font", "template": "a template"}


def resolve_asset(kind: Kind, name: str, folder: Path | None) -> Path:
    """Find an asset: a bundled one by its name, an image by its path relative to `folder`.

    Nothing outside AugLy's assets and `folder` is ever reached, whatever the name. The message of
    the ValueError that it raises continues a sentence that begins with the parameter's key path.
    """
    if kind in _BUNDLED:
        known = bundled_assets(kind)
        if name in known:
            return known[name]
        raise ValueError(f"is not {_NOUNS[kind]} that comes with AugLy; {_hint(name, known)}")
    if folder is None:
        raise ValueError("names an image, but there is no recipe folder to look for it in")
    return _find_below(folder, name)


def augly_assets() -> Path | None:
    """Return the folder of the files that come with AugLy, or None where it is not installed."""
    spec = find_spec("augly")  # finds the package without importing it, which takes a second
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "assets"


@cache
def bundled_assets(kind: Kind) -> Mapping[str, Path]:
    """Return the assets that come with AugLy, by name and sorted.

    Names are such as `smileys/grinning_face`, `OpenSans-Regular` and `web`. Raises ValueError where
    AugLy is not installed.
    """
    assets = augly_assets()
    if assets is None:
        raise ValueError("AugLy is not installed; pip install augly")
    subfolder, pattern = _BUNDLED[kind]
    root = assets / subfolder
    found = {}
    for path in root.glob(pattern):
        name = path.relative_to(root).with_suffix("").as_posix()
        found[name] = path
    return dict(sorted(found.items()))


def assets_of(op: Mapping[str, object]) -> Iterator[Asset]:
    """Yield what comes with AugLy and was used by an op, which is as in the manifest."""
    transform = CATALOGUE.get(str(op["op"]))
    if transform is None:  # of another version
        return
    for name, param in transform.params.items():
        if param.kind in _BUNDLED and name in op:
            yield param.kind, str(op[name])


def asset_sha256(path: Path) -> str:
    """Return the SHA-256 of an asset; read again only when its size or time has changed."""
    status = path.stat()
    return _hash_version(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _hash_version(path: Path, _size: int, _mtime_ns: int) -> str:
    return hash_file(path)


def _find_below(folder: Path, name: str) -> Path:
    path = PurePosixPath(name)
    # A backslash and a colon are separators on Windows only, where a recipe must mean the same.
    if any(mark in name for mark in "\0\\:") or path.is_absolute() or ".." in path.parts:
        wanted = "a relative path with forward slashes to an image below the recipe's folder"
        raise ValueError(f"must be {wanted}")
    file = folder / name
    siblings: list[str] = []
    try:
        if not file.resolve().is_relative_to(folder.resolve()):
            raise ValueError("leads out of the recipe's folder")
        if file.is_file():
            return file
        if file.parent.is_dir():
            siblings = [each.name for each in file.parent.iterdir() if each.is_file()]
    except (OSError, RuntimeError, UnicodeError) as error:
        # A name that is too long, a loop of links (RuntimeError before 3.13), a lone surrogate.
        raise ValueError("is not a file that can be opened") from error
    known = [(path.parent / sibling).as_posix() for sibling in siblings]
    raise ValueError(f"is not a file in {folder}; {_hint(name, known)}")


def _hint(name: str, known: Collection[str]) -> str:
    # Not core's `nearest`, which ignores case: these names are files, and case tells them apart.
    near = difflib.get_close_matches(name[:100], known, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    if not known:
        return "there are no files"
    examples = ", ".join(sorted(known)[:3])
    return f"there are {len(known):,}, such as {examples}"
