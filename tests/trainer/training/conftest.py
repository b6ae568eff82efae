"""One small dataset and one finished run on it, for all tests of training that only read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trainer.fixtures import config, dataset
from trainer.training.fit import fit_run


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def run(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    fit_run(config(images, epochs=3), out, cache=out.parent / "cache")
    return out
