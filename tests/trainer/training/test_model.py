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
from trainer.training.checkpoint import load_tensors, save_tensors
from trainer.training.device import seeded_generator
from trainer.training.model import (
    Model,
    WeightsInfo,
    check_model,
    check_shapes,
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


@pytest.mark.filterwarnings("ignore:The default weight initialization:FutureWarning")
@pytest.mark.parametrize(
    ("arch", "size", "fitting"),
    [("vit_b_16", 64, 224), ("vit_b_16", 384, 224), ("inception_v3", 64, 96), ("alexnet", 32, 64)],
)
def test_size_that_does_not_fit(arch: str, size: int, fitting: int) -> None:
    with pytest.raises(UsageError) as caught:
        check_shapes(arch, 2, size, 2)
    assert str(caught.value) == (
        f"{arch} does not take images of {size} pixels; use --image-size {fitting}, "
        "or another --arch"
    )
    check_shapes(arch, 2, fitting, 2)


def test_batch_of_one() -> None:
    with pytest.raises(UsageError) as caught:
        check_shapes("resnet18", 2, 32, 1)
    assert str(caught.value) == (
        "resnet18 cannot be trained on 1 image of 32 pixels at a time: batch normalisation needs "
        "two; use a larger --batch-size"
    )
    check_shapes("resnet18", 2, 32, 2)
    check_shapes("resnet18", 2, 64, 1)  # four pixels are left for each channel
    check_shapes("squeezenet1_0", 2, 64, 1)  # no batch normalisation


def test_shapes_draw_no_random_numbers() -> None:
    before = torch.random.get_rng_state()
    check_shapes("resnet18", 2, 32, 2)
    assert torch.equal(torch.random.get_rng_state(), before)


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


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod.", "model."])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_prefixes_and_files_of_torch(tmp_path: Path, prefix: str, suffix: str) -> None:
    before = make_model("resnet18", 2)
    state = {f"{prefix}{name}": value for name, value in before.state_dict().items()}
    file = tmp_path / f"w{suffix}"
    if suffix == ".pth":
        torch.save(state, file)
    else:
        save_tensors(file, state, {})
    lines: list[str] = []
    after = make_model("resnet18", 2, str(file), lines.append)
    for name, value in after.state_dict().items():
        assert torch.equal(value, before.state_dict()[name])
    assert lines == [f"weights: 122 of 122 tensors from {file}"]


def test_old_file_without_counters_for_other_classes(tmp_path: Path) -> None:
    before = make_model("resnet18", 1000)
    whole = before.state_dict()
    state = {name: whole[name] for name in whole if not name.endswith("num_batches_tracked")}
    file = tmp_path / "resnet18.pth"
    torch.save({"epoch": 3, "state_dict": {**state, "extra": torch.zeros(1)}}, file)
    lines: list[str] = []
    after = make_model("resnet18", 2, str(file), lines.append)
    assert torch.equal(resnet18(after).conv1.weight, resnet18(before).conv1.weight)
    assert lines == [
        f"weights: 100 of 122 tensors from {file}; fc.weight and fc.bias are new; "
        "3 tensors of the file left"
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_numbers(tmp_path: Path, value: float) -> None:
    model = make_model("resnet18", 2)
    with torch.no_grad():
        resnet18(model).conv1.weight[0, 0, 0, 0] = value
    file = tmp_path / "w.safetensors"
    save_weights(file, model, INFO)
    message = r"conv1.weight has values that are not finite \(NaN or infinite\)$"
    with pytest.raises(RunError, match=message):
        make_model("resnet18", 2, str(file))
    with pytest.raises(RunError, match=message):
        load_weights(file, make_model("resnet18", 2))


def test_file_of_torch_with_more_than_tensors(tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    torch.save(make_model("squeezenet1_0", 2), file)
    message = r"has more than tensors, or is damaged, .* save the model's state_dict\(\) alone"
    with pytest.raises(RunError, match=message):
        make_model("squeezenet1_0", 2, str(file))
    for content in (b"", b"no weights at all", file.read_bytes()[:3000]):
        file.write_bytes(content)
        with pytest.raises(RunError, match=message):
            make_model("squeezenet1_0", 2, str(file))
    torch.save([1, 2], file)
    with pytest.raises(RunError, match=r"has no state_dict\(\): it is a list"):
        make_model("squeezenet1_0", 2, str(file))


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
