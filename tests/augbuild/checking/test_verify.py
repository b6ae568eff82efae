"""A built tree held against its manifest: whatever is tampered with is found, and nothing else."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import augbuild.checking.verify as verify_module
from augbuild.building.build import build
from augbuild.checking.rules import Damage, TreeContents
from augbuild.checking.verify import verify
from augbuild.cli import main
from augbuild.dataset.layout import MANIFEST_NAME
from tests.augbuild.checking.tampering import (
    EVERY_TAMPER,
    Row,
    Tamper,
    add,
    change_first_file,
    edit_a_row,
    edit_row,
    first_file,
    flip_a_bit,
    flip_a_bit_of_the_manifest,
    images,
    kinds,
    lines,
    lose_a_description,
    reorder_rows,
    replace_by,
    rewrite,
    rewrite_info,
    truncate,
)
from tests.conftest import RECIPE, REPOSITORY, photo, photos, tree, write_recipe


@pytest.mark.parametrize(
    "seed", [*range(8), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(8, 50))]
)
@pytest.mark.parametrize("tamper", EVERY_TAMPER, ids=lambda tamper: tamper.__name__)
def test_tampering_is_found(out: Path, tamper: Tamper, seed: int) -> None:
    expected = tamper(out, random.Random(seed))
    report = verify(out)
    found = {(finding.kind, finding.file) for finding in report.findings}
    assert expected <= found
    assert report.damaged
    assert report.exit_code == 1
    if tamper not in (
        flip_a_bit_of_the_manifest,
        edit_a_row,
        reorder_rows,
    ):  # which may unsettle other rows, too
        assert found == expected


def test_a_clean_tree_is_clean(out: Path) -> None:
    report = verify(out)
    assert (report.clean, report.damaged, report.exit_code, report.findings) == (True, False, 0, ())
    assert report.rows == len(images(out))
    assert report.bytes == sum(path.stat().st_size for path in images(out))


@pytest.mark.parametrize("seed", range(50))
def test_no_tree_as_built_is_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    dice = random.Random(seed)
    monkeypatch.setenv("MPLBACKEND", "agg")
    names = dice.sample(["a", "B", "a b", "ß", "trains", "x" * 60, "c,d", "é"], dice.randint(2, 3))
    layout = {name: dice.randint(2, 3) for name in names}
    splits = dice.random() < 0.5
    for split in ("train", "val", "test") if splits else ("",):
        photos(tmp_path / "photos" / split, layout, dice.choice([".png", ".JPG", ".webp"]))
    if dice.random() < 0.3:
        (tmp_path / "photos" / ("train" if splits else "") / names[0] / "bad.jpg").write_bytes(
            b"no image"
        )
    encoding = dice.choice(["jpeg", "png", "webp"])
    replaced = {
        "variants = 2": f"variants = {dice.randint(0, 2)}",
        'path = "out"': f'path = "out"\nformat = "{encoding}"\nmax_side = {dice.choice([16, 99])}',
        "test = 0.25": dice.choice(["test = 0.3", "folds = 2", "test = 0.0"]),
    }
    recipe = RECIPE
    for old, new in replaced.items():
        recipe = recipe.replace(old, new)
    report = build(write_recipe(tmp_path, recipe), limit=dice.choice([None, None, 3]))
    assert verify(report.out).findings == ()
    assert verify(report.out, quick=True).findings == ()


def _put_a_file_for_a_class_folder(out: Path) -> None:
    shutil.rmtree(out / "test" / "dogs")
    (out / "test" / "dogs").touch()


def _add_a_state_folder(out: Path) -> None:
    (out / "train" / ".augbuild").mkdir()
    (out / "train" / ".augbuild" / "x").touch()


def _link_the_root(out: Path) -> None:
    (out / "train" / "link").symlink_to("/")


EXTRA = "is in neither the manifest nor the files that describe it"
ORDER = "is not in plan order: split, class, source, the original before its variants"
LOST = "is a variant of {source}, whose original has no row before it"
OTHER_LOST = "is a variant of {other}, whose original has no row before it"

GOLDEN: list[tuple[str, Callable[[Path], object], list[tuple[str, str, str]]]] = [
    (
        "content",
        lambda out: change_first_file(out, lambda data: data[:-1] + bytes([data[-1] ^ 1])),
        [("content", "{first}", "does not have the bytes that were written")],
    ),
    (
        "size",
        lambda out: change_first_file(out, lambda _: b"short"),
        [("size", "{first}", "has 5 bytes; {bytes} were written")],
    ),
    (
        "missing",
        lambda out: images(out, "train")[0].unlink(),
        [("missing", "{first}", "is missing")],
    ),
    (
        "folder for a file",
        lambda out: replace_by(out / first_file(out), Path.mkdir),
        [("missing", "{first}", "is missing: something that is not a file has its name")],
    ),
    (
        "pipe for a file",
        lambda out: replace_by(out / first_file(out), os.mkfifo),
        [("missing", "{first}", "is missing: something that is not a file has its name")],
    ),
    (
        "file for a class folder",
        _put_a_file_for_a_class_folder,
        [
            ("extra", "test/dogs", EXTRA),
            ("missing", "{test_dog}", "is missing"),
        ],
    ),
    (
        "extra",
        lambda out: (out / "notes.txt").touch(),
        [("extra", "notes.txt", EXTRA)],
    ),
    (
        "state folder elsewhere",
        _add_a_state_folder,
        [
            (
                "extra",
                "train/.augbuild/x",
                EXTRA,
            )
        ],
    ),
    (
        "link for a file",
        lambda out: replace_by(out / first_file(out), lambda path: path.symlink_to("/dev/zero")),
        [("link", "{first}", "is a link; augbuild wrote a file")],
    ),
    (
        "link for a folder",
        _link_the_root,
        [("link", "train/link", "is a link, which augbuild never makes")],
    ),
    (
        "no row",
        lambda out: rewrite(out, ["no row\n", *lines(out)[1:]]),
        [
            ("manifest", "manifest.jsonl", "row 1 is not JSON"),
            (
                "manifest",
                "manifest.jsonl",
                f"row 2 {LOST}",
            ),
            (
                "manifest",
                "manifest.jsonl",
                f"row 3 {LOST}",
            ),
            ("manifest", "manifest.jsonl", "{foreign}"),
            ("dataset", "dataset.json", "{counts}"),
            ("extra", "{first}", EXTRA),
        ],
    ),
    (
        "an original's row less",
        lambda out: rewrite(out, [*lines(out)[:3], *lines(out)[4:]], signed=True),
        [
            (
                "manifest",
                "manifest.jsonl",
                f"row 4 {OTHER_LOST}",
            ),
            (
                "manifest",
                "manifest.jsonl",
                f"row 5 {OTHER_LOST}",
            ),
            ("dataset", "dataset.json", "{counts}"),
            ("extra", "{fourth}", EXTRA),
        ],
    ),
    (
        "a row less",
        lambda out: rewrite(out, lines(out)[:-1]),
        [
            ("manifest", "manifest.jsonl", "has {less} rows; dataset.json says {rows}"),
            ("manifest", "manifest.jsonl", "{foreign}"),
            ("dataset", "dataset.json", "{counts}"),
            ("extra", "{last}", EXTRA),
        ],
    ),
    (
        "a row twice",
        lambda out: rewrite(out, [lines(out)[0], *lines(out)], signed=True),
        [
            ("manifest", "manifest.jsonl", "row 2 names {first} again"),
            ("dataset", "dataset.json", "{counts}"),
        ],
    ),
    (
        "two rows the wrong way round",
        lambda out: rewrite(
            out, [lines(out)[at] for at in (0, 2, 1, *range(3, len(lines(out))))], signed=True
        ),
        [
            (
                "manifest",
                "manifest.jsonl",
                f"row 3 {ORDER}",
            )
        ],
    ),
    (
        "label",
        lambda out: edit_row(out, 1, label=1),
        [
            (
                "manifest",
                "manifest.jsonl",
                "row 1 has label 1 for class 'cats', unlike dataset.json",
            ),
            ("manifest", "manifest.jsonl", "row 2 differs in label from the row of its original"),
            ("manifest", "manifest.jsonl", "row 3 differs in label from the row of its original"),
        ],
    ),
    (
        "label_name",
        lambda out: edit_row(out, 2, label=1, label_name="dogs"),
        [
            (
                "manifest",
                "manifest.jsonl",
                "row 2 names {second}, which is not directly in augmented_train/dogs/",
            ),
            ("manifest", "manifest.jsonl", "row 2 differs in label from the row of its original"),
            (
                "manifest",
                "manifest.jsonl",
                "row 2 differs in label_name from the row of its original",
            ),
            (
                "manifest",
                "manifest.jsonl",
                f"row 3 {ORDER}",
            ),
            ("dataset", "dataset.json", "{counts}"),
        ],
    ),
    (
        "split",
        lambda out: edit_row(out, 3, split="test", source_width=9),
        [
            ("manifest", "manifest.jsonl", "row 3 differs in split from the row of its original"),
            (
                "manifest",
                "manifest.jsonl",
                "row 3 differs in source_width from the row of its original",
            ),
            (
                "manifest",
                "manifest.jsonl",
                "row 3 is a variant in test; only train images have variants",
            ),
            (
                "manifest",
                "manifest.jsonl",
                f"row 4 {ORDER}",
            ),
        ],
    ),
    (
        "variant",
        lambda out: edit_row(out, 3, variant=None),
        [
            (
                "manifest",
                "manifest.jsonl",
                f"row 3 {ORDER}",
            ),
            (
                "manifest",
                "manifest.jsonl",
                "row 3 has variant None and origin augmented, which exclude each other",
            ),
        ],
    ),
    (
        "original that is not its source",
        lambda out: edit_row(out, len(lines(out)), source_sha256="0" * 64),
        [
            (
                "manifest",
                "manifest.jsonl",
                "row {rows} is an original, "
                "but its ops, sha256 or size are not those of its source",
            )
        ],
    ),
    (
        "counts",
        lambda out: rewrite_info(out, counts={"train": {"cats": 1}}),
        [("dataset", "dataset.json", "{counts}")],
    ),
    (
        "rejected",
        lambda out: (out / "rejected.jsonl").write_text("{}\n"),
        [("dataset", "rejected.jsonl", "has 1 row; dataset.json says 0")],
    ),
    (
        "no dataset.json",
        lambda out: (out / "dataset.json").unlink(),
        [("missing", "dataset.json", "is missing")],
    ),
    (
        "dataset.json of another kind",
        lambda out: (out / "dataset.json").write_text("[]"),
        [("dataset", "dataset.json", "must be an object (got [])")],
    ),
    (
        "deep dataset.json",
        lambda out: (out / "dataset.json").write_text("[" * 100_000),
        [("dataset", "dataset.json", "is not JSON")],
    ),
    (
        "dataset.json without rows",
        lambda out: rewrite_info(out, rows=True),
        [("dataset", "dataset.json", "rows must be a whole number (got true)")],
    ),
    (
        "dataset.json with other classes",
        lambda out: rewrite_info(out, classes=["cats", 7]),
        [("dataset", "dataset.json", "classes[1] must be a text (got 7)")],
    ),
    (
        "recipe",
        lambda out: rewrite_info(out, recipe_sha256="0" * 64),
        [
            (
                "dataset",
                "dataset.json",
                "has a recipe that was edited: it does not fit name and recipe_sha256",
            )
        ],
    ),
    (
        "no recipe",
        lambda out: rewrite_info(out, recipe={"name": "tiny"}),
        [("dataset", "dataset.json", "recipe lacks 'seed'")],
    ),
    (
        "pipe for dataset.json",
        lambda out: replace_by(out / "dataset.json", os.mkfifo),
        [
            ("unreadable", "dataset.json", "cannot be read: not a regular file"),
            (
                "missing",
                "dataset.json",
                "is missing: something that is not a file has its name",
            ),
        ],
    ),
]


@pytest.mark.parametrize(
    ("tamper", "expected"), [case[1:] for case in GOLDEN], ids=[case[0] for case in GOLDEN]
)
def test_messages(
    out: Path, tamper: Callable[[Path], object], expected: list[tuple[str, str, str]]
) -> None:
    rows = [json.loads(line) for line in lines(out)]
    words = {
        "first": rows[0]["file_name"],
        "second": rows[1]["file_name"],
        "fourth": rows[3]["file_name"],
        "last": rows[-1]["file_name"],
        "other": rows[3]["source"],
        "test_dog": next(
            row["file_name"] for row in rows if row["file_name"].startswith("test/dogs/")
        ),
        "source": rows[0]["source"],
        "bytes": f"{rows[0]['bytes']:,}",
        "rows": len(rows),
        "less": len(rows) - 1,
        "foreign": "is not the one that dataset.json was written for: edited, or of another build",
        "counts": "counts other images per split and class than manifest.jsonl",
    }
    tamper(out)
    found = verify(out).findings
    assert [finding.file for finding in found] == sorted(finding.file for finding in found)
    described = [(finding.kind, finding.file, finding.message) for finding in found]
    filled = [tuple(text.format(**words) for text in row) for row in expected]
    assert sorted(described) == sorted(filled)


@pytest.mark.parametrize(
    "name", ["source_sha256", "group", "fold", "source_width", "source_height"]
)
def test_variants_share_what_is_their_source_s(out: Path, name: str) -> None:
    edit_row(out, 2, **{name: {"source_sha256": "0" * 64, "group": "g"}.get(name, 7)})
    message = f"row 2 differs in {name} from the row of its original"
    assert verify(out).findings == (Damage("manifest", MANIFEST_NAME, message),)


@pytest.mark.parametrize(
    "change",
    [
        {"file_name": "/etc/passwd"},
        {"file_name": "../../x.jpg"},
        {"file_name": "a\x00.jpg"},
        {"file_name": "C:/x.jpg"},
        {"file_name": "a\\b.jpg"},
        {"file_name": "\ud800.jpg"},
        {"file_name": "x" * 5000},
        {"source": "../x.jpg"},
        {"label": 10**400},
        {"ops": [[]]},
        {"file_name": "manifest.jsonl"},
        {"file_name": ".augbuild/state.sqlite"},
        {"file_name": "train/cats/" + "x" * 300},
        {"label": 10**15},
    ],
    ids=lambda change: str(change)[:40],
)
def test_hostile_rows_are_damage_and_never_a_traceback(out: Path, change: Row) -> None:
    edit_row(out, 2, **change)
    report = verify(out)
    assert report.exit_code == 1
    assert any(
        finding.kind == "manifest" and "row 2" in finding.message for finding in report.findings
    )


def test_a_manifest_of_another_build_is_foreign(out: Path, tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 8, "dogs": 4})
    photo(tmp_path / "photos" / "cats" / "cats_0.png", seed=77)
    other = build(
        write_recipe(tmp_path, RECIPE.replace("test = 0.25", "test = 0.25\nvalidation = 0.25"))
    ).out
    shutil.copyfile(other / MANIFEST_NAME, out / MANIFEST_NAME)
    assert verify(other).clean
    assert ("manifest", MANIFEST_NAME) in kinds(out)


def test_quick_compares_sizes_and_says_so(out: Path) -> None:
    flip_a_bit(out, random.Random(1))
    report = verify(out, quick=True)
    assert report.clean
    assert "quick: sizes were compared, no image was read" in report.summary()
    truncated = truncate(out, random.Random(2))
    assert set(kinds(out, quick=True)) == truncated


@pytest.mark.parametrize("quick", [False, True])
def test_an_unfinished_build_cannot_be_checked(out: Path, quick: bool) -> None:
    (out / MANIFEST_NAME).rename(out / ".augbuild" / MANIFEST_NAME)
    report = verify(out, quick=quick)
    assert report.exit_code == 2
    assert report.findings == (
        Damage(
            "unfinished",
            MANIFEST_NAME,
            f"{out} has a build that was not finished; "
            "run the same `augbuild make` again to finish it",
        ),
    )
    assert report.summary().startswith(f"{out}: could not be checked, 1 finding")


@pytest.mark.parametrize("place", ["nowhere", "train", "README.md"])
def test_what_is_no_tree_cannot_be_checked(out: Path, place: str) -> None:
    report = verify(out / place)
    assert (report.exit_code, [finding.kind for finding in report.findings]) == (2, ["unfinished"])


def test_a_pipe_posing_as_a_manifest_is_not_waited_for(out: Path) -> None:
    (out / MANIFEST_NAME).unlink()
    os.mkfifo(out / MANIFEST_NAME)
    report = verify(out)
    assert report.exit_code == 2
    assert report.findings[0].message == f"{out / MANIFEST_NAME} cannot be read: it is not a file"


def _move_away(manifest: Path) -> None:
    manifest.rename(manifest.parent / ".augbuild" / MANIFEST_NAME)


def _write_another(manifest: Path) -> None:
    content = manifest.read_bytes()
    manifest.rename(manifest.parent / ".augbuild" / MANIFEST_NAME)
    manifest.write_bytes(content)


@pytest.mark.parametrize("change", [_move_away, _write_another])
def test_a_build_that_goes_on_meanwhile_is_told_from_damage(
    out: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    check = verify_module._check_for_strangers

    def build_meanwhile(root: Path, contents: TreeContents) -> Iterator[Damage]:
        change(out / MANIFEST_NAME)
        return check(root, contents)

    monkeypatch.setattr(verify_module, "_check_for_strangers", build_meanwhile)
    report = verify(out)
    assert report.exit_code == 2
    assert report.findings == (
        Damage(
            "unfinished",
            MANIFEST_NAME,
            "a build changed this folder meanwhile; verify again when it has finished",
        ),
    )


AS_ANOTHER_USER = """
import os, sys
from augbuild.checking.verify import verify
os.chdir(sys.argv[1])  # the folders above are closed to others
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
report = verify(".")
print(report.exit_code, [(each.kind, each.file, each.message) for each in report.findings])
"""


@pytest.mark.parametrize("name", ["train", "{first}", "dataset.json", "rejected.jsonl"])
def test_what_cannot_be_read_is_not_called_damaged(out: Path, name: str) -> None:
    target = out / name.format(first=first_file(out))
    before = target.stat().st_mode
    target.chmod(0)
    try:
        command = [sys.executable, "-c", AS_ANOTHER_USER, str(out)]
        done = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
        )
    finally:
        target.chmod(before)
    assert done.stdout.startswith("2 "), done
    file = target.relative_to(out).as_posix()
    assert f"('unreadable', {file!r}, 'cannot be read: Permission denied')" in done.stdout


def test_a_read_only_copy_without_its_state_is_as_good(out: Path) -> None:
    shutil.rmtree(out / ".augbuild")
    for path in [out, *out.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {
        path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in [out, *out.rglob("*")]
    }
    content = tree(out)
    try:
        assert verify(out).clean
        assert verify(out, quick=True).clean
        assert {
            path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in [out, *out.rglob("*")]
        } == before
        assert tree(out) == content
    finally:
        for path in [out, *out.rglob("*")]:
            path.chmod(0o755)


def test_workers_find_the_same(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(5):
        flip_a_bit(out, random.Random(seed))
    alone = verify(out, n_jobs=1)
    monkeypatch.setattr("augbuild.checking.verify._POOL_PAYS_FROM", 0)
    monkeypatch.setattr("augbuild.checking.verify._CHUNK", 4)
    together = verify(out, n_jobs=2)
    assert together.findings == alone.findings
    assert len(together.findings) > 1


def test_making_again_what_is_damaged_repairs_the_tree(tmp_path: Path) -> None:
    photos(tmp_path / "photos", {"cats": 4, "dogs": 4})
    recipe = write_recipe(tmp_path)
    out = build(recipe).out
    whole = tree(out)
    for seed, tamper in enumerate((flip_a_bit, truncate, add, edit_a_row, lose_a_description)):
        tamper(out, random.Random(seed))
    for finding in verify(out).findings:
        (out / finding.file).unlink(missing_ok=True)
    build(recipe)
    assert verify(out).clean
    assert {name: content for name, content in tree(out).items() if "/" in name} == {
        name: content for name, content in whole.items() if "/" in name
    }


class TestCommand:
    def run(self, *arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["verify", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result.exit_code, result.stdout

    def test_clean(self, out: Path) -> None:
        code, printed = self.run(str(out))
        assert code == 0
        assert printed.startswith(f"{out}: {len(lines(out))} images, ")
        assert "all as they were built (every byte was read, " in printed
        assert self.run(str(out), "--quiet") == (0, "")
        assert "quick" in self.run(str(out), "--quick")[1]

    def test_damaged(self, out: Path) -> None:
        (out / "evil\x1b[31m.jpg").touch()
        code, printed = self.run(str(out), "--quiet")
        assert code == 1
        assert printed == f"extra       evil\\x1b[31m.jpg: {EXTRA}\n"
        assert "damaged, 1 finding (every byte was read" in self.run(str(out))[1]

    def test_many_findings_are_counted(self, out: Path) -> None:
        for number in range(25):
            (out / f"{number:02}.jpg").touch()
        printed = self.run(str(out), "-j", "1", "--quiet")[1].splitlines()
        assert len(printed) == 11
        assert printed[-1] == "and 15 more; --json gives all"

    def test_json(self, out: Path) -> None:
        (out / "x.jpg").touch()
        code, printed = self.run(str(out), "--json")
        report = json.loads(printed)
        assert code == 1
        expected = {
            "clean": False,
            "damaged": True,
            "quick": False,
            "rows": len(lines(out)),
            "out": str(out),
        }
        assert {name: report[name] for name in expected} == expected
        assert [finding["kind"] for finding in report["findings"]] == ["extra"]

    def test_not_finished(self, out: Path) -> None:
        (out / MANIFEST_NAME).unlink()
        code, printed = self.run(str(out))
        assert code == 2
        assert "was not finished; run the same `augbuild make` again to finish it" in printed
