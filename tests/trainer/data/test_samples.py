"""Samples: which are trained on, which are held out, and the check of their files."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from augbuild.building.build import build
from augbuild.core.files import hash_bytes
from augbuild.errors import TableError, TrainerError, UsageError
from tests.conftest import photos, write_recipe
from tests.trainer.data.made import make_sample, make_table
from tests.trainer.fixtures import dataset, rows_of, write_table
from trainer.data.samples import (
    TrainOn,
    check_classes,
    check_files,
    hash_file,
    training_samples,
)
from trainer.data.tables import read_table


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    photos(folder / "photos", {"cats": 8, "dogs": 4})
    return build(write_recipe(folder)).out


class TestTrainingSamples:
    @pytest.mark.parametrize(
        ("train_on", "count"),
        [
            ("original", 9),
            ("augmented", 18),
            ("original+augmented", 27),
            (None, 27),
            ("placebo", 18),
        ],
    )
    def test_are_originals_variants_or_both(
        self, built: Path, train_on: TrainOn | None, count: int
    ) -> None:
        chosen = training_samples(read_table(built), train_on)
        assert len(chosen) == count
        assert {sample.split for sample in chosen} == {"train"}
        if train_on == "original":
            assert not any(sample.augmented for sample in chosen)
        if train_on == "augmented":
            assert all(sample.augmented for sample in chosen)

    def test_a_placebo_repeats_each_original_as_often_as_it_has_variants(self) -> None:
        a, b = make_sample("a"), make_sample("b", "dog")
        variants = [replace(a, name=f"a{n}", augmented=True, variant=n) for n in range(3)]
        variants.append(replace(b, name="b0", augmented=True, variant=0))
        chosen = training_samples(make_table(a, b, *variants), "placebo")
        assert [sample.name for sample in chosen] == ["a", "a", "a", "b"]

    def test_of_a_table_without_splits_are_all(self) -> None:
        table = make_table(make_sample("a", split=None), make_sample("b", "dog", split=None))
        assert training_samples(table, None) == table.samples

    def test_of_one_class_are_an_error(self) -> None:
        message = "t.csv: all training images are 'cat'; at least two classes are needed"
        with pytest.raises(TableError, match=message):
            training_samples(make_table(make_sample("a"), make_sample("b", "dog", "test")), None)

    def test_of_an_empty_split_are_an_error(self) -> None:
        table = make_table(make_sample("a", split="test"))
        with pytest.raises(TableError, match=r"t.csv has no images to train on$"):
            training_samples(table, None)
        with pytest.raises(TableError, match=r"t.csv has no augmented images to train on$"):
            training_samples(table, "augmented")


class TestFilesAreCheckedFirst:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return dataset(tmp_path, 3, 2)

    def test_missing_file(self, root: Path) -> None:
        gone = {"image": "gone.png", "class": "red", "split": "train"}
        table = read_table(write_table(root, [*rows_of(root), gone]))
        message = r"table.csv: row 11: gone.png cannot be read: No such file"
        with pytest.raises(TableError, match=message):
            check_files(table, table.samples)

    def test_missing_files_are_named_all_at_once(self, root: Path) -> None:
        gone = [{"image": f"{n}.png", "class": "red", "split": "train"} for n in range(11)]
        table = read_table(write_table(root, [*rows_of(root), *gone]))
        with pytest.raises(TableError) as caught:
            check_files(table, table.samples)
        message = str(caught.value)
        assert (
            "table.csv: 11 files cannot be used: row 11: 0.png cannot be read: No such" in message
        )
        assert "row 20: 9.png" in message
        assert message.endswith(f"; and 1 more; tried {root}/0.png")

    def test_duplicate_row(self, root: Path) -> None:
        table = read_table(write_table(root, [*rows_of(root), rows_of(root)[2]]))
        message = r"table.csv: test/red/red_0.png is listed twice \(rows 3 and 11\)"
        with pytest.raises(TableError, match=message):
            check_files(table, table.samples)

    def test_the_same_image_in_two_splits_is_for_the_leak_guard(self, root: Path) -> None:
        row = next(row for row in rows_of(root) if row["split"] == "test")
        table = read_table(write_table(root, [*rows_of(root), {**row, "split": "train"}]))
        check_files(table, table.samples)

    def test_a_placebo_repeats_its_rows(self, root: Path) -> None:
        table = read_table(write_table(root, rows_of(root)))
        check_files(table, table.samples * 2)

    def test_no_regular_file(self, root: Path) -> None:
        os.mkfifo(root / "pipe.png")
        row = {"image": "pipe.png", "class": "red", "split": "train"}
        table = read_table(write_table(root, [row]))
        with pytest.raises(TableError, match=r"row 1: pipe.png is not a regular file"):
            check_files(table, table.samples)

    def test_a_table_of_ones_own_may_have_links(self, root: Path) -> None:
        (root / "link.png").symlink_to(root / "train" / "red" / "red_0.png")
        row = {"image": "link.png", "class": "red", "split": "train"}
        table = read_table(write_table(root, [row]))
        check_files(table, table.samples)

    def test_manifest_of_ours_refuses_links_and_changed_files(
        self, built: Path, tmp_path: Path
    ) -> None:
        root = shutil.copytree(built, tmp_path / "copy")
        table = read_table(root)
        check_files(table, table.samples, verify=True)
        victim = table.samples[0].path
        whole = victim.read_bytes()
        victim.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        check_files(table, table.samples)
        message = r"row 1: .* is not the file that the manifest describes: sha256 differs"
        with pytest.raises(TableError, match=message):
            check_files(table, table.samples, verify=True)
        victim.write_bytes(whole + b"x")
        with pytest.raises(TableError, match=r"so it has changed; `augbuild verify` finds all"):
            check_files(table, table.samples)
        victim.unlink()
        victim.symlink_to("/etc/passwd")
        with pytest.raises(TableError, match="is not a regular file"):
            check_files(table, table.samples)


def test_hash_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    assert hash_file(tmp_path / "a") == hash_bytes(b"a")
    with pytest.raises(TableError, match="b cannot be read: No such file"):
        hash_file(tmp_path / "b")


def test_unknown_class_in_test() -> None:
    train = [make_sample("a"), make_sample("b", "dog")]
    check_classes(train, [make_sample("c")], Path("t.csv"))
    message = r"t.csv: row 1: x.png is 'hen', a class that no training image has"
    with pytest.raises(TableError, match=message):
        check_classes(train, [make_sample("c"), make_sample("x.png", "hen")], Path("t.csv"))


def test_table_knows_its_splits_and_variants() -> None:
    plain = make_table(make_sample("a", split=None))
    assert (plain.has_splits, plain.has_variants) == (False, False)
    full = make_table(replace(make_sample("a"), augmented=True), make_sample("b", split="test"))
    assert (full.has_splits, full.has_variants) == (True, True)
    assert [sample.name for sample in full.of("test")] == ["b"]


def test_errors_have_exit_codes() -> None:
    assert (TrainerError.exit_code, TableError.exit_code, UsageError.exit_code) == (1, 1, 2)
