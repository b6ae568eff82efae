"""The config.json of a comparison: read, written, and its key in a ledger."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from augbuild.errors import RunError
from tests.trainer.comparison.fixtures import FOLDS, LAB, STOPPED, change, comparison_config
from trainer.comparison.config import ComparisonConfig, read_config, write_config
from trainer.comparison.design import Budget

WHOLE = structs.replace(comparison_config(LAB), manifests={LAB.manifest: "ab" * 32})

# As version 0.1 wrote it, key by key.
OLD = """{
  "arms": [
    {
      "name": "a",
      "manifest": "m.csv",
      "train_on": null,
      "images": 20,
      "sources": 20,
      "augmented": 0,
      "steps": 3
    },
    {
      "name": "b",
      "manifest": "n.csv",
      "train_on": null,
      "images": 40,
      "sources": 20,
      "augmented": 20,
      "steps": 3
    }
  ],
  "contrasts": [
    [
      "b",
      "a"
    ]
  ],
  "seeds": [
    0
  ],
  "budget": {
    "kind": "steps",
    "number": 3
  },
  "metric": "macro F1",
  "margin": 0.02,
  "folds": false,
  "fit": {
    "batch_size": 8,
    "lr": 0.001,
    "optimizer": "adam",
    "weight_decay": 0.0,
    "schedule": "constant",
    "image_size": 32,
    "arch": "resnet18",
    "weights": "none",
    "precision": "fp32",
    "device": "cpu",
    "compile": false
  },
  "manifests": {
    "m.csv": "1111111111111111111111111111111111111111111111111111111111111111",
    "n.csv": "2222222222222222222222222222222222222222222222222222222222222222"
  },
  "classes": [
    "cäts",
    "dogs"
  ],
  "fold_numbers": [],
  "test": {
    "images": 8,
    "majority": 0.5,
    "per_class": {
      "cäts": 4,
      "dogs": 4
    }
  },
  "threads": 2,
  "versions": {
    "augbuild": "0.1.0"
  },
  "guards": [
    {
      "name": "leak",
      "count": 2,
      "findings": [
        "test image a.png is itself a training image"
      ],
      "overridden": true
    }
  ]
}
"""


def test_what_version_0_1_wrote_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(OLD, encoding="utf-8")
    config = read_config(tmp_path)
    assert config.arms[1].augmented == 20
    assert config.guards[0].count == 2
    assert config.budget == Budget("steps", 3)
    assert (config.arms[0].seen, config.arms[0].constant_loss) == (None, None)
    assert (config.test_groups, config.turns) == ((), "in order")
    write_config(tmp_path, config)
    written = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    old = json.loads(OLD)
    assert {key: written[key] for key in old if key != "arms"} == {
        key: value for key, value in old.items() if key != "arms"
    }
    for before, after in zip(old["arms"], written["arms"], strict=True):
        assert after == {**before, "seen": None, "constant_loss": None}


@pytest.mark.parametrize("plan", [LAB, FOLDS, STOPPED])
def test_what_is_written_is_read(plan: Any, tmp_path: Path) -> None:
    config = comparison_config(plan)
    write_config(tmp_path, config)
    assert read_config(tmp_path) == config


def test_a_later_version_may_have_more_keys(tmp_path: Path) -> None:
    write_config(tmp_path, WHOLE)
    change(tmp_path, lambda values: values.update(new=1), "config.json")
    assert read_config(tmp_path) == WHOLE


def test_guards_stop_it_unless_overridden() -> None:
    config = comparison_config(STOPPED)
    assert config.stopping_guards == config.guards
    overridden = structs.replace(config.guards[0], overridden=True)
    both = structs.replace(config, guards=(overridden, *config.guards))
    assert both.stopping_guards == config.guards


def test_a_seed_has_its_folds_or_none() -> None:
    assert comparison_config(LAB).folds_of_a_seed == (None,)
    assert comparison_config(FOLDS).folds_of_a_seed == (0, 1, 2, 3)


class TestKey:
    def test_is_that_of_version_0_1(self, tmp_path: Path) -> None:
        """Another one would count a comparison that is resumed as a second look."""
        (tmp_path / "config.json").write_text(OLD, encoding="utf-8")
        assert read_config(tmp_path).key == "1aacd24616a40d225732133c11bd85e1"

    def test_does_not_depend_on_where_the_manifests_are(self) -> None:
        arms = tuple(structs.replace(arm, manifest="elsewhere") for arm in WHOLE.arms)
        moved = structs.replace(WHOLE, arms=arms, manifests={"elsewhere": "ab" * 32})
        assert moved.key == WHOLE.key

    @pytest.mark.parametrize(
        "changes",
        [
            {"manifests": {LAB.manifest: "cd" * 32}},
            {"arms": WHOLE.arms[::-1]},
            {"contrasts": WHOLE.contrasts[:1]},
            {"seeds": (1,)},
            {"budget": Budget("steps", 9)},
            {"budget": Budget("epochs", 110)},
            {"metric": "macro F1"},
            {"margin": 0.03},
            {"folds": True},
            {"fit": structs.replace(WHOLE.fit, lr=0.5)},
            {"classes": ("dogs", "cats")},
        ],
    )
    def test_depends_on_all_that_was_declared(self, changes: dict[str, Any]) -> None:
        assert structs.replace(WHOLE, **changes).key != WHOLE.key

    @pytest.mark.parametrize(
        "changes", [{"threads": 9}, {"versions": {}}, {"guards": comparison_config(STOPPED).guards}]
    )
    def test_does_not_depend_on_the_machine(self, changes: dict[str, Any]) -> None:
        assert structs.replace(WHOLE, **changes).key == WHOLE.key


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("arms", [], "arms must be a list of length >= 1 (got [])"),
        ("seeds", [], "seeds must be a list of length >= 1 (got [])"),
        ("contrasts", [["augmented"]], "contrasts[0] must be a list of length 2"),
        (
            "contrasts",
            [["augmented", "nobody"]],
            "contrasts names the arm 'nobody', which is not in arms",
        ),
        ("budget", None, "budget must be an object (got null)"),
        ("budget", {"kind": "steps", "number": 0}, "budget.number must be a whole number >= 1"),
        ("metric", "AUC", 'metric cannot be "AUC"'),
        ("margin", 2, "margin must be a number <= 1.0 (got 2)"),
        ("threads", 0, "threads must be a whole number >= 1 (got 0)"),
        ("manifests", {"m": "../etc"}, "manifests"),
        ("classes", [], "classes must be a list of length >= 1"),
        ("guards", [{"name": "leak"}], "guards[0] lacks 'count'"),
    ],
)
def test_a_wrong_value_is_one_sentence(
    path: str, value: object, message: str, tmp_path: Path
) -> None:
    write_config(tmp_path, WHOLE)
    change(tmp_path, lambda values: values.update({path: value}), "config.json")
    with pytest.raises(RunError, match=re.escape(message)) as caught:
        read_config(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'config.json'}: ")
    assert "\n" not in str(caught.value)


def test_threads_were_not_always_written(tmp_path: Path) -> None:
    write_config(tmp_path, WHOLE)
    change(tmp_path, lambda values: values.pop("threads"), "config.json")
    assert read_config(tmp_path).threads == 1


def test_it_may_be_missing(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"config\.json does not exist"):
        read_config(tmp_path)


def test_json_has_the_keys_in_their_old_order(tmp_path: Path) -> None:
    write_config(tmp_path, WHOLE)
    written = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    later = ["test_groups", "turns", "max_seeds", "recipes"]
    assert list(written) == [*json.loads(OLD), *later] == list(ComparisonConfig.__struct_fields__)
