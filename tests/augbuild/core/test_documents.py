"""Documents: what is read back, and one sentence with file, place and reason for what is not."""

from __future__ import annotations

import io
import json
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from augbuild.core import documents
from augbuild.core.documents import (
    decode,
    decode_lines,
    encode,
    read_document,
    read_lines,
    to_plain,
)
from augbuild.core.text import join_key
from augbuild.errors import AugbuildError, ManifestError


class Image(Struct, frozen=True, forbid_unknown_fields=True):
    """A row of a file of lines."""

    name: str
    width: Annotated[int, Meta(ge=1)]
    split: Literal["train", "test"] = "train"
    score: float | None = None


class Album(Struct, frozen=True):
    """A document with a list, and dictionaries within a dictionary."""

    images: tuple[Image, ...] = ()
    counts: dict[str, dict[str, int]] = {}
    folds: dict[int, int] = {}
    root: Path | None = None

    def __post_init__(self) -> None:
        """Check that one rule of its own holds."""
        if len(self.folds) > 2:
            raise ValueError("There are more than 2 folds")


_names = st.text(st.characters(exclude_categories=["Cs"]))  # no half surrogate pairs
_images = st.builds(
    Image,
    name=_names,
    width=st.integers(1, 2**63),
    split=st.sampled_from(["train", "test"]),
    score=st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
_albums = st.builds(
    Album,
    images=st.lists(_images).map(tuple),
    counts=st.dictionaries(_names, st.dictionaries(_names, st.integers(-(2**40), 2**40))),
    folds=st.dictionaries(st.integers(0, 9), st.integers(0, 9), max_size=2),
    root=st.none(),
)


@given(_albums)
def test_documents_survive_writing_and_reading(album: Album) -> None:
    written = encode(album)
    assert decode(written, Album, "album.json", ManifestError) == album
    assert encode(decode(written, Album, "album.json", ManifestError)) == written


@given(_albums)
def test_bytes_are_those_of_the_json_module(album: Album) -> None:
    plain = to_plain(album)
    assert encode(album) == (json.dumps(plain, ensure_ascii=False) + "\n").encode()
    assert (
        encode(album, indent=2) == (json.dumps(plain, ensure_ascii=False, indent=2) + "\n").encode()
    )


def test_paths_are_written_as_text() -> None:
    assert json.loads(encode(Album(root=Path("a/b"))))["root"] == "a/b"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_no_reader_takes_are_not_written(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(Image("a", 1, score=number))


FAULTS = {
    "missing": ('{"images": [{"name": "a"}]}', "images[0] lacks 'width'"),
    "missing at the top": ("{}", "x.json lacks 'name'"),
    "unknown": (
        '{"images": [{"name": "a", "width": 1, "hight": 2}]}',
        "images[0] has a key that is not augbuild's: 'hight'",
    ),
    "type": (
        '{"images": [{"name": 5, "width": 1}]}',
        "images[0].name must be a text (got 5)",
    ),
    "second of a list": (
        '{"images": [{"name": "a", "width": 1}, {"name": "b", "width": "1"}]}',
        'images[1].width must be a whole number (got "1")',
    ),
    "range": (
        '{"images": [{"name": "a", "width": 0}]}',
        "images[0].width must be a whole number >= 1 (got 0)",
    ),
    "float for int": (
        '{"images": [{"name": "a", "width": 1.5}]}',
        "images[0].width must be a whole number (got 1.5)",
    ),
    "bool for int": (
        '{"images": [{"name": "a", "width": true}]}',
        "images[0].width must be a whole number (got true)",
    ),
    "union": (
        '{"images": [{"name": "a", "width": 1, "score": "high"}]}',
        'images[0].score must be a number or null (got "high")',
    ),
    "choice": (
        '{"images": [{"name": "a", "width": 1, "split": "dev"}]}',
        'images[0].split cannot be "dev"',
    ),
    "list": ('{"images": {}}', "images must be a list (got {})"),
    "object": ("[]", "x.json must be an object (got [])"),
    "long value": (
        f'{{"images": "{"y" * 500}"}}',
        f'images must be a list (got "{"y" * 78}…)',
    ),
    "rule of its own": (
        '{"folds": {"1": 1, "2": 2, "3": 3}}',
        "x.json: there are more than 2 folds",
    ),
    "key of a dictionary": (
        '{"counts": {"train": {"a": 1, "b": 2}, "test": {"a": 3, "cats": -0.5, "c": 4}}}',
        "counts.test.cats must be a whole number (got -0.5)",
    ),
    "key with a dot": (
        '{"counts": {"a.b": {}, "c d": 7}}',
        'counts."c d" must be an object (got 7)',
    ),
    "first key": ('{"counts": {"a": 1, "b": {}}}', "counts.a must be an object (got 1)"),
    "last key": (
        '{"counts": {"a": {}, "b": {}, "c": 1}}',
        "counts.c must be an object (got 1)",
    ),
    "equal faults": (
        '{"counts": {"a": {}, "b": 1, "c": 1, "d": {}}}',
        "counts.b must be an object (got 1)",
    ),
    "letters beyond ascii": (
        '{"counts": {"größe": "ä"}}',
        'counts."größe" must be an object (got "ä")',
    ),
    "a key beyond ascii": (
        '{"folds": {"ä": 1}}',
        'folds: the key "ä" must be a whole number (got "ä")',
    ),
    "the key itself": (
        '{"folds": {"1": 2, "first": 1}}',
        'folds: the key "first" must be a whole number (got "first")',
    ),
    "a number beyond all": (
        f'{{"images": [{{"name": "a", "width": {"1" * 5000}}}]}}',
        "images[0].width: integer value out of range",
    ),
    "a float beyond all": (
        '{"images": [{"name": "a", "width": 1, "score": 1e999}]}',
        "images[0].score: number out of range",
    ),
    "a number beyond all under a key": (
        f'{{"counts": {{"a": {{"b": {"1" * 5000}}}}}}}',
        "counts[...][...]: integer value out of range",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_named_with_its_place(name: str) -> None:
    content, message = FAULTS[name]
    kind: type[Struct] = Image if name == "missing at the top" else Album
    with pytest.raises(ManifestError) as caught:
        decode(content, kind, "x.json", ManifestError)
    text = str(caught.value)
    assert text.removeprefix("x.json: ") == message or text == message


@given(
    st.dictionaries(_names, st.dictionaries(_names, st.integers(0, 9)), min_size=1),
    st.data(),
)
def test_wrong_value_in_a_dictionary_is_found(
    counts: dict[str, dict[str, object]], data: st.DataObject
) -> None:
    outer = data.draw(st.sampled_from(sorted(counts)))
    inner = data.draw(_names)
    counts[outer][inner] = "wrong"
    content = json.dumps({"counts": counts})
    with pytest.raises(ManifestError) as caught:
        decode(content, Album, "x.json", ManifestError)
    path = join_key(join_key("counts", outer), inner)
    assert str(caught.value) == f'x.json: {path} must be a whole number (got "wrong")'


NOT_JSON = {
    "empty": b"",
    "cut": b'{"images": [',
    "nan": b'{"images": [{"name": "a", "width": 1, "score": NaN}]}',
    "half a surrogate pair": rb'{"images": [{"name": "\ud800", "width": 1}]}',
    "not utf-8": b'{"images": [{"name": "\xff", "width": 1}]}',
    "deep": b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep after a fault": b'{"images": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "cut after a fault": b'{"images": 1, "x"',
    "two documents": b"{} {}",
}


@pytest.mark.parametrize("name", NOT_JSON)
def test_text_that_is_not_json_is_one_sentence(name: str) -> None:
    with pytest.raises(ManifestError, match=r"^x\.json is not JSON$"):
        decode(NOT_JSON[name], Album, "x.json", ManifestError)


@given(st.text() | st.binary())
def test_any_text_is_a_document_or_one_of_our_errors(content: str | bytes) -> None:
    with suppress(ManifestError):
        decode(content, Album, "x.json", ManifestError)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _names,
    lambda inner: st.lists(inner) | st.dictionaries(_names, inner),
)


@given(st.dictionaries(st.sampled_from(["images", "counts", "folds", "root"]), _json))
def test_any_json_is_a_document_or_one_of_our_errors(content: dict[str, object]) -> None:
    text = json.dumps(content)
    with suppress(ManifestError):
        decode(text, Album, "x.json", ManifestError)


def test_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "image.json"
    path.write_bytes(encode(Image("ä", 3)))
    assert read_document(path, Image, ManifestError) == Image("ä", 3)


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"gone\.json does not exist$"):
        read_document(tmp_path / "gone.json", Image, ManifestError)
    with pytest.raises(ManifestError, match=rf"^{tmp_path} cannot be read: Is a directory$"):
        read_document(tmp_path, Image, ManifestError)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ManifestError, match=r"pipe cannot be read: not a regular file$"):
        read_document(tmp_path / "pipe", Image, ManifestError)


def test_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "image.json"
    content = encode(Image("a", 3))
    path.write_bytes(content)
    monkeypatch.setattr(documents, "MAX_DOCUMENT_BYTES", len(content))
    assert read_document(path, Image, ManifestError).width == 3
    monkeypatch.setattr(documents, "MAX_DOCUMENT_BYTES", len(content) - 1)
    with pytest.raises(ManifestError, match=r"cannot be read: has 59 bytes; at most 58 are read"):
        read_document(path, Image, ManifestError)


@given(st.lists(_images))
def test_lines_survive_writing_and_reading(images: list[Image]) -> None:
    content = b"".join(map(encode, images))
    assert list(decode_lines(io.BytesIO(content), Image, "rows", ManifestError)) == images


def test_lines_end_at_newlines_only(tmp_path: Path) -> None:
    images = [Image("a\u2028b", 1), Image("c\u0085d", 2), Image("e\ff", 3)]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"".join(map(encode, images)))
    assert len(path.read_text(encoding="utf-8").splitlines()) > 3
    assert list(read_lines(path, Image, ManifestError)) == images


def test_last_line_needs_no_newline(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(encode(Image("a", 1)) + encode(Image("b", 2)).rstrip())
    assert [image.name for image in read_lines(path, Image, ManifestError)] == ["a", "b"]


def test_faults_of_lines_name_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(encode(Image("a", 1)) + b'{"name": "b"}\n')
    with pytest.raises(ManifestError, match=r"rows\.jsonl: row 2 lacks 'width'$"):
        list(read_lines(path, Image, ManifestError))
    path.write_bytes(encode(Image("a", 1)) + b"\n")
    with pytest.raises(ManifestError, match=r"rows\.jsonl: row 2 is not JSON$"):
        list(read_lines(path, Image, ManifestError))
    monkeypatch.setattr(documents, "MAX_LINE_BYTES", len(encode(Image("a", 1))))
    path.write_bytes(encode(Image("a", 1)) + encode(Image("bb", 1)))
    with pytest.raises(ManifestError, match=r"rows\.jsonl: row 2 has over 59 bytes$"):
        list(read_lines(path, Image, ManifestError))


def test_lines_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"gone\.jsonl does not exist$"):
        list(read_lines(tmp_path / "gone.jsonl", Image, ManifestError))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ManifestError, match=r"pipe cannot be read: not a regular file$"):
        list(read_lines(tmp_path / "pipe", Image, ManifestError))


def test_what_is_read_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "image.json"
    path.write_bytes(encode(Image("a", 1)))
    with caplog.at_level("DEBUG", "augbuild"):
        read_document(path, Image, ManifestError)
        list(read_lines(path, Image, ManifestError))
    assert caplog.messages == [f"read {path}, 59 bytes", f"reading {path}"]


def test_error_is_of_the_kind_asked_for() -> None:
    with pytest.raises(AugbuildError) as caught:
        decode("[]", Image, "x.json", AugbuildError)
    assert type(caught.value) is AugbuildError
