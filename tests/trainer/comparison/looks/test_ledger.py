"""The ledger of looks: one look for each comparison, whatever becomes of the file."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.errors import TableError
from tests.conftest import photo
from trainer.comparison.looks import ledger as looks
from trainer.comparison.looks.ledger import (
    Look,
    build_ledger,
    record_look,
    record_look_everywhere,
    user_ledger,
)
from trainer.comparison.looks.levels import Looked
from trainer.data.samples import Sample


def look_at(ledger: Path, test: str, comparison: str) -> tuple[int, bool]:
    """Record a look; return its number, and whether it was recorded."""
    count = record_look(ledger, Look(test, comparison))
    return count.number, count.recorded


def look_everywhere(table: Path, test: str, comparison: str) -> tuple[int, bool]:
    count = record_look_everywhere(table, Look(test, comparison))
    return count.number, count.recorded


def sample(path: Path, sha256: str | None = None) -> Sample:
    return Sample(path, path.name, "cats", "test", 1, sha256=sha256)


def row(test: object, comparison: object) -> str:
    return json.dumps({"test": test, "comparison": comparison, "time": ""})


class TestLook:
    def test_each_comparison_is_one_look(self, tmp_path: Path) -> None:
        ledger = tmp_path / "below" / "looks.jsonl"
        asked = ["first", "second", "first", "third", "second"]
        assert [look_at(ledger, "key", each) for each in asked] == [
            (number, True) for number in (1, 2, 1, 3, 2)
        ]
        assert look_at(ledger, "other", "second") == (1, True)
        assert look_at(ledger, "key", "third") == (3, True)
        rows = [json.loads(line) for line in ledger.read_text().splitlines()]
        assert [(each["test"], each["comparison"]) for each in rows] == [
            ("key", "first"), ("key", "second"), ("key", "third"), ("other", "second")
        ]  # fmt: skip
        assert all(datetime.fromisoformat(each["time"]).utcoffset() == timedelta() for each in rows)
        assert {len(each["time"]) for each in rows} == {len("2026-01-01T00:00:00+00:00")}

    @given(
        asked=st.lists(st.tuples(st.sampled_from(["a", "b\n"]), st.text(max_size=3)), max_size=12)
    )
    def test_numbers_do_not_change(
        self, asked: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        ledger = tmp_path_factory.mktemp("ledger") / "looks.jsonl"
        numbers: dict[tuple[str, str], int] = {}
        for key, comparison in asked:
            earlier = sum(known == key for known, _ in numbers)
            expected = numbers.setdefault((key, comparison), earlier + 1)
            assert look_at(ledger, key, comparison) == (expected, True)

    @pytest.mark.parametrize(
        "damage",
        [
            "{",
            "null",
            "[1]",
            "7",
            '"test"',
            row("key", 3),
            row(None, "x"),
            "{}",
            "[" * 100_000,
            "1" * 5000,
            "\x00",
            "",
        ],
        ids=lambda damage: damage[:12],
    )
    def test_a_damaged_line_is_no_look(self, tmp_path: Path, damage: str) -> None:
        ledger = tmp_path / "looks.jsonl"
        ledger.write_text(f"{row('key', 'a')}\n{damage}\n{row('key', 'b')}\n")
        assert look_at(ledger, "key", "c") == (3, True)

    def test_bytes_that_are_no_text(self, tmp_path: Path) -> None:
        ledger = tmp_path / "looks.jsonl"
        ledger.write_bytes(b"\xff\xfe\n" + row("key", "a").encode() + b"\n")
        assert look_at(ledger, "key", "b") == (2, True)

    def test_after_a_line_that_was_cut_short(self, tmp_path: Path) -> None:
        ledger = tmp_path / "looks.jsonl"
        ledger.write_text(f'{row("key", "a")}\n{{"test": "ke')
        assert look_at(ledger, "key", "b") == (2, True)
        assert ledger.read_text().count("\n") == 3
        assert look_at(ledger, "key", "c") == (3, True)

    def test_a_row_that_two_wrote_at_once_is_one_look(self, tmp_path: Path) -> None:
        ledger = tmp_path / "looks.jsonl"
        ledger.write_text("\n".join([row("key", "a"), row("key", "a"), row("key", "b")]))
        assert look_at(ledger, "key", "b") == (2, True)

    def test_what_was_there_stays(self, tmp_path: Path) -> None:
        ledger = tmp_path / "looks.jsonl"
        before = f"{row('key', 'a')}\nnot ours\n"
        ledger.write_text(before)
        look_at(ledger, "key", "b")
        assert ledger.read_text().startswith(before)

    def test_a_ledger_that_cannot_be_written_stops_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        below_a_file, folder = tmp_path / "file" / "looks.jsonl", tmp_path
        for ledger in (below_a_file, folder):
            assert [look_at(ledger, "key", "a"), look_at(ledger, "key", "a")] == [(1, False)] * 2

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_read_only_ledger_gives_the_number_that_it_would_be(self, tmp_path: Path) -> None:
        ledger = tmp_path / "looks.jsonl"
        look_at(ledger, "key", "a")
        ledger.chmod(0o444)
        assert [look_at(ledger, "key", each) for each in "aba"] == [
            (1, True),
            (2, False),
            (1, True),
        ]

    def test_a_pipe_is_no_ledger_and_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "looks.jsonl")
        assert look_at(tmp_path / "looks.jsonl", "key", "a") == (1, False)

    def test_a_line_without_a_time_is_a_look(self, tmp_path: Path) -> None:
        ledger = tmp_path / "looks.jsonl"
        ledger.write_text('{"test": "key", "comparison": "a"}\n')
        assert look_at(ledger, "key", "b") == (2, True)

    def test_a_whole_line_is_synced(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        synced = []
        monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
        ledger = tmp_path / "looks.jsonl"
        look_at(ledger, "key", "a")
        first = ledger.stat().st_size
        look_at(ledger, "key", "b")
        assert synced == [first, ledger.stat().st_size]

    def test_many_at_once(self, tmp_path: Path) -> None:
        ledger = tmp_path / "looks.jsonl"
        context = multiprocessing.get_context("spawn")
        others = [context.Process(target=_look_often, args=(ledger, name)) for name in "ab"]
        for other in others:
            other.start()
        for other in others:
            other.join(timeout=60)
        assert [other.exitcode for other in others] == [0, 0]
        # Who sees half of another's line takes it for one cut short, and leaves an empty line.
        lines = filter(None, ledger.read_text().splitlines())
        rows = [json.loads(line)["comparison"] for line in lines]
        assert sorted(rows) == sorted(f"{name}{number}" for name in "ab" for number in range(100))
        assert [look_at(ledger, "key", each)[0] for each in rows] == list(range(1, 201))


def _look_often(ledger: Path, name: str) -> None:
    for number in range(100):
        assert record_look(ledger, Look("key", f"{name}{number}")).recorded


class TestKey:
    def test_bytes_count_and_neither_names_nor_order_nor_repetition(self, tmp_path: Path) -> None:
        first, second = photo(tmp_path / "1.png", 1), photo(tmp_path / "2.png", 2)
        key = looks.test_key([sample(first), sample(second)])
        moved = [sample(first.rename(tmp_path / "z.png")), sample(second), sample(second)]
        assert looks.test_key(reversed(moved)) == key
        assert looks.test_key(moved[:1]) != key
        assert len(key) == 64

    def test_the_manifest_knows_the_hash(self, tmp_path: Path) -> None:
        assert looks.test_key([sample(tmp_path / "absent.png", "ab")]) == looks.test_key(
            [sample(tmp_path / "other.png", "ab")]
        )
        with pytest.raises(TableError, match=r"absent\.png cannot be read"):
            looks.test_key([sample(tmp_path / "absent.png")])

    def test_it_is_the_same_on_every_machine(self) -> None:
        tests = [sample(Path(name), name) for name in ("c", "a", "d", "b", "e")]
        assert looks.test_key(tests) == hashlib.sha256(b"a\nb\nc\nd\ne").hexdigest()


class TestLedger:
    def test_in_the_build(self, tmp_path: Path) -> None:
        (tmp_path / ".augbuild").mkdir()
        expected = tmp_path / ".augbuild" / "looks.jsonl"
        assert build_ledger(tmp_path / "manifest.jsonl") == build_ledger(tmp_path) == expected

    @pytest.mark.parametrize("state", ["", "state"])
    def test_for_any_other_table(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
    ) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", state and str(tmp_path / state))
        monkeypatch.setenv("HOME", str(tmp_path))
        base = tmp_path / (state or ".local/state")
        assert build_ledger(tmp_path / "table.csv") == base / "augbuild" / "looks.jsonl"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_for_a_read_only_build(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        (tmp_path / ".augbuild").mkdir(mode=0o555)
        assert (
            build_ledger(tmp_path / "manifest.jsonl")
            == tmp_path / "state" / "augbuild" / "looks.jsonl"
        )

    def test_where_the_state_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / ".augbuild").touch()
        assert build_ledger(tmp_path) == user_ledger()
        assert build_ledger(tmp_path / "absent" / "table.csv") == user_ledger()


class TestEverywhere:
    def test_both_ledgers_have_it_and_the_larger_number_counts(self, tmp_path: Path) -> None:
        first, second = tmp_path / "1", tmp_path / "2"
        for build in (first, second):
            (build / ".augbuild").mkdir(parents=True)
        assert look_everywhere(first, "key", "a") == (1, True)
        assert look_everywhere(second, "key", "b") == (2, True), "the user's has two"
        assert look_at(build_ledger(second), "key", "c") == (2, True)
        user_ledger().unlink()
        assert look_everywhere(second, "key", "d") == (3, True), "the build's has 3"
        assert look_everywhere(second, "key", "d") == (3, True), "no other look"

    def test_without_a_build_the_users_has_it_alone(self, tmp_path: Path) -> None:
        assert look_everywhere(tmp_path, "key", "a") == (1, True)
        assert len(user_ledger().read_text(encoding="utf-8").splitlines()) == 1

    @pytest.mark.parametrize("damaged", ["build", "user", "both"])
    def test_one_ledger_that_can_be_written_is_enough(
        self, damaged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        build, state = tmp_path / "build", tmp_path / "state"
        (build / ".augbuild").mkdir(parents=True)
        monkeypatch.setenv("XDG_STATE_HOME", str(state / "below"))
        if damaged in {"user", "both"}:
            state.touch()
        if damaged in {"build", "both"}:
            build_ledger(build).mkdir()
        look = look_everywhere(build, "key", "a")
        assert look == (1, damaged != "both")


def test_earlier_looks_tell_their_design_and_seeds(tmp_path: Path) -> None:
    ledger = tmp_path / "looks.jsonl"
    ledger.write_text(f"{row('key', 'of version 0.1')}\n", encoding="utf-8")
    first = record_look(ledger, Look("key", "a", design="d", seeds=3))
    assert first.earlier == (Looked("of version 0.1", 0),)
    second = record_look(ledger, Look("key", "b", design="d", seeds=10))
    assert second.earlier == (Looked("of version 0.1", 0), Looked("d", 3))
    again = record_look(ledger, Look("key", "a", design="d", seeds=3))
    assert again == first, "what came after it does not count"
