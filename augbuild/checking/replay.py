"""One image of a built tree made again from its manifest row, dataset.json and the source, and compared."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from augbuild.catalogue.transforms import CATALOGUE, Op
from augbuild.dataset.info import read_info
from augbuild.dataset.layout import INFO_NAME, MANIFEST_NAME, STATE_FOLDER
from augbuild.dataset.manifest import Origin, Record, read_manifest
from augbuild.dataset.versions import versions
from augbuild.errors import AugbuildError, ImageError, ManifestError, RecipeError, SourceError
from augbuild.pixels.codec import encode, read_bytes, read_image, shrink
from augbuild.recipe.model import OutputSpec
from augbuild.recipe.problems import Place, Problems
from augbuild.recipe.rules import read_section
from augbuild.sources.open import open_source


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What came of a replay; the hashes are those of the manifest's row, of the image made again, and on the disk.

    `on_disk` is None where the file cannot be read; `other_versions` names the libraries that are not those of the
    build; `problem` says why nothing could be made again, and then the rest is empty.
    """

    file: Path
    origin: Origin | None = None
    recorded: str | None = None
    remade: str | None = None
    on_disk: str | None = None
    other_versions: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def same(self) -> bool:
        """Tell whether the manifest, the image made again and the file on the disk agree."""
        return self.recorded is not None and self.recorded == self.remade == self.on_disk

    @property
    def exit_code(self) -> int:
        """Give 0 for the same image, 1 for another one, 2 where it could not be made again."""
        return 2 if self.problem else 0 if self.same else 1

    def summary(self) -> str:
        """Say in one sentence what came of it."""
        if self.problem:
            return f"{self.file} cannot be replayed: {self.problem}"
        if self.same:
            return f"{self.file}: the same again, sha256 {self.recorded}"
        recorded = f"not sha256 {self.recorded} as the manifest says"
        if self.recorded == self.remade and self.on_disk is None:
            return f"{self.file}: the same again, but the file itself is missing or cannot be read"
        if self.recorded == self.remade:
            return f"{self.file}: the same again, but the file itself has sha256 {self.on_disk}, {recorded}"
        if self.origin == "source":
            return f"{self.file}: its source has sha256 {self.remade}, {recorded}"
        versions = ", ".join(self.other_versions)
        why = (
            f"it was built with {versions}" if versions else "the libraries are those of the build"
        )
        return f"{self.file}: made again with sha256 {self.remade}, {recorded}; {why}"

    def to_json(self) -> dict[str, Any]:
        """Give the report as JSON would hold it."""
        return {"same": self.same, **asdict(self), "file": str(self.file)}


def replay(
    file: str | Path, *, source: str | None = None, recipe_folder: str | Path | None = None
) -> ReplayReport:
    """Make one image of a built tree again and compare it; nothing is written, and nothing is raised for what is found.

    Its source is the original in the tree, or the file of that name in the dataset `source`; images that ops lay over
    it are looked for below `recipe_folder`.
    """
    try:
        return _replay(Path(file), source, None if recipe_folder is None else Path(recipe_folder))
    except AugbuildError as error:
        return ReplayReport(Path(file), problem=str(error))
    except MemoryError:
        return ReplayReport(
            Path(file), problem="there was not enough memory for this image and its ops"
        )


def _replay(file: Path, source: str | None, recipe_folder: Path | None) -> ReplayReport:
    root, name = _locate(file)
    record, original = _find_rows(root, name)
    facts = _facts(root)
    data = _source_bytes(root, original, source)
    if record.origin == "source":
        remade = data
    else:
        _refuse_another_source(data, record, original, source)
        remade = _remake(data, record, _encoding(facts), recipe_folder)
    try:
        on_disk = _sha256(read_bytes(root / name))
    except ImageError:
        on_disk = None
    return ReplayReport(
        file,
        record.origin,
        record.sha256,
        _sha256(remade),
        on_disk,
        _other_versions(facts["versions"]),
    )


def _locate(file: Path) -> tuple[Path, str]:
    """Find the output folder that a file lies in, and its name there."""
    path = Path(os.path.abspath(file))  # noqa: PTH100 -- resolve() would follow links, out of the tree perhaps
    for folder in path.parents:
        try:
            is_whole = (folder / MANIFEST_NAME).is_file() and (folder / INFO_NAME).is_file()
            if (
                is_whole or (folder / STATE_FOLDER).is_dir()
            ):  # what is missing is said when it is read
                return folder, path.relative_to(folder).as_posix()
        except OSError as error:
            raise ManifestError(f"{folder} cannot be read: {error.strerror}") from error
    raise ManifestError(
        f"no folder above it has {MANIFEST_NAME} and {INFO_NAME}, so augbuild did not build it"
    )


def _find_rows(root: Path, name: str) -> tuple[Record, Record]:
    """Find the row of a file and that of its original, which stands before it."""
    original = None
    for record in read_manifest(root / MANIFEST_NAME):
        original = record if record.origin == "source" else original
        if record.file_name == name:
            if original is None or original.source != record.source:
                raise ManifestError(
                    f"{root / MANIFEST_NAME} has no row of its original ({record.source}) before it"
                )
            return record, original
    raise ManifestError(f"{root / MANIFEST_NAME} has no row for {name}")


def _facts(root: Path) -> Mapping[str, Any]:
    try:
        return read_info(root)
    except ManifestError as error:
        raise ManifestError(f"{root / INFO_NAME} {error}") from error


def _source_bytes(root: Path, original: Record, source: str | None) -> bytes:
    if source is None:
        path = root / original.file_name
    else:  # a folder is not opened as a dataset: that would look at all of its files
        path = (
            Path(source) if Path(source).is_dir() else open_source(source, Path.cwd()).root
        ) / original.source
    try:
        return read_bytes(path)
    except ImageError as error:
        raise SourceError(f"its source {path}: {error}") from error


def _refuse_another_source(
    data: bytes, record: Record, original: Record, source: str | None
) -> None:
    if _sha256(data) == record.source_sha256:
        return
    if source is None:
        raise SourceError(
            f"the original {original.file_name} is damaged; --source names the dataset that has it whole"
        )
    raise SourceError(
        f"{record.source} in {source} is not the image that the build read; it has changed since"
    )


def _encoding(facts: Mapping[str, Any]) -> OutputSpec:
    """Read how variants were encoded; raises RecipeError."""
    written = facts["recipe"].get("output")
    known = (
        {name: value for name, value in written.items() if value is not None}
        if isinstance(written, dict)
        else None
    )
    problems = Problems(INFO_NAME)
    spec = read_section(OutputSpec, known, Place("recipe.output", problems))
    problems.raise_if_any()
    return spec


def _remake(data: bytes, record: Record, encoding: OutputSpec, recipe_folder: Path | None) -> bytes:
    from augbuild.pixels.apply import (
        apply,
    )  # AugLy: a third of a second that an original does not pay

    ops = [
        Op(op["op"], {name: value for name, value in op.items() if name != "op"})
        for op in record.ops
    ]
    if recipe_folder is None and any(map(_lays_an_image, ops)):
        raise RecipeError(
            "the recipe lays images of its own over it; --assets names the folder of the recipe"
        )
    image = apply(shrink(read_image(data), encoding.max_side), ops, recipe_folder)
    return encode(image, encoding.format, encoding.quality)


def _lays_an_image(op: Op) -> bool:
    info = CATALOGUE.get(op.name)
    return info is not None and any(param.kind == "image" for param in info.params.values())


def _other_versions(then: Mapping[str, str]) -> tuple[str, ...]:
    now = versions()
    return tuple(
        f"{name} {then.get(name)} (now {now[name]})" for name in now if then.get(name) != now[name]
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
