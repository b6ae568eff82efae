"""What the commands print goes through one escape."""

from __future__ import annotations

import json

import pytest
from msgspec import Struct

from augbuild.cli.output import echo, echo_json, print_counts, print_table, print_warnings


class _Point(Struct, frozen=True):
    x: int
    y: str | None = None


def test_lines_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    echo("a\x1b[2Jb\nc")
    echo("d\x1b", err=True)
    assert capsys.readouterr() == ("a\\x1b[2Jb\nc\n", "d\\x1b\n")


@pytest.mark.parametrize("value", [{"a": [1, None, "ä\x1b\n"]}, [], {}])
def test_json_is_one_line_that_reads_back(
    value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    echo_json(value)
    printed = capsys.readouterr().out
    assert json.loads(printed) == value
    assert printed.count("\n") == 1
    assert printed.isascii()


def test_structs_are_printed_as_their_documents(capsys: pytest.CaptureFixture[str]) -> None:
    echo_json(_Point(1))
    assert capsys.readouterr().out == '{"x": 1, "y": null}\n'


def test_warnings_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    print_warnings(["one", "t\x1bwo"])
    assert capsys.readouterr() == ("", "warning: one\nwarning: t\\x1bwo\n")


def test_counts_have_a_line_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    print_counts({"train": {"cats": 1200, "do\x1bgs": 34}, "test": {}})
    assert capsys.readouterr().out == (
        "train               1,234   cats 1,200, do\\x1bgs 34\ntest                    0   \n"
    )


def test_many_classes_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    print_counts({"train": {f"c{number}": 1 for number in range(10)}})
    assert capsys.readouterr().out.endswith("c8 1, c9 1\n")
    print_counts({"train": {f"c{number}": 1 for number in range(1012)}})
    assert capsys.readouterr().out == (
        "train               1,012   c0 1, c1 1, c2 1, c3 1, c4 1, c5 1, c6 1, c7 1, c8 1, c9 1"
        " and 1,002 more classes\n"
    )


def test_a_table_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([["class", "n"], ["a", "1,204"], ["bc", "7"]])
    assert capsys.readouterr().out == "class      n\na      1,204\nbc         7\n"
