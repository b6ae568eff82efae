"""Lines of keys: found in every way of writing them, and in bounded time in any text."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augbuild.core.text import join_key
from augbuild.core.toml_lines import find_lines

DOCUMENT = '''\
# a comment, and = a [list] in it
name = "x" # [another]

"a \\" b"."c.d" = """
seed = 1
""""
[ source ]
path = 'p # no comment'
[source.columns]
path = """x""\\""""
[[transforms]]
op = "rotate"
degrees = { uniform = [
    -30,   # to the left
    30] }
[[transforms]]
some_of.x = 1
from = [
    { op = "blur" },
    { op = "hflip", p = [1, 2,
        3] },
    [[1,
        { y = 1 }]],
]
[[transforms.inner]]
y = 2020-01-01 10:00:00
[[transforms.inner]]
[transforms.inner.deep]
y = 2
[top]
y = 3
'''

LINES = {
    "name": 2,
    '"a \\" b"': 4,
    '"a \\" b"."c.d"': 4,
    "source": 7,
    "source.path": 8,
    "source.columns": 9,
    "source.columns.path": 10,
    "transforms": 11,
    "transforms[0]": 11,
    "transforms[0].op": 12,
    "transforms[0].degrees": 13,
    "transforms[0].degrees.uniform": 13,
    "transforms[0].degrees.uniform[0]": 14,
    "transforms[0].degrees.uniform[1]": 15,
    "transforms[1]": 16,
    "transforms[1].some_of": 17,
    "transforms[1].some_of.x": 17,
    "transforms[1].from": 18,
    "transforms[1].from[0]": 19,
    "transforms[1].from[0].op": 19,
    "transforms[1].from[1]": 20,
    "transforms[1].from[1].op": 20,
    "transforms[1].from[1].p": 20,
    "transforms[1].from[1].p[2]": 21,
    "transforms[1].from[2]": 22,
    "transforms[1].from[2][0]": 22,
    "transforms[1].from[2][0][1]": 23,
    "transforms[1].from[2][0][1].y": 23,
    "transforms[1].inner": 25,
    "transforms[1].inner[0]": 25,
    "transforms[1].inner[0].y": 26,
    "transforms[1].inner[1]": 27,
    "transforms[1].inner[1].deep": 28,
    "transforms[1].inner[1].deep.y": 29,
    "top": 30,
    "top.y": 31,
}


def test_every_way_of_writing_a_key() -> None:
    tomllib.loads(DOCUMENT)
    assert find_lines(DOCUMENT) == LINES


@pytest.mark.parametrize(
    "string",
    ['""""""', "''''''", '"""a"""""', "'''a'''''", '"""\n\\"""\n"""', "'''\n\"\"\"\n'''", '"\\\\"'],
)
def test_strings_end_where_toml_ends_them(string: str) -> None:
    document = f"a = {string}\nb = [{string}, {string}]\nc = 1"
    tomllib.loads(document)
    last = document.count("\n") + 1
    assert find_lines(document)["c"] == last


def test_what_is_before_a_mistake_is_found() -> None:
    assert find_lines("a = 1\n[b]\nc = \nd = 1") == {"a": 1, "b": 2, "b.c": 3}
    assert find_lines("") == {}


class Writer:
    """A writer of TOML that notes the line on which it writes each key."""

    def __init__(self, breaks: st.DataObject) -> None:
        self.breaks = breaks
        self.text = ""
        self.lines: dict[str, int] = {}

    def note(self, path: str) -> None:
        self.lines[path] = self.text.count("\n") + 1

    def blank(self) -> None:
        self.text += self.breaks.draw(st.sampled_from(["", " ", "\n", " # x, ] }\n\n\t"]))

    def write_table(self, table: Mapping[str, object], path: str) -> None:
        later = []
        for key, value in table.items():
            inner = join_key(path, key)
            is_table = isinstance(value, dict) or (
                isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
            )
            if is_table and self.breaks.draw(st.booleans()):
                later.append((inner, value))  # as a table of its own, after the plain keys
                continue
            self.note(inner)
            self.text += f"{join_key('', key)} = "
            self.write_value(value, inner)
            self.text += "\n"
        for inner, value in later:
            for number, each in enumerate(value if isinstance(value, list) else [value]):
                self.write_header(inner, each, number if isinstance(value, list) else None)

    def write_header(self, path: str, table: Mapping[str, object], number: int | None) -> None:
        self.blank()
        self.text += "\n"
        # A header names no numbers: it means the last table of each list on the way.
        name = "".join(part.partition("]")[2] if "]" in part else part for part in path.split("["))
        if number:
            self.note(join_key(path, number))
        else:
            self.note(path)
        inner = path if number is None else join_key(path, number)
        self.lines.setdefault(inner, self.text.count("\n") + 1)
        self.text += f"[{name}]\n" if number is None else f"[[{name}]]\n"
        self.write_table(table, inner)

    def write_value(self, value: object, path: str) -> None:
        if isinstance(value, list):
            self.text += "["
            for index, each in enumerate(value):
                self.blank()
                self.note(join_key(path, index))
                self.write_value(each, join_key(path, index))
                self.blank()
                self.text += ","
            self.text += "]"
        elif isinstance(value, dict):
            pairs = list(value.items())
            self.text += "{ "
            for number, (key, each) in enumerate(pairs):
                self.text += ", " if number else ""
                self.note(join_key(path, key))
                self.text += f"{join_key('', key)} = "
                self.write_value(each, join_key(path, key))
            self.text += " }"
        else:
            self.text += str(value)


SCALARS = st.sampled_from(["1", "-2.5", "true", '"a#]"', "'''\n[x]\n'''", "1979-05-27T07:32:00Z"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from("abcdef"), VALUES, max_size=6), st.data())
def test_lines_are_those_on_which_keys_were_written(
    table: dict[str, object], data: st.DataObject
) -> None:
    writer = Writer(data)
    writer.write_table(table, "")
    tomllib.loads(writer.text)
    found = find_lines(writer.text)
    for path, line in writer.lines.items():
        outer = path
        # What is on the line of the list around it may be missing.
        while outer not in found and outer.endswith("]"):
            outer = outer.rpartition("[")[0]
        assert found[outer] == line, path
    assert found.keys() <= writer.lines.keys()


@settings(max_examples=300)
@given(st.text(st.sampled_from("ab=.[]{}\"'#\n\\ 0,"), max_size=40))
def test_any_text_is_read_to_its_end(text: str) -> None:
    lines = find_lines(text).values()
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        "a = [" + "1," * 100_000 + "]",
        '"' * 200_000,
        "a = '''" + "'" * 200_000,
        'a = "' + "\\" * 200_000,
        "[[" * 100_000,
        "[a.b.c]\n" * 20_000,
    ],
    ids=["list", "quotes", "literal", "backslashes", "brackets", "headers"],
)
def test_hostile_texts_take_linear_time(text: str) -> None:
    start = time.process_time()
    find_lines(text)
    assert time.process_time() - start < 5
