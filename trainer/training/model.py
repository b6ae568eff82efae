"""The model: any classifier of torchvision by name, with a head for the classes at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import torchvision
from msgspec import Struct
from torch import nn

from augbuild.core.text import nearest, plural
from augbuild.errors import RunError, UsageError
from trainer.training.checkpoint import load_state_dict, load_tensors, save_tensors

Model = nn.Module

_PREFIX = re.compile(r"((module|_orig_mod|model)\.)+")
"""What DataParallel, torch.compile and training scripts put before the names of all weights."""

_SIZES = (64, 96, 128, 224, 256, 299, 384)
"""Sides of images that architectures of torchvision were made for, and small ones."""


class WeightsInfo(Struct, frozen=True):
    """What model.safetensors records beside its tensors."""

    arch: str
    classes: tuple[str, ...]
    image_size: int


def make_model(
    arch: str, num_classes: int, weights: str = "none", show: Callable[[str], None] | None = None
) -> Model:
    """Build a classifier.

    `weights` is none (random), imagenet (downloaded by torchvision), a safetensors file or one of
    torch.save. Of imagenet, and of a file with another number of classes, all but the head is
    taken; `show` is called with a line about what was loaded. Raises UsageError for an unknown
    architecture, RunError for weights that do not fit.
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
    head = _replace_head(model, num_classes)
    loaded = f"weights: ImageNet's, but for a new {head}"
    if weights not in {"none", "imagenet"}:
        loaded = _load_matching(model, head, Path(weights))
    if show is not None and weights != "none":
        show(loaded)
    return model


def check_model(arch: str, weights: str) -> None:
    """Raise UsageError for an unknown architecture, RunError for a missing file of weights."""
    known = torchvision.models.list_models(module=torchvision.models)
    if arch not in known:
        near = nearest(arch, known) or "resnet50"
        raise UsageError(f"unknown architecture {arch!r}; did you mean {near!r}?")
    if weights not in {"none", "imagenet"} and not Path(weights).is_file():
        raise RunError(
            f"{weights} does not exist; --weights takes none, imagenet or a file, .safetensors "
            "or .pth"
        )


def check_shapes(arch: str, num_classes: int, image_size: int, batch_size: int) -> None:
    """Compute the shapes of one training step; raise UsageError where a layer refuses them.

    The message names a size that fits. Nothing is computed but shapes, on torch's meta device.
    """
    with torch.device("meta"):
        model = make_model(arch, num_classes).train()
    if _takes(model, image_size, batch_size):
        return
    if batch_size == 1 and _takes(model, image_size, 2):
        raise UsageError(
            f"{arch} cannot be trained on 1 image of {image_size} pixels at a time: batch "
            "normalisation needs two; use a larger --batch-size"
        )
    larger = [size for size in _SIZES if size > image_size]
    smaller = [size for size in reversed(_SIZES) if size < image_size]
    for size in (*larger, *smaller):
        if _takes(model, size, max(batch_size, 2)):
            raise UsageError(
                f"{arch} does not take images of {image_size} pixels; use --image-size {size}, "
                "or another --arch"
            )
    raise UsageError(f"{arch} does not take images of {image_size} pixels; use another --arch")


def _takes(model: Model, image_size: int, batch_size: int) -> bool:
    """Check whether a model on the meta device takes images of a size."""
    images = torch.empty(batch_size, 3, image_size, image_size, device="meta")
    try:
        model(images)
    except (RuntimeError, ValueError, AssertionError):  # whichever the layer checks with
        return False
    return True


def _replace_head(model: Model, num_classes: int) -> str:
    """Replace the last linear layer (in SqueezeNet a convolution) by one for the classes.

    Returns its name.
    """
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
    return last_name


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
    _check_finite(tensors, file)
    model.load_state_dict(tensors)


def _shapes(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in tensors.items()}


def _check_finite(tensors: Mapping[str, torch.Tensor], file: Path) -> None:
    for name, value in tensors.items():
        if not value.isfinite().all():
            raise RunError(f"{file}: {name} has values that are not finite (NaN or infinite)")


def _load_matching(model: Model, head: str, file: Path) -> str:
    """Load the weights that fit and return a line about them; only the head's may be missing."""
    tensors = load_state_dict(file)
    if all(_PREFIX.match(name) for name in tensors):
        tensors = {_PREFIX.sub("", name, count=1): value for name, value in tensors.items()}
    wanted = model.state_dict()
    shapes = _shapes(wanted)
    fitting = {name: each for name, each in tensors.items() if each.shape == shapes.get(name)}
    new = [name for name in wanted if name not in fitting]
    # Files older than PyTorch 0.4.1 have no counters; they matter only to a BatchNorm with
    # momentum=None, which torchvision has nowhere.
    missing = [name for name in new if not name.endswith(".num_batches_tracked")]
    unfit = [name for name in missing if name.rpartition(".")[0] != head]
    if unfit:
        raise RunError(
            f"{file} contains the weights of another architecture: {len(fitting)} of {len(wanted)} "
            f"fit, and {unfit[0]} does not"
        )
    _check_finite(fitting, file)
    model.load_state_dict({**wanted, **fitting})
    line = f"weights: {len(fitting):,} of {plural(len(wanted), 'tensor')} from {file}"
    if missing:
        line += f"; {' and '.join(missing)} are new"
    left = len(tensors) - len(fitting)
    if left:
        line += f"; {plural(left, 'tensor')} of the file left"
    return line
