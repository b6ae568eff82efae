"""Which column of a table holds what: by name, by option, or by the values of its first rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from augbuild.core.text import list_words, nearest
from augbuild.errors import SourceError
from augbuild.sources.dataset import Columns
from augbuild.sources.findings import Finding
from augbuild.sources.tables.rows import looks_like_image
from augbuild.sources.tables.splits import BOOLEAN, fold_split, is_split_name

# In the order in which they are looked for: a name of a file before a number of an image.
PATHS = (
    "file_name", "path", "image", "filename", "image_path", "file", "filepath", "file_path",
    "fname", "img", "img_path", "image_name", "imagename", "image_file", "image_filename",
    "img_name", "img_file", "image_index", "picture", "photo", "uri", "image_uri", "image_url",
    "url", "name", "image_id", "imageid", "img_id", "id_code", "isic_id", "photo_id", "uuid", "id",
)  # fmt: skip
LABELS = (
    "label_name", "label", "class", "class_name", "target", "category", "labels", "classes",
    "classname", "category_name", "class_label", "label_text", "target_name", "species",
    "diagnosis", "breed", "dx", "finding", "finding_labels", "variety", "cultivar", "cell_type",
    "emotion", "genus", "type", "tag", "tags", "level", "grade", "character", "y", "ground_truth",
    "gt", "noisy_labels_0", "label_id", "class_id", "classid", "category_id", "class_index",
    "class_idx", "annotation", "expected",
)  # fmt: skip
SPLITS = (
    "split", "set", "dataset", "subset", "partition", "fold", "phase", "usage", "ml_use",
    "data_split", "split_name", "dataset_split", "train_test", "train_test_split", "purpose",
    "data_type", "group",
)  # fmt: skip
GROUPS = (
    "group", "group_id", "patient", "patient_id", "patientid", "subject", "subject_id",
    "participant", "participant_id", "individual", "individual_id", "animal_id", "lesion_id",
    "case_id", "specimen_id", "slide_id", "video", "video_id", "sequence_id", "session_id",
    "camera_id", "plant_id", "sample_id",
)  # fmt: skip
_FOLDS = frozenset({"fold", "folds", "kfold", "fold_id", "cv_fold"})
BOXES = frozenset({"xmin", "x_min", "xmax", "bbox", "bbox_x", "ymin", "y_min"})
"""Columns of tables in which a row is a box, so that an image may have several."""

NO_COLUMN = "none"
"""What an option says to leave a column unused."""


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """The places of the columns that are read, from 0.

    Either `label` has the class, or one of `one_hot` has a 1. `splits` is one column of names, or
    several of yes and no.
    """

    path: int
    label: int | None = None
    one_hot: tuple[int, ...] = ()
    splits: tuple[int, ...] = ()
    group: int | None = None
    has_boxes: bool = False
    findings: tuple[Finding, ...] = ()


def choose_columns(
    file: Path, names: Sequence[str], rows: Sequence[Sequence[object]], given: Columns
) -> ChosenColumns:
    """Choose the columns of a table by what is `given`, by their names and its first `rows`.

    Raises SourceError with the columns that there are.
    """
    table = _Table(file, names, rows)
    table.check_names()
    path = _choose_path(table, given)
    splits = choose_splits(table, given)
    group = table.given(given.group, "group")
    used = {path, *splits}
    if group is not None:
        used.add(group)
    findings: list[Finding] = []
    # One-hot columns are looked for last: a table with a label may have other columns of 0 and 1.
    one_hot: tuple[int, ...] = ()
    label = table.given(given.label, "label")
    if label is None:
        label = table.find(LABELS, without=used)
    if label is None:
        one_hot = table.find_one_hot(used)
    if label is None and not one_hot:
        label = table.find_only_other(used)
        message = f"column {names[label]!r}, the only other one, is read as the label"
        advice = f"--label-column {names[label]} says the same"
        findings.append(Finding(kind="other", message=message, advice=advice))
    if label is not None:
        used.add(label)
    findings += find_unused(table, used, given)
    return ChosenColumns(
        path=path,
        label=label,
        one_hot=one_hot,
        splits=splits,
        group=group,
        has_boxes=bool(BOXES.intersection(table.folded)),
        findings=tuple(findings),
    )


def _choose_path(table: _Table, given: Columns) -> int:
    path = table.given(given.path, "path")
    if path is None:
        path = table.find(PATHS)
    if path is None:
        path = table.find_images()
    if path is None:
        raise table.missing("image paths", PATHS, "path")
    return path


def choose_splits(table: _Table, given: Columns) -> tuple[int, ...]:
    """Choose one column of names of splits, or all columns of yes and no."""
    if given.split == NO_COLUMN:
        return ()
    column = table.given(given.split, "split")
    if column is not None:
        return (column,)
    for name in SPLITS:
        place = table.find((name,))
        # `split` can mean nothing else; another name does where its values are names of splits.
        if place is not None and (name == "split" or table.has_split_names(place)):
            return (place,)
    places = []
    for place, name in enumerate(table.folded):
        if name in BOOLEAN:
            places.append(place)
    return tuple(places)


def find_unused(table: _Table, used: set[int], given: Columns) -> Iterator[Finding]:
    """Find the columns that look like splits, groups or folds, and that nothing reads."""
    for place, name in enumerate(table.folded):
        if place in used:
            continue
        column = table.names[place]
        looks, advice = "", ""
        if name in _FOLDS:
            looks = "folds"
            advice = "[split] folds makes folds of its own"
        elif name in GROUPS and given.group is None:
            looks = "groups that a split should not part"
            advice = f"--group-column {column} keeps each together"
        elif (name in SPLITS or name in BOOLEAN) and given.split is None:
            looks = "a split, but its values are not names of splits"
            advice = f"--split-column {column} reads them where they are train, validation and test"
        if looks:
            message = f"column {column!r} looks like {looks}, and is not used"
            yield Finding(kind="unused column", message=message, advice=advice)


class _Table:
    """The names of columns, as written and folded, with the first rows."""

    def __init__(self, file: Path, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        self.file = file
        self.names = names
        self.rows = rows
        self.folded = [_fold(name) for name in names]

    def check_names(self) -> None:
        """Raise SourceError for a name that two columns have."""
        first: dict[str, int] = {}
        for place, name in enumerate(self.names, start=1):
            if not name.strip():
                continue  # pandas writes its index without a name
            if name in first:
                where = f"columns {first[name]} and {place}"
                raise SourceError(f"{self.file}: two columns are named {name!r} ({where})")
            first[name] = place

    def given(self, name: str | None, kind: str) -> int | None:
        """Return the column that an option names; raises SourceError where there is none."""
        if name is None or (name == NO_COLUMN and name not in self.names):
            return None
        if name in self.names:
            return self.names.index(name)
        near = nearest(name, self.names)
        hint = f"did you mean {near!r}?" if near else f"it has {', '.join(self.names)}"
        raise SourceError(f"{self.file} has no column {name!r} (--{kind}-column); {hint}")

    def find(self, known: Sequence[str], without: set[int] | None = None) -> int | None:
        """Find the first of the known names."""
        for name in known:
            if name in self.folded:
                place = self.folded.index(name)
                if not without or place not in without:
                    return place
        return None

    def find_images(self) -> int | None:
        """Find the first column whose values are all names of images."""
        for place in range(len(self.names)):
            if all(looks_like_image(row[place]) for row in self.rows):
                return place
        return None

    def find_one_hot(self, used: set[int]) -> tuple[int, ...]:
        """Find the columns of which each row has a 1 in one and 0 in the others."""
        places = []
        for place in range(len(self.names)):
            values = {_fold_number(row[place]) for row in self.rows}
            if place not in used and values and values <= {"0", "1"}:
                places.append(place)
        return tuple(places) if len(places) > 1 else ()

    def find_only_other(self, used: set[int]) -> int:
        """Find the one column that nothing else is read from; raises SourceError for several."""
        others = [place for place, name in enumerate(self.folded) if name and place not in used]
        if len(others) != 1:
            raise self.missing("labels", LABELS, "label")
        return others[0]

    def has_split_names(self, place: int) -> bool:
        """Check whether all values of the first rows are names of splits, and any is filled."""
        values = [row[place] for row in self.rows]
        filled = any(fold_split(value) for value in values)
        return filled and all(map(is_split_name, values))

    def missing(self, what: str, known: Sequence[str], kind: str) -> SourceError:
        """Return the error for a column that was not found, with the columns that there are."""
        usual = ", ".join(known[:6])
        examples = [name for name in self.names if name.strip()][:2] or ["NAME"]
        got = ", ".join(self.names)
        return SourceError(
            f"{self.file} has no column with {what}: expected one of {usual} … (got {got:.300}); "
            f"name it with --{kind}-column {list_words(examples)} "
            f'(columns.{kind} = "…" in [source])'
        )


def _fold(name: str) -> str:
    """Return a column's name in the spelling of the lists above."""
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def _fold_number(value: object) -> str:
    text = str(value).strip()
    return text.removesuffix(".0")
