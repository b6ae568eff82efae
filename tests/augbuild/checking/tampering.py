"""A small built tree, and the ways in which the tests tamper with copies of it."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from augbuild.checking.verify import verify
from augbuild.dataset.layout import MANIFEST_NAME

Row = dict[str, Any]


def images(out: Path, folder: str = "*") -> list[Path]:
    return sorted(path for path in out.glob(f"{folder}/*/*") if path.is_file())


def lines(out: Path) -> list[str]:
    return (out / MANIFEST_NAME).read_text(encoding="utf-8").splitlines(keepends=True)


def rewrite(out: Path, manifest: list[str], *, signed: bool = False) -> None:
    """Write a manifest; `signed`, dataset.json is made to fit it, as a careful forger would."""
    content = "".join(manifest).encode()
    (out / MANIFEST_NAME).write_bytes(content)
    if signed:
        rewrite_info(out, rows=len(manifest), manifest_sha256=hashlib.sha256(content).hexdigest())


def rewrite_info(out: Path, **changes: Any) -> None:
    path = out / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}), encoding="utf-8")


def edit_row(out: Path, number: int, **changes: Any) -> None:
    """Change one row, counted from 1, and sign the manifest."""
    manifest = lines(out)
    manifest[number - 1] = json.dumps({**json.loads(manifest[number - 1]), **changes}) + "\n"
    rewrite(out, manifest, signed=True)


def kinds(out: Path, *, quick: bool = False) -> list[tuple[str, str]]:
    return [(finding.kind, finding.file) for finding in verify(out, quick=quick).findings]


def replace_by(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


Tamper = Callable[[Path, random.Random], set[tuple[str, str]]]


def flip_a_bit(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    path = dice.choice(images(out))
    data = bytearray(path.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)
    return {("content", path.relative_to(out).as_posix())}


def truncate(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    path = dice.choice(images(out))
    path.write_bytes(path.read_bytes()[: dice.randrange(path.stat().st_size)])
    return {("size", path.relative_to(out).as_posix())}


def remove(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    path = dice.choice(images(out))
    path.unlink()
    return {("missing", path.relative_to(out).as_posix())}


def add(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    folder = dice.choice(
        ["", "train/", "train/cats/", "augmented_train/dogs/", "new/", "train/.hidden/.augbuild/"]
    )
    name = dice.choice(
        ["x.jpg", ".DS_Store", "manifest.jsonl.bak", "a\nb.png", "\udcff.jpg", "Ünï.png"]
    )
    (out / folder).mkdir(parents=True, exist_ok=True)
    (out / f"{folder}{name}").touch()
    return {("extra", f"{folder}{name}")}


def swap(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    one, other = dice.sample(images(out), 2)
    one_data, other_data = one.read_bytes(), other.read_bytes()
    kind = "content" if len(one_data) == len(other_data) else "size"
    one.write_bytes(other_data)
    other.write_bytes(one_data)
    return {(kind, path.relative_to(out).as_posix()) for path in (one, other)}


def move_to_another_class(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    path = dice.choice(images(out))
    target = path.parents[1] / {"cats": "dogs", "dogs": "cats"}[path.parent.name] / path.name
    target.parent.mkdir(exist_ok=True)
    path.rename(target)
    return {
        ("missing", path.relative_to(out).as_posix()),
        ("extra", target.relative_to(out).as_posix()),
    }


def link_a_file(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    path = dice.choice(
        [*images(out), *(out / name for name in ("manifest.jsonl", "dataset.json", "README.md"))]
    )
    moved = path.rename(out.parent / path.name)  # the same bytes, and yet
    path.symlink_to(moved)
    return {("link", path.relative_to(out).as_posix())}


def link_a_folder(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    name = dice.choice(["train", "train/cats", "augmented_train/dogs", "test"])
    moved = (out / name).rename(out.parent / "elsewhere")
    (out / name).symlink_to(moved)
    return {("link", name)}


def edit_a_row(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    manifest = lines(out)
    at = dice.randrange(len(manifest))
    row = json.loads(manifest[at])
    name = dice.choice(["width", "source_height", "group", "source", "source_sha256", "ops"])
    row[name] = {
        "group": "g",
        "source": "x/y.jpg",
        "source_sha256": "0" * 64,
        "ops": [{"op": "hflip"}],
    }.get(name, 7)
    manifest[at] = json.dumps(row) + "\n"
    rewrite(out, manifest)
    return {("manifest", MANIFEST_NAME)}


def repeat_a_row(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    manifest = lines(out)
    rewrite(out, [*manifest, dice.choice(manifest)], signed=True)
    return {("manifest", MANIFEST_NAME), ("dataset", "dataset.json")}


def lose_a_row(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    manifest = lines(out)
    variants = [line for line in manifest if '"origin": "augmented"' in line]
    lost = dice.choice(variants)
    rewrite(out, [line for line in manifest if line != lost], signed=True)
    return {("extra", json.loads(lost)["file_name"]), ("dataset", "dataset.json")}


def reorder_rows(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    manifest = lines(out)
    one, other = dice.sample(range(len(manifest)), 2)
    manifest[one], manifest[other] = manifest[other], manifest[one]
    rewrite(out, manifest, signed=True)
    return {("manifest", MANIFEST_NAME)}


def flip_a_bit_of_the_manifest(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    data = bytearray((out / MANIFEST_NAME).read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    (out / MANIFEST_NAME).write_bytes(data)
    return {("manifest", MANIFEST_NAME)}


def lose_a_description(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    name = dice.choice(["README.md", "counts.png", "dataset.json", "rejected.jsonl"])
    (out / name).unlink()
    return {("missing", name)}


def cut_dataset_json_short(out: Path, dice: random.Random) -> set[tuple[str, str]]:
    content = (out / "dataset.json").read_bytes().rstrip()
    (out / "dataset.json").write_bytes(content[: dice.randrange(len(content))])
    return {("dataset", "dataset.json")}


EVERY_TAMPER: list[Tamper] = [
    flip_a_bit,
    truncate,
    remove,
    add,
    swap,
    move_to_another_class,
    link_a_file,
    link_a_folder,
    edit_a_row,
    repeat_a_row,
    lose_a_row,
    reorder_rows,
    flip_a_bit_of_the_manifest,
    lose_a_description,
    cut_dataset_json_short,
]


def first_file(out: Path) -> str:
    return str(json.loads(lines(out)[0])["file_name"])


def change_first_file(out: Path, change: Callable[[bytes], bytes]) -> int:
    path = out / first_file(out)
    return path.write_bytes(change(path.read_bytes()))
