"""As much of YAML as a data.yaml needs; what is more is refused with the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.sources.boxes.formats.yaml import read_yaml

KEYS = ("path", "train", "val", "names")


def read(folder: Path, text: str) -> dict[str, object]:
    file = folder / "data.yaml"
    file.write_text(text)
    return dict(read_yaml(file, KEYS))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("names: [cat, dog]", ["cat", "dog"]),
        ("names: ['cat', \"dog\"]  # two", ["cat", "dog"]),
        (
            "names: ['driver''s hat', traffic light, it's]",
            ["driver's hat", "traffic light", "it's"],
        ),
        ("names: [ 'cat',\n         'dog' ]\nnc: 2", ["cat", "dog"]),
        ("names: [\n  cat,\n  dog,\n]\nnc: 2", ["cat", "dog"]),
        ("names: ['a, b', \"c # d\"]", ["a, b", "c # d"]),
        ("names: []", []),
        ("names:\n- cat\n- dog\nnc: 2", ["cat", "dog"]),
        ("names:\n  - cat  # the first\n\n  # and\n  - 'dog'\n", ["cat", "dog"]),
        ("names:\n  0: cat\n  1: traffic light\n", {"0": "cat", "1": "traffic light"}),
        ("names:\n  0: 'a: b'\n  '1': c", {"0": "a: b", "1": "c"}),
        ("names: {0: cat, 1: 'dog'}", {"0": "cat", "1": "dog"}),
        ("\ufeffnames: cat", "cat"),
    ],
)
def test_classes_in_every_usual_form(tmp_path: Path, text: str, names: object) -> None:
    assert read(tmp_path, text) == {"names": names}


def test_other_keys_are_passed_over_however_they_are_written(tmp_path: Path) -> None:
    text = (
        "# Ultralytics\n---\npath: ../datasets/coco8  # root\ntrain: images/train\nval:\n"
        "roboflow:\n  workspace: x\n  project: {a: [1, 2]}\nkpt_shape: [17, 3]\n"
        "names:\n  0: person\n"
        "download: |\n  from x import y\n  names: [not, these]\n  y('train: no')\n"
    )
    assert read(tmp_path, text) == {
        "path": "../datasets/coco8",
        "train": "images/train",
        "val": {},
        "names": {"0": "person"},
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("nc: 2\nnames: &names [cat]", 2),
        ("names: [cat, [dog]]", 1),
        ("names: [cat, dog", 1),
        ("names:\n  - cat\n  - {dog: 1}", 3),
        ("names:\n  - cat\n    dog", 3),
        ("names:\n  a:\n    b: c", 2),
        ("names:\n  0: cat\n   1: dog", 3),
        ("names: cat\n  and dog", 2),
        ("names: |\n  cat", 2),
        ("names: !!python/object x", 1),
        ('names: "a\\tb"', 1),
        ("names: {0: 'a, b'}", 1),
    ],
)
def test_what_is_not_read_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == (
        f"{tmp_path}/data.yaml: line {line}: names is written in a way that is not read; "
        "write it as a text, or as a list such as names: [cat, dog]"
    )


def test_what_is_no_text_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "data.yaml"
    with pytest.raises(SourceError, match=r"data.yaml cannot be read: No such file"):
        read_yaml(file, KEYS)
    file.write_bytes(b"names: [\xff]")
    with pytest.raises(SourceError, match=r"data.yaml cannot be read: it is not UTF-8"):
        read_yaml(file, KEYS)
