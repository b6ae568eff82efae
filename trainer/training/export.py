"""Export a finished run's model to ONNX, checked against torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from augbuild.errors import RunError
from trainer.data.pixels import MEAN, STD
from trainer.training.evaluate import load_run
from trainer.training.model import Model
from trainer.training.run import RunConfig

_TOLERANCE = 1e-3
"""The largest difference of a logit from torch's: what is promised across devices, too."""


def export_run(root: Path, out: Path | None = None) -> Path:
    """Write a finished run's model as ONNX, check it against torch, and return the file.

    The model takes normalised images (batch, 3, size, size); its metadata say how to make them, and
    which class each logit is. Raises RunError where the onnx extra is missing, and where the
    exported model computes something else.
    """
    model, config = load_run(root)
    file = root / "model.onnx" if out is None else out
    staged = file.with_name(f".{file.name}.partial")
    try:
        metadata = describe_input(config)
        difference = export_onnx(model, config.image_size, staged, metadata)
        if difference > _TOLERANCE:
            raise RunError(
                f"the exported model differs from torch by {difference:g}; nothing was written"
            )
        staged.replace(file)
    except ImportError as error:
        raise RunError(
            "exporting needs onnx and onnxruntime; pip install 'augbuild[onnx]'"
        ) from error
    finally:
        staged.unlink(missing_ok=True)
    return file


def describe_input(config: RunConfig) -> dict[str, str]:
    """Return what ONNX metadata, texts all of them, tell about images and classes."""
    return {
        "arch": config.arch,
        "classes": json.dumps(config.classes, ensure_ascii=False),
        "image_size": str(config.image_size),
        "mean": json.dumps(MEAN),
        "std": json.dumps(STD),
        "input": (
            "RGB, resized bilinearly to image_size x image_size without keeping the aspect ratio, "
            "scaled from 0 to 1, minus mean, divided by std; (batch, 3, height, width)"
        ),
    }


def export_onnx(
    model: Model, image_size: int, file: Path, metadata: Mapping[str, str] | None = None
) -> float:
    """Write a model as ONNX for batches of any size, with metadata.

    Returns the largest difference of its logits from torch's, on two random images.
    """
    import onnxruntime

    model.eval()
    generator = torch.Generator().manual_seed(0)
    example = torch.randn(2, 3, image_size, image_size, generator=generator)
    program = torch.onnx.export(
        model,
        (example,),
        input_names=["images"],
        output_names=["logits"],
        dynamo=True,
        dynamic_shapes={"x": {0: torch.export.Dim("batch")}},
        verbose=False,
    )
    assert program is not None, "dynamo=True returns a program"
    program.model.metadata_props.update(metadata or {})
    program.save(file, external_data=False)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        wanted = model(example).numpy()
    exported = session.run(None, {"images": example.numpy()})[0]
    return float(np.abs(exported - wanted).max())
