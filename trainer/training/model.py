"""The model: any classifier of torchvision by name, with a head for the classes at hand."""

from __future__ import annotations

from pathlib import Path

import torch
import torchvision
from msgspec import Struct
from torch import nn

from augbuild.core.text import nearest
from augbuild.errors import RunError, UsageError
from trainer.training.checkpoint import load_tensors, save_tensors

Model = nn.Module


class WeightsInfo(Struct, frozen=True):
    """What model.safetensors records beside its tensors."""

    arch: str
    classes: tuple[str, ...]
    image_size: int


def make_model(arch: str, num_classes: int, weights: str = "none") -> Model:
    """Build a classifier.

    `weights` is none (random), imagenet (downloaded by torchvision) or a safetensors file. Of
    imagenet, and of a file with another number of classes, all but the head is taken. Raises
    UsageError for an unknown architecture, RunError for weights that do not fit.
    """
    check_model(arch, weights)
    pretrained = "DEFAULT" if weights == "imagenet" else None
    try:
        model: Model = torchvision.models.get_model(arch, weights=pretrained)
    except OSError as error:
        raise RunError(
            f"the ImageNet weights of {arch} could not be downloaded ({error}); "
            "try again, or use --weights none"
        ) from error
    _replace_head(model, num_classes)
    if weights not in {"none", "imagenet"}:
        _load_matching(model, Path(weights))
    return model


def check_model(arch: str, weights: str) -> None:
    """Raise UsageError for an unknown architecture, RunError for a missing file of weights."""
    known = torchvision.models.list_models(module=torchvision.models)
    if arch not in known:
        near = nearest(arch, known) or "resnet50"
        raise UsageError(f"unknown architecture {arch!r}; did you mean {near!r}?")
    if weights not in {"none", "imagenet"} and not Path(weights).is_file():
        raise RunError(
            f"{weights} does not exist; --weights takes none, imagenet or a safetensors file"
        )


def _replace_head(model: Model, num_classes: int) -> None:
    """Replace the last linear layer (in SqueezeNet a convolution) by one for the classes."""
    last_name, last = "", model
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            last_name, last = name, module
    # Only one layer is made: each draws its initial weights, which would shift all that follow.
    head: nn.Module
    if isinstance(last, nn.Conv2d):
        head = nn.Conv2d(last.in_channels, num_classes, kernel_size=1)
    else:
        assert isinstance(last, nn.Linear), "torchvision has no other classifiers"
        head = nn.Linear(last.in_features, num_classes, bias=last.bias is not None)
    parent, _, attribute = last_name.rpartition(".")
    setattr(model.get_submodule(parent), attribute, head)
    if hasattr(model, "aux_logits"):  # GoogLeNet and Inception: one output, as all other models
        setattr(model, "aux_logits", False)  # noqa: B010  # nn.Module's type has tensors only
        for auxiliary in ("aux1", "aux2", "AuxLogits"):
            if hasattr(model, auxiliary):
                setattr(model, auxiliary, None)


def save_weights(file: Path, model: Model, info: WeightsInfo) -> None:
    """Save a model's weights and what they are, whole or not at all."""
    tensors = {}
    for name, value in model.state_dict().items():
        tensors[name] = value.detach().cpu()
    save_tensors(file, tensors, info)


def load_weights(file: Path, model: Model) -> None:
    """Load weights into the model that they were saved from; raises RunError."""
    tensors, _ = load_tensors(file)
    wanted = model.state_dict()
    if _shapes(tensors) != _shapes(wanted):
        raise RunError(f"{file} contains the weights of another model")
    model.load_state_dict(tensors)


def _shapes(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in tensors.items()}


def _load_matching(model: Model, file: Path) -> None:
    """Load the weights that fit; only those of the head may be missing."""
    tensors, _ = load_tensors(file)
    wanted = model.state_dict()
    fitting = 0
    for name, value in tensors.items():
        if name in wanted and value.shape == wanted[name].shape:
            wanted[name] = value
            fitting += 1
    if fitting < len(wanted) - 2:  # a head has a weight and a bias
        raise RunError(
            f"{file} contains the weights of another architecture: {fitting} of {len(wanted)} fit"
        )
    model.load_state_dict(wanted)
