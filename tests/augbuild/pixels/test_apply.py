"""Every transform on any image: RGB pixels or an ApplyError; nothing global touched or fetched."""

from __future__ import annotations

import hashlib
import json
import math
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from augbuild.catalogue.assets import asset_sha256, bundled_assets, resolve_asset
from augbuild.catalogue.transforms import CATALOGUE, JsonValue, Op, Param
from augbuild.errors import ApplyError
from augbuild.pixels.apply import apply
from augbuild.pixels.exact.reference import find_reference

from .images import default_op, noise, pixels, write_layer

NAMES = sorted(set(CATALOGUE) - {"random_crop"})
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_layer(tmp_path_factory.mktemp("layers"))


def sentence(error: ApplyError, op: Op) -> str:
    """Hold an error against what every error must be."""
    assert error.op == op.name
    assert str(error).startswith(f"{op.name}: ")
    assert "\n" not in str(error)
    return str(error)


def outcome(image: Image.Image, op: Op, layers: Path) -> str:
    """Apply an op and hold the result against what every result must be."""
    before = image.tobytes()
    try:
        result = apply(image, [op], layers)
    except ApplyError as error:
        return sentence(error, op)
    assert image.tobytes() == before
    assert result is not image
    assert (result.mode, result.info) == ("RGB", {})
    assert min(result.size) >= 1
    return hashlib.sha256(repr(result.size).encode() + result.tobytes()).hexdigest()


def every_outcome(layers: Path) -> dict[str, str]:
    """What becomes of one image under every transform; run in subprocesses, too."""
    image = noise(90, 60)
    return {name: outcome(image, default_op(name), layers) for name in NAMES}


def extremes(param: Param) -> list[JsonValue]:
    """The ends of what is legal."""
    if param.kind in {"number", "integer"}:
        low = math.nextafter(param.low, param.high) if param.open_low else param.low
        high = math.nextafter(param.high, param.low) if param.open_high else param.high
        ends: list[JsonValue] = [low, high] if param.kind == "number" else [int(low), int(high)]
    elif param.kind == "text":
        ends = ["i", "W\n" * 20 + "W" * 4056]
    elif param.kind == "matrix":
        ends = [[param.low] * 4, [param.high] * 12]
    else:
        ends = {
            "boolean": [False, True],
            "choice": list(param.choices),
            "colour": [[0, 0, 0], [255, 255, 255]],
            "seed": [0, 2**32 - 1],
            "template": ["mobile", "web"],
            "emoji": [*bundled_assets("emoji")][:: len(bundled_assets("emoji")) - 1],
            "font": [*bundled_assets("font")][:: len(bundled_assets("font")) - 1],
        }.get(param.kind, [])  # type: ignore[assignment]  # lists of one kind each
    return [*ends, None] if param.optional else ends


def extreme_ops(name: str) -> Iterator[Op]:
    """All at their lowest, all at their highest, then each parameter alone at each of its ends."""
    ends = {key: extremes(param) for key, param in CATALOGUE[name].params.items()}
    for end in (0, 1):
        yield default_op(name, **{key: values[end] for key, values in ends.items() if values})
    for key, values in ends.items():
        for value in values:
            yield default_op(name, **{key: value})


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (64, 48)])
@pytest.mark.parametrize("name", NAMES)
def test_legal_extremes_give_an_image_or_an_error_that_names_the_op(
    name: str, size: tuple[int, int], layers: Path
) -> None:
    image = noise(*size)
    for op in extreme_ops(name):
        outcome(image, op, layers)


@pytest.mark.parametrize("name", NAMES)
def test_legal_extremes_on_a_photo(name: str, layers: Path) -> None:
    image = noise(800, 600)
    ops = list(extreme_ops(name))
    for op in [default_op(name), *ops[: 2 if len(ops) > 10 else None]]:
        outcome(image, op, layers)


@pytest.mark.parametrize("name", NAMES)
def test_a_common_photo_and_the_defaults_give_an_image(name: str, layers: Path) -> None:
    assert len(outcome(noise(90, 60), default_op(name), layers)) == 64


IDENTITIES = [(name, identity) for name in NAMES for identity in CATALOGUE[name].identities]


@pytest.mark.parametrize(
    ("name", "identity"), IDENTITIES, ids=[f"{name}-{values}" for name, values in IDENTITIES]
)
@pytest.mark.parametrize("size", [(61, 47), (47, 61), (9, 9)])
def test_identities_do_nothing(
    name: str, identity: Mapping[str, JsonValue], size: tuple[int, int], layers: Path
) -> None:
    image = noise(*size)
    result = apply(image, [default_op(name, **identity)], layers)
    assert np.array_equal(np.asarray(result), np.asarray(image))


@pytest.mark.parametrize("name", NAMES)
def test_defaults_that_are_no_identity_do_something(name: str, layers: Path) -> None:
    image, op = noise(90, 60), default_op(name)
    is_identity = any(
        all(op.params[key] == value for key, value in each.items())
        for each in CATALOGUE[name].identities
    )
    result = apply(image, [op], layers)
    assert (result.size == image.size and result.tobytes() == image.tobytes()) == is_identity


@pytest.mark.parametrize("name", [name for name in NAMES if "seed" in CATALOGUE[name].params])
def test_the_same_seed_gives_the_same_pixels_and_another_others(name: str) -> None:
    image = noise(90, 60)
    first, again, other = (
        apply(image, [default_op(name, seed=seed)]).tobytes() for seed in (1, 1, 2)
    )
    assert first == again != other


def test_ops_are_applied_in_order_and_none_changes_nothing() -> None:
    image = noise(40, 30)
    crop, flip = default_op("crop", x1=0.0, x2=0.5), Op("hflip")
    assert apply(image, [crop, flip]).tobytes() == apply(apply(image, [crop]), [flip]).tobytes()
    assert apply(image, [crop, flip]).tobytes() != apply(image, [flip, crop]).tobytes()
    assert apply(image, []).tobytes() == image.tobytes()


def test_what_an_op_does_not_give_is_the_catalogues_default() -> None:
    image = noise(40, 30)
    assert apply(image, [Op("crop")]).size == (20, 15)
    assert (
        apply(image, [Op("rotate")]).tobytes()
        == apply(image, [Op("rotate", {"degrees": 15.0})]).tobytes()
    )


def test_nothing_of_the_files_metadata_survives(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    noise(40, 30).save(tmp_path / "a.jpg", exif=exif, comment=b"private", dpi=(72, 72))
    with Image.open(tmp_path / "a.jpg") as image:
        image.load()
    assert image.info
    for name in ("hflip", "shuffle_pixels", "resize", "encoding_quality"):
        result = apply(image, [default_op(name)])
        assert (result.info, dict(result.getexif())) == ({}, {})
    assert image.info  # and the input keeps its own


def test_every_font_that_augly_ships_can_be_used() -> None:
    image = noise(64, 48)
    for font in bundled_assets("font"):
        apply(image, [default_op("overlay_text", font_file=font)])


def test_lists_and_tuples_are_the_same_colour() -> None:
    image = noise(40, 30)
    colours: list[JsonValue] = [[1, 2, 3], (1, 2, 3)]
    first, second = (
        apply(image, [default_op("pad", color=colour)]).tobytes() for colour in colours
    )
    assert first == second


# What a hand-edited manifest might hold.
NONSENSE = [
    (Op("rotat", {}), "is not an op; `augbuild ops` lists all of them"),
    (Op("random_crop", {"width": 0.5}), "is not an op; `augbuild ops` lists all of them"),
    (Op("apply_lambda", {}), "is not an op; `augbuild ops` lists all of them"),
    (Op("rotate", {"degree": 5}), "has no parameter 'degree'; it has degrees"),
    (Op("hflip", {"p": 0.5}), "has no parameter 'p'; it has none"),
    (Op("hflip", {"output_path": "/tmp/x.png"}), "has no parameter 'output_path'; it has none"),
    (Op("crop", {"x1_sha256": "0"}), "has no parameter 'x1_sha256'; it has x1, y1, x2, y2"),
    (
        Op("rotate", {"degrees": "abc"}),
        "degrees cannot be 'abc'; `augbuild ops rotate` describes it",
    ),
    (
        Op("rotate", {"degrees": True}),
        "degrees cannot be True; `augbuild ops rotate` describes it",
    ),
    (
        Op("rotate", {"degrees": math.nan}),
        "degrees cannot be nan; `augbuild ops rotate` describes it",
    ),
    (
        Op("brightness", {"factor": -1}),
        "factor cannot be -1; `augbuild ops brightness` describes it",
    ),
    (
        Op("random_noise", {}),
        "seed cannot be None; `augbuild ops random_noise` describes it",
    ),
    (
        Op("overlay_text", {}),
        "text cannot be None; `augbuild ops overlay_text` describes it",
    ),
    (
        Op("overlay_text", {"text": "x" * 9999}),
        f"text cannot be '{'x' * 79}; `augbuild ops overlay_text` describes it",
    ),
    (
        Op("pad", {"w_factor": 1000}),
        "w_factor cannot be 1000; `augbuild ops pad` describes it",
    ),
    (Op("crop", {"x1": 0.5, "x2": 0.5}), "x1 must be below x2"),
    (Op("crop", {"x1": 0.9}), "x1 must be below x2"),
    (
        Op("overlay_emoji", {"emoji_path": 3}),
        "emoji_path cannot be 3; `augbuild ops overlay_emoji` describes it",
    ),
    (
        Op("overlay_emoji", {"emoji_path": "flags/germny"}),
        "emoji_path is not an emoji that comes with AugLy; did you mean",
    ),
    (
        default_op("overlay_text", font_file="/x/evil.ttf"),
        "font_file is not a font that comes with AugLy; there are 364,",
    ),
    (
        Op("overlay_image", {"overlay": "../x.png"}),
        "overlay must be a relative path with forward slashes to an image",
    ),
    (
        Op("overlay_image", {"overlay": "http://h/x.png"}),
        "overlay must be a relative path with forward slashes to an",
    ),
    (
        Op("overlay_image", {"overlay": "text.png"}),
        "overlay 'text.png' cannot be used: not a JPEG, PNG, PPM, BMP, TIFF or WebP image",
    ),
    (
        Op("overlay_image", {"overlay": "layer.png", "overlay_sha256": "0" * 64}),
        "overlay 'layer.png' is not the file that the recipe was made with",
    ),
    (
        default_op("convert_color", mode="CMYK", matrix=[1.0] * 12),
        "cannot be applied with these parameters to an image of 20 x 10 pixels",
    ),
    (
        default_op("scale", factor=0.01),
        "cannot be applied with these parameters to an image of 20 x 10 pixels",
    ),
    (default_op("crop", x1=0.5, x2=0.51), "leaves nothing of an image of 20 x 10 pixels"),
]


@pytest.mark.parametrize(
    ("op", "message"), NONSENSE, ids=[f"{op.name} {said[:40]}" for op, said in NONSENSE]
)
def test_a_nonsense_op_is_an_error_that_names_it(op: Op, message: str, layers: Path) -> None:
    (layers / "text.png").write_text("not an image")
    with pytest.raises(ApplyError) as error:
        apply(noise(20, 10), [op], layers)
    assert error.value.op == op.name
    assert str(error.value).startswith(f"{op.name}: {message}")


def test_an_op_that_finds_its_image_may_hold_its_hash(layers: Path) -> None:
    params = {"overlay": "layer.png", "overlay_sha256": asset_sha256(layers / "layer.png")}
    assert apply(noise(20, 10), [Op("overlay_image", params)], layers).size == (20, 10)


LONG = (9, 100_000)
HUGE = [
    (
        (800, 600),
        default_op("resize", width=20_000, height=20_000),
        "20000 x 20000 pixels of 800 x 600; at most 50,000,000",
    ),
    (
        (8000, 100),
        default_op("pad_square"),
        "8000 x 8000 pixels of 8000 x 100; at most 50,000,000 are made",
    ),
    (
        (3000, 2000),
        default_op("pad", w_factor=4.0, h_factor=4.0),
        "27000 x 18000 pixels of 3000 x 2000",
    ),
    ((4000, 3000), default_op("scale", factor=8.0), "32000 x 24000 pixels of 4000 x 3000"),
    (
        LONG,
        default_op("rotate", degrees=45.0),
        "70719 x 70719 pixels of 9 x 100000; at most 200,000,000 are made",
    ),
    (LONG, default_op("change_aspect_ratio", ratio=10.0), "3000 x 100000 pixels of 9 x 100000"),
    (LONG, default_op("resize", width=20_000, height=9), "20000 x 100000 pixels of 9 x 100000"),
    (LONG, default_op("overlay_emoji", emoji_size=1.0), "100000 x 100000 pixels of 9 x 100000"),
    (LONG, default_op("overlay_image"), "133333 x 100000 pixels of 9 x 100000"),
    (
        (400_000, 1),
        default_op("overlay_onto_background_image"),
        "12000000 x 30 pixels of 400000 x 1",
    ),
    (
        (900, 600),
        default_op("overlay_onto_background_image", scale_bg=True, overlay_size=0.01),
        "90000 x 60000 pixels",
    ),
    (
        (100, 5000),
        default_op("overlay_onto_screenshot", resize_src_to_match_template=False),
        "20979 x 12867 pixels",
    ),
]


@pytest.mark.parametrize(
    ("size", "op", "message"), HUGE, ids=[f"{op.name} {said[:13]}" for _, op, said in HUGE]
)
def test_a_huge_result_is_refused_before_it_is_made(
    size: tuple[int, int], op: Op, message: str, layers: Path
) -> None:
    image = Image.new("RGB", size)
    started = time.monotonic()
    with pytest.raises(ApplyError) as error:
        apply(image, [op], layers)
    assert time.monotonic() - started < 0.5
    assert str(error.value).startswith(f"{op.name}: would make {message}")


def test_memory_errors_pass_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> Image.Image:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "transpose", no_memory)
    with pytest.raises(MemoryError):
        apply(noise(9, 9), [Op("hflip")])


def global_generators() -> str:
    return repr((random.getstate(), np.random.get_state()))  # noqa: NPY002 (read, to see that nobody else moves it)


@pytest.mark.parametrize("name", NAMES)
def test_global_random_generators_are_left_alone(name: str, layers: Path) -> None:
    before = global_generators()
    outcome(noise(90, 60), default_op(name), layers)
    assert global_generators() == before


# The same must come out of a fresh interpreter, whatever it lacks.
FRESH = """
import json, random, sys
from pathlib import Path
from types import ModuleType
{setup}
from tests.augbuild.pixels.test_apply import every_outcome, global_generators
before = global_generators()
outcomes = every_outcome(Path({layers!r}))
if before != global_generators():
    sys.exit("a global generator was used")
if "magic" in sys.modules:
    sys.exit("libmagic was loaded, or something is left in its place")
print(json.dumps(outcomes))
"""

HIDE_MAGIC = """
class Hider:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"magic", "pylibmagic"}:
            raise ImportError("failed to find libmagic.  Check your installation")
sys.meta_path.insert(0, Hider())
"""

FORBID = """
import tests.augbuild.pixels.test_apply
FORBIDDEN = (
    "pickle.find_class", "socket.connect", "socket.getaddrinfo",
    "urllib", "os.system", "subprocess",
)
def forbid(event, arguments):
    if event.startswith(FORBIDDEN):
        sys.exit(f"{event}{arguments}")
sys.addaudithook(forbid)
"""


@pytest.mark.parametrize(
    ("options", "setup"),
    [
        pytest.param([], "random.seed(3)", id="another seed"),
        pytest.param(["-O"], "", id="without asserts"),
        pytest.param([], HIDE_MAGIC, id="without libmagic"),
        pytest.param([], FORBID, id="no network, pickle or process"),
    ],
)
def test_a_fresh_interpreter_makes_the_same(options: list[str], setup: str, layers: Path) -> None:
    command = [sys.executable, *options, "-c", FRESH.format(setup=setup, layers=str(layers))]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == every_outcome(layers)


def test_auglys_own_use_of_libmagic_still_works() -> None:
    """Whoever calls AugLy with a path, in the same process, finds the real python-magic."""
    emoji = bundled_assets("emoji")["smileys/grinning_face"]
    find_reference("hflip")
    try:
        import magic

        magic.from_file(str(emoji), mime=True)
    except (ImportError, OSError):
        pytest.skip("needs libmagic")
    assert sys.modules["augly.utils.asserts"].is_image_file(str(emoji))


EMOJI = [
    "smileys/smiling_face_with_heart_eyes",
    "smileys/grinning_face",
    "flags/germany",
    "symbols/aquarius",
]


@pytest.mark.parametrize("name", EMOJI)
@pytest.mark.parametrize("size", [(64, 48), (400, 300), (50, 1)])
def test_emoji_are_auglys(augly: ModuleType, name: str, size: tuple[int, int]) -> None:
    path, image = bundled_assets("emoji")[name], noise(*size)
    try:
        import magic

        magic.from_file(str(path))
    except (ImportError, OSError):
        pytest.skip("AugLy's own function needs libmagic")
    for where in (
        {},
        {"opacity": 0.4, "emoji_size": 0.7, "x_pos": 0.1, "y_pos": 0.05},
        {"emoji_size": 0.0},
    ):
        ours = apply(image, [default_op("overlay_emoji", emoji_path=name, **where)])
        with warnings.catch_warnings(
            action="ignore", category=ResourceWarning
        ):  # it leaves the file open
            auglys = augly.overlay_emoji(image, emoji_path=str(path), **where)
            auglys_pixels = pixels(auglys)
            del auglys
        assert np.array_equal(pixels(ours), auglys_pixels)


@pytest.mark.parametrize("template", ["web", "mobile"])
@pytest.mark.parametrize("crop", [False, True])
@pytest.mark.parametrize("resize", [False, True])
@pytest.mark.parametrize("size", [(64, 48), (300, 700), (700, 300)])
def test_screenshots_are_auglys(
    augly: ModuleType, template: str, crop: bool, resize: bool, size: tuple[int, int]
) -> None:
    image, path = noise(*size), resolve_asset("template", template, None)
    fits: dict[str, JsonValue] = {"crop_src_to_fit": crop, "resize_src_to_match_template": resize}
    for limit in (None, 100_000):
        params = fits | {"max_image_size_pixels": limit}
        ours = apply(
            image, [Op("overlay_onto_screenshot", {"template_filepath": template, **params})]
        )
        with warnings.catch_warnings(
            action="ignore", category=ResourceWarning
        ):  # it leaves two files open
            auglys = pixels(
                augly.overlay_onto_screenshot(image, template_filepath=str(path), **params)
            )
        assert np.array_equal(pixels(ours), auglys)


def test_a_recipe_may_allow_larger_images() -> None:
    image = Image.new("RGB", (9000, 6000))
    flip = Op("hflip", {})
    with pytest.raises(ApplyError, match="at most 50,000,000 are made"):
        apply(image, [flip])
    assert apply(image, [flip], max_pixels=54_000_000).size == (9000, 6000)
