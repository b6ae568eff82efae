"""The model: any of torchvision's classifiers by name, its head fitted to the classes; weights as safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torchvision
from torch import nn

from augbuild.errors import RunError, UsageError
from trainer.training.checkpoint import load_tensors, save_tensors

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
        raise RunError(
            f"{weights} does not exist; --weights takes none, imagenet or a safetensors file"
        )


def _nearest(arch: str) -> str:
    import difflib

    near = difflib.get_close_matches(
        arch, torchvision.models.list_models(module=torchvision.models), n=1
    )
    return f"did you mean {near[0]!r}?" if near else "try 'resnet50'"


def _fit_head(model: nn.Module, num_classes: int) -> None:
    """Replace the last linear (or, in SqueezeNet, convolutional) layer by one with as many outputs as classes."""
    name, last = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)][
        -1
    ]
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
    save_tensors(
        file, {name: value.detach().cpu() for name, value in model.state_dict().items()}, about
    )


def load_weights(file: Path, model: nn.Module) -> dict[str, Any]:
    """Load weights into a model that they were saved from, and give what was saved about them; raises RunError."""
    tensors, about = load_tensors(file)
    wanted = model.state_dict()
    if tensors.keys() != wanted.keys() or any(
        tensors[name].shape != wanted[name].shape for name in wanted
    ):
        raise RunError(f"{file} holds the weights of another model")
    model.load_state_dict(tensors)
    return about


def _load_matching(model: nn.Module, file: Path) -> None:
    tensors, _ = load_tensors(file)
    wanted = model.state_dict()
    fitting = {
        name: value
        for name, value in tensors.items()
        if name in wanted and value.shape == wanted[name].shape
    }
    if len(fitting) < len(wanted) - 2:  # weight and bias of the head
        raise RunError(
            f"{file} holds the weights of another architecture: {len(fitting)} of {len(wanted)} fit"
        )
    model.load_state_dict({**wanted, **fitting})
