"""Models: any architecture, a head for the classes, weights from anywhere but a pickle."""

from __future__ import annotations

import pickle
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

from augbuild.errors import RunError, UsageError
from trainer.training.checkpoint import load_tensors
from trainer.training.device import seeded_generator
from trainer.training.model import (
    Model,
    WeightsInfo,
    check_model,
    load_weights,
    make_model,
    save_weights,
)

INFO = WeightsInfo("resnet18", ("cats", "dogs"), 32)


def resnet18(model: Model) -> torchvision.models.ResNet:
    """Return a model as what it is."""
    assert isinstance(model, torchvision.models.ResNet)
    return model


@pytest.mark.parametrize(
    "arch", ["mobilenet_v3_small", "efficientnet_b0", "vit_b_16", "squeezenet1_0", "densenet121"]
)
def test_any_architecture_gets_a_head_for_the_classes(arch: str) -> None:
    model = make_model(arch, 3).eval()
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, 224, 224)).shape == (1, 3)


@pytest.mark.filterwarnings("ignore:The default weight initialization:FutureWarning")
def test_auxiliary_heads_are_left_out() -> None:
    model = make_model("googlenet", 3).train()
    assert model(torch.zeros(2, 3, 64, 64)).shape == (2, 3)


def test_initial_weights_follow_from_the_seed() -> None:
    with seeded_generator(1):
        first = make_model("resnet18", 2).state_dict()
    with seeded_generator(1):
        again = make_model("resnet18", 2).state_dict()
    with seeded_generator(2):
        other = make_model("resnet18", 2).state_dict()
    assert torch.equal(first["fc.weight"], again["fc.weight"])
    assert not torch.equal(first["fc.weight"], other["fc.weight"])


def test_unknown_architecture() -> None:
    with pytest.raises(UsageError) as caught:
        make_model("resnet5", 2)
    assert str(caught.value) == "unknown architecture 'resnet5'; did you mean 'resnet50'?"
    with pytest.raises(UsageError, match="unknown architecture 'fcn_resnet50'"):
        check_model("fcn_resnet50", "none")  # torchvision has it, but it is no classifier
    with pytest.raises(UsageError, match=r"'qqqq'; did you mean 'resnet50'\?"):
        check_model("qqqq", "none")


def test_weights_that_are_not_there() -> None:
    with pytest.raises(RunError, match=r"gone does not exist; --weights takes none, imagenet or"):
        check_model("resnet18", "gone")
    check_model("resnet18", "imagenet")


def test_weights_come_back_with_what_they_are(tmp_path: Path) -> None:
    model = make_model("resnet18", 2)
    save_weights(tmp_path / "w.safetensors", model, INFO)
    _, about = load_tensors(tmp_path / "w.safetensors")
    assert about == '{"arch": "resnet18", "classes": ["cats", "dogs"], "image_size": 32}'
    other = make_model("resnet18", 2)
    load_weights(tmp_path / "w.safetensors", other)
    assert torch.equal(resnet18(other).fc.weight, resnet18(model).fc.weight)


def test_weights_of_another_model(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", make_model("resnet18", 3), INFO)
    for arch, classes in (("resnet18", 2), ("squeezenet1_0", 3)):
        with pytest.raises(RunError, match="contains the weights of another model"):
            load_weights(tmp_path / "w.safetensors", make_model(arch, classes))


def test_file_of_another_architecture(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", make_model("squeezenet1_0", 2), INFO)
    message = r"contains the weights of another architecture: 0 of \d+ fit"
    with pytest.raises(RunError, match=message):
        make_model("resnet18", 2, str(tmp_path / "w.safetensors"))


def test_file_with_another_head_gives_the_body(tmp_path: Path) -> None:
    before = make_model("resnet18", 7)
    save_weights(tmp_path / "w.safetensors", before, INFO)
    after = make_model("resnet18", 2, str(tmp_path / "w.safetensors"))
    assert torch.equal(resnet18(after).conv1.weight, resnet18(before).conv1.weight)
    assert resnet18(after).fc.out_features == 2


def test_body_must_fit_whole(tmp_path: Path) -> None:
    before = make_model("resnet18", 7)
    resnet18(before).conv1 = torch.nn.Conv2d(3, 8, 7, bias=False)
    save_weights(tmp_path / "w.safetensors", before, INFO)
    with pytest.raises(RunError, match="contains the weights of another architecture"):
        make_model("resnet18", 2, str(tmp_path / "w.safetensors"))


def test_pickle_posing_as_weights(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(RunError, match="or is cut short; pickles are never loaded"):
        make_model("resnet18", 2, str(tmp_path / "w.safetensors"))


def test_truncated_weights(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", make_model("resnet18", 2), INFO)
    (tmp_path / "w.safetensors").write_bytes((tmp_path / "w.safetensors").read_bytes()[:5000])
    with pytest.raises(RunError, match="is cut short"):
        load_weights(tmp_path / "w.safetensors", make_model("resnet18", 2))


def test_imagenet_weights_are_torchvisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real download code, from a server of our own on this machine."""
    source = torchvision.models.resnet18(weights=None)
    served = tmp_path / "served"
    served.mkdir()
    torch.save(source.state_dict(), served / "resnet18-f37072fd.pth")
    handler = partial(SimpleHTTPRequestHandler, directory=str(served))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    original = torch.hub.load_state_dict_from_url
    asked = []

    def from_here(url: str, **options: Any) -> Any:
        asked.append(url)
        name = url.rpartition("/")[2]
        options["check_hash"] = False  # the name holds the hash of the real file
        return original(f"http://127.0.0.1:{server.server_port}/{name}", **options)

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", from_here)
    try:
        model = make_model("resnet18", 3, "imagenet")
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["https://download.pytorch.org/models/resnet18-f37072fd.pth"]
    assert torch.equal(resnet18(model).conv1.weight, source.conv1.weight)
    assert resnet18(model).fc.out_features == 3


def test_weights_that_cannot_be_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    message = r"the ImageNet weights of resnet18 could not be downloaded .* --weights none"
    with pytest.raises(RunError, match=message):
        make_model("resnet18", 3, "imagenet")
