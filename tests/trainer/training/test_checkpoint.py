"""Tensors on a disk: whole or absent, never unpickled."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from msgspec import Struct
from torch import nn

from augbuild.errors import RunError
from trainer.training.checkpoint import (
    load_checkpoint,
    load_tensors,
    save_checkpoint,
    save_tensors,
)
from trainer.training.device import restored_settings


class About(Struct):
    """Something to say about tensors."""

    label: str


def make_model() -> tuple[nn.Module, torch.optim.Optimizer]:
    """Make a model with a normalisation, whose running means are buffers, and an optimiser."""
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    return model, torch.optim.Adam(model.parameters(), lr=0.1)


def take_step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Train on the same batch once more."""
    batch = torch.linspace(-1, 1, 15).reshape(5, 3)
    optimizer.zero_grad()
    model(batch).square().sum().backward()
    optimizer.step()


def test_tensors_and_what_is_said_about_them_come_back(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6).reshape(2, 3).T, "b": torch.ones(1, dtype=torch.bfloat16)}
    save_tensors(tmp_path / "t.safetensors", tensors, About("é"))
    assert [path.name for path in tmp_path.iterdir()] == ["t.safetensors"]
    loaded, about = load_tensors(tmp_path / "t.safetensors")
    assert about == '{"label": "\\u00e9"}'
    assert loaded.keys() == tensors.keys()
    for name, value in tensors.items():
        assert torch.equal(loaded[name], value)
        assert loaded[name].dtype == value.dtype


def test_checkpoint_continues_as_if_nothing_had_happened(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, optimizer = make_model()
    take_step(model, optimizer)
    save_checkpoint(tmp_path / "c", model, optimizer, 7)
    take_step(model, optimizer)
    other, other_optimizer = make_model()
    with restored_settings():
        assert load_checkpoint(tmp_path / "c", other, other_optimizer) == 7
    take_step(other, other_optimizer)
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name


def test_checkpoint_sets_the_threads_that_it_was_made_with(tmp_path: Path) -> None:
    model, optimizer = make_model()
    with restored_settings():
        torch.set_num_threads(1)
        save_checkpoint(tmp_path / "c", model, optimizer, 1)
        torch.set_num_threads(2)
        load_checkpoint(tmp_path / "c", model, optimizer)
        assert torch.get_num_threads() == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"a": 1}), "or is cut short; pickles are never loaded"),
        (b"", "is not a safetensors file"),
        (None, "does not exist"),
    ],
)
def test_file_that_is_none_of_ours(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "t").write_bytes(content)
    with pytest.raises(RunError, match=message):
        load_tensors(tmp_path / "t")


def test_file_that_was_cut_short(tmp_path: Path) -> None:
    save_tensors(tmp_path / "t", {"a": torch.zeros(1000)}, {})
    (tmp_path / "t").write_bytes((tmp_path / "t").read_bytes()[:-1])
    with pytest.raises(RunError, match="is cut short"):
        load_tensors(tmp_path / "t")


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"step": 3}, "c: its metadata lacks 'threads'"),
        ({"step": -1, "threads": 1}, "c: its metadata: step must be a whole number >= 0"),
    ],
)
def test_weights_are_no_checkpoint(tmp_path: Path, about: dict[str, object], message: str) -> None:
    model, optimizer = make_model()
    save_tensors(tmp_path / "c", {"model.a": torch.zeros(1)}, about)
    with pytest.raises(RunError, match=message):
        load_checkpoint(tmp_path / "c", model, optimizer)
