"""Options of a run: ranges, choices, TOML, and messages that name the option or the file's key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augbuild.core.documents import encode
from augbuild.errors import UsageError
from tests.trainer.fixtures import FAST_ARCH, TINY
from trainer.data.samples import SourceOptions
from trainer.training.config import FitConfig, as_option, differing_options, make_config


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epochs": 0}, "--epochs must be a whole number from 1 to 100,000 (got 0)"),
        ({"epochs": 100_001}, "--epochs must be a whole number from 1 to 100,000 (got 100001)"),
        ({"steps": 0}, "--steps must be a whole number from 1 to 1,000,000,000 (got 0)"),
        ({"epochs": True}, "--epochs must be a whole number from 1 to 100,000 (got true)"),
        ({"batch_size": 0}, "--batch-size must be a whole number from 1 to 1,000,000 (got 0)"),
        ({"image_size": 15}, "--image-size must be a whole number from 16 to 4,096 (got 15)"),
        ({"image_size": 4097}, "--image-size must be a whole number from 16 to 4,096 (got 4097)"),
        ({"seed": -1}, "--seed must be a whole number from 0 to 2,147,483,647 (got -1)"),
        ({"fold": -1}, "--fold must be a whole number from 0 to 10,000 (got -1)"),
        ({"lr": float("nan")}, "--lr must be a number from 1e-12 to 1000 (got nan)"),
        ({"lr": 0}, "--lr must be a number from 1e-12 to 1000 (got 0)"),
        ({"lr": "fast"}, '--lr must be a number from 1e-12 to 1000 (got "fast")'),
        ({"weight_decay": -0.1}, "--weight-decay must be a number from 0 to 1000 (got -0.1)"),
        ({"holdout": 0.91}, "--holdout must be a number from 0 to 0.9 (got 0.91)"),
        ({"precision": "fp8"}, '--precision must be one of auto, bf16, fp32 (got "fp8")'),
        ({"optimizer": "lamb"}, '--optimizer must be one of adam, adamw, sgd (got "lamb")'),
        ({"schedule": "step"}, '--schedule must be one of constant, cosine (got "step")'),
        (
            {"train_on": "all"},
            "--train-on must be one of augmented, original, original+augmented, placebo "
            '(got "all")',
        ),
        ({"compile": 1}, "--compile must be true or false (got 1)"),
        ({"arch": 18}, "--arch must be a text (got 18)"),
        ({"epocs": 3}, "--epocs is not an option of trainer fit; did you mean 'epochs'?"),
        ({"manifest": None}, "--manifest is missing; --help shows examples"),
    ],
)
def test_wrong_option_is_a_sentence(given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_config({"manifest": "m.csv", **given})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "first", "second"),
    [
        ({"holdout": 0.2, "test_manifest": "t.csv"}, "--holdout", "--test-manifest"),
        ({"holdout": 0.2, "fold": 0}, "--holdout", "--fold"),
        ({"test_manifest": "t.csv", "fold": 0}, "--test-manifest", "--fold"),
        ({"holdout": 0.2, "test_split": "validation"}, "--holdout", "--test-split"),
        ({"fold": 0, "test_split": "validation"}, "--fold", "--test-split"),
    ],
)
def test_test_images_come_from_one_place(given: dict[str, object], first: str, second: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_config({"manifest": "m.csv", **given})
    assert str(caught.value) == f"{first} cannot be combined with {second}; choose one test set"


@pytest.mark.parametrize("given", [{"holdout": 0.0, "fold": 2}, {"fold": 0}, {"holdout": 0.9}])
def test_one_test_set_is_fine(given: dict[str, object]) -> None:
    config = make_config({"manifest": "m.csv", **given})
    assert (config.holdout, config.fold) == (given.get("holdout", 0.0), given.get("fold"))


def test_ends_of_ranges_are_in_them() -> None:
    low = make_config({"manifest": "m", "image_size": 16, "lr": 1e-12, "seed": 0, "steps": 1})
    high = make_config({"manifest": "m", "image_size": 4096, "lr": 1000, "seed": 2**31 - 1})
    assert (low.image_size, high.image_size, high.lr) == (16, 4096, 1000.0)


def test_file_is_read_and_the_command_line_goes_first(tmp_path: Path) -> None:
    (tmp_path / "fit.toml").write_text('manifest = "m.csv"\nepochs = 3\nlr = 1\n')
    made = make_config({"epochs": 5, "seed": None}, tmp_path / "fit.toml")
    assert (made.epochs, made.lr, made.seed) == (5, 1.0, 0)
    assert made.manifest == str(tmp_path / "m.csv")
    assert isinstance(made.lr, float)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epocs = 3", ":2: epocs is not an option of trainer fit; did you mean 'epochs'?"),
        (
            "xyz = 3",
            ":2: xyz is not an option of trainer fit; known are arch, batch_size, compile,",
        ),
        ("epochs = 3.0", ":2: epochs must be a whole number from 1 to 100,000 (got 3.0)"),
        ("epochs = ", " is not TOML: "),
        ("compile = 1", ":2: compile must be true or false (got 1)"),
        ("arch = 5", ":2: arch must be a text (got 5)"),
        ("lr = nan", ":2: lr must be a number from 1e-12 to 1000 (got nan)"),
        ("train_on = []", ":2: train_on must be one of augmented, original, original+augmented,"),
        ('"a b" = 1', ':2: "a b" is not an option of trainer fit; known are arch'),
    ],
)
def test_wrong_key_of_a_file_is_a_sentence(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "fit.toml"
    file.write_text(f"# how runs are trained\n{text}")
    with pytest.raises(UsageError) as caught:
        make_config({"manifest": "m", "batch_size": 4}, file)
    assert str(caught.value).startswith(f"{file}{message}")


def test_wrong_option_beside_a_file_is_named_as_an_option(tmp_path: Path) -> None:
    (tmp_path / "fit.toml").write_text("epochs = 3")
    with pytest.raises(UsageError, match=r"^--seed must be"):
        make_config({"manifest": "m", "seed": -1}, tmp_path / "fit.toml")


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone.toml cannot be read: No such file"):
        make_config({"manifest": "m"}, tmp_path / "gone.toml")
    (tmp_path / "latin.toml").write_bytes(b'arch = "\xe9"')
    with pytest.raises(UsageError, match=r"latin.toml is not TOML"):
        make_config({"manifest": "m"}, tmp_path / "latin.toml")


def test_defaults_are_the_labs_protocol() -> None:
    config = FitConfig("m.csv")
    assert (config.arch, config.image_size, config.batch_size) == ("resnet50", 224, 32)
    assert (config.optimizer, config.lr, config.epochs) == ("adam", 1e-3, 10)
    assert make_config({"manifest": "m.csv"}) == config


def test_tiny_settings_are_all_options() -> None:
    assert make_config({"manifest": "m", **TINY}).arch == FAST_ARCH


def test_option_of_a_field() -> None:
    assert as_option("test_manifest") == "--test-manifest"


def test_paths_of_a_file_are_relative_to_it(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "fit.toml"
    file.parent.mkdir()
    file.write_text(
        'manifest = "../m.csv"\ntest_manifest = "/t.csv"\nweights = "w.pth"\n'
        '[source]\nimages = "photos"\nlabels = "../names.json"\nsuffix = ".jpg"\n'
    )
    config = make_config({}, file)
    assert config.manifest == str(tmp_path / "m.csv")
    assert config.test_manifest == "/t.csv"
    assert config.weights == str(tmp_path / "sub" / "w.pth")
    assert config.source == SourceOptions(
        images=str(tmp_path / "sub" / "photos"),
        labels=str(tmp_path / "names.json"),
        suffix=".jpg",
    )
    assert make_config({"manifest": "m.csv"}, file).manifest == "m.csv"


@pytest.mark.parametrize("name", ["none", "imagenet"])
def test_names_in_a_file_are_no_paths(tmp_path: Path, name: str) -> None:
    file = tmp_path / "fit.toml"
    file.write_text(f'manifest = "hf:owner/set"\nweights = "{name}"\narch = "resnet18"\n')
    config = make_config({}, file)
    assert (config.manifest, config.weights, config.arch) == ("hf:owner/set", name, "resnet18")


def test_options_that_were_not_given_leave_no_trace() -> None:
    config = make_config({"manifest": "m"})
    assert not {"source", "skip_unreadable", "test_split"} & set(json.loads(encode(config)))
    chosen = make_config({"manifest": "m", "test_split": "validation"})
    assert json.loads(encode(chosen))["test_split"] == "validation"
    assert chosen.tests_on_validation
    assert not make_config({"manifest": "m", "test_split": "test"}).tests_on_validation


def test_options_differ_wherever_their_files_are() -> None:
    first = make_config({"manifest": "a/m.csv", "weights": "a/w.pth", "seed": 1})
    second = make_config({"manifest": "b/m.csv", "weights": "b/w.pth", "seed": 1})
    assert differing_options(first, second) == []
    other = make_config({"manifest": "b/m.csv", "weights": "b/v.pth", "seed": 2})
    assert differing_options(first, other) == ["seed", "weights"]
