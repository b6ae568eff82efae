"""The exported model computes what torch computes, or is not written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from augbuild.errors import RunError
from tests.trainer.fixtures import FAST_ARCH
from trainer.training.evaluate import predict_images
from trainer.training.export import export_run

# The exporter leaves files open, and warns of its own internals.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def session(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The exported model, as another program opens it."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    pytest.importorskip("onnxscript", reason="needs the extra onnx")
    folder = tmp_path_factory.mktemp("export")
    file = export_run(run, folder / "model.onnx")
    assert [path.name for path in folder.iterdir()] == ["model.onnx"]
    return onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])


def test_model_is_checked_against_torch(session: Any) -> None:
    for batch in (1, 5):
        images = np.zeros((batch, 3, 32, 32), np.float32)
        (logits,) = session.run(None, {"images": images})
        assert logits.shape == (batch, 2)
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["classes"]) == ["blue", "red"]
    assert json.loads(metadata["mean"]) == [0.485, 0.456, 0.406]
    assert json.loads(metadata["std"]) == [0.229, 0.224, 0.225]
    assert (metadata["image_size"], metadata["arch"]) == ("32", FAST_ARCH)
    assert metadata["input"].startswith("RGB, resized bilinearly to image_size x image_size")


def test_metadata_is_enough_to_predict(session: Any, run: Path, images: Path) -> None:
    """What a stranger's program computes from the file alone is what `trainer predict` gives."""
    metadata = session.get_modelmeta().custom_metadata_map
    photo = images / "test" / "red" / "red_0.png"
    side = int(metadata["image_size"])
    with Image.open(photo) as opened:
        resized = opened.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    scaled = np.asarray(resized, np.float32) / 255
    normalised = (scaled - json.loads(metadata["mean"])) / json.loads(metadata["std"])
    batch = normalised.transpose(2, 0, 1)[None].astype(np.float32)
    (logits,) = session.run(None, {"images": batch})
    best = json.loads(metadata["classes"])[int(logits[0].argmax())]
    (predicted,) = predict_images(run, [photo], device="cpu")
    assert best == predicted.top[0].label
    shares = np.exp(logits[0]) / np.exp(logits[0]).sum()
    assert float(shares.max()) == pytest.approx(predicted.top[0].probability, abs=1e-4)


def test_run_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"config.json does not exist"):
        export_run(tmp_path)
