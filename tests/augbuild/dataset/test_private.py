"""The documents in .augbuild: who builds there, and who did last."""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
import time
from pathlib import Path

import pytest

from augbuild.dataset.private import (
    Holder,
    known_rate,
    name_holder,
    read_holder,
    read_last_run,
    write_holder,
    write_last_run,
)
from augbuild.errors import OutputError

NOBODY = 4194304  # one above the largest process id of Linux


def test_this_process_signs(tmp_path: Path) -> None:
    write_holder(tmp_path)
    assert read_holder(tmp_path) == Holder(os.getpid(), platform.node())
    assert json.loads((tmp_path / "holder.json").read_bytes()) == {
        "pid": os.getpid(),
        "host": platform.node(),
    }


@pytest.mark.parametrize(
    ("holder", "gone"),
    [
        (Holder(os.getpid(), platform.node()), False),
        (Holder(1, platform.node()), False),
        (Holder(NOBODY, platform.node()), True),
        (Holder(NOBODY, "far away"), False),
        (Holder(2**70, platform.node()), False),
    ],
    ids=["this process", "another user's", "ended", "another machine's", "no process"],
)
def test_a_process_is_gone_where_that_is_certain(holder: Holder, gone: bool) -> None:
    assert holder.is_gone() is gone


def sign(private: Path, content: str) -> None:
    text = content.replace("HERE", platform.node())
    (private / "holder.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("signature", "named"),
    [
        (None, "another process"),
        ("", "another process"),
        ("[1]", "another process"),
        ('{"pid": "x", "host": "y"}', "another process"),
        (f'{{"pid": {NOBODY}, "host": "HERE"}}', "another process"),
        ('{"pid": 1, "host": "HERE"}', f"process 1 on {platform.node()!r}"),
        (f'{{"pid": {NOBODY}, "host": "far away"}}', f"process {NOBODY} on 'far away'"),
    ],
    ids=["none", "cut", "no object", "no number", "ended", "another user's", "another machine"],
)
def test_a_holder_is_named_if_it_may_be_the_one(
    tmp_path: Path, signature: str | None, named: str
) -> None:
    if signature is not None:
        sign(tmp_path, signature)
    assert name_holder(tmp_path) == named


@pytest.mark.parametrize("before", [f'{{"pid": {NOBODY}, "host": "gone"}}', "", '{"pid": 1'])
def test_a_holder_that_has_not_signed_yet_is_waited_for(tmp_path: Path, before: str) -> None:
    sign(tmp_path, before)
    later = threading.Timer(0.2, write_holder, [tmp_path])
    later.start()
    assert name_holder(tmp_path) == f"process {os.getpid()} on {platform.node()!r}"
    later.join()


def test_only_a_holder_that_is_certain_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    write_holder(tmp_path)
    name_holder(tmp_path)
    assert waits == []
    sign(tmp_path, f'{{"pid": {NOBODY}, "host": "far away"}}')
    name_holder(tmp_path)
    assert 0.5 <= sum(waits) <= 2


def test_the_last_run_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["augbuild", "make", "my recipe.toml", "ü", "\udcff\n"])
    write_last_run(tmp_path, 0.0, made=0)
    run = read_last_run(tmp_path)
    assert run.command == "augbuild make 'my recipe.toml' 'ü' '\\udcff\\n'"
    assert (run.host, run.started) == (platform.node(), "1970-01-01T00:00:00+00:00")
    assert run.ended > "2020"
    assert run.images_per_second is None


def test_the_rate_is_of_the_last_run_that_made_many(tmp_path: Path) -> None:
    assert known_rate(tmp_path) is None
    write_last_run(tmp_path, time.time() - 100, made=50)
    rate = known_rate(tmp_path)
    assert rate == pytest.approx(0.5, rel=0.1)
    for made in (0, 49):
        write_last_run(tmp_path, time.time() - 1, made=made)
        assert known_rate(tmp_path) == rate
    write_last_run(tmp_path, time.time() - 100, made=200)
    assert known_rate(tmp_path) == pytest.approx(2, rel=0.1)


def test_another_machine_has_another_rate(tmp_path: Path) -> None:
    write_last_run(tmp_path, time.time() - 100, made=50)
    path = tmp_path / "last-run.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "host": "another"}))
    assert known_rate(tmp_path) is None


def test_what_is_no_document_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"holder\.json does not exist"):
        read_holder(tmp_path)
    (tmp_path / "last-run.json").write_text("{}")
    with pytest.raises(OutputError, match=r"last-run\.json lacks 'command'"):
        read_last_run(tmp_path)
