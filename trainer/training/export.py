"""Export a finished run's model to ONNX, checked against torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from augbuild.errors import RunError
from trainer.training.evaluate import load_run
from trainer.training.model import Model


def export_onnx(model: Model, image_size: int, file: Path) -> float:
    """Write a model as ONNX for batches of any size; give the largest difference of its outputs from torch's."""
    import onnxruntime

    model.eval()
    example = torch.randn(2, 3, image_size, image_size, generator=torch.Generator().manual_seed(0))
    staged = file.with_name(f".{file.name}.partial")
    torch.onnx.export(
        model, (example,), staged, input_names=["images"], output_names=["logits"], dynamo=True, external_data=False,
        dynamic_shapes={"x": {0: torch.export.Dim("batch")}}, verbose=False,
    )  # fmt: skip
    session = onnxruntime.InferenceSession(str(staged), providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        wanted = model(example).numpy()
    difference = float(np.abs(session.run(None, {"images": example.numpy()})[0] - wanted).max())
    staged.replace(file)
    return difference


def export_run(root: Path, out: Path | None = None) -> Path:
    """Write a finished run's model as ONNX, and check it against torch on random images; give the file.

    The model takes normalised images (batch, 3, size, size). Raises RunError where the onnx extra is missing.
    """
    model, config = load_run(root)
    file = root / "model.onnx" if out is None else out
    try:
        difference = export_onnx(model, config.image_size, file)
    except ImportError as error:
        raise RunError(
            "exporting needs onnx and onnxruntime; pip install 'augbuild[onnx]'"
        ) from error
    if difference > 1e-3:
        file.unlink()
        raise RunError(
            f"the exported model differs from torch by {difference:g}; nothing was written"
        )
    return file
