"""The model: any of torchvision's classifiers by name, its head fitted to the classes; weights as safetensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from trainer.errors import RunError, UsageError

Model = nn.Module


def make_model(arch: str, num_classes: int, weights: str = "none") -> nn.Module:
    """Make a classifier; `weights` is none (random), imagenet (downloaded by torchvision) or a safetensors file.

    From imagenet and from a file with another number of classes, all but the head is taken. Raises UsageError for an
    architecture that torchvision does not have, RunError for weights that don't fit.
    """
    check_model(arch, weights)
    pretrained = "DEFAULT" if weights == "imagenet" else None
    try:
        model: nn.Module = torchvision.models.get_model(arch, weights=pretrained)
    except OSError as error:
        raise RunError(
            f"the ImageNet weights of {arch} could not be downloaded ({error}); try again, or --weights none"
        ) from error
    _fit_head(model, num_classes)
    if weights not in {"none", "imagenet"}:
        _load_matching(model, Path(weights))
    return model


def check_model(arch: str, weights: str) -> None:
    """Raise UsageError for an architecture that torchvision does not have, RunError for weights that are not there."""
    if arch not in torchvision.models.list_models(module=torchvision.models):
        raise UsageError(f"{arch!r} is no classifier of torchvision; {_nearest(arch)}")
    if weights not in {"none", "imagenet"} and not Path(weights).is_file():
        raise RunError(f"{weights} does not exist; --weights takes none, imagenet or a safetensors file")


def _nearest(arch: str) -> str:
    import difflib

    near = difflib.get_close_matches(arch, torchvision.models.list_models(module=torchvision.models), n=1)
    return f"did you mean {near[0]!r}?" if near else "try 'resnet50'"


def _fit_head(model: nn.Module, num_classes: int) -> None:
    """Replace the last linear (or, in SqueezeNet, convolutional) layer by one with as many outputs as classes."""
    name, last = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1]
    parent = model.get_submodule(name.rpartition(".")[0])
    if isinstance(last, nn.Linear):
        head: nn.Module = nn.Linear(last.in_features, num_classes, bias=last.bias is not None)
    else:
        head = nn.Conv2d(last.in_channels, num_classes, kernel_size=1)
    setattr(parent, name.rpartition(".")[2], head)
    if hasattr(model, "aux_logits"):  # GoogLeNet and Inception: one output, as every other model
        setattr(model, "aux_logits", False)  # noqa: B010  # nn.Module's type knows tensors and modules only
        for auxiliary in ("aux1", "aux2", "AuxLogits"):
            if hasattr(model, auxiliary):
                setattr(model, auxiliary, None)


def save_weights(file: Path, model: nn.Module, about: Mapping[str, Any]) -> None:
    """Save a model's weights and what they are, whole or not at all."""
    save_tensors(file, {name: value.detach().cpu() for name, value in model.state_dict().items()}, about)


def load_weights(file: Path, model: nn.Module) -> dict[str, Any]:
    """Load weights into a model that they were saved from, and give what was saved about them; raises RunError."""
    tensors, about = load_tensors(file)
    wanted = model.state_dict()
    if tensors.keys() != wanted.keys() or any(tensors[name].shape != wanted[name].shape for name in wanted):
        raise RunError(f"{file} holds the weights of another model")
    model.load_state_dict(tensors)
    return about


def _load_matching(model: nn.Module, file: Path) -> None:
    tensors, _ = load_tensors(file)
    wanted = model.state_dict()
    fitting = {name: value for name, value in tensors.items() if name in wanted and value.shape == wanted[name].shape}
    if len(fitting) < len(wanted) - 2:  # weight and bias of the head
        raise RunError(f"{file} holds the weights of another architecture: {len(fitting)} of {len(wanted)} fit")
    model.load_state_dict({**wanted, **fitting})


def save_tensors(file: Path, tensors: Mapping[str, torch.Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors and JSON as one safetensors file, so that neither is ever without the other."""
    staged = file.with_name(f".{file.name}.partial")
    save_file({name: value.contiguous() for name, value in tensors.items()}, staged, {"about": json.dumps(about)})
    staged.replace(file)


def load_tensors(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read a safetensors file of ours, or only its tensors from another's; raises RunError. Nothing is unpickled."""
    try:
        with safe_open(file, framework="pt") as opened:
            about = json.loads((opened.metadata() or {}).get("about", "{}"))
            return {name: opened.get_tensor(name) for name in opened.keys()}, about  # noqa: SIM118  # not a mapping
    except FileNotFoundError as error:
        raise RunError(f"{file} does not exist") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(
            f"{file} is no safetensors file, or is cut short; a pickled checkpoint is never loaded"
        ) from error


def save_checkpoint(file: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Save all that the next step depends on, as one safetensors file."""
    tensors = {f"model.{name}": value.detach().cpu() for name, value in model.state_dict().items()}
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {
            f"optimizer.{index}.{name}": torch.as_tensor(value).cpu()
            for name, value in values.items()
            if value is not None
        }
    save_tensors(file, tensors, {"step": step, "threads": torch.get_num_threads()})


def load_checkpoint(file: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Load what `save_checkpoint` saved and give the step to go on with; raises RunError."""
    tensors, about = load_tensors(file)
    model.load_state_dict(
        {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
    )
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        kind, _, rest = name.partition(".")
        if kind == "optimizer":
            index, _, key = rest.partition(".")
            state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    torch.set_num_threads(about["threads"])  # sums in another order would be other sums
    return int(about["step"])


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
