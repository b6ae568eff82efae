"""One image of a built tree made again, from its manifest row, dataset.json and the source."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from augbuild.catalogue.transforms import CATALOGUE, JsonValue, Op
from augbuild.core.files import hash_bytes
from augbuild.dataset.info import read_info
from augbuild.dataset.layout import INFO_NAME, MANIFEST_NAME, STATE_FOLDER
from augbuild.dataset.manifest import Origin, Record, find_record
from augbuild.dataset.versions import other_versions
from augbuild.errors import AugbuildError, ImageError, ManifestError, RecipeError, SourceError
from augbuild.pixels.codec import encode, shrink
from augbuild.pixels.originals import decode_original, original_content
from augbuild.pixels.resize import fit_to
from augbuild.recipe.model import ResolvedRecipe
from augbuild.sources.boxes.box import photo_of
from augbuild.sources.boxes.originals import BoxOriginals
from augbuild.sources.open import open_source
from augbuild.sources.originals import FolderOriginals, Originals, read_bytes


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """The result of a replay.

    The hashes are those of the manifest's row, of the image made again, and of the file on disk;
    `on_disk` is None where that cannot be read. `other_versions` names the libraries that are not
    those of the build; `problem` says why nothing could be made again, and then the rest is empty.
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
        """Check whether the manifest, the image made again and the file on disk agree."""
        return self.recorded is not None and self.recorded == self.remade == self.on_disk

    @property
    def exit_code(self) -> int:
        """Return 0 for the same image, 1 for another one, 2 where it could not be made again."""
        if self.problem:
            return 2
        return 0 if self.same else 1

    def summary(self) -> str:
        """Return the result as one sentence."""
        if self.problem:
            return f"{self.file} cannot be replayed: {self.problem}"
        if self.same:
            return f"{self.file}: the same again, sha256 {self.recorded}"
        recorded = f"not sha256 {self.recorded} as in the manifest"
        if self.recorded == self.remade and self.on_disk is None:
            return f"{self.file}: the same again, but the file itself is missing or cannot be read"
        if self.recorded == self.remade:
            on_disk = f"the file itself has sha256 {self.on_disk}"
            return f"{self.file}: the same again, but {on_disk}, {recorded}"
        if self.origin == "source":
            return f"{self.file}: its source has sha256 {self.remade}, {recorded}"
        why = "the libraries are those of the build"
        if self.other_versions:
            why = f"it was built with {', '.join(self.other_versions)}"
        return f"{self.file}: made again with sha256 {self.remade}, {recorded}; {why}"

    def to_json(self) -> dict[str, object]:
        """Return the report as the values that JSON has."""
        return {"same": self.same, **asdict(self), "file": str(self.file)}


def replay(
    file: str | Path, *, source: str | None = None, recipe_folder: str | Path | None = None
) -> ReplayReport:
    """Make one image of a built tree again and compare it; writes nothing.

    Its source is the original in the tree, or the file of that name in the dataset `source`; images
    that ops overlay are below `recipe_folder`. Nothing is raised for what is found: see `problem`.
    """
    folder = None if recipe_folder is None else Path(recipe_folder)
    try:
        return _replay(Path(file), source, folder)
    except AugbuildError as error:
        problem = str(error)
    except MemoryError:
        problem = "there was not enough memory for this image and its ops"
    return ReplayReport(Path(file), problem=problem)


def _replay(file: Path, source: str | None, recipe_folder: Path | None) -> ReplayReport:
    root, name = _locate(file)
    record, original = find_record(root / MANIFEST_NAME, name)
    info = read_info(root)
    output = info.recipe.output
    if output.frame is not None and source is None:
        raise SourceError(
            "the originals of this tree were brought to one size; --source names the dataset that "
            "has them whole"
        )
    data = _read_source(root, original, source)
    # In the tree a box is a file; in its source it is a part of a photo.
    path = original.file_name if source is None else original.source
    remade = data
    if record.origin == "augmented" or output.frame is not None:
        _refuse_another_source(data, original, source)
        remade = _remake(data, path, record, info.recipe, recipe_folder)
    elif path != photo_of(path):
        _refuse_another_source(data, original, source)
        box = decode_original(data, path, info.recipe.decoding)
        remade = original_content(data, path, box)
    try:
        on_disk = hash_bytes(read_bytes(root / name))
    except ImageError:
        on_disk = None
    return ReplayReport(
        file=file,
        origin=record.origin,
        recorded=record.sha256,
        remade=hash_bytes(remade),
        on_disk=on_disk,
        other_versions=tuple(other_versions(info.versions)),
    )


def _locate(file: Path) -> tuple[Path, str]:
    """Find the output folder that a file is in, and its name there; raises ManifestError."""
    # Not resolve(), which would follow links, perhaps out of the tree.
    path = Path(os.path.abspath(file))  # noqa: PTH100
    for folder in path.parents:
        try:
            is_whole = (folder / MANIFEST_NAME).is_file() and (folder / INFO_NAME).is_file()
            # With only its state, reading the tree will tell what is missing.
            if is_whole or (folder / STATE_FOLDER).is_dir():
                return folder, path.relative_to(folder).as_posix()
        except OSError as error:
            raise ManifestError(f"{folder} cannot be read: {error.strerror}") from error
    raise ManifestError(
        f"no folder above it has {MANIFEST_NAME} and {INFO_NAME}, so augbuild did not build it"
    )


def _read_source(root: Path, original: Record, source: str | None) -> bytes:
    """Read the original in the tree, or the file that it was copied from; raises SourceError."""
    folder, name = root, original.source
    originals: Originals
    if source is None:
        name = original.file_name
        originals = FolderOriginals(root)
    elif Path(source).is_dir():
        # Not opened as a dataset, which would look at all of its files.
        folder = Path(source)
        originals = BoxOriginals(FolderOriginals(folder))
    else:
        dataset = open_source(source, Path.cwd())
        folder = dataset.root
        originals = dataset.originals
    try:
        return originals.read(name)
    except ImageError as error:
        raise SourceError(f"its source {folder / name}: {error}") from error


def _refuse_another_source(data: bytes, original: Record, source: str | None) -> None:
    expected = original.sha256 if source is None else original.source_sha256
    if hash_bytes(data) == expected:
        return
    if source is None:
        raise SourceError(
            f"the original {original.file_name} is damaged; "
            "--source names the dataset that has it undamaged"
        )
    raise SourceError(
        f"{original.source} in {source} is not the image that the build read; it has changed since"
    )


def _remake(
    data: bytes, path: str, record: Record, recipe: ResolvedRecipe, recipe_folder: Path | None
) -> bytes:
    """Make an image again from the file of its original, which is at `path`.

    Raises ImageError, RecipeError or ApplyError.
    """
    # AugLy takes a third of a second to import, which an original does not pay.
    from augbuild.pixels.apply import apply

    ops = []
    for applied in record.ops:
        parameters = {name: value for name, value in applied.items() if name != "op"}
        # `apply` checks each parameter: a manifest may come from anywhere.
        op = Op(str(applied["op"]), cast("Mapping[str, JsonValue]", parameters))
        transform = CATALOGUE.get(op.name)
        kinds = {param.kind for param in transform.params.values()} if transform else set()
        if recipe_folder is None and "image" in kinds:
            raise RecipeError(
                "the recipe overlays images of its own; --assets names the folder of the recipe"
            )
        ops.append(op)
    output = recipe.output
    image = decode_original(data, path, recipe.decoding)
    if record.origin == "augmented":
        small = shrink(image, output.max_side)
        image = apply(small, ops, recipe_folder, max_pixels=recipe.decoding.max_pixels)
    return encode(fit_to(image, output.frame), output.format, output.quality)
