"""The run folder: its documents, resumed alike or not at all, held by one process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from augbuild.errors import RunError
from tests.conftest import REPOSITORY
from tests.trainer.fixtures import run_config
from trainer.data.samples import SourceOptions
from trainer.training.config import FitConfig
from trainer.training.run import (
    DataFound,
    EpochReport,
    RunConfig,
    RunFolder,
    SplitCounts,
    ValidationScore,
    hold_folder,
    is_vacant,
    open_run,
    read_epochs,
    read_run_config,
    write_epochs,
    write_run_config,
)

EPOCH = EpochReport(1, 30, 30, 0.001, 1.2079332568977452, 0.5327004219409283, 3.75)

DATA = DataFound("0" * 64, ("cats", "dogs"), SplitCounts(20, 0, 8))


def data_of(config: RunConfig) -> DataFound:
    """Return the data that a run was begun with."""
    return DataFound(config.manifest_sha256, config.classes, config.images)


CONFIG_OF_0_1 = """{
  "manifest": "tree/manifest.jsonl",
  "train_on": null,
  "test_manifest": null,
  "holdout": 0.0,
  "fold": null,
  "seed": 0,
  "epochs": 1,
  "steps": null,
  "batch_size": 32,
  "lr": 0.001,
  "optimizer": "adam",
  "weight_decay": 0.0,
  "schedule": "constant",
  "image_size": 32,
  "arch": "resnet18",
  "weights": "none",
  "precision": "fp32",
  "device": "cpu",
  "compile": false,
  "manifest_sha256": "b24b0a23140fbf618dcf661099a9ce7477c182fcaf20db0d55e597fdc7a99701",
  "classes": [
    "activité",
    "smileys"
  ],
  "images": {
    "train": 948,
    "validation": 0,
    "test": 58
  },
  "images_per_class": {
    "activité": 692,
    "smileys": 314
  },
  "resolved": {
    "device": "cpu",
    "precision": "fp32",
    "processes": 1,
    "threads": 2
  },
  "versions": {
    "augbuild": "0.1.0",
    "python": "3.11.7"
  }
}
"""


class TestConfig:
    def test_of_version_0_1_is_read_and_written_alike(self, tmp_path: Path) -> None:
        run = RunFolder(tmp_path)
        run.config.write_text(CONFIG_OF_0_1, encoding="utf-8")
        config = read_run_config(run)
        assert config.classes == ("activité", "smileys")
        assert (config.images.train, config.resolved.precision) == (948, "fp32")
        write_run_config(run, config)
        assert run.config.read_text(encoding="utf-8") == CONFIG_OF_0_1

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"image_size": 8}, "image_size must be a whole number >= 16 (got 8)"),
            ({"batch_size": 0}, "batch_size must be a whole number >= 1 (got 0)"),
            ({"arch": 5}, "arch must be a text (got 5)"),
            ({"optimizer": "x"}, 'optimizer cannot be "x"'),
            ({"images": {"train": -1}}, "images.train must be a whole number >= 0 (got -1)"),
            ({"resolved": {"device": "cpu"}}, "resolved lacks 'precision'"),
            ({"classes": ["a", 5]}, "classes[1] must be a text (got 5)"),
        ],
    )
    def test_wrong_value_is_named(
        self, tmp_path: Path, change: dict[str, object], message: str
    ) -> None:
        run = RunFolder(tmp_path)
        run.config.write_text(json.dumps({**json.loads(CONFIG_OF_0_1), **change}))
        with pytest.raises(RunError) as caught:
            read_run_config(run)
        assert str(caught.value) == f"{run.config}: {message}"

    @pytest.mark.parametrize("name", ["classes", "resolved", "manifest_sha256", "versions"])
    def test_without_what_no_option_has_a_default_for(self, tmp_path: Path, name: str) -> None:
        values = json.loads(CONFIG_OF_0_1)
        del values[name]
        (tmp_path / "config.json").write_text(json.dumps(values))
        with pytest.raises(RunError, match=rf"config.json lacks '{name}'"):
            read_run_config(RunFolder(tmp_path))

    def test_that_is_not_there(self, tmp_path: Path) -> None:
        message = rf"{tmp_path}/config.json does not exist; {tmp_path} is not a run of trainer"
        with pytest.raises(RunError, match=message):
            read_run_config(RunFolder(tmp_path))


class TestEpochs:
    def test_have_the_bytes_of_version_0_1(self, tmp_path: Path) -> None:
        score = ValidationScore(0.5, 0.75)
        epochs = [EPOCH, EpochReport(2, 60, 30, 0.001, 1.0, 0.75, 2.5, score)]
        write_epochs(tmp_path / "epochs.jsonl", epochs)
        assert (tmp_path / "epochs.jsonl").read_text() == (
            '{"epoch": 1, "step": 30, "steps": 30, "lr": 0.001, "loss": 1.2079332568977452, '
            '"accuracy": 0.5327004219409283, "seconds": 3.75}\n'
            '{"epoch": 2, "step": 60, "steps": 30, "lr": 0.001, "loss": 1.0, "accuracy": 0.75, '
            '"seconds": 2.5, "validation": {"loss": 0.5, "accuracy": 0.75}}\n'
        )
        assert read_epochs(tmp_path / "epochs.jsonl") == epochs

    def test_of_a_run_that_has_none_yet(self, tmp_path: Path) -> None:
        assert read_epochs(tmp_path / "epochs.jsonl") == []

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("{", "row 2 is not JSON"),
            ("[]", "row 2 must be an object (got [])"),
            ('{"epoch": 0}', "row 2: epoch must be a whole number >= 1 (got 0)"),
            ('{"epoch": 1}', "row 2 lacks 'step'"),
        ],
    )
    def test_damaged_line_is_named(self, tmp_path: Path, line: str, message: str) -> None:
        file = tmp_path / "epochs.jsonl"
        write_epochs(file, [EPOCH])
        file.write_text(f"{file.read_text()}{line}\n")
        with pytest.raises(RunError) as caught:
            read_epochs(file)
        assert str(caught.value) == f"{file}: {message}"

    def test_that_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "epochs.jsonl").mkdir()
        with pytest.raises(RunError, match=r"epochs.jsonl cannot be read: Is a directory"):
            read_epochs(tmp_path / "epochs.jsonl")

    def test_are_a_line_for_people(self) -> None:
        assert EPOCH.as_line(90) == (
            "epoch   1  step    30 of 90  loss 1.2079  accuracy 0.533  3.8 s, 8 s left"
        )
        assert EPOCH.as_line(600_030).endswith("3.8 s, 20:50 h left")
        validated = msgspec.structs.replace(EPOCH, validation=ValidationScore(0.25, 0.5))
        assert validated.as_line(30) == (
            "epoch   1  step    30 of 30  loss 1.2079  accuracy 0.533  "
            "validation loss 0.2500  validation accuracy 0.500  3.8 s, 0 s left"
        )


class TestOpenRun:
    def begin(self, root: Path) -> RunConfig:
        config = run_config(("cats", "dogs"))
        write_run_config(RunFolder(root), config)
        write_epochs(RunFolder(root).epochs, [EPOCH])
        return config

    def reopen(self, root: Path, config: RunConfig, **changes: object) -> RunFolder:
        values = {name: getattr(config, name) for name in FitConfig.__struct_fields__}
        found = structs.asdict(data_of(config))
        for name in found:
            found[name] = changes.pop(name, found[name])
        return open_run(root, FitConfig(**{**values, **changes}), DataFound(**found), resume=True)

    def test_a_run_by_steps_of_version_0_1_is_not_gone_on_with(self, tmp_path: Path) -> None:
        """It showed the images of a source in another order; by epochs the order is the same."""
        config = structs.replace(self.begin(tmp_path), steps=10)
        write_run_config(RunFolder(tmp_path), config)
        with pytest.raises(RunError, match=r"was begun by version 0\.1 in another order"):
            self.reopen(tmp_path, config)
        RunFolder(tmp_path).metrics.write_text("{}", encoding="utf-8")
        assert self.reopen(tmp_path, config).root == tmp_path, "finished"
        RunFolder(tmp_path).metrics.unlink()
        write_run_config(RunFolder(tmp_path), structs.replace(config, turns="drawn"))
        assert self.reopen(tmp_path, config).root == tmp_path
        write_run_config(RunFolder(tmp_path), structs.replace(config, steps=None))
        assert self.reopen(tmp_path, config, steps=None).root == tmp_path

    @pytest.mark.parametrize("resume", [False, True])
    def test_does_not_make_its_folder_yet(self, tmp_path: Path, resume: bool) -> None:
        run = open_run(tmp_path / "a" / "b", FitConfig("m"), DATA, resume=resume)
        assert run == RunFolder(tmp_path / "a" / "b")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("resume", [False, True])
    def test_takes_a_folder_without_an_epoch_again(self, tmp_path: Path, resume: bool) -> None:
        config = self.begin(tmp_path)
        RunFolder(tmp_path).epochs.unlink()
        assert is_vacant(tmp_path)
        open_run(tmp_path, FitConfig("other"), data_of(config), resume=resume)

    def test_keeps_the_configuration_of_something_else(self, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text('{"theme": "dark"}')
        assert not is_vacant(tmp_path)
        with pytest.raises(RunError):
            open_run(tmp_path, FitConfig("m"), DATA, resume=False)

    def test_takes_an_empty_folder_and_one_that_was_only_locked(self, tmp_path: Path) -> None:
        open_run(tmp_path, FitConfig("m"), DATA, resume=False)
        with hold_folder(tmp_path):
            pass
        assert is_vacant(tmp_path)
        open_run(tmp_path, FitConfig("m"), DATA, resume=False)

    @pytest.mark.parametrize("resume", [False, True])
    def test_refuses_a_folder_of_something_else(self, tmp_path: Path, resume: bool) -> None:
        (tmp_path / "thesis.tex").write_text("mine")
        with pytest.raises(RunError, match="is not empty and is not a run; choose another folder"):
            open_run(tmp_path, FitConfig("m"), DATA, resume=resume)
        with pytest.raises(RunError, match="is a file; choose a folder with --out"):
            open_run(tmp_path / "thesis.tex", FitConfig("m"), DATA, resume=resume)

    def test_never_overwrites_a_run(self, tmp_path: Path) -> None:
        config = self.begin(tmp_path)
        with pytest.raises(RunError, match="holds an unfinished run; --resume continues it;"):
            open_run(tmp_path, config, data_of(config), resume=False)
        RunFolder(tmp_path).metrics.write_text("{}")
        with pytest.raises(RunError, match="holds a finished run; choose another folder"):
            open_run(tmp_path, config, data_of(config), resume=False)

    def test_resumes_one_that_was_begun_alike(self, tmp_path: Path) -> None:
        assert self.reopen(tmp_path, self.begin(tmp_path)) == RunFolder(tmp_path)

    @pytest.mark.parametrize(
        ("name", "value", "before"),
        [
            ("train_on", "original", "None"),
            ("test_manifest", "t.csv", "None"),
            ("holdout", 0.2, "0.0"),
            ("fold", 0, "None"),
            ("seed", 1, "0"),
            ("epochs", 11, "10"),
            ("steps", 5, "None"),
            ("batch_size", 8, "32"),
            ("lr", 0.1, "0.001"),
            ("optimizer", "sgd", "'adam'"),
            ("weight_decay", 0.1, "0.0"),
            ("schedule", "cosine", "'constant'"),
            ("image_size", 32, "224"),
            ("arch", "resnet18", "'resnet50'"),
            ("weights", "imagenet", "'none'"),
            ("precision", "bf16", "'auto'"),
            ("device", "cpu", "'auto'"),
            ("compile", True, "False"),
            ("manifest_sha256", "f" * 64, repr("0" * 64)),
            ("classes", ("cats",), "('cats', 'dogs')"),
            ("images", SplitCounts(19, 0, 8), "SplitCounts(train=20, validation=0, test=8)"),
            ("skip_unreadable", True, "UNSET"),
            ("test_split", "validation", "UNSET"),
        ],
    )
    def test_refuses_one_that_was_begun_otherwise(
        self, tmp_path: Path, name: str, value: object, before: str
    ) -> None:
        config = self.begin(tmp_path)
        with pytest.raises(RunError) as caught:
            self.reopen(tmp_path, config, **{name: value})
        assert str(caught.value) == (
            f"{tmp_path} was begun with {name} {before}, not {value!r}; use another folder"
        )

    def test_resumes_one_whose_files_have_moved(self, tmp_path: Path) -> None:
        source = SourceOptions(images="/a/photos", labels="/a/names.json", suffix=".jpg")
        config = msgspec.structs.replace(
            self.begin(tmp_path),
            test_manifest="/a/test.csv",
            weights="/a/b.pth",
            source=source,
        )
        write_run_config(RunFolder(tmp_path), config)
        moved = SourceOptions(images="/b/photos", labels="/b/names.json", suffix=".jpg")
        self.reopen(
            tmp_path,
            config,
            manifest="/b/manifest.jsonl",
            test_manifest="/b/test.csv",
            weights="/b/b.pth",
            source=moved,
        )
        others: list[dict[str, object]] = [
            {"source": msgspec.structs.replace(moved, suffix=".png")},
            {"source": msgspec.structs.replace(moved, images="/b/other")},
            {"weights": "/b/c.pth"},
            {"test_manifest": None},
        ]
        for changes in others:
            with pytest.raises(RunError, match=f"was begun with {next(iter(changes))} "):
                self.reopen(tmp_path, config, **changes)

    def test_names_another_manifest_by_its_path(self, tmp_path: Path) -> None:
        config = self.begin(tmp_path)
        with pytest.raises(RunError, match=r"begun with manifest 'build/man.*', not 'other'; use"):
            self.reopen(tmp_path, config, manifest="other", manifest_sha256="f" * 64)


class TestHoldFolder:
    def test_is_for_one_process_at_a_time(self, tmp_path: Path) -> None:
        code = (
            "import sys\nfrom pathlib import Path\n"
            "from trainer.training.run import hold_folder\n"
            "with hold_folder(Path(sys.argv[1])): print('held')\n"
        )
        command = [sys.executable, "-c", code, str(tmp_path)]
        with hold_folder(tmp_path):
            other = subprocess.run(
                command, cwd=REPOSITORY, capture_output=True, text=True, check=False
            )
            assert other.stdout == ""
            assert f"RunError: another process is working in {tmp_path}; wait" in other.stderr
        free = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert free.stdout == "held\n"

    def test_releases_it_after_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(KeyError), hold_folder(tmp_path):
            raise KeyError
        with hold_folder(tmp_path):
            pass


def test_evaluations_lie_below_the_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path).evaluation("other-test-12345678")
    assert folder.metrics == tmp_path / "evaluations" / "other-test-12345678" / "metrics.json"
