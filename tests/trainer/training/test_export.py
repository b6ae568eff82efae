"""The exported model computes what torch computes, or is not written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from augbuild.errors import RunError
from trainer.training.export import export_run

# The exporter leaves files open, and warns of its own internals.
pytestmark = pytest.mark.filterwarnings("ignore")


def test_model_is_checked_against_torch(run: Path, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    pytest.importorskip("onnxscript", reason="needs the extra onnx")
    file = export_run(run, tmp_path / "model.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    for batch in (1, 5):
        images = np.zeros((batch, 3, 32, 32), np.float32)
        (logits,) = session.run(None, {"images": images})
        assert logits.shape == (batch, 2)


def test_default_file_lies_in_the_run(run: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    pytest.importorskip("onnxscript", reason="needs the extra onnx")
    file = export_run(run)
    assert file == run / "model.onnx"
    file.unlink()


def test_run_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"config.json does not exist"):
        export_run(tmp_path)
