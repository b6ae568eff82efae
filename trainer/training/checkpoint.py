"""Tensors on a disk as safetensors: weights and checkpoints, whole or absent, never pickles."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import torch
from msgspec import Meta, Struct
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from augbuild.core.documents import decode, to_plain
from augbuild.errors import RunError


class CheckpointInfo(Struct, frozen=True):
    """What a checkpoint records beside its tensors: the next step, and torch's threads."""

    step: Annotated[int, Meta(ge=0)]
    threads: Annotated[int, Meta(ge=1)]


def save_tensors(file: Path, tensors: Mapping[str, torch.Tensor], about: object) -> None:
    """Write tensors and a document about them as one safetensors file, whole or not at all."""
    # safetensors refuses the strides that channels_last leaves.
    contiguous = {name: value.contiguous() for name, value in tensors.items()}
    plain = to_plain(about)
    metadata = {"about": json.dumps(plain)}  # safetensors' metadata are texts
    # safetensors writes by itself, so the rename that core.files.write_atomic makes is done here.
    staged = file.with_name(f".{file.name}.partial")
    save_file(contiguous, staged, metadata)
    staged.replace(file)


def load_tensors(file: Path) -> tuple[dict[str, torch.Tensor], str]:
    """Read a safetensors file: its tensors and, as JSON, what was saved about them.

    A file that others wrote has `{}` there. Nothing is unpickled. Raises RunError.
    """
    tensors = {}
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            for name in opened.keys():  # noqa: SIM118  # it is not a mapping
                tensors[name] = opened.get_tensor(name)
    except FileNotFoundError as error:
        raise RunError(f"{file} does not exist") from error
    except (SafetensorError, OSError) as error:
        raise RunError(
            f"{file} is not a safetensors file, or is cut short; pickles are never loaded"
        ) from error
    return tensors, metadata.get("about", "{}")


def save_checkpoint(
    file: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, step: int
) -> None:
    """Save all that the next step depends on, as one safetensors file."""
    tensors = {}
    for name, value in model.state_dict().items():
        tensors[f"model.{name}"] = value.detach().cpu()
    # Accelerate's save_state would pickle the optimiser.
    states = optimizer.state_dict()["state"]
    for index, state in states.items():
        for key, value in state.items():
            if value is not None:  # the momentum of SGD before its first step
                tensor = torch.as_tensor(value)
                tensors[f"optimizer.{index}.{key}"] = tensor.cpu()
    info = CheckpointInfo(step, torch.get_num_threads())
    save_tensors(file, tensors, info)


def load_checkpoint(file: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Load what `save_checkpoint` saved and return the step to continue with; raises RunError.

    Sets torch's number of threads: sums in another order would give other weights.
    """
    tensors, about = load_tensors(file)
    info = decode(about, CheckpointInfo, f"{file}: its metadata", RunError)
    weights = {}
    state: defaultdict[int, dict[str, torch.Tensor]] = defaultdict(dict)
    for name, value in tensors.items():
        owner, _, rest = name.partition(".")
        if owner == "model":
            weights[rest] = value
        else:
            index, _, key = rest.partition(".")
            state[int(index)][key] = value
    model.load_state_dict(weights)
    # The groups are those of the new optimiser: the learning rate is set before each step.
    whole = optimizer.state_dict()
    whole["state"] = dict(state)
    optimizer.load_state_dict(whole)
    torch.set_num_threads(info.threads)
    return info.step
