"""The benchmark of the parent: it builds, and then finds nothing to do."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks.parent import main


def test_the_cost_of_both_runs_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["parent", "--tasks", "30", "--variants", "1"])
    main()
    found = json.loads(capsys.readouterr().out)
    first, second = found["first"], found["second"]
    assert first["made"] == first["outputs"] == second["outputs"] == 50
    assert second["made"] == 0
    assert first["parent_us_an_output"] > second["parent_us_an_output"] > 0
