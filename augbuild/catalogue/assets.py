"""The files that transforms lay over images: AugLy's own by name, and images below the recipe's folder."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from augbuild.catalogue.transforms import Kind

_BUNDLED: Mapping[Kind, tuple[str, str]] = {
    "emoji": ("twemojis", "*/*.png"),
    "font": ("fonts", "*.ttf"),
    "template": ("screenshot_templates", "*.png"),
}


def resolve_asset(kind: Kind, name: str, folder: Path | None) -> Path:
    """Find an asset: a bundled one by its name, an image by its path relative to `folder`; raises ValueError.

    Nothing outside AugLy's assets and `folder` is ever reached, whatever the name.
    """
    if kind in _BUNDLED:
        return _bundled(kind, name)
    if folder is None:
        raise ValueError("names an image, but there is no recipe folder to find it in")
    return _below(folder, name)


@cache
def bundled_assets(kind: Kind) -> Mapping[str, Path]:
    """Give the assets that AugLy ships, by name, sorted: `smileys/grinning_face`, `OpenSans-Regular`, `web`."""
    subfolder, pattern = _BUNDLED[kind]
    root = _assets_root() / subfolder
    found = {path.relative_to(root).with_suffix("").as_posix(): path for path in root.glob(pattern)}
    return dict(sorted(found.items()))


def asset_sha256(path: Path) -> str:
    """Hash an asset's bytes, again only when its size or time has changed."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _sha256(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _assets_root() -> Path:
    spec = find_spec("augly")  # finds the package without importing it
    if spec is None or not spec.submodule_search_locations:
        raise ValueError("AugLy is not installed; pip install augly")
    return Path(spec.submodule_search_locations[0]) / "assets"


def _bundled(kind: Kind, name: str) -> Path:
    known = bundled_assets(kind)
    if name in known:
        return known[name]
    raise ValueError(f"is no {kind} that AugLy ships; {_hint(name, known)}")


def _below(folder: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if "\0" in name or "\\" in name or ":" in name or path.is_absolute() or ".." in path.parts:
        raise ValueError(
            "must be a relative path with forward slashes to an image below the recipe's folder"
        )
    file = folder / name
    try:
        if not file.resolve().is_relative_to(folder.resolve()):
            raise ValueError("leads out of the recipe's folder")
        if file.is_file():
            return file
        siblings = (
            [each.name for each in file.parent.iterdir() if each.is_file()]
            if file.parent.is_dir()
            else []
        )
    except (
        OSError,
        RuntimeError,
        UnicodeError,
    ) as error:  # a name too long, a loop of links, half a surrogate pair
        raise ValueError("is no file that can be opened") from error
    known = {(path.parent / sibling).as_posix() for sibling in siblings}
    raise ValueError(f"is no file in {folder}; {_hint(name, known)}")


def _hint(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name[:100], known, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    return (
        f"there are {len(known):,}, such as {', '.join(sorted(known)[:3])}"
        if known
        else "there is none"
    )
