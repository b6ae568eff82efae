"""The files that describe a finished tree: manifest, dataset.json, rejected.jsonl, the dataset card and the chart."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from augbuild.core.documents import to_plain
from augbuild.core.files import write_atomic
from augbuild.dataset.layout import AUGMENTED_FOLDER, OutputFolder
from augbuild.dataset.manifest import Record, encode_row
from augbuild.dataset.state import Entry, State
from augbuild.dataset.versions import versions
from augbuild.planning.plan import BuildPlan
from augbuild.sources.dataset import SPLITS, Rejected


@dataclass(slots=True)
class TreeCounts:
    """What a tree holds, counted while its manifest is written."""

    rows: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    flat: list[str] = field(default_factory=list)
    more_frames: int = 0
    manifest_sha256: str = ""

    def count(self, record: Record) -> None:
        """Count one row."""
        folder = AUGMENTED_FOLDER if record.origin == "augmented" else record.split
        self.counts.setdefault(folder, Counter())[record.label_name] += 1
        self.rows += 1


def stage_manifest(plan: BuildPlan, state: State, folder: OutputFolder) -> tuple[Path, TreeCounts]:
    """Write the manifest beside the state, synced, for the build to move into place last of all."""
    staged, tally, digest = folder.staging / folder.manifest.name, TreeCounts(), hashlib.sha256()
    tally.rejected.extend(plan.rejected)
    with staged.open("wb") as file:
        for record in records(plan, state, tally):
            line = encode_row(record)
            digest.update(line)
            file.write(line)
            tally.count(record)
        file.flush()
        os.fsync(file.fileno())
    tally.manifest_sha256 = digest.hexdigest()
    tally.rejected.sort(key=lambda rejected: rejected.source)
    return staged, tally


def records(plan: BuildPlan, state: State, tally: TreeCounts) -> Iterator[Record]:
    """Give the manifest's rows in plan order from what the state holds; what was rejected goes to the tally."""
    index = {label: number for number, label in enumerate(plan.dataset.classes)}
    for source in plan.sources:
        entry = state.get(source.path)
        if entry is None or entry.status == "pending":
            continue  # left out by --limit
        if entry.status == "rejected":
            tally.rejected.append(
                Rejected(source.path, entry.result["reason"], entry.result["message"])
            )
            continue
        tally.more_frames += entry.result["more_frames"]
        for file, ops in zip(entry.result["files"], entry.result["ops"], strict=True):
            if file["flat"]:
                tally.flat.append(file["file_name"])
            place = {
                "label": index[source.label],
                "label_name": source.label,
                "split": source.split or "train",
            }
            yield _record(place, source.group, source.fold, entry, file, ops)


def _record(
    place: Mapping[str, Any],
    group: str | None,
    fold: int | None,
    entry: Entry,
    file: Mapping[str, Any],
    ops: Any,
) -> Record:
    return Record(
        **place,
        file_name=file["file_name"],
        origin="source" if file["variant"] is None else "augmented",
        variant=file["variant"],
        source=entry.path,
        source_sha256=entry.result["sha256"],
        group=group,
        ops=tuple(ops),
        width=file["width"],
        height=file["height"],
        source_width=entry.result["width"],
        source_height=entry.result["height"],
        bytes=file["bytes"],
        sha256=file["sha256"],
        fold=fold,
    )


def dataset_info(plan: BuildPlan, tally: TreeCounts) -> dict[str, Any]:
    """Give the content of dataset.json: no path of the machine and no time, so that equal builds have equal files."""
    recipe = plan.recipe
    folders = ("train", AUGMENTED_FOLDER, *SPLITS[1:])
    return {
        "name": recipe.name,
        "classes": list(plan.dataset.classes),
        "counts": {
            folder: {label: tally.counts[folder][label] for label in plan.dataset.classes}
            for folder in folders
            if folder in tally.counts
        },
        "rejected": len(tally.rejected),
        "ignored": dict(plan.dataset.ignored),
        "more_frames": tally.more_frames,
        "flat": len(tally.flat),
        "attribution": plan.dataset.attribution,
        "recipe": to_plain(recipe.resolved()),
        "recipe_sha256": recipe.sha256,
        "versions": versions(),
        "rows": tally.rows,
        "manifest_sha256": tally.manifest_sha256,
    }


def write_descriptions(
    folder: OutputFolder, facts: Mapping[str, Any], rejected: Iterable[Rejected]
) -> None:
    """Write what describes the tree, all but the manifest; a file that is already right is left as it is.

    dataset.json holds the hashes of the others, for `verify`.
    """
    lines = [
        json.dumps(
            {"source": each.source, "reason": each.reason, "message": each.message},
            ensure_ascii=False,
        )
        for each in rejected
    ]
    contents = {
        "rejected.jsonl": "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")
    }
    before = _read_json(folder.root / "dataset.json")
    recorded = before.get("descriptions")
    hashes: dict[str, str] = recorded if isinstance(recorded, dict) else {}
    unchanged = all(before.get(name) == value for name, value in facts.items())
    if not unchanged or any(
        _sha256(folder.root / name) != hashes.get(name) for name in ("README.md", "counts.png")
    ):
        from augbuild.dataset.card import render_card
        from augbuild.dataset.chart import draw_counts

        contents["README.md"] = render_card(facts).encode()
        contents["counts.png"] = draw_counts(facts["counts"], facts["classes"], facts["name"])
    for name, content in contents.items():
        _update(folder, name, content)
    hashes = hashes | {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }
    whole = {**facts, "descriptions": dict(sorted(hashes.items()))}
    _update(
        folder, "dataset.json", (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _update(folder: OutputFolder, name: str, content: bytes) -> None:
    if not _holds(folder.root / name, content):
        write_atomic(folder.root / name, content, folder.staging)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False
