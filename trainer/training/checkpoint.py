"""Tensors on a disk as safetensors: weights and checkpoints, whole or not at all, never pickles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from augbuild.errors import RunError


def save_tensors(file: Path, tensors: Mapping[str, torch.Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors and JSON as one safetensors file, so that neither is ever without the other."""
    staged = file.with_name(f".{file.name}.partial")
    save_file(
        {name: value.contiguous() for name, value in tensors.items()},
        staged,
        {"about": json.dumps(about)},
    )
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


def save_checkpoint(
    file: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int
) -> None:
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
        {
            name.removeprefix("model."): value
            for name, value in tensors.items()
            if name.startswith("model.")
        }
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
